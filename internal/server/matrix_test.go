package server_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/api"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/store"
)

// matrix is a server with callers of all kinds, and objects of all kinds in
// each of the sets of grants.
type matrix struct {
	lakes int // how many places for destinations there are
	*world
	issuer  *issuer // at which users of both organizations may sign in
	callers []*caller
	sets    map[string]objects
}

// objects are ids by noun.
type objects map[string]any

// named finds a caller.
func (x *matrix) named(name string) *caller {
	return x.callers[slices.IndexFunc(x.callers, func(c *caller) bool { return c.name == name })]
}

// newMatrix has all callers and all sets.
func newMatrix(t *testing.T) *matrix {
	x := newCorner(t)
	w, people, owner := x.world, x.server.People(), x.principal()
	narrow, err := people.ExchangeKey(t.Context(), x.key(owner, identity.RoleCollaborator), here)
	w.must(err)
	gone := w.user(owner, "gone", identity.RoleAdmin)
	w.must(people.Deactivate(t.Context(), owner, gone.Principal.User))
	for name, role := range map[string]identity.Role{"lone": identity.RoleCollaborator, "guest": identity.RoleCollaborator, "helper": identity.RoleCollaborator,
		"operator": identity.RoleOperator, "admin": identity.RoleAdmin} {
		s := w.user(owner, name, role)
		x.callers = append(x.callers, &caller{name: name, token: s.Token.Expose(), org: role, who: s.Principal})
	}
	x.callers = append(x.callers, &caller{name: "nobody"}, &caller{name: "made up", token: "wst_0000000000000000000000000000000000000000000_000000"},
		&caller{name: "gone", token: gone.Token.Expose()}, &caller{name: "narrow", token: narrow.Token.Expose(), org: identity.RoleCollaborator, who: owner})
	x.sets["shared"], x.sets["operator's"] = x.made("shared"), x.made("operator's")
	x.sets["unshared"]["users"], x.sets["shared"]["users"] = x.named("lone").who.User, x.named("guest").who.User
	return x
}

// newCorner has the owner, the owner of another organization, and what is theirs.
func newCorner(t *testing.T) *matrix {
	w := configuredWorld(t, 5, func(c *server.Config) {
		c.Limit, c.PublicURL = api.Limit{Requests: 1_000_000, Per: time.Minute}, "http://localhost"
	})
	people, owner := w.server.People(), w.principal()
	other, err := people.CreateOrganization(t.Context(), owner, identity.Organization{Name: "Other"})
	w.must(err)
	there, err := people.Switch(t.Context(), owner, other.ID, here)
	w.must(err)
	foreign := w.user(there.Principal, "foreign", identity.RoleOwner)
	back, err := people.Switch(t.Context(), there.Principal, owner.Org, here)
	w.must(err)
	w.token = back.Token.Expose()                                         // one's session is in one organization
	w.must(people.Deactivate(t.Context(), foreign.Principal, owner.User)) // who made it has no part in it any more
	x := &matrix{world: w, issuer: newIssuer(w), sets: map[string]objects{}, callers: []*caller{
		{name: "owner", token: w.token, org: identity.RoleOwner, who: owner},
		{name: "foreign", token: foreign.Token.Expose(), org: identity.RoleOwner, who: foreign.Principal},
	}}
	x.sets["unshared"], x.sets["foreign"] = x.made("unshared"), x.made("foreign")
	return x
}

// here is where all callers are.
var here = identity.Client{Address: netip.MustParseAddr("127.0.0.1")}

// key makes a service key.
func (x *matrix) key(p identity.Principal, scope identity.Role) string {
	x.Helper()
	key, _, err := x.server.People().CreateKey(x.Context(), p, identity.NewKey{Name: "key", Scope: scope})
	x.must(err)
	return key.Expose()
}

// maker is whose the objects of a set are.
func (x *matrix) maker(name string) *caller { return x.named(set(name).maker()) }

