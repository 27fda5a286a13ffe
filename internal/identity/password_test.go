package identity_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

func TestAPasswordIsHashedAgainWhenItsCostHasChanged(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		hash := func() string {
			u, _, err := w.db.UserByLogin(w.Context(), "owner@example.com")
			w.must(err)
			return u.Password
		}
		before := hash()
		_, err := w.signIn("owner@example.com", password, home)
		w.must(err)
		if hash() != before {
			w.Error("hashed again at the same cost")
		}
		w.cost = identity.Cost{KiB: 128, Passes: 2}
		w.start()
		w.fails("owner@example.com", home)
		if hash() != before {
			w.Error("hashed again for a wrong password")
		}
		_, err = w.signIn("owner@example.com", password, home)
		w.must(err)
		if after := hash(); after == before {
			w.Error("not hashed again")
		}
		_, err = w.signIn("owner@example.com", password, home)
		w.must(err)
	})
}

func TestAPasswordWithoutThePepperIsWorthNothing(t *testing.T) {
	w := onSQLite(t, cheap)
	w.owner()
	s, err := identity.New(w.db, identity.Options{Audit: w.audit, MACKey: slices.Repeat([]byte("m"), 32), Pepper: slices.Repeat([]byte("q"), 32), Now: w.clock.Now, Cost: cheap})
	w.must(err)
	_, err = s.SignIn(w.Context(), identity.SignIn{Email: "owner@example.com", Password: secret(password), Client: home})
	w.refused(err, weir.CodeAuth)
}

// The usual cost takes about the same time for a user and for nobody. The shortest
// of a few dozen samples are compared, which a busy machine disturbs least, and with
// a wide margin: without a computation for nobody they would differ by all of it.
func TestAnUnknownUserCostsTheSameTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it computes 40 passwords at their full cost")
	}
	w := onSQLite(t, identity.Cost{})
	w.owner()
	const samples = 20
	var took [2][]time.Duration
	for i := range samples {
		for who, email := range []string{"owner@example.com", "nobody@example.com"} {
			w.clock.Advance(20 * time.Minute)
			begin := time.Now()
			if !w.fails(email, elsewhere(i)) {
				t.Fatal("not compared")
			}
			took[who] = append(took[who], time.Since(begin))
		}
	}
	known, unknown := slices.Min(took[0]), slices.Min(took[1])
	t.Logf("at least for a user %v, for nobody %v", known, unknown)
	if off := math.Abs(float64(known-unknown)) / float64(known); off > 0.25 {
		t.Errorf("%v for a user, %v for nobody", known, unknown)
	}
}

// It fails nothing: how long a request takes is for the eye.
func TestARequestIsAuthenticatedFast(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures")
	}
	onBoth(t, func(w *world) {
		token := w.owner().Token
		const n = 500
		begin := time.Now()
		for range n {
			if _, err := w.authenticate(token); err != nil {
				w.Fatal(err)
			}
		}
		w.Logf("%v for each request", time.Since(begin)/n)
	})
}
