package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/identity"
)

// neighbours are a flow of Ada's that Bob may take records from, and no more:
// he has a destination of his own below it.
type neighbours struct {
	*world
	bob                  identity.Session
	ours                 map[string]any
	lake, sink, bobsUser any
}

func newNeighbours(t *testing.T) *neighbours {
	t.Helper()
	w := newWorld(t, 5)
	n := &neighbours{world: w, ours: w.objects(), bob: w.user(w.principal(), "bob", identity.RoleOperator)}
	n.bobsUser = n.bob.Principal.User
	n.grant("data_sets", "operator")
	n.lake = n.bobs(200, "POST", "/data_credentials", m{"name": "Bob's lake", "credentials_type": "sqlite", "credentials": m{"path": "bob.db"}})["id"]
	n.sink = n.bobs(200, "POST", "/data_sinks", m{"name": "Bob's tables", "data_credentials_id": n.lake, "data_set_id": n.ours["data_sets"]})["id"]
	return n
}

// grant gives Bob a role on one of Ada's objects.
func (n *neighbours) grant(noun, role string) {
	n.Helper()
	n.raw(200, "PUT", "/"+noun+"/"+id(n.ours[noun])+"/accessors", m{"accessors": []any{m{"type": "USER", "id": n.bobsUser, "access_roles": []string{role}}}})
}

// bobs makes a request as Bob.
func (n *neighbours) bobs(status int, method, path string, in any) (out m) {
	n.Helper()
	got, b := n.ask(n.bob.Token.Expose(), method, path, in)
	if got != status {
		n.Fatalf("%s %s as Bob answers %d, want %d: %s", method, path, got, status, b)
	}
	if strings.HasPrefix(string(b), "{") {
		n.decode(b, &out)
	}
	return out
}

// Whoever owns a destination at the end of somebody else's flow cannot delete
// that flow through it.
func TestAPartOfAFlowIsNoRightToDeleteTheRest(t *testing.T) {
	n := newNeighbours(t)
	tree := n.call(200, "GET", "/data_sinks/"+id(n.sink)+"/flow?flows_only=1", nil)["flows"].([]any)[0].(m)
	var node any
	for _, child := range tree["children"].([]any)[0].(m)["children"].([]any) {
		if id(child.(m)["data_sink_id"]) == id(n.sink) {
			node = child.(m)["id"]
		}
	}
	n.bobs(403, http.MethodDelete, "/flows/"+id(node), nil)
	n.bobs(403, http.MethodDelete, "/data_sinks/"+id(n.sink)+"/flow", nil)
	n.call(200, "GET", "/data_sources/"+id(n.ours["data_sources"]), nil)
	n.call(200, "GET", "/data_sinks/"+id(n.ours["data_sinks"]), nil)
	n.bobs(200, http.MethodDelete, "/data_sinks/"+id(n.sink), nil) // his own he may
}

// A flow is shown to whoever may see a part of it, with the parts that they
// may see: another's configuration is not among them.
func TestOfAFlowOneSeesThePartsThatOneMaySee(t *testing.T) {
	n := newNeighbours(t)
	for _, path := range []string{"/data_sinks/" + id(n.sink) + "/flow", "/data_sets/" + id(n.ours["data_sets"]) + "/flow"} {
		got := n.bobs(200, "GET", path, nil)
		if all, _ := got["data_sources"].([]any); len(all) != 0 {
			t.Errorf("%s shows Bob the source %v", path, all)
		}
		sinks, _ := got["data_sinks"].([]any)
		if len(sinks) != 1 || id(sinks[0].(m)["id"]) != id(n.sink) {
			t.Errorf("%s shows Bob the destinations %v", path, sinks)
		}
		root := got["flows"].([]any)[0].(m)
		if root["name"] != "" || root["description"] != "" {
			t.Errorf("%s tells Bob the name %v of a source that he may not see", path, root["name"])
		}
	}
}