// made makes one object of each noun, and reads the source once.
func (x *matrix) made(set string) objects {
	x.Helper()
	c := x.maker(set)
	o := objects{"orgs": c.who.Org, "users": c.who.User, "heir": x.owner(set).who.User, "run_id": 0}
	o["cal"] = x.must200(c, "POST", "/data_credentials", m{"name": "Cal", "credentials_type": "cal_com_api", "credentials": m{"api_key": x.sim.Keys()[0].Key, "rate_limit": 100_000}})["id"]
	o["data_credentials"] = o["cal"]
	x.flowOf(set, o)
	for _, noun := range []string{"teams", "service_keys", "data_maps", "transforms", "projects", "notification_channel_settings", "notification_settings", "notifications", "sessions", "identity_providers"} {
		x.fresh(set, noun, o)
	}
	for _, noun := range []string{"vendors", "auth_templates", "vendor_endpoints"} {
		o[noun] = x.list("/" + noun)[0]["id"]
	}
	x.share(set, o)
	o["health"] = o["flows"]
	o["quarantine"], o["runs"] = x.happened(c.who.Org, o["data_sources"])
	o["run_id"] = x.must200(c, "POST", "/data_sources/"+id(o["data_sources"])+"/run_now", m{})["id"]
	return o
}

// flowOf makes a source with its dataset and a destination.
func (x *matrix) flowOf(set string, o objects) {
	x.Helper()
	c := x.maker(set)
	x.lakes++ // a table is one destination's
	o["lake"] = x.must200(c, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": fmt.Sprintf("cal%d.db", x.lakes)}})["id"]
	src := x.must200(c, "POST", "/data_sources", m{"name": "Events", "source_type": "rest", "data_credentials_id": o["cal"], "endpoint": "event-types"})
	o["data_sources"], o["data_sets"] = src["id"], src["data_sets"].([]any)[0].(m)["id"]
	o["data_sinks"] = x.must200(c, "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": o["lake"], "data_set_id": o["data_sets"]})["id"]
	o["flows"] = x.must200(c, "GET", "/data_sources/"+id(o["data_sources"])+"/flow?flows_only=1", nil)["flows"].([]any)[0].(m)["id"]
}

// fresh makes another object of a noun, which may be destroyed.
func (x *matrix) fresh(set, noun string, o objects) {
	x.Helper()
	c := x.maker(set)
	switch noun {
	case "data_credentials":
		o[noun] = x.must200(c, "POST", "/data_credentials", m{"name": "Spare", "credentials_type": "rest", "credentials": m{"auth.type": "NONE"}})["id"]
	case "teams":
		team := m{"name": "Readers"}
		if set == "shared" {
			team["members"] = []any{m{"id": x.named("guest").who.User}, m{"id": x.named("helper").who.User}}
		}
		o[noun] = x.must200(c, "POST", "/teams", team)["id"]
	case "data_maps":
		o[noun] = x.must200(c, "POST", "/data_maps", m{"name": "Teams", "data_type": "string", "map_primary_key": "team", "data_map": []any{m{"team": "a"}}})["id"]
	case "transforms":
		o[noun] = x.must200(c, "POST", "/transforms", m{"name": "Tidy", "code": []any{m{"operation": "drop", "spec": m{"field": "metadata"}}}})["id"]
	case "projects":
		o[noun] = x.must200(c, "POST", "/projects", m{"name": "Sales"})["id"]
	case "service_keys":
		o[noun] = x.must200(c, "POST", "/service_keys", m{"name": "spare", "scope": "collaborator"})["id"]
	case "notification_channel_settings":
		o[noun] = x.must200(c, "POST", "/notification_channel_settings", m{"channel": "SLACK", "config": m{"webhook_url": x.simURL}})["id"]
	case "notification_settings":
		spare := x.must200(c, "POST", "/notification_channel_settings", m{"channel": "SLACK", "config": m{"webhook_url": x.simURL}})
		o[noun] = x.must200(c, "POST", "/notification_settings", m{"channel": "SLACK", "notification_type_id": 15, "notification_channel_setting_id": spare["id"], "config": m{"digest": "daily"}})["id"]
	case "notifications":
		x.told(c, o)
	case "sessions":
		o[noun] = x.again(c).Principal.Session
	case "identity_providers":
		o[noun] = x.must200(x.owner(set), "POST", "/identity_providers", m{"name": "Login", "issuer": x.issuer.URL, "client_id": "weir", "client_secret": x.issuer.secret, "users": []any{"ann@example.com"}})["id"]
		o["sign_in"] = o[noun]
	case "users":
		o[noun] = x.must200(x.owner(set), "POST", "/users", m{"full_name": "Spare", "email": "spare-" + strings.ToLower(rand.Text()) + "@example.com"})["id"]
	case "data_sources", "data_sets", "data_sinks", "flows":
		x.flowOf(set, o)
	}
}

