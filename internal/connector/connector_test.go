package connector

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

func calcom(t *testing.T) *Definition {
	t.Helper()
	d, err := Builtin("calcom")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheBuiltinConnectorsAreRight(t *testing.T) {
	for _, name := range Names() {
		d, err := Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		if d.Name != name || len(d.Defaults()) == 0 {
			t.Errorf("%s: name %q, %d default streams", name, d.Name, len(d.Defaults()))
		}
	}
}

func TestAnUnknownConnectorIsAnsweredWithTheNearest(t *testing.T) {
	_, err := Builtin("cal.com")
	if weir.CodeOf(err) != weir.CodeNotFound || !strings.Contains(err.Error(), "calcom") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNeededComesFirst(t *testing.T) {
	d := calcom(t)
	for name, ids := range map[string][]string{"all": d.ids(), "one": {"organization-team-role-permissions"}, "twice": {"bookings", "bookings"}} {
		ordered, err := d.WithNeeds(ids)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, e := range ordered {
			if seen[e.ID] {
				t.Errorf("%s: %s comes twice", name, e.ID)
			}
			for _, n := range e.Needs {
				if !seen[n.Endpoint] {
					t.Errorf("%s: %s comes before %s, which it needs", name, e.ID, n.Endpoint)
				}
			}
			seen[e.ID] = true
		}
	}
}

func TestDefaultsNeedOnlyDefaults(t *testing.T) {
	for _, e := range calcom(t).Defaults() {
		if !e.Default {
			t.Errorf("%s is read by default only because another needs it", e.ID)
		}
	}
}

func TestAnUnknownStreamIsAnsweredWithTheNearest(t *testing.T) {
	_, err := calcom(t).WithNeeds([]string{"boking"})
	if weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), "bookings") {
		t.Errorf("got %v", err)
	}
}

func TestNearestPrefersTheMostSimilar(t *testing.T) {
	for wrote, want := range map[string]string{
		"event-type":  "Did you mean event-type, or event-types?",
		"even-types":  "Did you mean event-types, or event-type?",
		"memberships": "Did you mean team-memberships?",
		"xyz":         "Did you mean teams?",
		"":            "Did you mean teams?",
	} {
		got := nearest(wrote, []string{"teams", "event-types", "event-type", "team-memberships"})
		if got != want {
			t.Errorf("%q: got %q, want %q", wrote, got, want)
		}
	}
}

func TestADescriptionHasExactlyItsFields(t *testing.T) {
	d, err := Load(fstest.MapFS{
		"connector.yaml": {Data: []byte(goodConnector)},
		"endpoints/a.yaml": {Data: []byte(goodThings + `
  - id: parts
    title: Parts
    path: "/things/{seed.thing_id}/parts"
    version: "1"
    dataset: parts
    primary_key: [id]
    needs: [{endpoint: things, fields: {thing_id: id}}]
    default: false
    default_reason: one request for each thing
`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(d.Describe())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"x","endpoints":[` +
		`{"id":"things","kind":"source","method":"GET","path":"/things","api_version":"","dataset":"things","primary_key":["id"],"incremental":false,"needs":[]},` +
		`{"id":"parts","kind":"source","method":"GET","path":"/things/{thing_id}/parts","api_version":"1","dataset":"parts","primary_key":["id"],"incremental":false,"needs":["things"]}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
