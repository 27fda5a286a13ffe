package identity_test

import (
	"bytes"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// rekeyed is the service after the keys were changed.
func (w *world) rekeyed() *identity.Service {
	w.Helper()
	s, err := identity.New(w.db, identity.Options{Audit: w.audit, MACKey: bytes.Repeat([]byte("n"), 32), Pepper: bytes.Repeat([]byte("q"), 32),
		EarlierPeppers: [][]byte{bytes.Repeat([]byte("p"), 32)}, Now: w.clock.Now, Cost: cheap})
	w.must(err)
	return s
}

func TestAChangeOfKeysSignsEverybodyOutAndKeepsWhatTheyMayDo(t *testing.T) {
	onBoth(t, func(w *world) {
		session := w.owner()
		owner := session.Principal
		ann := w.user(owner, "ann", identity.RoleOperator)
		w.user(owner, "eve", identity.RoleCollaborator)
		id := w.resource(owner)
		team, err := w.s.CreateTeam(w.Context(), owner, "a team", "")
		w.must(err)
		w.must(w.s.AddTeamMembers(w.Context(), owner, team.ID, identity.TeamMember{User: ann.User}))
		w.must(w.share(owner, id, identity.Accessor{Kind: identity.AccessorTeam, Who: team.ID, Role: identity.RoleOperator}))
		value, _ := w.key(owner, identity.RoleAdmin)
		w.exec(`UPDATE membership SET role = 'admin' WHERE role = 'collaborator'`)

		w.s = w.rekeyed()
		_, err = w.signIn("owner@example.com", password, home)
		w.refused(err, weir.CodeAuth)
		// users: 3, memberships: 2 of 3, team member, accessor, key
		if n, err := w.s.Reseal(w.Context(), bytes.Repeat([]byte("m"), 32)); n != 8 || err != nil {
			w.Errorf("%d rows, %v", n, err)
		}
		if n, err := w.s.Reseal(w.Context(), bytes.Repeat([]byte("m"), 32)); n != 0 || err != nil {
			w.Errorf("again %d rows, %v", n, err)
		}
		_, err = w.authenticate(session.Token)
		w.refused(err, weir.CodeAuth)
		if ann := w.in("ann"); w.roleOn(ann, id) != identity.RoleOperator {
			w.Error(w.roleOn(ann, id))
		}
		_, err = w.signIn("eve@example.com", password, home)
		w.refused(err, weir.CodeAuth)
		_, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
	})
}

func TestAPasswordMovesToTheNewPepperAtTheNextSignIn(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		w.s = w.rekeyed()
		_, err := w.s.Reseal(w.Context(), bytes.Repeat([]byte("m"), 32))
		w.must(err)
		for range 2 {
			_, err = w.signIn("owner@example.com", password, home)
			w.must(err)
		}
		s, err := identity.New(w.db, identity.Options{Audit: w.audit, MACKey: bytes.Repeat([]byte("n"), 32), Pepper: bytes.Repeat([]byte("q"), 32), Now: w.clock.Now, Cost: cheap})
		w.must(err)
		w.s = s
		_, err = w.signIn("owner@example.com", password, home)
		w.must(err)
	})
}
