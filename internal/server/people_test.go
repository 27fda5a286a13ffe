package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/job/jobtest"
)

// peoplePromises run on both engines.
func peoplePromises(t *testing.T, promise func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) { promise(t, newWorld(t, 1)) })
	t.Run("postgres", func(t *testing.T) { promise(t, buildWorld(t, 1, 120, jobtest.Fresh.Postgres(t))) })
}

func TestAnAdministratorLooksAfterUsers(t *testing.T) {
	peoplePromises(t, func(t *testing.T, w *world) {
		bob := w.call(200, "POST", "/users", m{"email": "Bob@Example.com", "full_name": "Bob", "role": "operator", "password": "a good long password"})
		path := "/users/" + id(bob["id"])
		w.call(409, "POST", "/users", m{"email": "bob@example.com", "full_name": "Bob again"})
		w.call(400, "POST", "/users", m{"email": "no address", "full_name": "X"})
		w.call(400, "POST", "/users", m{"email": "x@example.com", "full_name": "X", "super_user": true})
		w.call(400, "POST", "/users", m{"email": "x@example.com", "full_name": "X", "default_org_id": 99})
		for _, query := range []string{"", "?expand=1", "?expand=True"} {
			u := w.call(200, "GET", path+query, nil)
			for _, field := range []string{"id", "email", "full_name", "impersonated", "default_org", "status", "account_locked", "org_memberships"} {
				if u[field] == nil {
					t.Errorf("%s of %v is null", field, u)
				}
			}
			in := u["org_memberships"].([]any)[0].(m)
			if in["is_admin?"] != false || in["org_membership_status"] != "ACTIVE" || in["api_key"] == nil || in["name"] != "Acme" {
				t.Error(in)
			}
			if summary := u["account_summary"]; (summary != nil) != (query != "") {
				t.Errorf("%s: %v", query, summary)
			}
		}
		if u := w.call(200, "PUT", path, m{"name": "Bob B."}); u["full_name"] != "Bob B." {
			t.Error(u)
		}
		if u := w.call(200, "PUT", path, m{"role": "admin"}); u["role"] != "admin" {
			t.Error(u)
		}
		if u := w.call(200, "PUT", path, m{"status": "DEACTIVATED"}); u["status"] != "DEACTIVATED" || u["account_locked"] != false {
			t.Error(u)
		}
		if u := w.call(200, "PUT", path+"/activate", nil); u["status"] != "ACTIVE" {
			t.Error(u)
		}
		if u := w.call(200, "PUT", path+"/lock", nil); u["account_locked"] != true {
			t.Error(u)
		}
		w.browser().want(401, "POST", "/session", m{"email": "bob@example.com", "password": "a good long password"})
		if u := w.call(200, "PUT", path+"/unlock", nil); u["account_locked"] != false {
			t.Error(u)
		}
		w.call(400, "PUT", path, m{"email": "other@example.com"})
		w.call(400, "PUT", path, m{"role": "operator", "status": "DEACTIVATED"})
		w.call(400, "PUT", path, m{"role": "king"})
		events := map[any]bool{}
		for _, e := range w.list(path + "/audit_log") {
			events[e["event"]] = true
		}
		for _, want := range []string{"user.create", "user.rename", "user.role", "user.deactivate", "user.activate", "user.lock", "user.unlock"} {
			if !events[want] {
				t.Errorf("%s is not in %v", want, events)
			}
		}
		if len(w.list("/orgs/1/users/audit_log")) < len(events) || len(w.list("/users/1/audit_log?by=1")) == 0 {
			t.Error("the organization's log of users is shorter than one user's")
		}
		w.call(200, "DELETE", path, nil)
		w.call(404, "GET", path, nil)
		if s := w.list("/user_settings"); s[0]["settings"].(m)["password"] != true {
			t.Error(s)
		}
	})
}