// told tells a caller of something, which is also in a digest that waits.
func (x *matrix) told(c *caller, o objects) {
	x.Helper()
	n := x.server.Notify()
	x.must(n.Store.Change(x.Context(), func(tx *store.Tx) error {
		return n.Intake.Tell(x.Context(), tx, store.Event{Org: c.who.Org, Type: store.MemberRoleChanged, Kind: "user", Resource: c.who.User, To: []store.Addressee{{Kind: identity.AccessorUser, Who: c.who.User}}})
	}))
	x.tellAll()
	for _, noun := range []string{"notifications", "notification_dispatches"} {
		status, b := x.ask(c.token, "GET", "/"+noun, nil)
		var all []m
		x.decode(b, &all)
		for _, one := range slices.Backward(all) { // administrators see others', too
			if owner, _ := one["owner_id"]; noun == "notifications" || toInt(owner) == c.who.User {
				o[noun] = one["id"]
			}
		}
		if o[noun] == nil {
			x.Fatalf("%s answers %d: %s", noun, status, b)
		}
	}
}

// owner is who owns the organization in which a set is.
func (x *matrix) owner(set string) *caller {
	if set == "foreign" {
		return x.named(set)
	}
	return x.named("owner")
}

// share gives the guest and the helper their roles.
func (x *matrix) share(set string, o objects) {
	x.Helper()
	if set != "shared" {
		return
	}
	for noun, kind := range nounKinds {
		for name, role := range grants[set] {
			if name == "guest" || name == "helper" {
				x.must(x.server.People().Share(x.Context(), x.principal(), []identity.Accessor{{Kind: identity.AccessorUser, Who: x.named(name).who.User, Role: role}}, identity.Thing{Kind: kind, ID: toInt(o[noun])}))
			}
		}
	}
}

// must200 is a request that is no part of the test.
func (x *matrix) must200(c *caller, method, path string, in any) (out m) {
	x.Helper()
	status, b := x.ask(c.token, method, path, in)
	if status != http.StatusOK {
		x.Fatalf("%s %s as %s answers %d: %s", method, path, c.name, status, b)
	}
	x.decode(b, &out)
	return out
}

