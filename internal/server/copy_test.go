package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/identity"
)

// Whatever is copied is copied with its access and to its owner in the same way.
func TestACopyIsSharedAndOwnedAsAsked(t *testing.T) {
	w := newWorld(t, 5)
	bob, eve := w.user(w.principal(), "bob", identity.RoleOperator).Principal.User, w.user(w.principal(), "eve", identity.RoleOperator).Principal.User
	src := w.endpointSource(w.credential()["id"], "Events")
	dataset := src["data_sets"].([]any)[0].(m)["id"]
	lake := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})["id"]
	for noun, of := range map[string]any{
		"data_credentials": lake, "data_sources": src["id"], "data_sets": dataset,
		"data_sinks": w.call(200, "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake, "data_set_id": dataset})["id"],
		"data_maps":  w.call(200, "POST", "/data_maps", m{"name": "Teams", "data_type": "string", "map_primary_key": "team"})["id"],
		"projects":   w.call(200, "POST", "/projects", m{"name": "Sales"})["id"],
		"transforms": w.call(200, "POST", "/transforms", m{"name": "Tidy", "code": []any{rule("drop", m{"field": "metadata"})}})["id"],
	} {
		path := "/" + noun + "/" + id(of)
		w.raw(200, "PUT", path+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob, "access_roles": []any{"operator"}}}})
		plain := w.call(200, "POST", path+"/copy", m{})
		if plain["copied_from_id"] != of || len(w.list("/"+noun+"/"+id(plain["id"])+"/accessors")) != 0 || plain["owner"].(m)["id"] == float64(eve) {
			t.Errorf("%s: without being asked, the copy is %v", noun, plain)
		}
		made := w.call(200, "POST", path+"/copy", m{"copy_access_controls": true, "owner_id": eve, "org_id": w.principal().Org})
		shared := w.list("/" + noun + "/" + id(made["id"]) + "/accessors")
		if made["owner"].(m)["id"] != float64(eve) || len(shared) != 1 || shared[0]["id"] != float64(bob) || shared[0]["access_roles"].([]any)[0] != "operator" {
			t.Errorf("%s: copied with its access, for another: %v, shared with %v", noun, made, shared)
		}
		before := len(w.list("/" + noun + "?access_role=all"))
		for field, in := range map[string]m{"org_id": {"org_id": 4711}, "owner_id": {"owner_id": 4711}} {
			if got := w.call(400, "POST", path+"/copy", in); got["details"].([]any)[0].(m)["field"] != field {
				t.Errorf("%s: a copy with a wrong %s: %v", noun, field, got)
			}
		}
		if after := len(w.list("/" + noun + "?access_role=all")); after != before {
			t.Errorf("%s: what was refused left %d things, not %d", noun, after, before)
		}
	}
}

func TestACopyOfAFlowSharesEachPartAsTheOriginalDoes(t *testing.T) {
	w := newWorld(t, 5)
	bob := w.user(w.principal(), "bob", identity.RoleOperator).Principal.User
	src := w.endpointSource(w.credential()["id"], "Events")
	dataset := src["data_sets"].([]any)[0].(m)["id"]
	lake := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})["id"]
	w.call(200, "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake, "data_set_id": dataset})
	node := w.call(200, "GET", "/data_sources/"+id(src["id"])+"/flow?flows_only=1", nil)["flows"].([]any)[0].(m)["id"]
	w.raw(200, "PUT", "/data_sets/"+id(dataset)+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob, "access_roles": []any{"collaborator"}}}})
	made := w.call(200, "POST", "/flows/"+id(node)+"/copy", m{"copy_access_controls": true, "owner_id": bob})
	for noun, shared := range map[string]int{"data_sources": 0, "data_sets": 1, "data_sinks": 0} {
		all := made[noun].([]any)
		if len(all) != 1 {
			t.Fatalf("the copy has the %s %v", noun, all)
		}
		if one := all[0].(m); one["owner"].(m)["id"] != float64(bob) || len(w.list("/"+noun+"/"+id(one["id"])+"/accessors")) != shared {
			t.Errorf("%s of the copy: %v", noun, one)
		}
	}
}