func TestTooManyTriesLockAnAccountUntilAnAdministratorUnlocksIt(t *testing.T) {
	w := newWorld(t, 1)
	bob := w.call(200, "POST", "/users", m{"email": "bob@example.com", "full_name": "Bob", "password": "a good long password"})
	path, b := "/users/"+id(bob["id"]), w.browser()
	for range 5 {
		b.want(401, "POST", "/session", m{"email": "bob@example.com", "password": "wrong wrong wrong"})
	}
	if got := b.want(429, "POST", "/session", m{"email": "bob@example.com", "password": "a good long password"}); got["retry_after"] == nil {
		t.Error(got)
	}
	if u := w.call(200, "GET", path, nil); u["account_locked"] != true || u["status"] != "ACTIVE" {
		t.Error(u)
	}
	if u := w.call(200, "PUT", path+"/unlock", nil); u["account_locked"] != false {
		t.Error(u)
	}
	b.signInAs("bob@example.com", "a good long password")
}

func TestTheLastOwnerStaysWhateverIsTried(t *testing.T) {
	peoplePromises(t, func(t *testing.T, w *world) {
		w.call(409, "PUT", "/users/1", m{"role": "admin"})
		w.call(409, "PUT", "/users/1", m{"status": "DEACTIVATED"})
		w.call(409, "PUT", "/users/1/deactivate", nil)
		w.call(409, "PUT", "/users/1/lock", nil)
		w.call(409, "DELETE", "/users/1", nil)
		w.call(409, "PUT", "/orgs/1/members", m{"members": []m{{"id": 1, "admin": false}}})
		w.call(409, "PUT", "/orgs/1/members/deactivate", m{"members": []m{{"id": 1}}})
		w.call(409, "DELETE", "/orgs/1/members", m{"members": []m{{"email": "ada@example.com"}}})
		w.call(409, "POST", "/orgs/1/members", m{"members": []m{}})
		w.call(409, "DELETE", "/orgs/1", nil)
		if u := w.call(200, "GET", "/users/current", nil); u["role"] != "owner" || u["status"] != "ACTIVE" {
			t.Error(u)
		}
	})
}

// A list of members is changed as a whole, or not at all.
func TestMembersAreChangedAllOrNone(t *testing.T) {
	peoplePromises(t, func(t *testing.T, w *world) {
		bob, cat := m{"email": "bob@example.com", "full_name": "Bob"}, m{"email": "cat@example.com", "full_name": "Cat", "access_role": "operator"}
		roles := func() (out string) {
			for _, u := range w.list("/orgs/1/members") {
				out += fmt.Sprint(u["email"], " ", u["access_role"].([]any)[0], " ", u["org_membership_status"], "; ")
			}
			return out
		}
		before := roles()
		w.call(400, "PUT", "/orgs/1/members", m{"members": []m{bob, {"email": "no address", "full_name": "X"}}})
		w.call(400, "PUT", "/orgs/1/members", m{"members": []m{bob, {"id": 77}}})
		w.call(409, "PUT", "/orgs/1/members", m{"members": []m{bob, {"id": 1, "access_role": "admin"}}})
		if roles() != before {
			t.Error("half of it: ", roles())
		}
		w.raw(200, "PUT", "/orgs/1/members", m{"members": []m{bob, cat}})
		w.raw(200, "PUT", "/orgs/1/members", m{"members": []m{{"email": "BOB@example.com", "admin": true}, {"id": 1}}})
		if got := roles(); got != "ada@example.com owner ACTIVE; bob@example.com admin ACTIVE; cat@example.com operator ACTIVE; " {
			t.Error(got)
		}
		w.raw(200, "PUT", "/orgs/1/members/deactivate", m{"members": []m{{"email": "bob@example.com"}, {"email": "cat@example.com"}}})
		w.raw(200, "PUT", "/orgs/1/members/activate", m{"members": []m{{"email": "cat@example.com"}}})
		if got := roles(); !strings.Contains(got, "bob@example.com admin DEACTIVATED; cat@example.com operator ACTIVE") {
			t.Error(got)
		}
		w.raw(200, "POST", "/orgs/1/members", m{"members": []m{{"id": 1}, {"email": "dan@example.com", "full_name": "Dan"}}})
		if got := roles(); got != "ada@example.com owner ACTIVE; dan@example.com collaborator ACTIVE; " {
			t.Error(got)
		}
	})
}