func (w *world) ask(token, method, path string, in any) (int, []byte) {
	w.Helper()
	var body []byte
	if in != nil {
		var err error
		body, err = json.Marshal(in)
		w.must(err)
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+"/api"+path, bytes.NewReader(body))
	w.must(err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := stays.Do(req)
	w.must(err)
	defer res.Body.Close()
	var b bytes.Buffer
	if res.Header.Get("Content-Type") == "text/event-stream" {
		_, err = io.CopyN(&b, res.Body, 1) // it goes on
		w.must(err)
		return res.StatusCode, b.Bytes()
	}
	_, err = b.ReadFrom(res.Body)
	w.must(err)
	return res.StatusCode, b.Bytes()
}

// stays is a client that is led nowhere.
var stays = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// destroys reports whether a route that is let through leaves another object
// than it found.
func (d documented) destroys() bool {
	if strings.HasSuffix(d.path, "/quarantine_settings") {
		return false // they are made anew before each request
	}
	return d.method == http.MethodDelete || strings.HasSuffix(d.path, "/restore") || d.method == http.MethodPost && strings.HasSuffix(d.path, "/members") ||
		d.method == http.MethodPost && d.sharesWhole() ||
		d.method != http.MethodGet && (d.noun() == "users" && strings.Contains(d.path, "{id}/") || d.ofMembers())
}

// sharesWhole reports whether a route shares a team or a flow.
func (d documented) sharesWhole() bool {
	return strings.HasSuffix(d.path, "/accessors") && (d.noun() == "teams" || d.noun() == "flows")
}

// ofMembers reports whether a route is about who is in an organization.
func (d documented) ofMembers() bool {
	return strings.HasPrefix(d.path, "/orgs/{id}/members") || strings.HasPrefix(d.path, "/orgs/{id}/custodians")
}

// filled puts ids into the path.
func (d documented) filled(o objects) string {
	run := id(o["run_id"])
	if id, ok := o["runs"].(string); ok && d.noun() == "runs" {
		run = id
	}
	return strings.NewReplacer("{resource_type}/{id}", "data_sources/"+id(o["data_sources"]), "notification_types/{id}", "notification_types/1", "{id}", id(o[d.noun()]),
		"{run_id}", run, "{keys}", "%2A", "{setting_id}", "0", "{provider}", id(o["sign_in"])).Replace(d.path)
}

// noun is what a path is about.
func (d documented) noun() string { return strings.Split(strings.TrimPrefix(d.path, "/"), "/")[0] }

// body is one that brings a request to its handler, and changes as little as
// can be.
func (d documented) body(o objects) any {
	switch {
	case strings.HasSuffix(d.path, "/custodians") && d.method == http.MethodPut:
		return m{"custodians": o["administrators"]}
	case strings.HasSuffix(d.path, "/custodians") && d.method != http.MethodGet:
		return m{"custodians": []any{m{"id": o["users"]}}}
	case strings.HasPrefix(d.path, "/orgs/{id}/members") && d.method == http.MethodPost:
		return m{"members": o["members"]}
	case strings.HasPrefix(d.path, "/orgs/{id}/members") && d.method != http.MethodGet:
		return m{"members": []any{m{"id": o["users"]}}}
	case d.method == http.MethodGet, d.method == http.MethodDelete:
		return nil
	case d.sharesWhole():
		return m{"accessors": []any{}}
	case strings.HasSuffix(d.path, "/members"):
		return m{"members": []any{}}
	case strings.HasSuffix(d.path, "/auth_settings/{setting_id}"):
		return m{"enabled": true}
	case d.path == "/session/proof", d.path == "/users/current/password":
		return m{"password": "a good long password"}
	case d.path == "/session/org":
		return m{"org_id": o["orgs"]}
	case strings.HasSuffix(d.path, "/transfer"):
		return m{"delegate_owner_id": o["heir"]}
	case strings.HasSuffix(d.path, "/probe/sample"):
		return m{"path": "/v2/me"}
	case strings.HasSuffix(d.path, "/rotate"):
		return m{"days": -1} // the key is everybody's
	}
	return m{}
}

// Every route is tried as every kind of caller on objects of every kind: who
// may is let in to the handler, and who may not is told 401, 403 or 404.
func TestEveryRouteIsRight(t *testing.T) {
	x := newMatrix(t)
	table, cells := needs(), map[string]int{}
	for _, r := range x.routes() {
		n, known := table[r.method+" "+r.path]
		if !known {
			t.Errorf("%s %s has no row in policy_test.go: who may use it?", r.method, r.path)
			continue
		}
		delete(table, r.method+" "+r.path)
		sets := []string{"unshared"}
		if strings.Contains(r.path, "{") {
			sets = []string{"unshared", "shared", "operator's", "foreign"}
		}
		for _, set := range sets {
			for _, c := range x.callers {
				x.try(r, n, c, set)
				cells[set]++
			}
		}
	}
	for row := range table {
		t.Errorf("%s has a row and is no route", row)
	}
	t.Logf("%d routes, %d callers, %v cells", len(x.routes()), len(x.callers), cells)
}

// try is one cell.
func (x *matrix) try(r documented, n need, c *caller, set string) {
	x.Helper()
	want := n.verdict(c, set, r.noun())
	o, token := x.sets[set], c.token
	if (want == 0 || n.above) && (r.destroys() || r.noun() == "notifications") {
		o = maps.Clone(o)
		x.fresh(set, r.noun(), o)
		if r.ofMembers() {
			x.fresh(set, "users", o)
			o["members"], o["administrators"] = x.members(set, identity.RoleNone), x.members(set, identity.RoleAdmin)
		}
		x.share(set, o)
		if strings.HasSuffix(r.path, "/restore") {
			x.remove(set, r.noun(), o)
		}
	}
	if strings.HasSuffix(r.path, "/quarantine_settings") && r.method != http.MethodPost {
		x.settings(set, o)
	}
	if want == 0 && (r.path == "/token/logout" || r.path == "/session" && r.method == http.MethodDelete) {
		token = x.again(c).Token.Expose()
	}
	path := r.filled(o)
	status, b := x.ask(token, r.method, path, r.body(o))
	refused := status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusNotFound
	if (r.path == "/token" || r.path == "/sign_in/{provider}/callback") && status == http.StatusUnauthorized {
		refused = false // its handler misses the service key, or what the provider says
	}
	if r.method+r.path == "DELETE/sessions" && want == 0 {
		x.returns(c)
	}
	if want != 0 && status != want || want == 0 && (refused || status >= 500) {
		x.Errorf("%s %s (%s) as %s answers %d, want %s: %.300s", r.method, path, set, c.name, status, wanted(want), b)
	}
	x.meets(r.method, path, status, b)
}

func wanted(status int) string {
	if status == 0 {
		return "to be let in"
	}
	return fmt.Sprint(status)
}

// remove deletes what is to be restored.
func (x *matrix) remove(set, noun string, o objects) {
	x.Helper()
	if noun == "data_credentials" || noun == "data_maps" || noun == "transforms" || noun == "projects" {
		x.must200(x.maker(set), "DELETE", "/"+noun+"/"+id(o[noun]), nil)
		return
	}
	x.must200(x.maker(set), "DELETE", "/flows/"+id(o["flows"]), nil)
}

// again is another session of the same caller.
func (x *matrix) again(c *caller) identity.Session {
	x.Helper()
	s, err := x.server.People().ExchangeKey(x.Context(), x.key(c.who, c.org), here)
	x.must(err)
	return s
}

// returns gives a caller, and who is the same, a session anew.
func (x *matrix) returns(c *caller) {
	x.Helper()
	for _, same := range x.callers {
		if same.who.User != c.who.User {
			continue
		}
		if same.name == "narrow" {
			same.token = x.again(same).Token.Expose()
			continue
		}
		password := "a good long password"
		if same.name == "owner" {
			password = adasPassword
		}
		s, err := x.server.People().SignIn(x.Context(), identity.SignIn{Email: same.who.Email, Password: weir.NewSecret(password), Org: same.who.Org, Client: here})
		x.must(err)
		same.token, same.who = s.Token.Expose(), s.Principal
	}
	x.token = x.named("owner").token
}

// settings makes quarantine settings of the set's user, who may have some.
func (x *matrix) settings(set string, o objects) {
	x.Helper()
	c := x.owner(set)
	if o["shelf"] == nil {
		o["shelf"] = x.must200(c, "POST", "/data_credentials", m{"name": "Shelf", "credentials_type": "file", "credentials": m{"path": "aside", "format": "jsonl"}})["id"]
	}
	in := m{"data_credentials_id": o["shelf"], "config": m{"start.cron": "0 0 * * * ? *"}}
	if status, b := x.ask(c.token, "POST", "/users/"+id(o["users"])+"/quarantine_settings", in); status != http.StatusOK && status != http.StatusConflict {
		x.Fatalf("quarantine settings: %d %s", status, b)
	}
}

// members names everybody in the organization of a set with at least the role.
func (x *matrix) members(set string, least identity.Role) (all []any) {
	x.Helper()
	users, err := x.server.People().Users(x.Context(), x.owner(set).who)
	x.must(err)
	for _, u := range users {
		if least == identity.RoleNone || u.Role.AtLeast(least) {
			all = append(all, m{"id": u.ID})
		}
	}
	return all
}
