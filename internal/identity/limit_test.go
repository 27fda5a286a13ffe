package identity_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

const wrongPassword = "not the right one"

// fails tries a wrong password and says whether it was compared.
func (w *world) fails(email string, c identity.Client) (compared bool) {
	w.Helper()
	_, err := w.signIn(email, wrongPassword, c)
	switch weir.CodeOf(err) {
	case weir.CodeAuth:
		return true
	case weir.CodeThrottled:
		return false
	}
	w.Fatal(err)
	return false
}

// elsewhere is another address for each number.
func elsewhere(i int) identity.Client { return from(fmt.Sprintf("198.51.%d.%d", i/250, i%250+1)) }

func TestAnAccountHasFiveTriesInAQuarterHourAndFiftyInADay(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		begin, compared := w.clock.Now(), 0
		for i := 0; w.clock.Now().Sub(begin) < 24*time.Hour; i++ {
			before := compared
			for range 8 {
				if w.fails("owner@example.com", elsewhere(i)) {
					compared++
				}
			}
			if compared-before > 5 {
				w.Fatalf("%d tries within a moment", compared-before)
			}
			w.clock.Advance(15 * time.Minute)
		}
		if compared != 50 {
			w.Errorf("%d tries in a day", compared)
		}
		if n := w.audited("user.sign_in_failed"); n != compared {
			w.Errorf("%d of %d are in the audit log", n, compared)
		}
		if w.audited("user.sign_in_locked") == 0 {
			w.Error("that it was locked is not in the audit log")
		}
	})
}

func TestManyTriesAtOnceAreNotMore(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		var group sync.WaitGroup
		var mu sync.Mutex
		compared := 0
		for i := range 24 {
			group.Go(func() {
				_, err := w.signIn("owner@example.com", wrongPassword, elsewhere(i))
				mu.Lock()
				defer mu.Unlock()
				if weir.CodeOf(err) == weir.CodeAuth {
					compared++
				}
			})
		}
		group.Wait()
		if compared > 5 || compared == 0 {
			w.Errorf("%d were compared", compared)
		}
	})
}

// Who is kept waiting for a refusal stands in nobody's way: all are told in time,
// at two doors, though each who came in the crowd is kept for half a second.
func TestACrowdAtLockedAccountsIsToldWhenToTryAgain(t *testing.T) {
	w := onSQLite(t, cheap)
	const accounts = 60
	email := func(i int) string { return fmt.Sprintf("user%d@example.com", i) }
	for i := range accounts {
		for range 5 {
			w.fails(email(i), elsewhere(i))
		}
	}
	var group sync.WaitGroup
	for i := range accounts {
		for range 3 {
			group.Go(func() {
				_, err := w.signIn(email(i), wrongPassword, elsewhere(i))
				if wait := (*identity.Wait)(nil); !errors.As(err, &wait) {
					w.Errorf("account %d: %v", i, err)
				}
			})
		}
	}
	group.Wait()
}

func TestALockedAccountSaysWhenToTryAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		for range 5 {
			w.fails("owner@example.com", home)
		}
		_, err := w.signIn("owner@example.com", password, home)
		w.refused(err, weir.CodeThrottled)
		var wait *identity.Wait
		if !errors.As(err, &wait) || wait.Until.Sub(w.clock.Now()) != 15*time.Minute || !strings.Contains(err.Error(), "Try again in 15 minutes") {
			w.Error(err)
		}
		w.clock.Advance(15 * time.Minute)
		_, err = w.signIn("owner@example.com", password, home)
		w.must(err)
	})
}

func TestARestartForgetsNoTry(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		for range 5 {
			w.fails("owner@example.com", home)
			w.start()
		}
		if w.fails("owner@example.com", home) {
			w.Error("a sixth try was compared")
		}
	})
}

func TestAKnownBrowserGetsInWhileTheAccountIsLocked(t *testing.T) {
	onBoth(t, func(w *world) {
		known := home
		known.Device = w.owner().Device.Expose()
		for i := range 30 {
			w.fails("owner@example.com", elsewhere(i))
			w.fails(fmt.Sprintf("user%d@example.com", i), home) // its address is locked too
		}
		s, err := w.signIn("owner@example.com", password, known)
		w.must(err)
		if !s.Device.IsZero() {
			w.Error("a known browser got a new value")
		}
		for range 5 {
			w.fails("owner@example.com", known)
		}
		if w.fails("owner@example.com", known) {
			w.Error("a stolen cookie has more than five tries")
		}
		known.Device = strings.Replace(known.Device, "w", "W", 1)
		if w.fails("owner@example.com", known) {
			w.Error("a made-up cookie is known")
		}
	})
}

func TestAnotherUsersBrowserIsNotKnown(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner()
		w.user(owner.Principal, "ann", identity.RoleOperator)
		for i := range 6 {
			w.fails("ann@example.com", elsewhere(i))
		}
		known := home
		known.Device = owner.Device.Expose()
		_, err := w.signIn("ann@example.com", password, known)
		w.refused(err, weir.CodeThrottled)
	})
}

func TestAnAddressHasTwentyFailuresAMinute(t *testing.T) {
	for name, addresses := range map[string][2]string{
		"one IPv4 address":       {"192.0.2.7", "192.0.2.7"},
		"IPv4 in IPv6":           {"192.0.2.7", "::ffff:192.0.2.7"},
		"one IPv6 network of 64": {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				w.owner()
				compared := 0
				for i := range 40 {
					if w.fails(fmt.Sprintf("user%d@example.com", i), from(addresses[i%2])) {
						compared++
					}
				}
				if compared != 20 {
					w.Errorf("%d failures in a minute", compared)
				}
				if !w.fails("somebody@example.com", from("2001:db8:1:3::1")) {
					w.Error("the neighbour is locked out")
				}
				w.clock.Advance(time.Minute)
				if !w.fails("somebody.else@example.com", from(addresses[0])) {
					w.Error("still locked after a minute")
				}
			})
		})
	}
}

func TestARightPasswordTakesItsTryBack(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		for range 30 {
			_, err := w.signIn("owner@example.com", password, home)
			w.must(err)
		}
	})
}

func TestAnUnknownUserMeetsTheSameAnswers(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		for i := range 7 {
			_, known := w.signIn("owner@example.com", wrongPassword, from("192.0.2.50"))
			_, unknown := w.signIn("nobody@example.com", wrongPassword, from("192.0.2.51"))
			if known.Error() != unknown.Error() || weir.CodeOf(known) != weir.CodeOf(unknown) {
				w.Errorf("try %d: %v and %v", i+1, known, unknown)
			}
		}
	})
}

func TestAClockThatIsSetBackLocksNobodyOut(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		w.clock.Advance(1000 * time.Hour)
		for range 5 {
			w.fails("owner@example.com", home)
		}
		w.clock.Advance(-1000 * time.Hour)
		_, err := w.signIn("owner@example.com", password, home)
		w.must(err)
		for range 5 {
			w.fails("owner@example.com", home)
		}
		w.clock.Advance(-time.Second) // a little: nothing is forgotten
		if w.fails("owner@example.com", home) {
			w.Error("a sixth try was compared")
		}
	})
}
