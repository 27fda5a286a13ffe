package identity_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Somebody who can write the database past Weir, and has an account of their own.
func TestWhoWritesTheDatabaseDoesNotBecomeAnAdministrator(t *testing.T) {
	for name, forge := range map[string]string{
		"a role":               `UPDATE membership SET role = 'owner' WHERE role = 'collaborator'`,
		"another's membership": `UPDATE membership SET role = 'owner', mac = (SELECT m.mac FROM membership m WHERE m.role = 'owner') WHERE role = 'collaborator'`,
		"a session's user":     `UPDATE session SET account = (SELECT account FROM membership WHERE role = 'owner')`,
		"a session's scope":    `UPDATE session SET scope = 'admin' WHERE account <> (SELECT account FROM membership WHERE role = 'owner')`,
		"a password":           `UPDATE user_account SET password = (SELECT u.password FROM user_account u WHERE u.login = 'ann@example.com') WHERE login = 'owner@example.com'`,
		"an e-mail address":    `UPDATE user_account SET login = 'eve@example.com', email = 'eve@example.com' WHERE login = 'ann@example.com'`,
		"a session's end":      `UPDATE session SET expires = expires + 1`,
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				owner := w.owner().Principal
				w.user(owner, "ann", identity.RoleCollaborator)
				s, err := w.signIn("ann@example.com", password, home)
				w.must(err)
				w.exec(forge)
				if p, err := w.authenticate(s.Token); err == nil && p.Role != identity.RoleCollaborator {
					w.Error("through the session")
				}
				for _, login := range []string{"owner@example.com", "ann@example.com", "eve@example.com"} {
					s, err := w.signIn(login, password, home)
					if err == nil && login != "owner@example.com" && s.Principal.Role != identity.RoleCollaborator {
						w.Errorf("by signing in as %s", login)
					}
				}
				if _, err := w.signIn("owner@example.com", password, home); name == "a password" && err == nil {
					w.Error("as the owner, with a password of one's own")
				}
				if !strings.Contains(w.log.String(), "was not written by Weir") {
					w.Error("nobody was told")
				}
			})
		})
	}
}

func TestAForgedAccessorTeamPlaceOrKeyGivesNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann := w.user(owner, "ann", identity.RoleCollaborator)
		mine, other := w.resource(owner), w.resource(owner)
		w.exec(`INSERT INTO accessor (resource, kind, who, role, created) VALUES ($1, 'USER', $2, 'admin', 1)`, mine, ann.User)
		if w.roleOn(ann, mine) != identity.RoleNone {
			w.Error("a made-up accessor counts")
		}
		w.must(w.share(owner, other, identity.Accessor{Kind: identity.AccessorUser, Who: ann.User, Role: identity.RoleCollaborator}))
		w.exec(`UPDATE accessor SET role = 'admin' WHERE resource = $1`, other)
		if w.roleOn(ann, other) != identity.RoleNone {
			w.Error("a changed accessor counts")
		}
		team, err := w.s.CreateTeam(w.Context(), owner, "a team", "")
		w.must(err)
		w.exec(`INSERT INTO team_member (team, account, admin, created, mac) SELECT $1, $2, 1, 1, mac FROM membership WHERE account = $2`, team.ID, ann.User)
		w.refused(w.s.Allowed(w.Context(), ann, identity.RoleCollaborator, identity.KindTeam, team.ID), weir.CodeNotFound)

		s, err := w.signIn("ann@example.com", password, home)
		w.must(err)
		value, k := w.key(s.Principal, identity.RoleCollaborator)
		w.exec(`UPDATE service_key SET account = $1, scope = 'owner' WHERE id = $2`, owner.User, k.ID)
		_, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.refused(err, weir.CodeAuth)
		link, err := w.s.NewLink(w.Context(), owner, ann.User)
		w.must(err)
		w.exec(`UPDATE link SET account = $1`, owner.User)
		_, err = w.s.AcceptLink(w.Context(), link.Expose(), secret(password), home)
		w.refused(err, weir.CodeAuth)
	})
}

func TestARowOfAnotherDatabaseIsNotOurs(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.owner()
		w.exec(`UPDATE instance SET id = 'another'`)
		db, err := store.Open(w.Context(), w.url, store.Options{})
		w.must(err)
		w.Cleanup(func() { _ = db.Close() })
		w.db = db
		w.start()
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
	})
}

func TestAServiceWithoutItsKeysDoesNotStart(t *testing.T) {
	w := onSQLite(t, cheap)
	long := bytes.Repeat([]byte("k"), 32)
	for _, o := range []identity.Options{{}, {Audit: w.audit, MACKey: long}, {Audit: w.audit, Pepper: long}, {Audit: w.audit, MACKey: long[1:], Pepper: long}, {MACKey: long, Pepper: long}} {
		_, err := identity.New(w.db, o)
		w.refused(err, weir.CodeConfig)
	}
}