func TestAProjectIsCopiedWithItsFlowsOrNotAtAll(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()["id"]
	a, b := w.endpointSource(cred, "Alpha"), w.endpointSource(cred, "Beta")
	of := w.call(200, "POST", "/projects", m{"name": "Sales", "description": "d", "tags": []any{"x"}, "data_flows": bySource(a["id"], b["id"])["data_flows"]})
	path := "/projects/" + id(of["id"])
	made := w.call(200, "POST", path+"/copy", nil)
	if made["name"] != "Sales (copy)" || made["description"] != "d" || made["copied_from_id"] != of["id"] || made["flows_count"] != 2.0 {
		t.Errorf("copied %v", made)
	}
	names := []string{}
	for _, f := range made["data_flows"].([]any) {
		names = append(names, f.(m)["name"].(string))
		if src := w.call(200, "GET", "/data_sources/"+id(f.(m)["data_source_id"]), nil); src["copied_from_id"] == nil || src["status"] != "INIT" {
			t.Errorf("a flow in the copy is %v", src)
		}
	}
	if !slices.Equal(names, []string{"Alpha", "Beta"}) || w.call(200, "GET", path, nil)["flows_count"] != 2.0 {
		t.Errorf("the copy holds %v", names)
	}
	// Who sees a flow in it, and may not copy that, copies nothing.
	bob := w.user(w.principal(), "bob", identity.RoleOperator)
	w.raw(200, "PUT", path+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob.Principal.User, "access_roles": []any{"admin"}}}})
	w.raw(200, "PUT", "/data_sources/"+id(b["id"])+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob.Principal.User, "access_roles": []any{"operator"}}}})
	before := len(w.list("/data_sources?access_role=all")) + len(w.list("/projects?access_role=all"))
	if status, answer := w.ask(bob.Token.Expose(), "POST", path+"/copy", m{}); status != 403 {
		t.Errorf("who may not copy a flow of it is answered %d: %s", status, answer)
	}
	if after := len(w.list("/data_sources?access_role=all")) + len(w.list("/projects?access_role=all")); after != before {
		t.Errorf("what was refused left %d things behind", after-before)
	}
}

func TestATeamIsCopiedWithItsMembersAndSharedByThem(t *testing.T) {
	w := newWorld(t, 1)
	bob, eve := w.user(w.principal(), "bob", identity.RoleOperator).Principal.User, w.user(w.principal(), "eve", identity.RoleOperator).Principal.User
	of := w.call(200, "POST", "/teams", m{"name": "Readers", "description": "d", "members": []any{m{"id": bob, "admin": true}}})
	made := w.call(200, "POST", "/teams/"+id(of["id"])+"/copy", m{"owner_id": eve})
	path := "/teams/" + id(made["id"])
	if made["name"] != "Readers (copy)" || made["description"] != "d" || made["owner"].(m)["id"] != float64(eve) || len(made["members"].([]any)) != 1 {
		t.Errorf("copied %v", made)
	}
	shared := func(method string, in any) []m {
		t.Helper()
		var all []m
		w.decode(w.raw(200, method, path+"/accessors", in), &all)
		return all
	}
	user := func(id int64, role string) m { return m{"type": "USER", "id": id, "access_roles": []any{role}} }
	if all := shared("GET", nil); len(all) != 1 || all[0]["id"] != float64(bob) || all[0]["access_roles"].([]any)[0] != "admin" {
		t.Errorf("its accessors are %v", all)
	}
	if all := shared("PUT", m{"accessors": []any{user(eve, "collaborator")}}); len(all) != 2 {
		t.Errorf("with one more: %v", all)
	}
	if all := shared("DELETE", m{"accessors": []any{user(bob, "admin")}}); len(all) != 1 || all[0]["id"] != float64(eve) {
		t.Errorf("with one less: %v", all)
	}
	if all := shared("POST", m{"accessors": []any{user(bob, "collaborator")}}); len(all) != 1 || all[0]["id"] != float64(bob) {
		t.Errorf("replaced: %v", all)
	}
	w.call(400, "PUT", path+"/accessors", m{"accessors": []any{user(eve, "owner")}})
	w.call(400, "PUT", path+"/accessors", m{"accessors": []any{m{"type": "TEAM", "id": of["id"], "access_roles": []any{"admin"}}}})
	if all := shared("DELETE", nil); len(all) != 0 {
		t.Errorf("shared with nobody: %v", all)
	}
	if all := w.list(path + "/audit_log"); len(all) != 5 || all[4]["event"] != "team.create" {
		t.Errorf("its audit log is %v", all)
	}
}

