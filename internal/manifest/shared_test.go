package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/manifest"
)

const shared = `weir: 1
transforms:
  Hide people:
    rules:
      - drop: [attendees]
      - cast: {field: price, to: number}
    description: At one place
    tags: [privacy]
datasets:
  Quiet:
    source: Bookings
    endpoint: bookings
    transform: Hide people
`

func TestRulesThatDatasetsShareGoRound(t *testing.T) {
	server := read(t, strings.Replace(shared, "weir: 1\n", "weir: 1\ncredentials:\n  A: {type: cal_com_api, secret: {env: KEY}}\nsources:\n  Bookings: {credential: A, endpoints: [bookings]}\n", 1))
	for i, thing := range server.Things {
		thing.ID = int64(i + 1)
	}
	content, left := manifest.Write(server)
	if len(left) > 0 || !strings.Contains(string(content), "    transform: Hide people\n") || !strings.Contains(string(content), "  Hide people:\n    rules:\n      - drop: [attendees]\n") {
		t.Fatalf("%v\n%s", left, content)
	}
	if plan := checked(t, read(t, string(content)), server, true); len(plan.Changes) > 0 {
		t.Errorf("an export differs: %v", lines(plan))
	}
	other := read(t, strings.Replace(string(content), "to: number", "to: string", 1))
	if plan := checked(t, other, server, true); len(plan.Changes) != 1 || plan.Changes[0].Kind != manifest.Transforms || plan.Changes[0].Fields[0].Field != manifest.RulesField {
		t.Errorf("another rule: %v", lines(plan))
	}
	plan := checked(t, read(t, shared), nothingBut(server, manifest.Sources, manifest.Credentials), false)
	if len(plan.Changes) != 2 || plan.Changes[0].Kind != manifest.Transforms || plan.Changes[1].Kind != manifest.Datasets {
		t.Errorf("rules are made before what has them: %v", lines(plan))
	}
}

// nothingBut is what of a server is of some kinds.
func nothingBut(server *manifest.Manifest, kinds ...manifest.Kind) *manifest.Manifest {
	out := &manifest.Manifest{}
	for _, k := range kinds {
		out.Things = append(out.Things, server.Of(k)...)
	}
	return out
}

func TestWhatIsWrongWithSharedRulesIsToldByItsLine(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"rules and a transform": {"    transform: Hide people\n", "    transform: Hide people\n    transforms: [{drop: a}]\n", "it has rules of its own, too"},
		"no rule":               {"    rules:\n      - drop: [attendees]\n      - cast: {field: price, to: number}\n", "    rules: []\n", "it is empty"},
		"a wrong rule":          {"to: number", "to: money", "weir.yaml:6: transforms.Hide people.rules.1.cast.to"},
		"no rules":              {"    rules:\n      - drop: [attendees]\n      - cast: {field: price, to: number}\n", "", "transforms.Hide people.rules: it is missing"},
	} {
		_, problems := manifest.Read(manifest.File{Name: "weir.yaml", Content: []byte(strings.Replace(shared, c.from, c.to, 1))})
		if text := fmt.Sprint(problems); len(problems) != 1 || !strings.Contains(text, c.want) {
			t.Errorf("%s: %v", name, text)
		}
	}
	server := read(t, shared)
	for _, d := range server.Of(manifest.Datasets) {
		d.Spec.(*manifest.Dataset).Transform = manifest.Unseen
	}
	if _, left := manifest.Write(server); !strings.Contains(fmt.Sprint(left), "(Quiet)") {
		t.Errorf("who may not see the rules is told %v", left)
	}
}
