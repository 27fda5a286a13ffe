package governor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
	"pgregory.net/rapid"
)

// serve keeps the given lanes waiting and counts who gets n places.
func serve(n int, busy ...weir.Lane) map[weir.Lane]int {
	var l lanes
	got := map[weir.Lane]int{}
	for _, lane := range busy {
		l.push(&waiter{lane: lane})
	}
	for range n {
		w := l.pop()
		got[w.lane]++
		l.push(w)
	}
	return got
}

func TestASweepGetsAtMostAQuarterWhileOthersWait(t *testing.T) {
	for _, other := range []weir.Lane{weir.LaneHook, weir.LaneIncremental, weir.LaneBackfill} {
		if got := serve(1000, weir.LaneSweep, other); got[weir.LaneSweep] > 251 || got[weir.LaneSweep] < 100 {
			t.Errorf("sweep got %d of 1000 against %v", got[weir.LaneSweep], other)
		}
	}
	if got := serve(1000, weir.LaneSweep); got[weir.LaneSweep] != 1000 {
		t.Error("a sweep alone does not get everything")
	}
}

func TestNobodyIsStarvedByLanesAboveHim(t *testing.T) {
	got := serve(1600, weir.LaneHook, weir.LaneIncremental, weir.LaneSweep, weir.LaneBackfill)
	if got[weir.LaneBackfill] < 290 || got[weir.LaneSweep] < 90 {
		t.Errorf("%v", got)
	}
}

func TestWithinALaneFirstComeIsFirstServed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l lanes
		order := map[*waiter]int{}
		last := map[weir.Lane]int{}
		for i := range rapid.IntRange(1, 100).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "push") {
				w := &waiter{lane: weir.Lane(rapid.IntRange(0, laneCount-1).Draw(t, "lane"))}
				order[w] = i + 1
				l.push(w)
			} else if w := l.pop(); w != nil {
				if order[w] < last[w.lane] {
					t.Fatal("overtaken in its lane")
				}
				last[w.lane] = order[w]
				if w.lane != weir.LaneInteractive && l.interactive() > 0 {
					t.Fatal("a person waits behind a flow")
				}
			}
		}
	})
}

func TestHavingBeenAbsentEarnsNoCredit(t *testing.T) {
	var l lanes
	backfill := &waiter{lane: weir.LaneBackfill}
	l.push(backfill)
	for range 1000 {
		l.push(l.pop())
	}
	l.push(&waiter{lane: weir.LaneSweep})
	sweeps := 0
	for range 40 {
		w := l.pop()
		if w.lane == weir.LaneSweep {
			sweeps++
		}
		l.push(w)
	}
	if sweeps > 11 {
		t.Errorf("the newcomer got %d of 40", sweeps)
	}
}

func TestAPersonFindsAPlaceSoonWhileABackfillRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ledger := newFakeServer(120), NewMemoryLedger()
		p := startProcess(ledger, s, 8, weir.LaneBackfill)
		_, other := open(ledger, 120) // the person sits at another process
		time.Sleep(30 * time.Second)  // the window is spent in one burst
		first := ask(t, p.budget, s, weir.LaneInteractive, 1)
		if first > 62*time.Second {
			t.Errorf("the first request waited %v", first)
		}
		time.Sleep(61 * time.Second)
		for range 10 {
			time.Sleep(30 * time.Second)
			for _, b := range []*Budget{p.budget, other} {
				if waited := ask(t, b, s, weir.LaneInteractive, 2); waited > 2*time.Second {
					t.Errorf("two requests waited %v", waited)
				}
			}
		}
		quiet := time.Now()
		time.Sleep(65 * time.Minute)
		p.stop()
		s.check(t)
		// The reserve ends with the need for it.
		perMinuteAtLeast(t, s, quiet.Add(5*time.Minute), quiet.Add(65*time.Minute), 117)
	})
}

func TestASweepYieldsToABackfillOnTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		_, b := open(NewMemoryLedger(), 120)
		p := &process{ledger: &mortal{}, budget: b}
		got := map[weir.Lane]*int{weir.LaneSweep: new(int), weir.LaneBackfill: new(int)}
		end := time.Now().Add(time.Hour)
		for lane, n := range got {
			for range 20 {
				p.done.Go(func() {
					for time.Now().Before(end) {
						_ = p.request(t.Context(), s, lane)
						b.mu.Lock()
						*n++
						b.mu.Unlock()
					}
				})
			}
		}
		p.done.Wait()
		s.check(t)
		if share := float64(*got[weir.LaneSweep]) / 7100; share > 0.30 || share < 0.1 {
			t.Errorf("the sweep got %d, the backfill %d", *got[weir.LaneSweep], *got[weir.LaneBackfill])
		}
	})
}

func TestOnePersonAfterAnotherWaitsForNothingWhileThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, b := open(NewMemoryLedger(), 120)
		began := time.Now()
		for range 20 {
			done, err := b.Take(t.Context(), weir.LaneInteractive)
			if err != nil {
				t.Fatal(err)
			}
			done(weir.Answer{Sent: true, Status: 200})
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("twenty requests that take no time took %v", waited)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}
