package identity_test

import (
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

func TestWhoSignsInIsKnownAtTheNextRequest(t *testing.T) {
	onBoth(t, func(w *world) {
		first := w.owner()
		again, err := w.signIn(" OWNER@example.COM ", password, home)
		w.must(err)
		if again.Token == first.Token {
			w.Error("the token is not new")
		}
		p, err := w.authenticate(again.Token)
		if err != nil || p.FullName != "An Owner" || p.Role != identity.RoleOwner || p.Kind != identity.Browser {
			w.Error(p, err)
		}
		_, err = w.s.Authenticate(w.Context(), again.Token.Expose()+"0")
		w.refused(err, weir.CodeAuth)
	})
}

func TestASessionEndsWhenItIsSaid(t *testing.T) {
	onBoth(t, func(w *world) {
		a := w.owner()
		b, err := w.signIn("owner@example.com", password, home)
		w.must(err)
		c, err := w.signIn("owner@example.com", password, home)
		w.must(err)
		w.must(w.s.SignOut(w.Context(), a.Principal))
		_, err = w.authenticate(a.Token)
		w.refused(err, weir.CodeAuth)
		_, err = w.authenticate(b.Token)
		w.must(err)
		w.must(w.s.SignOutEverywhere(w.Context(), b.Principal))
		for _, s := range []identity.Session{b, c} {
			_, err = w.authenticate(s.Token)
			w.refused(err, weir.CodeAuth)
		}
	})
}

func TestASessionEndsAfterTwelveHoursWithoutARequest(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.owner()
		for range 3 {
			w.clock.Advance(11 * time.Hour)
			_, err := w.authenticate(s.Token)
			w.must(err)
		}
		w.clock.Advance(12 * time.Hour)
		_, err := w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
	})
}

func TestASessionEndsAfterSevenDaysWhateverIsDone(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.owner()
		for range 7*3 - 1 {
			w.clock.Advance(8 * time.Hour)
			_, err := w.authenticate(s.Token)
			w.must(err)
		}
		w.clock.Advance(8 * time.Hour)
		_, err := w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
	})
}

func TestTheLastRequestIsWrittenAtMostOnceAMinute(t *testing.T) {
	w := onSQLite(t, cheap)
	s := w.owner()
	seen := func() time.Time {
		_, err := w.authenticate(s.Token)
		w.must(err)
		all, err := w.s.Sessions(w.Context(), s.Principal)
		w.must(err)
		return all[0].Seen
	}
	begun := seen()
	w.clock.Advance(59 * time.Second)
	if !seen().Equal(begun) {
		t.Error("written within a minute")
	}
	w.clock.Advance(time.Second)
	if !seen().Equal(begun.Add(time.Minute)) {
		t.Error("not written after a minute")
	}
}

func TestKeyOperationsNeedAProofOfTheLastQuarterHour(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.owner()
		w.must(w.s.Recent(s.Principal))
		w.clock.Advance(15 * time.Minute)
		w.refused(w.s.Recent(s.Principal), weir.CodeForbidden)
		_, _, err := w.s.CreateKey(w.Context(), s.Principal, identity.NewKey{Name: "a program", Scope: identity.RoleAdmin})
		w.refused(err, weir.CodeForbidden)
		_, err = w.s.Reauthenticate(w.Context(), s.Principal, s.Token.Expose(), secret("wrong wrong wrong"), home)
		w.refused(err, weir.CodeAuth)
		fresh, err := w.s.Reauthenticate(w.Context(), s.Principal, s.Token.Expose(), secret(password), home)
		w.must(err)
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
		w.must(w.s.Recent(fresh.Principal))
	})
}
