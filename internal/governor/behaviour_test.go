package governor

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
)

var answered = weir.Answer{Sent: true, Status: http.StatusOK}

func open(ledger Ledger, limit int) (*Governor, *Budget) {
	g := New(ledger, Options{})
	return g, g.Budget("https://api.example", weir.NewSecret("cal_key"), limit)
}

// ask makes n requests one after the other and returns how long it waited for
// places.
func ask(t *testing.T, b *Budget, s *fakeServer, lane weir.Lane, n int) (waited time.Duration) {
	t.Helper()
	for range n {
		begin := time.Now()
		done, err := b.Take(t.Context(), lane)
		if err != nil {
			t.Fatal(err)
		}
		waited += time.Since(begin)
		time.Sleep(100 * time.Millisecond)
		status, header := s.arrive(false)
		time.Sleep(100 * time.Millisecond)
		done(weir.Answer{Sent: true, Status: status, Header: header})
	}
	return waited
}

func TestTwentyFiveThousandBookingsAreReadWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		_, b := open(NewMemoryLedger(), 120)
		waited := ask(t, b, s, weir.LaneInteractive, 1) + ask(t, b, s, weir.LaneBackfill, 102)
		if waited > 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestALoneFlowMaySpendTheWholeWindowAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		_, b := open(NewMemoryLedger(), 120)
		begin := time.Now()
		var all sync.WaitGroup
		for range 120 {
			all.Go(func() { ask(t, b, s, weir.LaneBackfill, 1) })
		}
		all.Wait()
		s.check(t)
		if d := time.Since(begin); d > time.Second { // one request alone first, then all
			t.Errorf("120 requests took %v", d)
		}
		if waited := ask(t, b, s, weir.LaneBackfill, 1); waited < 60*time.Second || waited > 62*time.Second {
			t.Errorf("the 121st waited %v", waited)
		}
		s.check(t)
	})
}

func TestAFreshStartLearnsWhatOthersUsedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		for range 80 {
			s.arrive(true)
		}
		time.Sleep(20 * time.Second)
		_, b := open(NewMemoryLedger(), 120)
		if waited := ask(t, b, s, weir.LaneBackfill, 40); waited > 0 {
			t.Errorf("40 places were free but 40 requests waited %v", waited)
		}
		if waited := ask(t, b, s, weir.LaneBackfill, 10); waited < 31*time.Second || waited > 33*time.Second {
			t.Errorf("the server's window ends 32 s later, but the rest waited %v", waited)
		}
		if s.refusals() > 0 {
			t.Error("refused")
		}
	})
}

func TestASecondProcessLearnsWhatTheFirstWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ledger := newFakeServer(120), NewMemoryLedger()
		for range 115 {
			s.arrive(true)
		}
		g, b := open(ledger, 120)
		ask(t, b, s, weir.LaneBackfill, 2)
		_ = g.Close()
		p := startProcess(ledger, s, 8, weir.LaneBackfill)
		time.Sleep(2 * time.Minute)
		p.stop()
		if s.refusals() > 0 {
			t.Errorf("%d refused", len(s.refused))
		}
	})
}

func TestALimitLoweredMidRunIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		p := startProcess(NewMemoryLedger(), s, 8, weir.LaneBackfill)
		time.Sleep(10*time.Minute + 17*time.Second)
		s.setLimit(30)
		lowered := time.Now()
		time.Sleep(2 * time.Minute)
		before := s.refusals()
		time.Sleep(60 * time.Minute)
		p.stop()
		if before > 8 || len(s.refused) > before {
			t.Errorf("%d refused at the change, %d later", before, len(s.refused)-before)
		}
		perMinuteAtLeast(t, s, lowered.Add(2*time.Minute), lowered.Add(60*time.Minute), 27)
	})
}

func TestALimitRaisedAgainIsUsedUpToTheConfiguredOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(30)
		p := startProcess(NewMemoryLedger(), s, 8, weir.LaneBackfill)
		time.Sleep(5 * time.Minute)
		s.check(t)
		s.setLimit(500)
		raised := time.Now()
		time.Sleep(20 * time.Minute)
		p.stop()
		if n := mostInWindow(s.log(), time.Minute); n > 120 {
			t.Errorf("%d arrivals in a window, configured 120", n)
		}
		perMinuteAtLeast(t, s, raised.Add(5*time.Minute), raised.Add(20*time.Minute), 115)
	})
}

func TestALowerLimitThatIsNeverToldIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(60)
		s.silent = true
		begin := time.Now()
		p := startProcess(NewMemoryLedger(), s, 8, weir.LaneBackfill)
		time.Sleep(2 * time.Hour)
		p.stop()
		blocks := 0
		for i, at := range s.refused {
			if i == 0 || at.Sub(s.refused[i-1]) > 30*time.Second {
				blocks++
			}
		}
		t.Log("blocks:", blocks, "refused:", len(s.refused))
		if blocks > 12 {
			t.Errorf("%d blocks in two hours", blocks)
		}
		perMinuteAtLeast(t, s, begin, begin.Add(2*time.Hour), 30)
	})
}

func TestAForeignConsumerIsNeitherRefusedNorRefusesUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		p := startProcess(NewMemoryLedger(), s, 8, weir.LaneBackfill)
		begin := time.Now()
		end := begin.Add(2 * time.Hour)
		for time.Now().Before(end) { // 30 a minute at random
			time.Sleep(time.Duration(rand.ExpFloat64() * float64(2*time.Second)))
			s.arrive(true)
		}
		p.stop()
		late := 0
		for _, at := range s.refused {
			if at.After(begin.Add(2 * time.Minute)) {
				late++
			}
		}
		t.Logf("refused %d, after two minutes %d; the other one was refused %d of %d", len(s.refused), late, s.starved, s.starved+len(s.others))
		if late > 12 || s.starved*20 > len(s.others) {
			t.Error("too many refusals")
		}
		perMinuteAtLeast(t, s, begin.Add(5*time.Minute), end, 60)
	})
}

func TestARefusalStopsEverythingOnTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := NewMemoryLedger()
		_, a := open(ledger, 120)
		g, b := open(ledger, 120)
		ask(t, a, newFakeServer(120), weir.LaneBackfill, 1)
		ask(t, b, newFakeServer(120), weir.LaneBackfill, 1)
		done, err := a.Take(t.Context(), weir.LaneBackfill)
		if err != nil {
			t.Fatal(err)
		}
		done(weir.Answer{Sent: true, Status: 429, Header: http.Header{"X-Ratelimit-Reset-Default": {"40"}}})
		time.Sleep(3 * time.Second)
		for _, other := range []*Budget{a, b} {
			begin := time.Now()
			if err := b.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			done, err := other.Take(t.Context(), weir.LaneInteractive)
			if err != nil {
				t.Fatal(err)
			}
			done(answered)
			if d := time.Since(begin); other == a && (d < 38*time.Second || d > 39*time.Second) {
				t.Errorf("waited %v", d)
			}
		}
		if got := a.Stats().Refused; got != 1 {
			t.Errorf("refused %d", got)
		}
		_ = g
	})
}

func TestAStormOfRefusalsIsProbedByOneRequestAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(120)
		p := startProcess(NewMemoryLedger(), s, 8, weir.LaneBackfill)
		time.Sleep(5 * time.Minute)
		s.setStorm(true)
		time.Sleep(10 * time.Minute)
		s.setStorm(false)
		during := s.refusals()
		over := time.Now()
		time.Sleep(30 * time.Minute)
		p.stop()
		if during > 8+10 || len(s.refused)-during > 1 {
			t.Errorf("%d refused during the storm, %d after", during, len(s.refused)-during)
		}
		perMinuteAtLeast(t, s, over.Add(5*time.Minute), over.Add(30*time.Minute), 100)
	})
}

func TestTakeEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := open(NewMemoryLedger(), 1)
		done, err := b.Take(t.Context(), weir.LaneSweep)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := b.Take(ctx, weir.LaneSweep); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if n := b.Stats().Waiting; n != 0 {
			t.Errorf("%d still waiting", n)
		}
		done(weir.Answer{})
		if _, err := b.Take(t.Context(), weir.LaneSweep); err != nil {
			t.Error(err)
		}
	})
}

func TestACancelledTakeLosesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := open(NewMemoryLedger(), 5)
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(30*time.Second))
				defer cancel()
				if done, err := b.Take(ctx, weir.LaneSweep); err == nil {
					time.Sleep(rand.N(time.Second))
					done(weir.Answer{})
				}
			})
		}
		all.Wait()
		time.Sleep(5 * time.Second)
		if used := b.Stats().Used; used != 0 {
			t.Errorf("%d places occupied after nothing was sent", used)
		}
	})
}

func TestWhatWasNotSentCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := open(NewMemoryLedger(), 2)
		for range 1000 {
			done, err := b.Take(t.Context(), weir.LaneBackfill)
			if err != nil {
				t.Fatal(err)
			}
			done(weir.Answer{})
			done(answered) // only the first call counts
		}
		if s := b.Stats(); s.Requests != 0 || s.Used != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAnUnansweredRequestOccupiesItsPlaceLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := open(NewMemoryLedger(), 1)
		for _, c := range []struct {
			answer weir.Answer
			want   time.Duration
		}{{answered, 61 * time.Second}, {weir.Answer{Sent: true}, 91 * time.Second}} {
			done, err := b.Take(t.Context(), weir.LaneBackfill)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Second) // longer than any request is expected to last
			done(c.answer)
			begin := time.Now()
			next, err := b.Take(t.Context(), weir.LaneBackfill)
			if err != nil {
				t.Fatal(err)
			}
			if d := time.Since(begin); d != c.want {
				t.Errorf("%+v: next place after %v, want %v", c.answer, d, c.want)
			}
			next(weir.Answer{})
		}
	})
}

func TestARequestThatLastsForEverKeepsItsPlaceFromOtherProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := NewMemoryLedger()
		_, a := open(ledger, 1)
		_, b := open(ledger, 1)
		done, err := a.Take(t.Context(), weir.LaneBackfill)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		if _, err := b.Take(ctx, weir.LaneBackfill); err == nil {
			t.Error("the place was given away while its request was under way")
		}
		done(answered)
		begin := time.Now()
		if _, err := b.Take(t.Context(), weir.LaneBackfill); err != nil {
			t.Error(err)
		} else if d := time.Since(begin); d < 60*time.Second || d > 66*time.Second {
			t.Errorf("free for the other after %v", d)
		}
	})
}

func TestAClosedProcessLeavesItsUnusedPlacesToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ledger := newFakeServer(120), NewMemoryLedger()
		g, b := open(ledger, 120)
		ask(t, b, s, weir.LaneBackfill, 60)
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Take(t.Context(), weir.LaneBackfill); weir.CodeOf(err) != weir.CodeCancelled {
			t.Errorf("Take after Close: %v", err)
		}
		_, next := open(ledger, 120)
		if waited := ask(t, next, s, weir.LaneBackfill, 60); waited > 0 {
			t.Errorf("waited %v", waited)
		}
		s.check(t)
	})
}

func TestAnIdleProcessStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ledger := newFakeServer(120), NewMemoryLedger()
		_, a := open(ledger, 120)
		ask(t, a, s, weir.LaneBackfill, 21)
		time.Sleep(3 * time.Second)
		_, b := open(ledger, 120)
		if waited := ask(t, b, s, weir.LaneBackfill, 99); waited > 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestTheLedgerDoesNotHoldTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := NewMemoryLedger()
		_, b := open(ledger, 120)
		ask(t, b, newFakeServer(120), weir.LaneBackfill, 3)
		time.Sleep(time.Minute)
		ledger.mu.Lock()
		defer ledger.mu.Unlock()
		for name, document := range ledger.documents {
			if strings.Contains(name+string(document), "cal_key") || strings.Contains(name, "example") {
				t.Errorf("%s: %s", name, document)
			}
		}
	})
}

func TestOneKeyAtOneOriginHasOneBudget(t *testing.T) {
	g := New(NewMemoryLedger(), Options{})
	key := weir.NewSecret("k")
	a := g.Budget("https://api.example", key, 120)
	if g.Budget("https://API.example/", weir.NewSecret("k"), 100) != a {
		t.Error("two budgets for one key")
	}
	if a.Stats().Limit != 100 {
		t.Error("the smaller limit does not hold")
	}
	if g.Budget("https://other.example", key, 120) == a || g.Budget("https://api.example", weir.NewSecret("l"), 120) == a {
		t.Error("one budget for different keys")
	}
}

func TestAFailingLedgerIsALocalError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mortal{Ledger: NewMemoryLedger()}
		m.dead.Store(true)
		_, b := open(m, 120)
		for range 3 {
			if _, err := b.Take(t.Context(), weir.LaneBackfill); weir.CodeOf(err) != weir.CodeLocal {
				t.Errorf("%v", err)
			}
		}
		m.dead.Store(false)
		if _, err := b.Take(t.Context(), weir.LaneBackfill); err != nil {
			t.Error(err)
		}
	})
}

