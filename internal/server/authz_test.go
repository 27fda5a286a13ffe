package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// caller is a principal that the matrix tries every route as.
type caller struct {
	name  string
	token string
	role  identity.Role // on the objects, "" for none
	org   identity.Role // in the organization that owns them, "" for another one's
}

// user makes a member of an organization and signs in as them.
func (w *world) user(as identity.Principal, name string, role identity.Role) identity.Session {
	w.Helper()
	people := w.server.People()
	email := name + "@example.com"
	_, _, err := people.CreateUser(w.Context(), as, identity.NewUser{Email: email, FullName: name, Role: role, Password: weir.NewSecret("a good long password")})
	w.must(err)
	s, err := people.SignIn(w.Context(), identity.SignIn{Email: email, Password: weir.NewSecret("a good long password"), Client: identity.Client{Address: netip.MustParseAddr("127.0.0.1")}})
	w.must(err)
	return s
}

// objects are one resource of each kind, by the noun of its routes.
func (w *world) objects() map[string]any {
	w.Helper()
	cred := w.credential()
	lake := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})
	src := w.call(200, "POST", "/data_sources", m{"name": "Bookings", "source_type": "rest", "data_credentials_id": cred["id"], "endpoint": "event-types"})
	dataset := src["data_sets"].([]any)[0].(m)["id"]
	sink := w.call(200, "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": dataset})
	flows := w.call(200, "GET", "/flows?flows_only=1", nil)
	return map[string]any{"data_credentials": cred["id"], "data_sources": src["id"], "data_sets": dataset, "data_sinks": sink["id"],
		"flows": flows["flows"].([]any)[0].(m)["id"]}
}

// nounKinds are the nouns whose objects have accessors.
var nounKinds = map[string]store.Kind{"data_credentials": store.KindCredential, "data_sources": store.KindSource, "data_sets": store.KindDataset, "data_sinks": store.KindDestination}

// Every route of the document is tried as every kind of caller who may not: no
// route lets in whom its policy keeps out, and nobody sees another
// organization's objects.
func TestNoRouteLetsInWhomItsPolicyKeepsOut(t *testing.T) {
	w := newWorld(t, 5)
	people, owner := w.server.People(), w.principal()
	objects := w.objects()
	operator := w.user(owner, "operator", identity.RoleOperator)
	objects["users"] = operator.Principal.User
	_, key, err := people.CreateKey(t.Context(), owner, identity.NewKey{Name: "key", Scope: identity.RoleOwner})
	w.must(err)
	objects["service_keys"], objects["orgs"] = key.ID, owner.Org
	objects["teams"] = w.call(200, "POST", "/teams", m{"name": "Readers"})["id"]
	objects["sessions"], objects["identity_providers"] = owner.Session, 1
	lone := w.user(owner, "lone", identity.RoleCollaborator)
	guest := w.user(owner, "guest", identity.RoleCollaborator)
	gone := w.user(owner, "gone", identity.RoleAdmin)
	w.must(people.Deactivate(t.Context(), owner, gone.Principal.User))
	for noun, kind := range nounKinds {
		w.must(people.Share(t.Context(), owner, kind, toInt(objects[noun]), identity.Accessor{Kind: identity.AccessorUser, Who: guest.Principal.User, Role: identity.RoleCollaborator}))
	}
	other, err := people.CreateOrganization(t.Context(), owner, "Other", "")
	w.must(err)
	there, err := people.Switch(t.Context(), owner, other.ID, identity.Client{Address: netip.MustParseAddr("127.0.0.1")})
	w.must(err)
	stranger := w.user(there.Principal, "stranger", identity.RoleAdmin)
	callers := []caller{
		{"nobody", "", "", ""},
		{"somebody with a made-up token", "wst_0000000000000000000000000000000000000000000_000000", "", ""},
		{"a deactivated administrator", gone.Token.Expose(), "", ""},
		{"another organization's administrator", stranger.Token.Expose(), "", ""},
		{"an operator with whom nothing is shared", operator.Token.Expose(), "", identity.RoleOperator},
		{"a collaborator with whom nothing is shared", lone.Token.Expose(), "", identity.RoleCollaborator},
		{"a collaborator with whom all is shared to look at", guest.Token.Expose(), identity.RoleCollaborator, identity.RoleCollaborator},
	}
	tried := 0
	for _, r := range w.routes() {
		for _, c := range callers {
			if r.allows(c) {
				continue
			}
			tried++
			status, text := w.as(c.token, r.method, r.fill(objects))
			if status != http.StatusUnauthorized && status != http.StatusForbidden && status != http.StatusNotFound {
				t.Errorf("%s %s as %s answers %d: %s", r.method, r.path, c.name, status, text)
			}
			if alive := c.org != "" || strings.Contains(c.name, "another"); !alive && status != http.StatusUnauthorized {
				t.Errorf("%s %s as %s answers %d", r.method, r.path, c.name, status)
			}
		}
	}
	if tried < 300 {
		t.Errorf("only %d refusals were tried", tried)
	}
	t.Logf("%d refusals over %d routes", tried, len(w.routes()))
}

