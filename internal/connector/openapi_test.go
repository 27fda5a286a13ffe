package connector

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/connectors"
	"github.com/weirhq/weir/internal/rest"
)

// operation is one GET of the API's own document.
type operation struct {
	Parameters []struct {
		Name   string `json:"name"`
		In     string `json:"in"`
		Schema struct {
			Default any      `json:"default"`
			Maximum *float64 `json:"maximum"`
		} `json:"schema"`
	} `json:"parameters"`
}

// braces make the names of path parameters equal.
var braces = regexp.MustCompile(`\{[^}]*\}`)

// openAPI reads the document that WEIR_OPENAPI names: GET operations by their
// path as the document has it.
func openAPI(t *testing.T) map[string]operation {
	t.Helper()
	file := os.Getenv("WEIR_OPENAPI")
	if file == "" {
		t.Skip("skipped: WEIR_OPENAPI does not name Cal.com's OpenAPI document")
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var api struct {
		Paths map[string]struct {
			Get *operation `json:"get"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(content, &api); err != nil {
		t.Fatal(err)
	}
	gets := map[string]operation{}
	for path, operations := range api.Paths {
		if operations.Get != nil {
			gets[path] = *operations.Get
		}
	}
	return gets
}

// reasons are the operations that the README says are no stream.
func reasons(t *testing.T) []string {
	t.Helper()
	readme, err := connectors.Files.ReadFile("calcom/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?m)^\\| `GET ([^`]+)` \\| \\S").FindAllSubmatch(readme, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

// Every GET operation of the API is an endpoint, or is listed in the README
// with the reason why it cannot be one, and not both.
func TestEveryOperationIsAStreamOrHasAReason(t *testing.T) {
	gets, excused := openAPI(t), reasons(t)
	have := map[string]bool{}
	for _, e := range calcom(t).Endpoints {
		have[braces.ReplaceAllString(e.Path, "{}")] = true
	}
	for path := range gets {
		switch stream, reason := have[braces.ReplaceAllString(path, "{}")], slices.Contains(excused, path); {
		case !stream && !reason:
			t.Errorf("GET %s is neither a stream nor in the README", path)
		case stream && reason:
			t.Errorf("GET %s is a stream, and the README says why it is none", path)
		}
	}
	for _, path := range excused {
		if _, ok := gets[path]; !ok {
			t.Errorf("the README speaks of GET %s, which the API has not", path)
		}
	}
}

// What the endpoints send exists: paths, versions, names of parameters, and
// pages no larger than the API allows.
func TestWhatEndpointsSendIsInTheAPI(t *testing.T) {
	gets := map[string]operation{}
	for path, o := range openAPI(t) {
		gets[braces.ReplaceAllString(path, "{}")] = o
	}
	for _, e := range calcom(t).Endpoints {
		o, ok := gets[braces.ReplaceAllString(e.Path, "{}")]
		if !ok {
			t.Errorf("%s: the API has no GET %s", e.ID, e.Path)
			continue
		}
		checkVersion(t, &e, o)
		query := map[string]*float64{}
		for _, p := range o.Parameters {
			if p.In == "query" {
				query[p.Name] = p.Schema.Maximum
			}
		}
		for _, name := range e.sends() {
			if _, ok := query[name]; !ok {
				t.Errorf("%s: the API has no parameter %s", e.ID, name)
			}
		}
		size := max(e.Paging.Size, e.Keyset.Size)
		if most := query[e.Paging.SizeParam+e.Keyset.SizeParam]; most != nil && size > int(*most) {
			t.Errorf("%s: pages of %d, and the API allows %v", e.ID, size, *most)
		}
		if _, paged := query["skip"]; paged && e.Iteration == rest.IterateStatic {
			t.Errorf("%s: the API pages this list, and the endpoint reads its first page only", e.ID)
		}
	}
}

// sends are the names of all query parameters that an endpoint uses.
func (e *Endpoint) sends() []string {
	names := []string{e.Paging.Param, e.Paging.SizeParam, e.Keyset.SizeParam, e.Keyset.SkipParam}
	for _, w := range []Walk{e.Keyset.Sweep, e.Keyset.Incremental} {
		names = append(names, w.After, w.Before, w.Sort)
	}
	for name := range e.Query {
		names = append(names, name)
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}

// checkVersion: a version is sent exactly where the API asks for one.
func checkVersion(t *testing.T, e *Endpoint, o operation) {
	t.Helper()
	asked, want := false, ""
	for _, p := range o.Parameters {
		if p.In == "header" && p.Name == "cal-api-version" {
			asked = true
			want, _ = p.Schema.Default.(string)
		}
	}
	switch {
	case asked != (e.Version != ""):
		t.Errorf("%s: sends version %q, and the API asking for one is %t", e.ID, e.Version, asked)
	case want != "" && e.Version != want:
		t.Errorf("%s: sends version %s, and the API's is %s", e.ID, e.Version, want)
	}
}

// A list that is bounded from both sides must honour both bounds; routing
// forms do not (Cal.com's source, January 2026), whatever the document says.
func TestRoutingFormsAreNotWalkedByKeyset(t *testing.T) {
	for _, e := range calcom(t).Endpoints {
		if strings.Contains(e.Path, "/routing-forms") && e.Iteration == rest.IterateKeyset {
			t.Errorf("%s is", e.ID)
		}
	}
}