// Activating or pausing a whole flow leaves alone what is somebody else's.
func TestAWholeFlowIsActivatedAsFarAsOneMay(t *testing.T) {
	n := newNeighbours(t)
	n.grant("data_sources", "operator")
	status := func(noun string, of any) any { return n.call(200, "GET", "/"+noun+"/"+id(of), nil)["status"] }
	for path, want := range map[string]string{"/data_sources/" + id(n.ours["data_sources"]): "", "/flows/" + id(n.ours["flows"]): ""} {
		n.bobs(200, "PUT", path+"/activate?all=1", nil)
		if got := status("data_sinks", n.ours["data_sinks"]); got != "INIT" {
			t.Errorf("%s activated Ada's destination: %v%s", path, got, want)
		}
		if got := status("data_sinks", n.sink); got != "ACTIVE" {
			t.Errorf("%s left Bob's own destination %v", path, got)
		}
		n.raw(200, "PUT", "/data_sinks/"+id(n.ours["data_sinks"])+"/activate", nil)
		n.bobs(200, "PUT", path+"/pause?all=1", nil)
		if got := status("data_sinks", n.ours["data_sinks"]); got != "ACTIVE" {
			t.Errorf("%s paused Ada's destination: %v", path, got)
		}
		n.raw(200, "PUT", "/data_sinks/"+id(n.ours["data_sinks"])+"/pause", nil)
		n.finished(n.ours["data_sources"])
		n.again()
	}
}

// again makes the destinations as they were before.
func (n *neighbours) again() {
	n.Helper()
	n.raw(200, "DELETE", "/data_sinks/"+id(n.ours["data_sinks"]), nil)
	lake := n.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "more.db"}})["id"]
	n.ours["data_sinks"] = n.call(200, "POST", "/data_sinks", m{"name": "Tables", "data_credentials_id": lake, "data_set_id": n.ours["data_sets"]})["id"]
}

// What schedules cost is shown without the names of credentials that one may
// not see.
func TestAPlanNamesNoCredentialThatOneMayNotSee(t *testing.T) {
	n := newNeighbours(t)
	n.grant("data_sources", "collaborator")
	n.raw(200, "PUT", "/data_sources/"+id(n.ours["data_sources"]), m{"endpoint": "event-types", "source_config": m{"start.cron": "0 0 * * * ?"}})
	n.raw(200, "PUT", "/data_sources/"+id(n.ours["data_sources"])+"/activate", nil)
	credential := func(of m) any {
		return of["budgets"].([]any)[0].(m)["credentials"].([]any)[0].(m)["name"]
	}
	if got := credential(n.call(200, "GET", "/plan", nil)); got != "Ours" {
		t.Errorf("Ada's own credential is called %v", got)
	}
	if got := credential(n.bobs(200, "GET", "/plan?access_role=all", nil)); got != "" {
		t.Errorf("the plan tells Bob of %v", got)
	}
}

// A Cal.com key makes new keys and books meetings: no source sends such a
// request, by whatever kind of credential the key is held.
func TestASourceOfAServiceWithAConnectorOnlyReads(t *testing.T) {
	w := newWorld(t, 5)
	key := w.sim.Keys()[0].Key
	cred := w.call(200, "POST", "/data_credentials", m{"name": "r", "credentials_type": "rest", "credentials": m{"auth.type": "API_KEY", "api.key.include.mode": "HEADER",
		"api.key.auth.key": "Authorization", "api.key.auth.value": "Bearer " + key, "test.url": w.simURL + "/v2/me", "test.method": "GET"}})
	refresh := m{"rest.iterations": []any{m{"key": "s", "iteration.type": "static.url", "method": "POST", "url.template": "/v2/api-keys/refresh", "body.template": "{}", "response.data.path": "$.data"}}}
	refused := w.raw(403, "POST", "/data_credentials/"+id(cred["id"])+"/probe/sample", refresh)
	if strings.Contains(string(refused), "cal_") {
		t.Errorf("the answer has a key: %s", refused)
	}
	w.raw(400, "POST", "/data_sources", m{"name": "s", "data_credentials_id": cred["id"], "source_config": refresh})
	if got := w.sim.Keys()[0].Key; got != key {
		t.Error("the key was replaced")
	}
}

// A page copies a flow for who may change its source, as the API does, and may use
// what the copy would use.
func TestSharingAFlowSharesNoCredentialWithItsCopy(t *testing.T) {
	n := newNeighbours(t)
	n.grant("data_sources", "operator")
	b := n.browser()
	b.signInAs("bob@example.com", "a good long password")
	flows := func() int { return len(n.list("/data_sources")) }
	before := flows()
	answers := func(path string, want int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.url+"/flows/"+id(n.ours["data_sources"])+path, strings.NewReader(""))
		n.must(err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := b.http.Do(req)
		n.must(err)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s as Bob answers %d, want %d", path, res.StatusCode, want)
		}
	}
	answers("/copy", http.StatusForbidden)
	answers("/delete", http.StatusForbidden)
	n.grant("data_sources", "admin")
	answers("/copy", http.StatusNotFound)
	if flows() != before {
		t.Errorf("there are %d flows, and were %d", flows(), before)
	}
}