func TestAFlowIsNamedAndSharedAsAWhole(t *testing.T) {
	w := newWorld(t, 5)
	bob := w.user(w.principal(), "bob", identity.RoleCollaborator)
	src := w.endpointSource(w.credential()["id"], "Events")
	path := "/flows/" + id(w.call(200, "GET", "/data_sources/"+id(src["id"])+"/flow?flows_only=1", nil)["flows"].([]any)[0].(m)["id"])
	if node := w.call(200, "PUT", path, m{"name": "Event types", "description": "all"})["flows"].([]any)[0].(m); node["name"] != "Event types" || node["description"] != "all" {
		t.Errorf("renamed it is %v", node)
	}
	accessors := m{"accessors": []any{m{"type": "USER", "id": bob.Principal.User, "access_roles": []any{"collaborator"}}}}
	sees := func(want int) {
		t.Helper()
		for _, part := range []string{path, "/data_sources/" + id(src["id"]), "/data_sets/" + id(src["data_sets"].([]any)[0].(m)["id"])} {
			if status, _ := w.ask(bob.Token.Expose(), "GET", part, nil); status != want {
				t.Errorf("bob is answered %d for %s, want %d", status, part, want)
			}
		}
	}
	sees(404)
	w.raw(200, "PUT", path+"/accessors", accessors)
	sees(200)
	if all := w.list(path + "/accessors"); len(all) != 1 || all[0]["id"] != float64(bob.Principal.User) {
		t.Errorf("its accessors are %v", all)
	}
	if status, _ := w.ask(bob.Token.Expose(), "PUT", path+"/accessors", accessors); status != 403 {
		t.Errorf("who looks at a flow shares it: %d", status)
	}
	w.raw(200, "DELETE", path+"/accessors", nil)
	sees(404)
	events := map[any]bool{}
	for _, e := range w.list(path + "/audit_log") {
		events[e["event"]] = true
	}
	for _, event := range []string{"source.create", "source.update", "source.share", "dataset.share", "source.unshare"} {
		if !events[event] {
			t.Errorf("%s is not in a flow's audit log: %v", event, events)
		}
	}
}

func TestCustodiansAreTheAdministrators(t *testing.T) {
	w := newWorld(t, 1)
	me := w.principal()
	bob, eve := w.user(me, "bob", identity.RoleOperator).Principal.User, w.user(me, "eve", identity.RoleAdmin).Principal.User
	path := "/orgs/" + id(me.Org) + "/custodians"
	who := func() (ids []any) {
		for _, one := range w.list(path) {
			ids = append(ids, one["id"])
		}
		return ids
	}
	if got := who(); !slices.Equal(got, []any{float64(me.User), float64(eve)}) {
		t.Errorf("custodians are %v", got)
	}
	w.raw(200, "POST", path, m{"custodians": []any{m{"email": "bob@example.com"}}})
	if got := who(); len(got) != 3 || w.call(200, "GET", "/users/"+id(bob), nil)["role"] != "admin" {
		t.Errorf("with bob, custodians are %v", got)
	}
	w.raw(200, "PUT", path, m{"custodians": []any{m{"id": bob}}})
	if got := who(); !slices.Equal(got, []any{float64(me.User), float64(bob)}) {
		t.Errorf("custodians replaced are %v", got)
	}
	w.call(200, "DELETE", path, m{"custodians": []any{m{"id": bob}}})
	w.call(400, "DELETE", path, m{"custodians": []any{m{"id": me.User}}})
	w.call(400, "POST", path, m{"custodians": []any{m{"id": 4711}}})
	if got := who(); !slices.Equal(got, []any{float64(me.User)}) {
		t.Errorf("in the end custodians are %v", got)
	}
}

// Whoever may not give a copy the access of the original is told before anything
// is made, and not after.
func TestACopyThatCannotBeSharedAsItsOriginalLeavesNothing(t *testing.T) {
	w := newWorld(t, 5)
	o := w.objects()
	bob := w.user(w.principal(), "bob", identity.RoleOperator).Principal.User
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "data_maps", "transforms", "projects"} {
		w.raw(200, "PUT", "/"+noun+"/"+id(o[noun])+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob, "access_roles": []any{"owner"}}}})
	}
	key := w.call(200, "POST", "/service_keys", m{"name": "narrow", "scope": "admin"})["key"].(string)
	narrow := w.exchanged(key)
	everything := func() (n int) {
		for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "data_maps", "transforms", "projects"} {
			n += len(w.list("/" + noun + "?access_role=all"))
		}
		return n
	}
	before := everything()
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "data_maps", "transforms", "projects", "flows"} {
		if status, b := w.ask(narrow, "POST", "/"+noun+"/"+id(o[noun])+"/copy", m{"copy_access_controls": true}); status != 403 {
			t.Errorf("%s: giving more than one has: %d %s", noun, status, b)
		}
		if after := everything(); after != before {
			t.Errorf("%s: what was refused left %d things behind", noun, after-before)
		}
	}
}

