package governor

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
)

func TestOneProcessKeepsTheLimitAndUsesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, begin := newFakeServer(120), time.Now()
		p := startProcess(NewMemoryLedger(), s, 8, weir.LaneBackfill)
		time.Sleep(65 * time.Minute)
		p.stop()
		s.check(t)
		perMinuteAtLeast(t, s, begin.Add(5*time.Minute), begin.Add(65*time.Minute), 117)
		t.Log("ledger visits per minute:", p.ledger.visits.Load()/65)
	})
}

func TestTwoProcessesShareOneKeyWithoutLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, begin, ledger := newFakeServer(120), time.Now(), NewMemoryLedger()
		a := startProcess(ledger, s, 8, weir.LaneBackfill)
		time.Sleep(7 * time.Second)
		b := startProcess(ledger, s, 8, weir.LaneBackfill)
		time.Sleep(65*time.Minute - 7*time.Second)
		a.stop()
		b.stop()
		s.check(t)
		perMinuteAtLeast(t, s, begin.Add(5*time.Minute), begin.Add(65*time.Minute), 117)
		x, y := a.budget.Stats().Requests, b.budget.Stats().Requests
		t.Log("shares:", x, y, "visits per minute:", a.ledger.visits.Load()/65, b.ledger.visits.Load()/65)
		if min(x, y)*3 < x+y {
			t.Errorf("one process got %d requests, the other %d", x, y)
		}
	})
}

func TestADayKeepsTheLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("a virtual day takes some seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		s, begin := newFakeServer(120), time.Now()
		p := startProcess(NewMemoryLedger(), s, 8, weir.LaneBackfill)
		time.Sleep(24 * time.Hour)
		p.stop()
		s.check(t)
		perMinuteAtLeast(t, s, begin.Add(5*time.Minute), begin.Add(24*time.Hour), 117)
	})
}

func TestHundredKillsNeverExceedTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ledger := newFakeServer(120), NewMemoryLedger()
		begin := time.Now()
		for range 100 {
			p := startProcess(ledger, s, 8, weir.LaneBackfill)
			time.Sleep(rand.N(40 * time.Second))
			p.kill()
		}
		killed := time.Now()
		t.Logf("during the kills: %.1f requests a minute", s.perMinute(begin, killed))
		p := startProcess(ledger, s, 8, weir.LaneBackfill)
		time.Sleep(65 * time.Minute)
		p.stop()
		s.check(t)
		perMinuteAtLeast(t, s, killed.Add(5*time.Minute), killed.Add(65*time.Minute), 117)
		if s.perMinute(killed, killed.Add(2*time.Minute)) == 0 {
			t.Error("the key was blocked for more than two minutes")
		}
	})
}

func TestKillsOfOneOfTwoProcessesNeverExceedTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ledger := newFakeServer(120), NewMemoryLedger()
		steady := startProcess(ledger, s, 4, weir.LaneBackfill)
		for range 50 {
			p := startProcess(ledger, s, 8, weir.LaneBackfill)
			time.Sleep(rand.N(2 * time.Minute))
			p.kill()
		}
		steady.stop()
		s.check(t)
	})
}

// The checker must bite: these two are how client limiters usually work.
func TestATokenBucketBreaksTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		tokens := make(chan struct{}, 120)
		for range 120 {
			tokens <- struct{}{}
		}
		for range 240 {
			select {
			case <-tokens:
			default:
				time.Sleep(time.Minute / 120)
			}
			s.arrive(false)
		}
		if n := mostInWindow(s.log(), time.Minute); n < 200 || len(s.refused) == 0 {
			t.Errorf("a token bucket made %d arrivals in a window and %d refusals; the checker does not bite", n, len(s.refused))
		}
	})
}

func TestCountingAtTheTimeOfSendingBreaksTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		var sent []time.Time
		var under sync.WaitGroup
		end := time.Now().Add(20 * time.Minute)
		for time.Now().Before(end) {
			if n := len(sent); n >= 120 {
				time.Sleep(time.Until(sent[n-120].Add(time.Minute)))
			}
			sent = append(sent, time.Now())
			under.Go(func() { time.Sleep(latency()); s.arrive(false) })
			time.Sleep(10 * time.Millisecond)
		}
		under.Wait()
		if n := mostInWindow(s.log(), time.Minute); n <= 120 {
			t.Errorf("at most %d arrivals in a window; the checker does not bite", n)
		}
	})
}
