package identity_test

import (
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// share gives roles on a source.
func (w *world) share(p identity.Principal, source int64, with ...identity.Accessor) error {
	return w.s.Share(w.Context(), p, with, identity.Thing{Kind: store.KindSource, ID: source})
}

func TestARoleOnAResourceComesFromOwnerOrganizationOrTheBestAccessor(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		admin := w.user(owner, "admin", identity.RoleAdmin)
		ann := w.user(owner, "ann", identity.RoleOperator)
		ben := w.user(owner, "ben", identity.RoleOperator)
		cat := w.user(owner, "cat", identity.RoleCollaborator)
		id := w.resource(ann)
		if got := []identity.Role{w.roleOn(ann, id), w.roleOn(admin, id), w.roleOn(owner, id), w.roleOn(ben, id)}; got[0] != identity.RoleOwner || got[1] != identity.RoleAdmin || got[2] != identity.RoleAdmin || got[3] != identity.RoleNone {
			w.Errorf("before sharing: %q", got)
		}
		team, err := w.s.CreateTeam(w.Context(), ann, "a team", "")
		w.must(err)
		w.must(w.s.AddTeamMembers(w.Context(), ann, team.ID, identity.TeamMember{User: ben.User}))
		w.must(w.share(ann, id, identity.Accessor{Kind: identity.AccessorOrg, Who: ann.Org, Role: identity.RoleCollaborator},
			identity.Accessor{Kind: identity.AccessorTeam, Who: team.ID, Role: identity.RoleOperator},
			identity.Accessor{Kind: identity.AccessorUser, Who: ben.User, Role: identity.RoleCollaborator}))
		if w.roleOn(ben, id) != identity.RoleOperator || w.roleOn(cat, id) != identity.RoleCollaborator {
			w.Errorf("shared: ben %q, cat %q", w.roleOn(ben, id), w.roleOn(cat, id))
		}
		w.must(w.s.Allowed(w.Context(), ben, identity.RoleOperator, store.KindSource, id))
		w.refused(w.s.Allowed(w.Context(), cat, identity.RoleOperator, store.KindSource, id), weir.CodeForbidden)
		w.refused(w.s.Allowed(w.Context(), ben, identity.RoleCollaborator, store.KindDataset, id), weir.CodeNotFound)
		w.must(w.s.RemoveTeamMembers(w.Context(), ann, team.ID, ben.User))
		if w.roleOn(ben, id) != identity.RoleCollaborator {
			w.Error("out of the team, ben keeps its role")
		}
		w.must(w.s.Unshare(w.Context(), ann, nil, identity.Thing{Kind: store.KindSource, ID: id}))
		w.refused(w.s.Allowed(w.Context(), ben, identity.RoleCollaborator, store.KindSource, id), weir.CodeNotFound)
	})
}

func TestAListOfWhatIsSharedHoldsNothingThatWasForged(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann := w.user(owner, "ann", identity.RoleOperator)
		own, shared, forged, hidden := w.resource(ann), w.resource(owner), w.resource(owner), w.resource(owner)
		team, err := w.s.CreateTeam(w.Context(), owner, "a team", "")
		w.must(err)
		w.must(w.s.AddTeamMembers(w.Context(), owner, team.ID, identity.TeamMember{User: ann.User}))
		w.must(w.share(owner, shared, identity.Accessor{Kind: identity.AccessorTeam, Who: team.ID, Role: identity.RoleOperator}))
		w.exec(`INSERT INTO accessor (resource, kind, who, role, created) VALUES ($1, 'USER', $2, 'admin', 1)`, forged, ann.User)
		sharing, err := w.s.Sharing(w.Context(), ann, true, identity.RoleAdmin, identity.RoleOperator)
		w.must(err)
		found, _, err := w.db.Resources(w.Context(), store.ResourceFilter{Org: ann.Org, Kind: store.KindSource, Sharing: sharing})
		w.must(err)
		roles, err := w.s.RolesOn(w.Context(), ann, found...)
		if err != nil || len(found) != 3 || len(roles) != 2 || roles[own] != identity.RoleOwner || roles[shared] != identity.RoleOperator || roles[hidden] != identity.RoleNone {
			w.Error(found, roles, err)
		}
	})
}