// reuse_data_credentials: false gives the copy a credential of its own, which
// lives on when the original's is replaced.
func TestACopyMayHaveACredentialOfItsOwn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		o := w.objects()
		lake := w.call(200, "GET", "/data_sinks/"+id(o["data_sinks"]), nil)["data_credentials_id"]
		bob := w.user(w.principal(), "bob", identity.RoleOperator)
		w.raw(200, "PUT", "/data_credentials/"+id(lake)+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob.Principal.User, "access_roles": []any{"operator"}}}})
		for path, of := range map[string]any{"/data_sources/" + id(o["data_sources"]): o["data_credentials"], "/data_sinks/" + id(o["data_sinks"]): lake} {
			if made := w.call(200, "POST", path+"/copy", m{}); made["data_credentials_id"] != of {
				t.Errorf("%s: without being asked, the copy has another credential: %v", path, made["data_credentials_id"])
			}
			made := w.call(200, "POST", path+"/copy", m{"reuse_data_credentials": false, "copy_access_controls": true})
			own, _ := made["data_credentials"].(m)
			if own["copied_from_id"] != of || own["id"] == of || own["verified_status"] == "FAILED" {
				t.Errorf("%s: the copy's credential is %v", path, own)
			}
			if shared := w.list("/data_credentials/" + id(own["id"]) + "/accessors"); len(shared) != len(w.list("/data_credentials/"+id(of)+"/accessors")) {
				t.Errorf("%s: the copied credential is shared with %v", path, shared)
			}
		}
		made := w.call(200, "POST", "/flows/"+id(o["flows"])+"/copy", m{"reuse_data_credentials": false})
		source, sink := made["data_sources"].([]any)[0].(m), made["data_sinks"].([]any)[0].(m)
		own := source["data_credentials_id"]
		if own == o["data_credentials"] || sink["data_credentials_id"] == lake || len(made["data_credentials"].([]any)) != 3 { // of the copied sinks above, too
			t.Errorf("the copied flow uses %v and %v, and has %v", own, sink["data_credentials_id"], made["data_credentials"])
		}
		// The copied secret is the key, sealed to the copy, and both uses are written down.
		if got := w.call(200, "GET", "/data_credentials/"+id(own)+"/probe", nil); got["status"] != "ok" {
			t.Errorf("the copied key: %v", got)
		}
		uses := w.list("/data_credentials/" + id(o["data_credentials"]) + "/audit_log?event_filter=credential.use")
		if purpose := uses[0]["object_changes"].(m)["purpose"].([]any)[1]; purpose != "copy" {
			t.Errorf("the original's last use was to %v", purpose)
		}
		created := w.list("/data_credentials/" + id(own) + "/audit_log?event_filter=credential.create")
		if from := created[0]["object_changes"].(m)["copied_from"]; len(created) != 1 || from.([]any)[1] != o["data_credentials"] {
			t.Errorf("the copy was made from %v", created)
		}
		w.call(200, "PUT", "/data_sources/"+id(source["id"])+"/activate", nil)
		if run := w.finished(source["id"]); run["status"] != "succeeded" {
			t.Errorf("the copied flow runs: %v", run)
		}
		w.call(200, "PUT", "/flows/"+id(made["flows"].([]any)[0].(m)["id"])+"/pause?all=1", nil)
	})
}

func TestACopyWhoseCredentialCannotBeCopiedLeavesNothing(t *testing.T) {
	w := newWorld(t, 5)
	o := w.objects()
	bob := w.user(w.principal(), "bob", identity.RoleOperator)
	for _, noun := range []string{"data_sources", "data_sets", "data_sinks"} {
		w.raw(200, "PUT", "/"+noun+"/"+id(o[noun])+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob.Principal.User, "access_roles": []any{"admin"}}}})
	}
	lake := w.call(200, "GET", "/data_sinks/"+id(o["data_sinks"]), nil)["data_credentials_id"]
	for _, of := range []any{o["data_credentials"], lake} { // to be used, and not to be copied
		w.raw(200, "PUT", "/data_credentials/"+id(of)+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob.Principal.User, "access_roles": []any{"operator"}}}})
	}
	everything := func() (n int) {
		for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks"} {
			n += len(w.list("/" + noun + "?access_role=all"))
		}
		return n
	}
	before := everything()
	for _, noun := range []string{"data_sources", "data_sinks", "flows"} {
		path := "/" + noun + "/" + id(o[noun]) + "/copy"
		status, b := w.ask(bob.Token.Expose(), "POST", path, m{"reuse_data_credentials": false})
		var refused m
		w.decode(b, &refused)
		if status != 403 || !strings.Contains(refused["error"].(string), "reuse_data_credentials") {
			t.Errorf("%s: copying somebody else's credential: %d %s", noun, status, b)
		}
		if status, b := w.ask(bob.Token.Expose(), "POST", path+"?dry_run=1", m{}); status != 400 {
			t.Errorf("%s: %d %s", noun, status, b)
		}
	}
	for _, k := range w.sim.Keys() {
		w.sim.RemoveKey(k.Name)
	}
	for _, noun := range []string{"data_sources", "flows"} {
		if refused := w.call(400, "POST", "/"+noun+"/"+id(o[noun])+"/copy", m{"reuse_data_credentials": false}); refused["error_code"] != "CRED_001" {
			t.Errorf("%s: with a key that is revoked: %v", noun, refused)
		}
	}
	if after := everything(); after != before {
		t.Errorf("what was refused left %d things behind", after-before)
	}
}

