package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

func (w *world) key(p identity.Principal, scope identity.Role) (weir.Secret, identity.ServiceKey) {
	w.Helper()
	value, k, err := w.s.CreateKey(w.Context(), p, identity.NewKey{Name: "a program", Scope: scope})
	w.must(err)
	return value, k
}

func TestAServiceKeyIsExchangedForASessionOfADay(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner()
		value, k := w.key(owner.Principal, identity.RoleOperator)
		if !identity.LooksLikeKey(value.Expose()) || !strings.HasPrefix(value.Expose(), k.Prefix) || len(k.Prefix) > 12 {
			w.Error(k)
		}
		s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		if got := s.Expires.Sub(w.clock.Now()); got != 24*time.Hour {
			w.Error(got)
		}
		p, err := w.authenticate(s.Token)
		if err != nil || p.Role != identity.RoleOperator || p.Key != k.ID || p.Kind != identity.API {
			w.Error(p, err)
		}
		w.refused(w.s.Recent(p), weir.CodeForbidden)
		w.clock.Advance(24*time.Hour - time.Second)
		_, err = w.authenticate(s.Token)
		w.must(err)
		w.clock.Advance(time.Second)
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
		keys, err := w.s.Keys(w.Context(), owner.Principal)
		if err != nil || len(keys) != 1 || keys[0].Used.IsZero() {
			w.Error(keys, err)
		}
	})
}

func TestARevokedKeyCountsForNothingAtTheNextRequest(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner()
		value, k := w.key(owner.Principal, identity.RoleOwner)
		s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		w.must(w.s.RevokeKey(w.Context(), owner.Principal, k.ID))
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
		_, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.refused(err, weir.CodeAuth)
		if w.audited("service_key.create") != 1 || w.audited("service_key.revoke") != 1 {
			w.Error("it is not in the audit log")
		}
	})
}

func TestASessionOfAKeyEndsNoKeyThatMayDoMore(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner()
		value, own := w.key(owner.Principal, identity.RoleOperator)
		_, above := w.key(owner.Principal, identity.RoleAdmin)
		_, same := w.key(owner.Principal, identity.RoleOperator)
		_, below := w.key(owner.Principal, identity.RoleCollaborator)
		s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		w.refused(w.s.RevokeKey(w.Context(), s.Principal, above.ID), weir.CodeForbidden)
		for _, k := range []identity.ServiceKey{below, same, own} {
			w.must(w.s.RevokeKey(w.Context(), s.Principal, k.ID))
		}
		keys, err := w.s.Keys(w.Context(), owner.Principal)
		w.must(err)
		for _, k := range keys {
			if lives := k.Revoked.IsZero(); lives != (k.ID == above.ID) {
				w.Errorf("a key of scope %s lives: %v", k.Scope, lives)
			}
		}
		w.must(w.s.RevokeKey(w.Context(), owner.Principal, above.ID)) // in a browser it is not the scope that counts
	})
}

func TestASessionOfAKeyEndsNoSessionThatMayDoMore(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner()
		begin := func(scope identity.Role) identity.Session {
			value, _ := w.key(owner.Principal, scope)
			s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
			w.must(err)
			return s
		}
		own, above, below := begin(identity.RoleOperator), begin(identity.RoleAdmin), begin(identity.RoleCollaborator)
		for _, other := range []identity.Session{owner, above} {
			w.refused(w.s.EndSession(w.Context(), own.Principal, other.Principal.Session), weir.CodeForbidden)
		}
		w.refused(w.s.SignOutEverywhere(w.Context(), own.Principal), weir.CodeForbidden)
		for _, s := range []identity.Session{owner, above} {
			_, err := w.authenticate(s.Token)
			w.must(err)
		}
		for _, s := range []identity.Session{below, own} {
			w.must(w.s.EndSession(w.Context(), own.Principal, s.Principal.Session))
			_, err := w.authenticate(s.Token)
			w.refused(err, weir.CodeAuth)
		}
	})
}

func TestAnExpiredKeyEndsItsSessionsToo(t *testing.T) {
	onBoth(t, func(w *world) {
		value, _, err := w.s.CreateKey(w.Context(), w.owner().Principal, identity.NewKey{Name: "for an hour", Scope: identity.RoleAdmin, Expires: time.Hour})
		w.must(err)
		s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.must(err)
		w.clock.Advance(time.Hour)
		_, err = w.authenticate(s.Token)
		w.refused(err, weir.CodeAuth)
		_, err = w.s.ExchangeKey(w.Context(), value.Expose(), home)
		w.refused(err, weir.CodeAuth)
	})
}

func TestNothingThatSignsInCanBeReadFromTheDatabase(t *testing.T) {
	w := onSQLite(t, cheap)
	owner := w.owner()
	value, k := w.key(owner.Principal, identity.RoleOwner)
	s, err := w.s.ExchangeKey(w.Context(), value.Expose(), home)
	w.must(err)
	w.holdsNone(t, owner.Token.Expose(), owner.Device.Expose(), s.Token.Expose(), strings.TrimPrefix(value.Expose(), k.Prefix), password)
}
