package governor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
)

// twoClocks is a timepiece whose clocks a test moves.
type twoClocks struct {
	mono time.Duration
	ms   int64
}

func (c *twoClocks) pass(d time.Duration) { c.mono += d; c.ms += d.Milliseconds() }

func (c *twoClocks) clock() ledgerClock {
	return ledgerClock{timepiece: timepiece{
		monotonic: func() time.Duration { return c.mono },
		wall:      func() int64 { return c.ms },
	}}
}

func TestTheLedgersTimeNeverGoesBack(t *testing.T) {
	c := &twoClocks{ms: 1_000_000}
	clock := c.clock()
	before := clock.look(0)
	c.pass(10 * time.Second)
	c.ms -= 3_600_000 // the wall clock is set back an hour
	l := clock.look(before.ledger)
	if l.ledger != before.ledger+10_000 || l.jumped {
		t.Errorf("%+v", l)
	}
	fresh := (&twoClocks{ms: c.ms}).clock() // and a new process begins
	if got := fresh.look(l.ledger); got.ledger != l.ledger {
		t.Errorf("a new process reads %d, want the newest stamp %d", got.ledger, l.ledger)
	}
}

func TestAForwardJumpIsNoticed(t *testing.T) {
	c := &twoClocks{ms: 1_000_000}
	clock := c.clock()
	clock.look(0)
	c.pass(time.Minute)
	if clock.look(0).jumped {
		t.Error("time passing is no jump")
	}
	c.ms += 5000
	if l := clock.look(0); !l.jumped {
		t.Errorf("%+v", l)
	}
}

func TestStampsRoundUp(t *testing.T) {
	l := look{now: time.Second, ledger: 5000}
	if got := l.stamp(time.Second + 1); got != 5001 {
		t.Errorf("%d", got)
	}
	if got := l.instant(5001); got != time.Second+time.Millisecond {
		t.Errorf("%v", got)
	}
}

// budgetAt is a budget on a clock of its own.
func budgetAt(ledger Ledger, c *twoClocks) *Budget {
	_, b := open(ledger, 120)
	b.clock = c.clock()
	return b
}

// occupied rewrites the ledger's document and returns how many places of
// other owners are not free at the given instant.
func occupied(t *testing.T, b *Budget, at time.Duration) int {
	t.Helper()
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.window(at)
	return w.occupied(at)
}

func TestClockStepsHoldOthersPlacesLongerNeverShorter(t *testing.T) {
	for name, c := range map[string]struct {
		before time.Duration // step of the wall clock before the second process begins
		during time.Duration // step while it runs, before it reads new entries
	}{
		"none": {}, "back before": {before: -time.Hour}, "back during": {during: -time.Hour},
		"forward during": {during: time.Hour}, "asleep": {during: 8 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ledger := NewMemoryLedger()
				a, b := &twoClocks{mono: time.Second, ms: 1e12}, &twoClocks{mono: time.Second, ms: 1e12}
				first := budgetAt(ledger, a)
				use(t, first)
				b.ms += c.before.Milliseconds()
				second := budgetAt(ledger, b)
				if n := occupied(t, second, b.mono+60*time.Second); n != 1 {
					t.Errorf("first entry: %d places occupied after 60 s", n)
				}
				a.pass(5 * time.Second)
				b.pass(5 * time.Second)
				use(t, first)
				b.ms += c.during.Milliseconds()
				if n := occupied(t, second, b.mono+54*time.Second); n != 2 {
					t.Errorf("second entry: %d places occupied, want both", n)
				}
				if n := occupied(t, second, b.mono+150*time.Second); n != 0 {
					t.Errorf("%d places never become free", n)
				}
			})
		})
	}
}

// use makes one request whose answer the ledger knows.
func use(t *testing.T, b *Budget) {
	t.Helper()
	done, err := b.Take(t.Context(), weir.LaneBackfill)
	if err != nil {
		t.Fatal(err)
	}
	done(answered)
	b.mu.Lock()
	b.dropClaims()
	b.mu.Unlock()
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}