func TestAccessIsNotInherited(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ben := w.user(owner, "ben", identity.RoleCollaborator)
		parent, child := w.resource(owner), w.resource(owner)
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.Refer(w.Context(), child, store.Reference{Role: "parent", Target: parent})
		}))
		w.must(w.share(owner, parent, identity.Accessor{Kind: identity.AccessorUser, Who: ben.User, Role: identity.RoleAdmin}))
		w.refused(w.s.Allowed(w.Context(), ben, identity.RoleCollaborator, store.KindSource, child), weir.CodeNotFound)
	})
}

func TestForeignThingsDoNotExist(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner()
		mine := w.user(owner.Principal, "ann", identity.RoleAdmin)
		id := w.resource(mine)
		team, err := w.s.CreateTeam(w.Context(), mine, "a team", "")
		w.must(err)
		_, key := w.key(owner.Principal, identity.RoleAdmin)
		them := w.stranger(owner.Principal)
		w.refused(w.s.Allowed(w.Context(), them, identity.RoleCollaborator, store.KindSource, id), weir.CodeNotFound)
		w.refused(w.s.Allowed(w.Context(), them, identity.RoleCollaborator, identity.KindTeam, team.ID), weir.CodeNotFound)
		w.refused(w.share(them, id), weir.CodeNotFound)
		w.refused(w.s.SetRole(w.Context(), them, mine.User, identity.RoleCollaborator), weir.CodeNotFound)
		w.refused(w.s.Deactivate(w.Context(), them, mine.User), weir.CodeNotFound)
		w.refused(w.s.RevokeKey(w.Context(), them, key.ID), weir.CodeNotFound)
		_, err = w.s.NewLink(w.Context(), them, mine.User)
		w.refused(err, weir.CodeNotFound)
		_, err = w.s.User(w.Context(), them, mine.User)
		w.refused(err, weir.CodeNotFound)
		_, err = w.s.Switch(w.Context(), them, mine.Org, home)
		w.refused(err, weir.CodeNotFound)
		theirs := w.resource(them)
		for _, a := range []identity.Accessor{{Kind: identity.AccessorUser, Who: mine.User}, {Kind: identity.AccessorTeam, Who: team.ID}, {Kind: identity.AccessorOrg, Who: mine.Org}} {
			a.Role = identity.RoleCollaborator
			w.refused(w.share(them, theirs, a), weir.CodeNotFound)
		}
		roles, err := w.s.RolesOn(w.Context(), them, store.Resource{ID: id, Org: mine.Org, Owner: mine.User}, store.Resource{ID: theirs, Org: them.Org, Owner: them.User})
		if err != nil || len(roles) != 1 || roles[theirs] != identity.RoleOwner {
			w.Error(roles, err)
		}
	})
}

func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		admin := w.user(owner, "admin", identity.RoleAdmin)
		ann := w.user(owner, "ann", identity.RoleOperator)
		id := w.resource(owner)
		w.must(w.share(owner, id, identity.Accessor{Kind: identity.AccessorUser, Who: ann.User, Role: identity.RoleOperator}))
		to := identity.Accessor{Kind: identity.AccessorUser, Who: ann.User, Role: identity.RoleOwner}
		w.refused(w.share(ann, id, to), weir.CodeForbidden)
		w.refused(w.share(admin, id, to), weir.CodeForbidden)
		w.refused(w.s.SetRole(w.Context(), admin, ann.User, identity.RoleOwner), weir.CodeForbidden)
		w.refused(w.s.SetRole(w.Context(), admin, owner.User, identity.RoleCollaborator), weir.CodeForbidden)
		w.refused(w.s.SetRole(w.Context(), ann, ann.User, identity.RoleAdmin), weir.CodeForbidden)
		_, err := w.s.NewLink(w.Context(), admin, owner.User)
		w.refused(err, weir.CodeForbidden)
		_, _, err = w.s.CreateUser(w.Context(), admin, identity.NewUser{Email: "x@example.com", FullName: "X", Role: identity.RoleOwner})
		w.refused(err, weir.CodeForbidden)
		_, _, err = w.s.CreateKey(w.Context(), ann, identity.NewKey{Name: "k", Scope: identity.RoleAdmin})
		w.refused(err, weir.CodeUsage)
	})
}