// path is one route of the document.
type documented struct {
	method, path, policy string
}

// routes lists the document.
func (w *world) routes() (all []documented) {
	w.Helper()
	doc := w.call(200, "GET", "/openapi.json", nil)
	for path, item := range doc["paths"].(m) {
		for method, op := range item.(m) {
			all = append(all, documented{strings.ToUpper(method), path, op.(m)["x-policy"].(string)})
		}
	}
	slices.SortFunc(all, func(a, b documented) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return all
}

// fill puts the id of the organization's own object into the path.
func (d documented) fill(objects map[string]any) string {
	noun := strings.Split(strings.TrimPrefix(d.path, "/"), "/")[0]
	return strings.NewReplacer("{id}", id(objects[noun]), "{run_id}", "1", "{setting_id}", "1", "{provider}", "server").Replace(d.path)
}

// allows says whether the policy lets a caller in, as the words of the policy
// have it; routes about flows ask for what their parts ask.
func (d documented) allows(c caller) bool {
	if d.policy == "everybody" {
		return true
	}
	if c.org == "" && !strings.Contains(c.name, "another") {
		return false
	}
	words := strings.Fields(d.policy)
	need := identity.Role(words[0])
	if c.org == "" && strings.Contains(d.path, "s/{id}") {
		return false // of another organization
	}
	switch {
	case strings.HasSuffix(d.policy, "of the organization"):
		return c.org == "" || c.org.AtLeast(need) // a stranger has an organization of their own
	case need.Valid():
		return c.role.AtLeast(need)
	case strings.HasPrefix(d.path, "/flows/{id}"):
		return c.role != "" && d.method == http.MethodGet
	case d.path == "/users/{id}/audit_log", d.path == "/users/{id}/transferable", d.path == "/users/{id}" && d.method == http.MethodPut:
		return c.org == identity.RoleOperator // the operator's own
	case strings.HasPrefix(d.path, "/users/{id}"):
		return c.org != ""
	case strings.HasPrefix(d.path, "/sessions/{id}"), d.path == "/session/proof", d.path == "/session/org", d.path == "/users/current/password":
		return false // of somebody else, and of a browser's cookie alone
	case d.path == "/sessions" && d.method == http.MethodDelete, d.path == "/session" && d.method == http.MethodDelete, d.path == "/token/logout":
		return true
	case strings.HasPrefix(d.path, "/service_keys/{id}"), strings.HasPrefix(d.path, "/teams/{id}"):
		return false
	case strings.HasPrefix(d.path, "/orgs/{id}"):
		return c.org != ""
	}
	return true // lists show what one may see
}

// bodies are what routes need to see before they do anything.
func bodies(path string) string {
	for end, body := range map[string]string{
		"/members": `{"members":[{"id":1}]}`, "/activate": `{"members":[{"id":1}]}`, "/deactivate": `{"members":[{"id":1}]}`, "/session/org": `{"org_id":1}`,
		"/session/proof": `{"password":"x"}`, "/users/current/password": `{"password":"a good long one"}`, "/transfer": `{"delegate_owner_id":1}`,
	} {
		if strings.HasSuffix(path, end) && (end == "/members" || strings.Contains(path, "/members/") || !strings.HasSuffix(end, "activate")) {
			return body
		}
	}
	if strings.Contains(path, "/auth_settings/") {
		return `{"enabled":true}`
	}
	return ""
}

// as makes a call with a token and gives the status.
func (w *world) as(token, method, path string) (int, string) {
	w.Helper()
	body := []byte("{}")
	switch {
	case method == http.MethodGet:
		body = nil
	case bodies(path) != "":
		body = []byte(bodies(path))
	case method == http.MethodDelete:
		body = nil
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+"/api"+path, bytes.NewReader(body))
	w.must(err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	w.must(err)
	return res.StatusCode, b.String()
}

// principal is who the world's session belongs to.
func (w *world) principal() identity.Principal {
	w.Helper()
	p, err := w.server.People().Authenticate(w.Context(), w.token)
	w.must(err)
	return p
}

func toInt(v any) (n int64) {
	_, _ = fmt.Sscan(id(v), &n)
	return n
}

// What others own is in no list of who may not see it.
func TestListsShowWhatOneMaySee(t *testing.T) {
	w := newWorld(t, 5)
	w.objects()
	lone := w.user(w.principal(), "lone", identity.RoleCollaborator)
	for _, path := range []string{"/data_credentials", "/data_sources", "/data_sets", "/data_sinks", "/runs"} {
		for _, query := range []string{"", "?access_role=all", "?access_role=owner", "?access_role=admin"} {
			status, text := w.as(lone.Token.Expose(), http.MethodGet, path+query)
			var all []any
			if err := json.Unmarshal([]byte(text), &all); err != nil || status != http.StatusOK || len(all) != 0 {
				t.Errorf("%s%s shows %d: %s", path, query, status, text)
			}
		}
	}
	if _, text := w.as(lone.Token.Expose(), http.MethodGet, "/flows"); strings.Contains(text, "Bookings") {
		t.Errorf("flows show %s", text)
	}
}

// Sharing a source shares no credential: its administrator cannot read other
// things with a credential that is not theirs to use, by changing or copying it.
func TestWhoeverMayChangeASourceMayNotByThatUseItsCredential(t *testing.T) {
	w := newWorld(t, 5)
	objects := w.objects()
	helper := w.user(w.principal(), "helper", identity.RoleOperator)
	for _, noun := range []string{"data_sources", "data_sets", "data_sinks"} {
		w.must(w.server.People().Share(t.Context(), w.principal(), nounKinds[noun], toInt(objects[noun]), identity.Accessor{Kind: identity.AccessorUser, Who: helper.Principal.User, Role: identity.RoleAdmin}))
	}
	owner := w.token
	w.token = helper.Token.Expose()
	source := "/data_sources/" + id(objects["data_sources"])
	w.call(200, "PUT", source, m{"name": "Renamed"})
	w.call(400, "PUT", source, m{"endpoint": "bookings"})
	w.call(400, "POST", source+"/copy", nil)
	w.call(400, "POST", "/data_sinks/"+id(objects["data_sinks"])+"/copy", nil)
	w.call(400, "POST", "/flows/"+id(objects["flows"])+"/copy", nil)
	w.call(400, "POST", "/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": objects["data_credentials"], "endpoint": "bookings"})
	w.call(404, "POST", "/data_credentials/"+id(objects["data_credentials"])+"/probe/sample", m{"endpoint": "bookings"})
	w.token = owner
	w.call(200, "POST", source+"/copy", nil)
	w.call(200, "POST", "/flows/"+id(objects["flows"])+"/copy", nil)
}
