package identity_test

import (
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

func TestAnEmailAddressBelongsToOneUserInWhateverCase(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		_, _, err := w.s.CreateUser(w.Context(), owner, identity.NewUser{Email: "OWNER@example.COM", FullName: "x", Role: identity.RoleAdmin})
		w.refused(err, weir.CodeConflict)
		for _, bad := range []string{"", "x", "a b@example.com", "A <a@example.com>", "a@example.com\x00", "a@example.com, b@example.com"} {
			_, _, err := w.s.CreateUser(w.Context(), owner, identity.NewUser{Email: bad, FullName: "x", Role: identity.RoleAdmin})
			w.refused(err, weir.CodeUsage)
		}
	})
}

func TestALinkSetsAPasswordOnceWithinThreeDays(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann, link, err := w.s.CreateUser(w.Context(), owner, identity.NewUser{Email: "ann@example.com", FullName: "Ann", Role: identity.RoleOperator})
		w.must(err)
		if !ann.Invited || w.audited("user.create") != 1 {
			w.Error(ann)
		}
		if !w.fails("ann@example.com", home) {
			w.Error("throttled")
		}
		if email, err := w.s.LinkEmail(w.Context(), link.Expose()); err != nil || email != "ann@example.com" {
			w.Error(email, err)
		}
		_, err = w.s.AcceptLink(w.Context(), link.Expose(), secret("short"), home)
		w.refused(err, weir.CodeUsage)
		s, err := w.s.AcceptLink(w.Context(), link.Expose(), secret(password), home)
		w.must(err)
		_, err = w.authenticate(s.Token)
		w.must(err)
		_, err = w.s.AcceptLink(w.Context(), link.Expose(), secret(password), home)
		w.refused(err, weir.CodeAuth)

		first, err := w.s.NewLink(w.Context(), owner, ann.ID)
		w.must(err)
		second, err := w.s.NewLink(w.Context(), owner, ann.ID)
		w.must(err)
		_, err = w.s.LinkEmail(w.Context(), first.Expose())
		w.refused(err, weir.CodeAuth)
		w.clock.Advance(72 * time.Hour)
		_, err = w.s.LinkEmail(w.Context(), second.Expose())
		w.refused(err, weir.CodeAuth)
	})
}

func TestANewPasswordSignsEverybodyElseOut(t *testing.T) {
	onBoth(t, func(w *world) {
		first := w.owner()
		value, _ := w.key(first.Principal, identity.RoleAdmin)
		program, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		second, err := w.signIn("owner@example.com", password, home)
		w.must(err)
		const next = "another good password"
		_, err = w.s.ChangePassword(w.Context(), second.Principal, secret(wrongPassword), secret(next), home)
		w.refused(err, weir.CodeForbidden)
		_, err = w.s.ChangePassword(w.Context(), second.Principal, secret(password), secret("short"), home)
		w.refused(err, weir.CodeUsage)
		third, err := w.s.ChangePassword(w.Context(), second.Principal, secret(password), secret(next), home)
		w.must(err)
		for _, s := range []identity.Session{first, second, program} {
			_, err := w.authenticate(s.Token)
			w.refused(err, weir.CodeAuth)
		}
		_, err = w.authenticate(third.Token)
		w.must(err)
		_, err = w.signIn("owner@example.com", password, home)
		w.refused(err, weir.CodeAuth)
		_, err = w.signIn("owner@example.com", next, home)
		w.must(err)
	})
}

func TestOldPasswordsAreTriedNoMoreOftenThanAtTheDoor(t *testing.T) {
	onBoth(t, func(w *world) {
		p := w.owner().Principal
		for range 5 {
			_, err := w.s.ChangePassword(w.Context(), p, secret(wrongPassword), secret("another good password"), home)
			w.refused(err, weir.CodeForbidden)
		}
		_, err := w.s.ChangePassword(w.Context(), p, secret(password), secret("another good password"), home)
		w.refused(err, weir.CodeThrottled)
	})
}

func TestADeactivatedUserIsOutAtTheNextRequest(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann := w.user(owner, "ann", identity.RoleOperator)
		s, err := w.signIn("ann@example.com", password, home)
		w.must(err)
		value, _ := w.key(s.Principal, identity.RoleOperator)
		w.must(w.s.Deactivate(w.Context(), owner, ann.User))
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
		_, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.refused(err, weir.CodeAuth)
		_, err = w.signIn("ann@example.com", password, home)
		w.refused(err, weir.CodeAuth)
		w.must(w.s.Activate(w.Context(), owner, ann.User))
		w.in("ann")
	})
}

func TestANewRoleIsHadWithANewSession(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann := w.user(owner, "ann", identity.RoleOperator)
		s, err := w.signIn("ann@example.com", password, home)
		w.must(err)
		w.must(w.s.SetRole(w.Context(), owner, ann.User, identity.RoleAdmin))
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
		if p := w.in("ann"); p.Role != identity.RoleAdmin || w.audited("user.role") != 1 {
			w.Error(p)
		}
	})
}

func TestTheLastOwnerStays(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		w.refused(w.s.SetRole(w.Context(), owner, owner.User, identity.RoleAdmin), weir.CodeConflict)
		w.refused(w.s.Deactivate(w.Context(), owner, owner.User), weir.CodeConflict)
		w.refused(w.s.Remove(w.Context(), owner, owner.User), weir.CodeConflict)
		ann := w.user(owner, "ann", identity.RoleOwner)
		var group sync.WaitGroup
		group.Go(func() { _ = w.s.SetRole(w.Context(), owner, ann.User, identity.RoleAdmin) })
		group.Go(func() { _ = w.s.Deactivate(w.Context(), ann, owner.User) })
		group.Wait()
		users, err := w.s.Users(w.Context(), owner)
		w.must(err)
		owners := 0
		for _, u := range users {
			if u.Role == identity.RoleOwner && u.Status == identity.Active {
				owners++
			}
		}
		if owners != 1 {
			w.Errorf("%d owners", owners)
		}
	})
}

