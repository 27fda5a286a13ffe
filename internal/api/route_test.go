package api

import (
	"context"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// pathOf fills in a path's parameters.
func pathOf(rt *route, value string) string {
	path := rt.Path
	for {
		before, rest, found := strings.Cut(path, "{")
		if !found {
			return path
		}
		_, after, _ := strings.Cut(rest, "}")
		path = before + value + after
	}
}

func TestARouteThatNobodyThoughtAboutStopsTheStart(t *testing.T) {
	good := Route{Method: "GET", Path: "/x/{id}", Summary: "X", Tag: "x", Policy: identity.Authenticated()}
	for name, change := range map[string]func(*Route){
		"no policy":               func(r *Route) { r.Policy = identity.Policy{} },
		"no id":                   func(r *Route) { r.Policy, r.Path = identity.Access(store.KindSource, identity.RoleOwner), "/x" },
		"no summary":              func(r *Route) { r.Summary = "" },
		"no tag":                  func(r *Route) { r.Tag = "" },
		"creates for anybody":     func(r *Route) { r.Policy, r.Creates, r.Method = identity.Public(), true, "POST" },
		"creates by reading":      func(r *Route) { r.Creates = true },
		"twice":                   func(r *Route) { r.Path = "/vendors" },
		"the same in other words": func(r *Route) { r.Path = "/vendors/{number}" },
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			change(&r)
			a, err := newAPI(Options{Identity: &people{}, Answers: &store.DB{}})
			if err != nil {
				t.Fatal(err)
			}
			err = a.build(append(a.nouns(), func() {
				register(a, r, func(context.Context, *One) (*Done, error) { return done(), nil })
			}))
			if err == nil {
				t.Error("it starts")
			}
		})
	}
	if _, err := New(Options{}); weir.CodeOf(err) != weir.CodeInternal {
		t.Error(err)
	}
}

func TestTheDocumentAndTheTableOfRoutesSayTheSame(t *testing.T) {
	w := newWorld(t)
	g := w.call("GET", "/api/openapi.json", "", "", "Host", planted)
	var document struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}
	g.ok(&document)
	if !strings.HasPrefix(document.OpenAPI, "3.1") || strings.Contains(g.text, planted) || strings.Contains(g.text, "$schema") || strings.Contains(g.text, "ErrorModel") {
		t.Error(g.text)
	}
	ids := map[string]bool{}
	documented := 0
	for path, operations := range document.Paths {
		for method, op := range operations {
			documented++
			id, _ := op["operationId"].(string)
			if id == "" || ids[id] {
				t.Errorf("%s %s: operationId %q", method, path, id)
			}
			ids[id] = true
			text, err := json.Marshal(op)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"summary", "tags", "x-policy", "description"} {
				if op[key] == nil || op[key] == "" {
					t.Errorf("%s %s has no %s", method, path, key)
				}
			}
			if !strings.Contains(string(text), `"$ref":"#/components/schemas/Problem"`) || !strings.Contains(string(text), "Who may: ") {
				t.Errorf("%s %s: %s", method, path, text)
			}
		}
	}
	for _, rt := range w.api.routes {
		if document.Paths[rt.Path][strings.ToLower(rt.Method)] == nil {
			t.Errorf("%s is not in the document", rt.pattern())
		}
	}
	if documented != len(w.api.routes) {
		t.Errorf("%d operations documented, %d routes", documented, len(w.api.routes))
	}
}
