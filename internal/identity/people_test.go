package identity_test

import (
	"testing"
	"time"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// user adds somebody with the usual password and signs them in.
func (w *world) user(by identity.Principal, name string, role identity.Role) identity.Principal {
	w.Helper()
	_, _, err := w.s.CreateUser(w.Context(), by, identity.NewUser{Email: name + "@example.com", FullName: name, Role: role, Password: secret(password)})
	w.must(err)
	return w.in(name)
}

func (w *world) in(name string) identity.Principal {
	w.Helper()
	s, err := w.signIn(name+"@example.com", password, home)
	w.must(err)
	return s.Principal
}

// resource makes a source that the principal owns.
func (w *world) resource(p identity.Principal) int64 {
	w.Helper()
	r := store.Resource{Org: p.Org, Owner: p.User, Kind: store.KindSource, Name: "bookings", Status: "ACTIVE", Spec: []byte("{}"), Created: 1}
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.CreateResource(w.Context(), &r, true) }))
	return r.ID
}

// stranger is the owner of another organization.
func (w *world) stranger(owner identity.Principal) identity.Principal {
	w.Helper()
	o, err := w.s.CreateOrganization(w.Context(), owner, identity.Organization{Name: "Other"})
	w.must(err)
	there, err := w.s.Switch(w.Context(), owner, o.ID, home)
	w.must(err)
	p := w.user(there.Principal, "stranger", identity.RoleOwner)
	if p.Org != o.ID {
		w.Fatal(p)
	}
	return p
}

// recentAge is how old a proof may be.
const recentAge = 15 * time.Minute

func (w *world) roleOn(p identity.Principal, id int64) identity.Role {
	w.Helper()
	role, _ := w.s.RoleOn(w.Context(), p, store.KindSource, id)
	return role
}

func TestRolesAreOrdered(t *testing.T) {
	all := []identity.Role{identity.RoleOwner, identity.RoleAdmin, identity.RoleOperator, identity.RoleCollaborator}
	for i, a := range all {
		for j, b := range all {
			if a.AtLeast(b) != (i <= j) {
				t.Errorf("%s at least %s: %v", a, b, a.AtLeast(b))
			}
		}
		if a.AtLeast(identity.RoleNone) || identity.RoleNone.AtLeast(a) || a.AtLeast("root") || identity.Role("root").AtLeast(a) {
			t.Errorf("%s compares with what is no role", a)
		}
	}
}