func TestAServiceKeyNeverDoesMoreThanItsScopeOrItsUser(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner()
		mine := w.resource(owner.Principal)
		value, _ := w.key(owner.Principal, identity.RoleOperator)
		s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		if got := w.roleOn(s.Principal, mine); got != identity.RoleOperator {
			w.Errorf("on its user's own: %q", got)
		}
		w.refused(w.s.AllowedInOrg(s.Principal, identity.RoleAdmin), weir.CodeForbidden)
		w.refused(w.give(s.Principal, mine, owner.Principal.User), weir.CodeForbidden)

		ann := w.user(owner.Principal, "ann", identity.RoleAdmin)
		value, _ = w.key(ann, identity.RoleAdmin)
		s, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		w.must(w.s.SetRole(w.Context(), owner.Principal, ann.User, identity.RoleCollaborator))
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
		s, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		if err != nil || s.Principal.Role != identity.RoleCollaborator {
			w.Error(s.Principal, err)
		}
	})
}

func TestAPolicyLetsInWhoFitsAndTheZeroOneNobody(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann := w.user(owner, "ann", identity.RoleCollaborator)
		id := w.resource(owner)
		nobody := identity.Principal{}
		for _, c := range []struct {
			name   string
			policy identity.Policy
			who    identity.Principal
			want   weir.Code
		}{
			{"zero", identity.Policy{}, owner, weir.CodeForbidden},
			{"zero, nobody", identity.Policy{}, nobody, weir.CodeForbidden},
			{"zero and fresh", identity.Policy{}.Fresh(), owner, weir.CodeForbidden},
			{"public", identity.Public(), nobody, ""},
			{"public and fresh", identity.Public().Fresh(), nobody, weir.CodeAuth},
			{"signed in", identity.Authenticated(), ann, ""},
			{"signed in, nobody", identity.Authenticated(), nobody, weir.CodeAuth},
			{"admin", identity.InOrg(identity.RoleAdmin), owner, ""},
			{"admin, ann", identity.InOrg(identity.RoleAdmin), ann, weir.CodeForbidden},
			{"a role that is none", identity.InOrg(""), owner, weir.CodeForbidden},
			{"access", identity.Access(store.KindSource, identity.RoleAdmin), owner, ""},
			{"access, ann", identity.Access(store.KindSource, identity.RoleCollaborator), ann, weir.CodeNotFound},
			{"access, nobody", identity.Access(store.KindSource, identity.RoleCollaborator), nobody, weir.CodeAuth},
			{"access without a role", identity.Access(store.KindSource, ""), owner, weir.CodeForbidden},
			{"access to another kind", identity.Access(store.KindDataset, identity.RoleCollaborator), owner, weir.CodeNotFound},
		} {
			if got := weir.CodeOf(w.s.Authorize(w.Context(), c.who, c.policy, id)); got != c.want {
				w.Errorf("%s (%s): %q, want %q", c.name, c.policy, got, c.want)
			}
		}
		w.clock.Advance(recentAge)
		w.refused(w.s.Authorize(w.Context(), owner, identity.Authenticated().Fresh(), 0), weir.CodeForbidden)
		w.must(w.s.Denied(w.Context(), ann, "PUT /data_sources/{id}", store.KindSource, id, home))
		if w.audited("access.denied") != 1 {
			w.Error("it is not in the audit log")
		}
	})
}
