package governor

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
	"pgregory.net/rapid"
)

// interval is one occupied place.
type interval struct{ from, until time.Duration }

func TestClaimsAheadNeverOverlapBeyondTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 12).Draw(t, "limit")
		var now time.Duration
		var w window
		var all []interval
		for range rapid.IntRange(1, 60).Draw(t, "claims") {
			now += time.Duration(rapid.IntRange(0, 8).Draw(t, "pause"))
			w.expire(now)
			from := w.usable(now, limit)
			until := from + time.Duration(rapid.IntRange(1, 40).Draw(t, "occupied"))
			w.occupy(until)
			all = append(all, interval{from, until})
		}
		for _, a := range all {
			n := 0
			for _, b := range all {
				if b.from <= a.from && a.from < b.until {
					n++
				}
			}
			if n > limit {
				t.Fatalf("%d places occupied at %d, limit %d", n, a.from, limit)
			}
		}
	})
}

// Random worlds: limits, workers, processes that come, close and die.
func TestNoWorldExceedsTheLimit(t *testing.T) {
	for range 30 {
		synctest.Test(t, func(t *testing.T) {
			limit := 1 + rand.IntN(120)
			s, ledger := newFakeServer(limit), NewMemoryLedger()
			var running []*process
			for range 40 {
				switch {
				case len(running) < 4 && rand.IntN(2) == 0:
					running = append(running, startProcess(ledger, s, 1+rand.IntN(12), weir.Lane(rand.IntN(laneCount))))
				case len(running) > 0:
					i := rand.IntN(len(running))
					if rand.IntN(2) == 0 {
						running[i].kill()
					} else {
						running[i].stop()
					}
					running = append(running[:i], running[i+1:]...)
				}
				time.Sleep(rand.N(time.Minute))
			}
			for _, p := range running {
				p.stop()
			}
			s.check(t)
			if len(s.arrivals) == 0 {
				t.Error("nothing was sent")
			}
		})
	}
}

func TestThePlanIsWhatHappens(t *testing.T) {
	for _, n := range []int{0, 1, 102, 120, 121, 250, 500} {
		plan := PlanRequests(n, PlanOptions{Limit: 120, Latency: 200 * time.Millisecond, Concurrency: 1})
		synctest.Test(t, func(t *testing.T) {
			s := newFakeServer(120)
			_, b := open(NewMemoryLedger(), 120)
			begin := time.Now()
			ask(t, b, s, weir.LaneBackfill, n)
			if took := time.Since(begin); took < plan.Duration || took > plan.Duration+time.Second {
				t.Errorf("%d requests: planned %v, took %v", n, plan.Duration, took)
			}
		})
	}
}

func TestAPlanTellsWaitsAndShares(t *testing.T) {
	if p := PlanRequests(103, PlanOptions{}); p.Waited != 0 || p.Duration != 0 || p.Share > 0.86 {
		t.Errorf("%+v", p)
	}
	if p := PlanRequests(103, PlanOptions{AlreadyUsed: 18}); p.Waited != 61*time.Second {
		t.Errorf("%+v", p)
	}
	if p := PlanRequests(600, PlanOptions{Every: 5 * time.Minute}); p.Share != 1 {
		t.Errorf("%+v", p)
	}
	if a, b := PlanRequests(200, PlanOptions{Latency: time.Second}), PlanRequests(200, PlanOptions{Latency: time.Second, Concurrency: 8}); a.Duration <= b.Duration {
		t.Errorf("eight workers take %v, one %v", b.Duration, a.Duration)
	}
}