func TestWhatSomebodyOwnsIsTransferredBeforeTheyGo(t *testing.T) {
	peoplePromises(t, func(t *testing.T, w *world) {
		owner := w.token
		users := map[string]m{}
		for _, name := range []string{"bob", "cat"} {
			users[name] = w.call(200, "POST", "/users", m{"email": name + "@example.com", "full_name": name, "role": "operator", "password": "a good long password"})
		}
		b := w.browser()
		b.signInAs("bob@example.com", "a good long password")
		w.token = b.cookie("wst_")
		cred := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})
		w.call(200, "POST", "/teams", m{"name": "Readers"})
		bob := "/users/" + id(users["bob"]["id"])
		if got := w.call(200, "GET", bob+"/transferable?org_id=1", nil); id(got["data_credentials"]) != "["+id(cred["id"])+"]" || got["total"] != 2.0 {
			t.Error(got)
		}
		w.call(404, "GET", bob+"/transferable?org_id=2", nil)
		w.call(403, "GET", "/users/1/transferable", nil)
		w.call(403, "PUT", bob+"/transfer", m{"delegate_owner_id": users["cat"]["id"]})
		w.token = owner
		w.call(409, "DELETE", bob, nil)
		w.call(400, "PUT", bob+"/transfer", m{"delegate_owner_id": 99})
		w.call(400, "PUT", bob+"/transfer", m{"delegate_owner_id": users["bob"]["id"]})
		w.call(404, "PUT", bob+"/transfer", m{"org_id": 2, "delegate_owner_id": users["cat"]["id"]})
		if got := w.call(200, "PUT", bob+"/transfer", m{"org_id": 1, "delegate_owner_id": users["cat"]["id"]}); got["transferred"] != 2.0 {
			t.Error(got)
		}
		if got := w.call(200, "GET", "/data_credentials/"+id(cred["id"]), nil); got["owner"].(m)["full_name"] != "cat" {
			t.Error(got["owner"])
		}
		w.call(200, "DELETE", bob, nil)
		w.call(409, "DELETE", "/orgs/1/members", m{"members": []m{{"email": "cat@example.com"}}})
		w.call(200, "DELETE", "/orgs/1/members", m{"members": []m{{"email": "cat@example.com", "delegate_owner_id": 1}}})
		if got := w.call(200, "GET", "/data_credentials/"+id(cred["id"]), nil); got["owner"].(m)["full_name"] != "Ada" {
			t.Error(got["owner"])
		}
	})
}

func TestOrganizationsComeAndGo(t *testing.T) {
	peoplePromises(t, func(t *testing.T, w *world) {
		b := w.browser()
		b.signInAs("ada@example.com", adasPassword)
		org := b.want(200, "POST", "/orgs", m{"name": "Second", "email_domain": "second.example"})
		path := "/orgs/" + id(org["id"])
		if org["access_roles"].([]any)[0] != "owner" || org["email_domain"] != "second.example" {
			t.Error(org)
		}
		for _, closed := range []string{"/members", "/account_summary", "/auth_settings", "/audit_log", "/data_sources/audit_log"} {
			b.want(404, "GET", path+closed, nil)
		}
		b.want(404, "PUT", path, m{"name": "Third"})
		b.want(404, "DELETE", path, nil)
		b.want(200, "PUT", "/session/org", m{"org_id": org["id"]})
		if got := b.want(200, "PUT", path, m{"name": "Third"}); got["name"] != "Third" || got["email_domain"] != "second.example" {
			t.Error(got)
		}
		cred := b.want(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})
		if got := b.want(200, "GET", path+"/account_summary", nil); got["data_credentials"].(m)["total"] != 1.0 || got["org_id"] != org["id"] {
			t.Error(got)
		}
		b.want(200, "GET", "/orgs/account_summary", nil)
		b.want(200, "POST", "/users", m{"email": "bob@example.com", "full_name": "Bob", "password": "a good long password"})
		bob := w.browser()
		bob.signInAs("bob@example.com", "a good long password")
		b.want(409, "DELETE", path, nil)
		b.want(200, "DELETE", "/data_credentials/"+id(cred["id"]), nil)
		b.want(200, "DELETE", path, nil)
		b.want(401, "GET", "/session", nil)
		bob.want(401, "GET", "/session", nil)
		b.signInAs("ada@example.com", adasPassword)
		if orgs := b.all("/orgs"); len(orgs) != 1 {
			t.Error(orgs)
		}
		bob.want(401, "POST", "/session", m{"email": "bob@example.com", "password": "a good long password"})
	})
}
