package identity_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// story does what people do with people, each thing three times, and says how
// often each was done.
func (w *world) story() (did []string) {
	w.Helper()
	ctx, owner := w.Context(), w.owner().Principal
	for i := range 3 {
		w.clock.now = w.clock.now.Add(time.Minute)
		name := fmt.Sprint("user", i)
		p := w.user(owner, name, identity.RoleOperator)
		w.must(w.s.Rename(ctx, owner, p.User, "Another name"))
		w.must(w.s.SetRole(ctx, owner, p.User, identity.RoleAdmin))
		if _, err := w.signIn(name+"@example.com", "wrong", home); err == nil {
			w.Error("a wrong password is right")
		}
		session, err := w.s.ChangePassword(ctx, p, secret(password), secret(password+name), home)
		w.must(err)
		p = session.Principal
		value, key, err := w.s.CreateKey(ctx, p, identity.NewKey{Name: "key", Scope: identity.RoleOperator})
		w.must(err)
		with, err := w.s.ExchangeKey(ctx, value.Expose(), home)
		w.must(err)
		if got, err := w.authenticate(with.Token); err != nil || got.User != p.User {
			w.Errorf("who signs in with a key is %+v, %v", got, err)
		}
		w.must(w.s.RevokeKey(ctx, p, key.ID))
		team, err := w.s.CreateTeam(ctx, p, "team "+name, "")
		w.must(err)
		w.must(w.s.SetTeamMembers(ctx, p, team.ID, identity.TeamMember{User: owner.User}))
		_, err = w.s.CopyTeam(ctx, owner, team.ID, "copy", owner.User)
		w.must(err)
		id := w.resource(p)
		w.must(w.s.Share(ctx, p, []identity.Accessor{{Kind: "TEAM", Who: team.ID, Role: identity.RoleOperator}}, identity.Thing{Kind: store.KindSource, ID: id}))
		w.must(w.give(p, id, owner.User))
		o, err := w.s.CreateOrganization(ctx, owner, identity.Organization{Name: "Org " + name})
		w.must(err)
		there, err := w.s.Switch(ctx, owner, o.ID, home)
		w.must(err)
		w.must(w.s.DeleteOrganization(ctx, there.Principal))
		owner = w.signedIn("owner@example.com")
		w.must(w.s.SignOutEverywhere(ctx, p))
		w.must(w.s.Deactivate(ctx, owner, p.User))
	}
	all := map[string]int{}
	w.must(w.db.Audit(ctx, 0, 100_000, func(e store.AuditEntry) error { all[e.Action]++; return nil }))
	for action, n := range all {
		did = append(did, fmt.Sprintf("%s %d times", action, n))
	}
	users, err := w.s.Users(ctx, owner)
	w.must(err)
	for _, u := range users {
		did = append(did, fmt.Sprintf("%s is %s, %s", u.Email, u.Role, u.Status))
	}
	slices.Sort(did)
	return did
}

func (w *world) signedIn(email string) identity.Principal {
	w.Helper()
	s, err := w.signIn(email, password, home)
	w.must(err)
	return s.Principal
}

// Every third commit fails as of one of two transactions that wait for each
// other, and nobody notices.
func TestWhatPeopleDoComesThroughWhenPostgresGivesTransactionsUp(t *testing.T) {
	play := func(disturbed bool) string {
		w := &world{T: t, url: storetest.Postgres(t), clock: &clock{now: time.Unix(1_800_000_000, 0)}, log: &bytes.Buffer{}, cost: cheap}
		db, err := store.Open(t.Context(), w.url, store.Options{})
		w.must(err)
		t.Cleanup(func() { _ = db.Close() })
		w.db = db
		w.start()
		if disturbed {
			pgtest.GiveUp(t, w.url)
		}
		did := strings.Join(w.story(), "\n")
		if _, err := w.audit.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		return did
	}
	if diff := cmp.Diff(play(false), play(true)); diff != "" {
		t.Error(diff)
	}
}