func TestAClaimTheLedgerNoLongerCountsIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mortal{Ledger: NewMemoryLedger()}
		_, b := open(m, 120)
		ask(t, b, newFakeServer(120), weir.LaneBackfill, 2)
		if err := b.Refresh(t.Context()); err != nil { // writes the claim again
			t.Fatal(err)
		}
		if n := b.unused(b.clock.timepiece.monotonic()); n == 0 {
			t.Fatal("no unused claim; the test is void")
		}
		m.dead.Store(true)
		time.Sleep(claimLife)
		if _, err := b.Take(t.Context(), weir.LaneBackfill); weir.CodeOf(err) != weir.CodeLocal {
			t.Errorf("%v", err)
		}
	})
}

func TestADamagedRecordHealsCautiously(t *testing.T) {
	for _, document := range []string{`{"v":`, `[]`, `{"v":0}`, `{"v":1,"at":-5}`, `{"v":1,"at":99999999999999}`} {
		synctest.Test(t, func(t *testing.T) {
			ledger := NewMemoryLedger()
			_, b := open(ledger, 120)
			ledger.documents[b.name] = []byte(document)
			begin := time.Now()
			if _, err := b.Take(t.Context(), weir.LaneBackfill); err != nil {
				t.Error(err)
			}
			if d := time.Since(begin); d < 100*time.Second || d > 135*time.Second {
				t.Errorf("%s: first place after %v", document, d)
			}
		})
	}
}

func TestARecordOfANewerWeirIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := NewMemoryLedger()
		_, b := open(ledger, 120)
		ledger.documents[b.name] = []byte(`{"v":2}`)
		if _, err := b.Take(t.Context(), weir.LaneBackfill); weir.CodeOf(err) != weir.CodeLocal {
			t.Error(err)
		}
		if string(ledger.documents[b.name]) != `{"v":2}` {
			t.Error("overwritten")
		}
	})
}

// The old copy of a ledger knows nothing of what was sent since it was made.
func TestAfterARestoreNothingIsSentUntilWhatWasSentBeforeCountsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		g := New(NewMemoryLedger(), Options{FullAt: began})
		defer func() { _ = g.Close() }()
		b := g.Budget("https://api.cal.com", weir.NewSecret("a key"), 120)
		if next := b.Stats().Next.Sub(began); next < 90*time.Second {
			t.Errorf("the next request is told for in %v", next)
		}
		answer, err := b.Take(t.Context(), weir.LaneInteractive)
		if err != nil {
			t.Fatal(err)
		}
		answer(weir.Answer{})
		if waited := time.Since(began); waited < 90*time.Second || waited > 100*time.Second {
			t.Errorf("the first request waited for %v", waited)
		}
	})
}

func TestWhoeverCountsHearsOfEachRequestThatMayHaveBeenSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []Sent
		g := New(NewMemoryLedger(), Options{Seen: func(s Sent) { heard = append(heard, s) }})
		b := g.Budget("https://api.example", weir.NewSecret("cal_key"), 1)
		for _, a := range []weir.Answer{{}, {Sent: true, Status: http.StatusOK}, {Sent: true}} {
			done, err := b.Take(t.Context(), weir.LaneSweep)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			done(a)
			done(a) // counts once
		}
		if len(heard) != 2 || heard[0].Status != http.StatusOK || heard[0].Took != time.Second || heard[1].Status != 0 || heard[1].Waited < 50*time.Second || heard[1].Lane != weir.LaneSweep {
			t.Errorf("%+v", heard)
		}
		if all := g.Budgets(); len(all) != 1 || all[g.Name("https://api.example", weir.NewSecret("cal_key"))].Requests != 2 {
			t.Errorf("%+v", all)
		}
	})
}

func TestWhoeverWatchesHearsOfARequestThatWaitsAndUntilWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []time.Time
		g := New(NewMemoryLedger(), Options{Waits: func(until time.Time) { told = append(told, until) }})
		defer func() { _ = g.Close() }()
		b := g.Budget("https://api.example", weir.NewSecret("cal_key"), 1)
		for want := range 2 { // the first finds room at once
			done, err := b.Take(t.Context(), weir.LaneSweep)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if len(told) != want {
				t.Errorf("request %d: told of %d waits", want+1, len(told))
			}
			if want == 1 && time.Since(told[0]).Abs() > time.Second {
				t.Errorf("it was told to wait until %v, and waited until %v", told[0], time.Now())
			}
			done(weir.Answer{Sent: true, Status: http.StatusOK})
		}
	})
}