// A copied flow has what was made from its datasets, with the rules, at every depth.
func TestACopiedFlowHasItsDerivedDatasets(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		o := w.objects()
		lake := w.call(200, "GET", "/data_sinks/"+id(o["data_sinks"]), nil)["data_credentials_id"]
		derived := w.call(200, "POST", "/data_sets", m{"name": "Tidy types", "parent_data_set_id": o["data_sets"], "has_custom_transform": true, "transform": []any{rule("drop", m{"field": "metadata"})}})
		deep := w.call(200, "POST", "/data_sets", m{"name": "Tidier types", "parent_data_set_id": derived["id"], "has_custom_transform": true, "transform_id": o["transforms"]})
		w.call(200, "POST", "/data_sinks", m{"name": "Tidy table", "data_credentials_id": lake, "data_set_id": deep["id"]})
		made := w.call(200, "POST", "/flows/"+id(o["flows"])+"/copy", m{"copy_access_controls": true})
		byName := map[string]m{}
		for _, noun := range []string{"data_sets", "data_sinks"} {
			for _, one := range made[noun].([]any) {
				byName[one.(m)["name"].(string)] = one.(m)
			}
		}
		twin, deepest, sink := byName["Tidy types (copy)"], byName["Tidier types (copy)"], byName["Tidy table (copy)"]
		if twin == nil || deepest == nil || sink == nil {
			t.Fatalf("the copy has %v", byName)
		}
		if twin["copied_from_id"] != derived["id"] || len(twin["transform"].(m)["code"].([]any)) != 1 || twin["data_source_id"] != made["data_sources"].([]any)[0].(m)["id"] {
			t.Errorf("the derived dataset of the copy: %v", twin)
		}
		if deepest["transform_id"] != o["transforms"] || deepest["parent_data_sets"].([]any)[0].(m)["id"] != twin["id"] || sink["data_set_id"] != deepest["id"] {
			t.Errorf("below it: %v, %v", deepest, sink)
		}
		if status, b := w.ask(w.token, "POST", "/projects/"+id(o["projects"])+"/copy", m{}); status != 200 {
			t.Errorf("the project is copied: %d %s", status, b)
		}
	})
}

// A copy of a source is read after the same one: who may not choose that may not
// copy it.
func TestACopyIsReadAfterNoSourceThatItsMakerMayNotOperate(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()["id"]
	first, second := w.endpointSource(cred, "First"), w.endpointSource(cred, "Second")
	w.call(200, "PUT", "/data_sources/"+id(second["id"])+"/schedule", m{"run_after": first["id"]})
	bob := w.user(w.principal(), "bob", identity.RoleOperator)
	share := func(path, role string) {
		t.Helper()
		w.raw(200, "PUT", path+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob.Principal.User, "access_roles": []any{role}}}})
	}
	share("/data_credentials/"+id(cred), "operator")
	share("/data_sources/"+id(second["id"]), "admin")
	path := "/data_sources/" + id(second["id"]) + "/copy"
	if status, answer := w.ask(bob.Token.Expose(), "POST", path, m{}); status < 400 || status >= 500 || !strings.Contains(string(answer), "run_after") {
		t.Errorf("who may not see the source before it is answered %d: %s", status, answer)
	}
	share("/data_sources/"+id(first["id"]), "operator")
	if status, answer := w.ask(bob.Token.Expose(), "POST", path, m{}); status != 200 {
		t.Errorf("who may operate both is answered %d: %s", status, answer)
	}
}
