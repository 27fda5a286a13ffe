package identity_test

import (
	"sync"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

func first(pw string) identity.FirstUser {
	return identity.FirstUser{Organization: "Acme", Email: "owner@example.com", FullName: "An Owner", Password: secret(pw), Client: home}
}

func TestTheFirstUserNeedsTheTokenOfTheLastStart(t *testing.T) {
	onBoth(t, func(w *world) {
		old, _, err := w.s.SetupToken(w.Context())
		w.must(err)
		w.start()
		token, needed, err := w.s.SetupToken(w.Context())
		if err != nil || !needed || token == old {
			w.Fatal(needed, err)
		}
		for _, bad := range []string{"", "x", old, token[:len(token)-1] + "!"} {
			_, err := w.s.Setup(w.Context(), bad, first(password))
			w.refused(err, weir.CodeAuth)
		}
		_, err = w.s.Setup(w.Context(), token, first("short"))
		w.refused(err, weir.CodeUsage)
		session, err := w.s.Setup(w.Context(), token, first(password))
		w.must(err)
		if p, err := w.authenticate(session.Token); err != nil || p.Role != identity.RoleOwner || p.Email != "owner@example.com" {
			w.Error(p, err)
		}
		if w.audited("setup") != 1 {
			w.Error("it is not in the audit log")
		}
	})
}

func TestSetupIsRefusedForeverOnceThereIsAUser(t *testing.T) {
	onBoth(t, func(w *world) {
		token, _, err := w.s.SetupToken(w.Context())
		w.must(err)
		var group sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for range 4 {
			group.Go(func() {
				if _, err := w.s.Setup(w.Context(), token, first(password)); err == nil {
					mu.Lock()
					made++
					mu.Unlock()
				}
			})
		}
		group.Wait()
		if made != 1 {
			w.Errorf("%d were set up", made)
		}
		_, err = w.s.Setup(w.Context(), token, first(password))
		w.refused(err, weir.CodeConflict)
		w.start()
		if again, needed, err := w.s.SetupToken(w.Context()); again != "" || needed || err != nil {
			w.Error(needed, err)
		}
	})
}

func TestAnOperatorsTokenIsTheSameForAllProcesses(t *testing.T) {
	onBoth(t, func(w *world) {
		token := identity.NewSetupToken()
		for range 2 {
			needed, err := w.s.OfferSetupToken(w.Context(), token)
			if err != nil || !needed {
				t.Fatal(needed, err)
			}
			w.start()
		}
		_, err := w.s.OfferSetupToken(w.Context(), token[:len(token)-1])
		w.refused(err, weir.CodeConfig)
		_, err = w.s.Setup(w.Context(), token, first(password))
		w.must(err)
		if needed, err := w.s.OfferSetupToken(w.Context(), token); err != nil || needed {
			t.Error(needed, err)
		}
	})
}
