package server_test

import (
	"slices"
	"testing"

	"github.com/weirhq/weir/internal/identity"
)

func (w *world) endpointSource(cred any, name string) m {
	w.Helper()
	return w.call(200, "POST", "/data_sources", m{"name": name, "source_type": "rest", "data_credentials_id": cred, "endpoint": "event-types"})
}

// sourcesIn are the ids of the sources of entries.
func sourcesIn(entries []m) (ids []any) {
	for _, e := range entries {
		ids = append(ids, e["data_source_id"])
	}
	return ids
}

func (w *world) entriesOf(method, path string, in any) []any {
	w.Helper()
	var entries []m
	w.decode(w.raw(200, method, path, in), &entries)
	return sourcesIn(entries)
}

func bySource(ids ...any) m {
	flows := []any{}
	for _, one := range ids {
		flows = append(flows, m{"data_source_id": one})
	}
	return m{"data_flows": flows}
}

func TestAProjectsLifeOverTheContract(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()["id"]
	a, b := w.endpointSource(cred, "Alpha"), w.endpointSource(cred, "Beta")
	made := w.call(200, "POST", "/projects", m{"name": "Sales", "data_flows": []any{m{"data_source_id": a["id"]}}})
	for _, field := range []string{"id", "name", "description", "owner", "org", "access_roles", "data_flows", "flows", "tags"} {
		if made[field] == nil {
			t.Errorf("%s is null: %v", field, made)
		}
	}
	entry := made["data_flows"].([]any)[0].(m)
	if entry["id"] == nil || entry["project_id"] != made["id"] || entry["data_source_id"] != a["id"] || made["flows_count"] != 1.0 {
		t.Errorf("made %v", made)
	}
	path := "/projects/" + id(made["id"])
	dataset := b["data_sets"].([]any)[0].(m)["id"]
	if got := w.entriesOf("PUT", path+"/flows", m{"data_flows": []any{m{"data_set_id": dataset}}}); !slices.Equal(got, []any{a["id"], b["id"]}) {
		t.Errorf("added by its dataset: %v", got)
	}
	flows := w.call(200, "GET", path+"/flows", nil)
	if nodes := flows["flows"].([]any); len(nodes) != 2 || nodes[0].(m)["project_id"] != made["id"] || nodes[0].(m)["children"].([]any)[0].(m)["project_id"] != made["id"] || len(flows["data_sources"].([]any)) != 2 {
		t.Errorf("flows %v", flows)
	}
	if got := w.call(200, "GET", path+"/flows?flows_only=1&per_page=1&page=2", nil); len(got["flows"].([]any)) != 1 || got["data_sources"] != nil {
		t.Errorf("page 2: %v", got)
	}
	node := w.call(200, "GET", "/data_sources/"+id(a["id"])+"/flow?flows_only=1", nil)["flows"].([]any)[0].(m)
	if node["project_id"] != made["id"] {
		t.Errorf("node %v", node)
	}
	for name, c := range map[string]struct {
		filters []any
		want    []any
	}{
		"none":            {[]any{}, []any{a["id"], b["id"]}},
		"name":            {[]any{m{"field": "name", "operator": "contains", "value": "LPH"}}, []any{a["id"]}},
		"not the name":    {[]any{m{"field": "name", "operator": "ne", "value": "alpha"}}, []any{b["id"]}},
		"status":          {[]any{m{"field": "status", "value": "INIT"}}, []any{a["id"], b["id"]}},
		"both":            {[]any{m{"field": "status", "value": "INIT"}, m{"field": "data_source_id", "value": b["id"]}}, []any{b["id"]}},
		"one of":          {[]any{m{"field": "id", "operator": "in", "value": []any{node["id"], 4711}}}, []any{a["id"]}},
		"what nobody has": {[]any{m{"field": "name", "operator": "starts_with", "value": "pha"}}, nil},
	} {
		found := w.call(200, "POST", path+"/flows/search?flows_only=1", m{"filters": c.filters})
		var got []any
		for _, n := range found["flows"].([]any) {
			got = append(got, n.(m)["data_source_id"])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("search by %s: %v, want %v", name, got, c.want)
		}
	}
	if got := w.entriesOf("POST", path+"/flows", m{"flows": []any{node["id"]}}); !slices.Equal(got, []any{a["id"]}) {
		t.Errorf("replaced by a node: %v", got)
	}
	other := w.call(200, "POST", "/projects", m{"name": "Other", "description": "d", "data_flows": bySource(a["id"], b["id"])["data_flows"]})
	if got := w.call(200, "GET", path, nil); got["flows_count"] != 0.0 || other["flows_count"] != 2.0 {
		t.Errorf("a flow is in two projects: %v and %v", got, other)
	}
	rest := "/projects/" + id(other["id"])
	w.call(200, "DELETE", "/data_sources/"+id(b["id"]), nil)
	if got := w.call(200, "GET", rest, nil); got["flows_count"] != 1.0 {
		t.Errorf("a deleted source is still in it: %v", got)
	}
	if got := w.entriesOf("DELETE", path+"/flows", bySource(a["id"])); len(got) != 0 || w.call(200, "GET", rest, nil)["flows_count"] != 1.0 {
		t.Errorf("taken out of a project in which it is not: %v", got)
	}
	if got := w.call(200, "PUT", rest, m{"name": "Rest"}); got["name"] != "Rest" || got["description"] != "d" || got["flows_count"] != 1.0 {
		t.Errorf("renamed %v", got)
	}
	w.call(200, "DELETE", rest, nil)
	w.call(404, "GET", rest, nil)
	if got := w.call(200, "GET", "/data_sources/"+id(a["id"])+"/flow?flows_only=1", nil)["flows"].([]any)[0].(m); got["project_id"] != nil {
		t.Errorf("without its project, the flow is %v", got)
	}
	if got := w.call(200, "POST", rest+"/restore", nil); got["flows_count"] != 1.0 {
		t.Errorf("restored %v", got)
	}
	if got := w.entriesOf("DELETE", rest+"/flows", nil); len(got) != 0 {
		t.Errorf("emptied: %v", got)
	}
	events := map[any]bool{}
	for _, e := range append(w.list(path+"/audit_log"), w.list(rest+"/audit_log")...) {
		events[e["event"]] = true
	}
	for _, event := range []string{"project.create", "project.add_flows", "project.set_flows", "project.remove_flows", "project.update", "project.delete", "project.restore"} {
		if !events[event] {
			t.Errorf("%s is not in the audit log: %v", event, events)
		}
	}
}

