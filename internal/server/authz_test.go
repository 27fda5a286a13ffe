package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// caller is somebody that the routes are tried as.
type caller struct {
	name  string
	token string
	org   identity.Role // in their organization
	who   identity.Principal
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
	table := w.call(200, "POST", "/data_maps", m{"name": "Cities", "data_type": "string", "map_primary_key": "code", "data_map": []any{m{"code": "a"}}})
	rules := w.call(200, "POST", "/transforms", m{"name": "Tidy", "code": []any{m{"operation": "drop", "spec": m{"field": "metadata"}}}})
	folder := w.call(200, "POST", "/projects", m{"name": "Folder", "data_flows": []any{m{"data_source_id": src["id"]}}})
	return map[string]any{"data_maps": table["id"], "transforms": rules["id"], "projects": folder["id"], "data_credentials": cred["id"], "data_sources": src["id"], "data_sets": dataset, "data_sinks": sink["id"],
		"flows": flows["flows"].([]any)[0].(m)["id"]}
}

// happened puts a record of a source into quarantine, and a run of it into the
// store.
func (w *world) happened(org int64, of any) (reject int64, run string) {
	w.Helper()
	db, ctx := w.db(), w.Context()
	source, err := db.EnsureSource(ctx, store.SourceSpec{Org: org, Connector: "calcom", Origin: w.simURL, Account: "the test's source " + id(of), Resource: toInt(of)})
	w.must(err)
	lease, err := db.AcquireSource(ctx, source, "the test")
	w.must(err)
	defer lease.Release()
	dataset, err := db.EnsureDataset(ctx, source, "event_types")
	w.must(err)
	run = fmt.Sprintf("20260101T000000.000-%06d", toInt(of))
	w.must(db.StartRun(ctx, store.Run{ID: weir.RunID(run), Source: source, Epoch: lease.Epoch, Started: 1, Number: 1}))
	w.must(db.FinishRun(ctx, weir.RunID(run), 2, "succeeded", nil))
	_, err = db.Quarantine(ctx, dataset.ID, 0, "run", 1, []weir.Reject{{Stage: "decode", Reason: "odd", Original: []byte("{}")}})
	w.must(err)
	all, err := db.Quarantined(ctx, store.QuarantineFilter{Org: org})
	w.must(err)
	return all[0].ID, run
}

// nounKinds are the nouns whose objects have accessors.
var nounKinds = map[string]store.Kind{"data_credentials": store.KindCredential, "data_sources": store.KindSource, "data_sets": store.KindDataset, "data_sinks": store.KindDestination,
	"data_maps": store.KindLookup, "transforms": store.KindTransform, "projects": store.KindProject, "notification_channel_settings": store.KindChannel}

// routes lists the document.
func (w *world) routes() []documented {
	w.Helper()
	return w.document().routes
}

// as makes a call with a token and gives the status.
func (w *world) as(token, method, path string) (int, string) {
	w.Helper()
	status, b := w.ask(token, method, path, nil)
	return status, string(b)
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
	for _, path := range []string{"/data_credentials", "/data_sources", "/data_sets", "/data_sinks", "/data_maps", "/transforms", "/projects", "/runs"} {
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
		w.must(w.server.People().Share(t.Context(), w.principal(), []identity.Accessor{{Kind: identity.AccessorUser, Who: helper.Principal.User, Role: identity.RoleAdmin}}, identity.Thing{Kind: nounKinds[noun], ID: toInt(objects[noun])}))
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