// give makes somebody the owner of a source.
func (w *world) give(p identity.Principal, source, to int64) error {
	return w.db.Change(w.Context(), func(tx *store.Tx) error {
		return w.s.TransferResource(w.Context(), tx, p, store.KindSource, source, to)
	})
}

func TestWhatAMemberOwnsIsTransferredBeforeTheyGo(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann, ben := w.user(owner, "ann", identity.RoleOperator), w.user(owner, "ben", identity.RoleOperator)
		one, two := w.resource(ann), w.resource(ann)
		team, err := w.s.CreateTeam(w.Context(), ann, "a team", "")
		w.must(err)
		w.refused(w.give(ben, one, ben.User), weir.CodeForbidden)
		w.must(w.give(ann, one, ben.User))
		if w.roleOn(ben, one) != identity.RoleOwner || w.roleOn(ann, one) != identity.RoleNone {
			w.Error("one resource was not transferred")
		}
		w.refused(w.s.Remove(w.Context(), owner, ann.User), weir.CodeConflict)
		if n, err := w.s.Transfer(w.Context(), owner, ann.User, ben.User); n != 2 || err != nil {
			w.Error(n, err)
		}
		if w.roleOn(ben, two) != identity.RoleOwner {
			w.Error("the rest was not transferred")
		}
		w.must(w.s.Allowed(w.Context(), ben, identity.RoleOwner, identity.KindTeam, team.ID))
		w.must(w.s.Remove(w.Context(), owner, ann.User))
		_, err = w.signIn("ann@example.com", password, home)
		w.refused(err, weir.CodeAuth)
		w.refused(w.s.Deactivate(w.Context(), owner, ann.User), weir.CodeNotFound)
	})
}

func TestATeamIsChangedByWhoAdministersIt(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann, ben, cat := w.user(owner, "ann", identity.RoleOperator), w.user(owner, "ben", identity.RoleCollaborator), w.user(owner, "cat", identity.RoleCollaborator)
		_, err := w.s.CreateTeam(w.Context(), cat, "a team", "")
		w.refused(err, weir.CodeForbidden)
		team, err := w.s.CreateTeam(w.Context(), ann, "a team", "")
		w.must(err)
		w.refused(w.s.DeleteTeam(w.Context(), ben, team.ID), weir.CodeNotFound)
		w.must(w.s.AddTeamMembers(w.Context(), ann, team.ID, identity.TeamMember{User: ben.User}))
		w.refused(w.s.AddTeamMembers(w.Context(), ben, team.ID, identity.TeamMember{User: cat.User}), weir.CodeForbidden)
		w.must(w.s.AddTeamMembers(w.Context(), ann, team.ID, identity.TeamMember{User: ben.User, Admin: true}))
		w.must(w.s.SetTeamMembers(w.Context(), ben, team.ID, identity.TeamMember{User: cat.User}))
		if got, err := w.s.Team(w.Context(), cat, team.ID); err != nil || len(got.Members) != 1 || got.Members[0].User != cat.User {
			w.Error(got, err)
		}
		if all, err := w.s.Teams(w.Context(), ben); err != nil || len(all) != 0 {
			w.Error(all, err)
		}
		id := w.resource(owner)
		w.must(w.share(owner, id, identity.Accessor{Kind: identity.AccessorTeam, Who: team.ID, Role: identity.RoleOperator}))
		w.must(w.s.DeleteTeam(w.Context(), owner, team.ID))
		if w.roleOn(cat, id) != identity.RoleNone {
			w.Error("shared with a team that is gone")
		}
	})
}

func TestATeamIsMadeAndChangedWithItsMembersOrNotAtAll(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann := w.user(owner, "ann", identity.RoleOperator)
		nobody := identity.TeamMember{User: 4711}
		_, err := w.s.CreateTeam(w.Context(), owner, "a team", "", identity.TeamMember{User: ann.User}, nobody)
		w.refused(err, weir.CodeNotFound)
		if all, err := w.s.Teams(w.Context(), owner); len(all) != 0 || err != nil {
			w.Errorf("a team was left behind: %v, %v", all, err)
		}
		team, err := w.s.CreateTeam(w.Context(), owner, "a team", "", identity.TeamMember{User: ann.User, Admin: true})
		w.must(err)
		name, none := "another name", []identity.TeamMember{}
		w.refused(w.s.UpdateTeam(w.Context(), owner, team.ID, identity.ChangeTeam{Name: &name, Members: &[]identity.TeamMember{nobody}}), weir.CodeNotFound)
		if now, err := w.s.Team(w.Context(), owner, team.ID); err != nil || now.Name != "a team" || len(now.Members) != 1 || !now.Members[0].Admin {
			w.Errorf("half of a change was made: %+v, %v", now, err)
		}
		w.must(w.s.UpdateTeam(w.Context(), owner, team.ID, identity.ChangeTeam{Name: &name}))
		if now, err := w.s.Team(w.Context(), owner, team.ID); err != nil || now.Name != name || len(now.Members) != 1 {
			w.Errorf("renamed: %+v, %v", now, err)
		}
		w.must(w.s.UpdateTeam(w.Context(), owner, team.ID, identity.ChangeTeam{Members: &none}))
		if now, err := w.s.Team(w.Context(), owner, team.ID); err != nil || now.Name != name || len(now.Members) != 0 {
			w.Errorf("emptied: %+v, %v", now, err)
		}
	})
}
