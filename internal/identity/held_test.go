package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// A backup knows nothing of what was revoked after it was made.
func TestAfterARestoreAKeyFromBeforeDoesNothingUntilItIsConfirmed(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		value, k := w.key(owner, identity.RoleOperator)
		revoked, other := w.key(owner, identity.RoleOperator)
		s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		w.clock.Advance(time.Second)
		w.held = w.clock.Now().UnixMicro()
		w.start()

		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth) // what was got with it, too
		_, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		if w.refused(err, weir.CodeAuth); !strings.Contains(err.Error(), "waits to be confirmed") {
			w.Errorf("whoever has it is not told why: %v", err)
		}
		fresh, made := w.key(owner, identity.RoleAdmin)
		if _, err := w.s.ExchangeKey(w.Context(), fresh.Expose(), home); err != nil || made.Waits {
			w.Errorf("a key that was made since: %v, %v", made, err)
		}
		waits := func() (n int) {
			all, err := w.s.Keys(w.Context(), owner)
			w.must(err)
			for _, k := range all {
				if k.Waits {
					n++
				}
			}
			return n
		}
		if n := waits(); n != 2 {
			w.Errorf("%d keys wait", n)
		}
		w.must(w.s.RevokeKey(w.Context(), owner, other.ID))
		w.refused(w.s.ConfirmKey(w.Context(), owner, other.ID), weir.CodeConflict)
		w.must(w.s.ConfirmKey(w.Context(), owner, k.ID))
		w.start()
		if s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home); err != nil {
			w.Errorf("confirmed, it does not work: %v", err)
		} else if _, err := w.authenticate(s.Token); err != nil || waits() != 0 {
			w.Errorf("confirmed, its session does not work: %v", err)
		}
		_, err = w.s.ExchangeKey(w.Context(), revoked.Expose(), home)
		w.refused(err, weir.CodeAuth)
		if w.audited("service_key.confirm") != 1 {
			w.Error("it is not in the audit log")
		}
		// Another restore holds it again.
		w.clock.Advance(time.Second)
		w.held = w.clock.Now().UnixMicro()
		w.start()
		_, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.refused(err, weir.CodeAuth)
	})
}

func TestAHeldKeyIsConfirmedByWhoseItIsAndAdministratorsWithAFreshProof(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		ann, ben := w.user(owner, "ann", identity.RoleOperator), w.user(owner, "ben", identity.RoleOperator)
		_, k := w.key(ann, identity.RoleOperator)
		_, second := w.key(ann, identity.RoleOperator)
		w.clock.Advance(time.Second)
		w.held = w.clock.Now().UnixMicro()
		w.start()
		w.refused(w.s.ConfirmKey(w.Context(), ben, k.ID), weir.CodeNotFound)
		w.must(w.s.ConfirmKey(w.Context(), owner, k.ID))
		w.clock.Advance(time.Hour)
		w.refused(w.s.ConfirmKey(w.Context(), ann, second.ID), weir.CodeForbidden)
		// A key that was made since confirms those that may do no more.
		again, err := w.signIn("owner@example.com", password, home)
		w.must(err)
		value, _ := w.key(again.Principal, identity.RoleCollaborator)
		s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		w.refused(w.s.ConfirmKey(w.Context(), s.Principal, second.ID), weir.CodeNotFound) // its scope makes no administrator
		_, low := w.key(again.Principal, identity.RoleCollaborator)
		w.must(w.s.ConfirmKey(w.Context(), s.Principal, low.ID))
	})
}

func TestAPageThatLiesOpenKeepsNobodySignedIn(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.owner()
		for range 11 {
			w.clock.Advance(time.Hour)
			if p, err := w.s.Recognize(w.Context(), s.Token.Expose()); err != nil || p.User != s.Principal.User {
				w.Fatal(p, err)
			}
		}
		w.clock.Advance(time.Hour)
		_, err := w.s.Recognize(w.Context(), s.Token.Expose())
		w.refused(err, weir.CodeAuth)
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
	})
}

func TestWhoSignsInThroughAProviderIsKnownByTheirBrowser(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		p := newProvider(w)
		way := w.provider(p, false)
		s, err := w.through(way, p, person("1", "Owner@example.com"))
		w.must(err)
		browser := home
		browser.Device = s.Device.Expose()
		if s.Device.IsZero() || !w.s.KnowsBrowser(w.Context(), browser) {
			w.Fatal("the browser is not known afterwards")
		}
		again := func() identity.Session {
			to, err := way.Start(w.Context(), false)
			w.must(err)
			q := p.authorize(to.URL, person("1", "Owner@example.com"))
			s, err := way.Finish(w.Context(), identity.Callback{State: q.Get("state"), Code: q.Get("code"), Browser: to.Browser.Expose(), Client: browser})
			w.must(err)
			return s
		}
		if s := again(); !s.Device.IsZero() {
			w.Error("a browser that was known gets another mark")
		}
		known, err := w.signIn("owner@example.com", password, browser)
		if w.must(err); !known.Device.IsZero() {
			w.Error("with a password the same browser is a stranger")
		}
	})
}