func TestBadProjectsAreRefusedByNameAndLeaveNothing(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()["id"]
	a := w.endpointSource(cred, "Alpha")
	path := "/projects/" + id(w.call(200, "POST", "/projects", m{"name": "Sales", "data_flows": bySource(a["id"])["data_flows"]})["id"])
	for name, c := range map[string]struct {
		status       int
		method, path string
		in           any
		field        string
	}{
		"no name":            {400, "POST", "/projects", m{}, "name"},
		"a source of none":   {400, "POST", "/projects", m{"name": "x", "data_flows": bySource(a["id"], 4711)["data_flows"]}, "data_flows[1].data_source_id"},
		"no part":            {400, "PUT", path + "/flows", m{"data_flows": []any{m{}}}, "data_flows[0].data_set_id"},
		"a credential":       {400, "PUT", path + "/flows", bySource(cred), "data_flows[0].data_source_id"},
		"a node of none":     {400, "POST", path + "/flows", m{"flows": []any{4711}}, "flows[0]"},
		"no flows":           {400, "POST", path + "/flows", m{}, "data_flows"},
		"no field to search": {400, "POST", path + "/flows/search", m{"filters": []any{m{"field": "colour", "value": "red"}}}, "filters[0].field"},
		"a list without in":  {400, "POST", path + "/flows/search", m{"filters": []any{m{"field": "name", "value": []any{"a"}}}}, "filters[0].value"},
		"a filter of null":   {400, "POST", path + "/flows/search", m{"filters": []any{m{"field": "name", "value": nil}}}, "filters[0].value"},
		"no project":         {404, "PUT", "/projects/4711/flows", bySource(a["id"]), ""},
	} {
		var got m
		w.decode(w.raw(c.status, c.method, c.path, c.in), &got)
		if details, _ := got["details"].([]any); c.status == 400 && (len(details) != 1 || details[0].(m)["field"] != c.field) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := w.list("/projects"); len(got) != 1 || got[0]["flows_count"] != 1.0 {
		t.Errorf("something was changed: %v", got)
	}
}

// Sharing a project shares none of its flows, and whoever may change a project
// may not by that move flows that are not theirs to change.
func TestSharingAProjectSharesNoFlow(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()["id"]
	a, b := w.endpointSource(cred, "Alpha"), w.endpointSource(cred, "Beta")
	made := w.call(200, "POST", "/projects", m{"name": "Sales", "data_flows": bySource(a["id"])["data_flows"]})
	path := "/projects/" + id(made["id"])
	helper := w.user(w.principal(), "helper", identity.RoleOperator)
	share := func(noun string, of any, role string) {
		w.raw(200, "PUT", "/"+noun+"/"+id(of)+"/accessors", m{"accessors": []any{m{"type": "USER", "id": helper.Principal.User, "access_roles": []any{role}}}})
	}
	share("projects", made["id"], "admin")
	owner := w.token
	w.token = helper.Token.Expose()
	if got := w.call(200, "GET", path, nil); got["flows_count"] != 0.0 {
		t.Errorf("shows %v", got)
	}
	if got := w.call(200, "GET", path+"/flows", nil); len(got["flows"].([]any)) != 0 {
		t.Errorf("shows %v", got)
	}
	w.call(400, "PUT", path+"/flows", bySource(b["id"]))
	w.token = owner
	share("data_sources", b["id"], "collaborator")
	share("data_sources", a["id"], "collaborator")
	w.token = helper.Token.Expose()
	w.call(403, "PUT", path+"/flows", bySource(b["id"]))
	if got := w.entriesOf("POST", path+"/flows", bySource(a["id"])); !slices.Equal(got, []any{a["id"]}) {
		t.Errorf("what was there already may stay: %v", got)
	}
	if got := w.entriesOf("DELETE", path+"/flows", bySource(a["id"])); len(got) != 0 {
		t.Errorf("left are %v", got)
	}
}
