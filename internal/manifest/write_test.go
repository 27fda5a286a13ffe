package manifest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/internal/manifest"
)

// crowded is a server with things that no file can have.
func crowded() *manifest.Manifest {
	source := func(credential string) *manifest.Source {
		return &manifest.Source{Credential: credential, Endpoints: []string{"me"}}
	}
	return &manifest.Manifest{Things: []*manifest.Thing{
		{Kind: manifest.Credentials, Name: "A", ID: 1, Spec: &manifest.Credential{Type: "cal_com_api"}},
		{Kind: manifest.Credentials, Name: "Other", ID: 2, Spec: &manifest.Credential{Type: "oracle"}},
		{Kind: manifest.Sources, Name: "Twice", ID: 3, Spec: source("A")},
		{Kind: manifest.Sources, Name: "Twice", ID: 4, Spec: source("A")},
		{Kind: manifest.Sources, Name: "Shared", ID: 5, Spec: source("")},
		{Kind: manifest.Sources, Name: "Fits", ID: 6, Spec: source("A")},
		{Kind: manifest.Sources, Name: "", ID: 7, Spec: source("A")},
		{Kind: manifest.Destinations, Name: "Late", ID: 8, Spec: &manifest.Destination{From: manifest.From{Source: "Fits", Endpoint: "teams"}, Credential: "A", Mode: "upsert"}},
		{Kind: manifest.Destinations, Name: "Lost", ID: 9, Spec: &manifest.Destination{From: manifest.From{Source: "Twice", Endpoint: "me"}, Credential: "A", Mode: "upsert"}},
		{Kind: manifest.Projects, Name: "P\nQ", ID: 10, Spec: &manifest.Project{}},
	}}
}

func TestAnExportSaysWhatItLeavesOut(t *testing.T) {
	content, left := manifest.Write(crowded())
	want := []string{
		"left out: credential 2 (Other): files have no credentials of type oracle",
		"left out: source 7 (): it has no name that a file can have",
		"left out: source 5 (Shared): the credential that it uses is gone, or you may not see it",
		"left out: source 3 (Twice): there are several of this name; give each one of its own",
		"left out: source 4 (Twice): there are several of this name; give each one of its own",
		"left out: destination 8 (Late): its source does not read teams any more",
		"left out: destination 9 (Lost): there are several sources called Twice",
		"left out: project 10 (P Q): it has no name that a file can have",
	}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
	for _, line := range want {
		if !strings.Contains(string(content), "# "+line+"\n") {
			t.Errorf("%q is not in\n%s", line, content)
		}
	}
}

// Otherwise an export, applied with --prune, would remove what it left out.
func TestNothingIsPrunedThatNoFileCouldHave(t *testing.T) {
	server := crowded()
	content, _ := manifest.Write(server)
	if plan := checked(t, read(t, string(content)), server, true); len(plan.Changes) > 0 || len(plan.Alone) != 5 {
		t.Errorf("%v, and %d are alone", lines(plan), len(plan.Alone))
	}
	if strings.Contains(string(content), "projects:") {
		t.Error("there is a section of nothing, which would say that there is to be nothing")
	}
}

func TestTextIsWrittenSoThatItIsReadAsText(t *testing.T) {
	for _, text := range []string{"yes", "null", "~", "1", "007", "1e3", "0x10", ".inf", "a: b", "a #b", "- a", "[a]", "{a}", "'a'", `"a"`, "two\nlines", "tab\tbed", "grüße", "🌊", "\\", "%a", "@a", "&a", "*a", "!a", "|", ">", "?", ":", "a:", "2026-01-01", "12:30", "", "=", "<<", "---", "...", "no # comment"} {
		server := &manifest.Manifest{Things: []*manifest.Thing{
			{Kind: manifest.Projects, Name: "P", Spec: &manifest.Project{Common: manifest.Common{Description: text}}},
			{Kind: manifest.Lookups, Name: "L", Spec: &manifest.Lookup{Key: "k", Type: "string", Common: manifest.Common{Description: text}, Defaults: []byte(`{"a":[1,-2.5,1e21,true,null,{"b":"1"}]}`)}},
		}}
		if text != "" && text != "two\nlines" && text != "tab\tbed" {
			server.Things = append(server.Things, &manifest.Thing{Kind: manifest.Projects, Name: text, Spec: &manifest.Project{Common: manifest.Common{Tags: []string{text}}}})
		}
		content, left := manifest.Write(server)
		if plan := checked(t, read(t, string(content)), server, true); len(plan.Changes) > 0 || len(left) > 0 {
			t.Errorf("%q: %v %v %v\n%s", text, lines(plan), plan.Changes[0].Fields, left, content)
		}
	}
}
