package flow_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// told keeps what people would be told.
type told struct {
	mu  sync.Mutex
	all []store.EventType
}

func (n *told) Tell(_ context.Context, _ *store.Tx, e store.Event) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, e.Type)
	return nil
}

func (n *told) events() []store.EventType {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.all)
}

func (n *told) has(event store.EventType) bool { return slices.Contains(n.events(), event) }

// eventually waits until something that a job does is so.
func (w *world) eventually(so func() bool) {
	w.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for range 3000 {
		if so() {
			return
		}
		<-look.C
	}
	w.Fatal("it does not happen")
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// scheduled makes an active source with a schedule that has not run yet.
func (w *world) scheduled(spec flow.SourceSpec) *flow.Source {
	w.Helper()
	spec.Endpoints = []string{"event-types"}
	src, err := w.flows.CreateSource(w.Context(), me, flow.SourceInput{Common: flow.Common{Name: "Cal"}, SourceSpec: spec, Credential: w.key})
	w.must(err)
	w.must(w.flows.SetStatus(w.Context(), me, store.KindSource, src.ID, flow.StatusActive, false))
	return src
}

func (w *world) tick() int {
	w.Helper()
	n, err := w.runner.Tick(w.Context())
	w.must(err)
	return n
}

func (w *world) runs(src *flow.Source) []flow.Run {
	w.Helper()
	w.must(w.runner.Settle(w.Context(), src))
	runs, err := w.flows.Runs(w.Context(), src, 20)
	w.must(err)
	return runs
}

const hourly = "0 0 * * * ? *"

func TestMissedTicksBecomeOneRun(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src := w.scheduled(flow.SourceSpec{Schedule: hourly})
		if n := w.tick(); n != 0 {
			w.Errorf("%d are due at once", n)
		}
		w.ahead.Add(int64(5 * time.Hour))
		if n := w.tick(); n != 1 {
			w.Errorf("%d are due after five hours", n)
		}
		if n := w.tick(); n != 0 {
			w.Errorf("%d are due again", n)
		}
		runs := w.runs(src)
		if len(runs) != 1 || runs[0].Status != "succeeded" || runs[0].Order.Why != weir.WhySchedule {
			w.Errorf("%+v", runs)
		}
		w.ahead.Add(int64(time.Hour))
		if w.tick() != 1 || len(w.runs(src)) != 2 {
			w.Error("the next tick brings no run")
		}
	})
}

func TestAClockThatIsSetBackHoldsNothingUpAndReplaysNothing(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src := w.scheduled(flow.SourceSpec{Schedule: hourly})
		w.ahead.Add(int64(2 * time.Hour))
		w.tick()
		w.runs(src)
		w.ahead.Add(-int64(365 * 24 * time.Hour))
		w.must(w.runner.Recompute(w.Context()))
		if n := w.tick(); n != 0 {
			w.Errorf("%d are due when the clock was set back", n)
		}
		at, err := w.db.NextDue(w.Context())
		w.must(err)
		if wait := time.UnixMicro(at).Sub(w.now()); wait < 0 || wait > time.Hour+time.Minute {
			w.Errorf("the next run is in %s", wait)
		}
	})
}

func TestAScheduleThatCannotBeReadHoldsUpNoOtherWhenTheClockIsSetBack(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		bad := w.scheduled(flow.SourceSpec{Schedule: hourly})
		good := w.scheduled(flow.SourceSpec{Schedule: hourly})
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			_, err := tx.SQL().ExecContext(w.Context(), `UPDATE schedule SET expression = 'never mind' WHERE source = $1`, bad.ID)
			return err
		}))
		w.ahead.Add(-int64(365 * 24 * time.Hour))
		w.must(w.runner.Recompute(w.Context()))
		table, err := w.flows.Timetable(w.Context(), 1, good.ID)
		w.must(err)
		if wait := time.UnixMicro(table.Next).Sub(w.now()); wait < 0 || wait > time.Hour {
			w.Errorf("the next run is in %s", wait)
		}
	})
}

func TestATickIsKeptInItsTimeZone(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src := w.scheduled(flow.SourceSpec{Schedule: "0 30 2 * * ? *", Zone: "Asia/Kolkata"})
		table, err := w.flows.Timetable(w.Context(), 1, src.ID)
		w.must(err)
		at := time.UnixMicro(table.Next).In(time.UTC)
		if at.Hour() != 21 || at.Minute() != 0 || table.Interval != 24*time.Hour {
			w.Errorf("half past two in Kolkata is %s, every %s", at, table.Interval)
		}
		w.must(w.flows.SetStatus(w.Context(), me, store.KindSource, src.ID, flow.StatusPaused, false))
		w.ahead.Add(int64(48 * time.Hour))
		if n := w.tick(); n != 0 {
			w.Error("a paused source is due")
		}
	})
}

func TestARunFollowsTheSourceItWaitsFor(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		first := w.scheduled(flow.SourceSpec{})
		second := w.scheduled(flow.SourceSpec{After: first.ID})
		if _, err := w.flows.UpdateSource(w.Context(), me, first.ID, flow.SourceEdit{Spec: &flow.SourceSpec{Endpoints: []string{"event-types"}, After: second.ID}}); weir.CodeOf(err) != weir.CodeUsage {
			w.Errorf("two sources wait for each other: %v", err)
		}
		_, _, err := w.runner.Start(w.Context(), me, flow.Order{Source: first.ID})
		w.must(err)
		w.runs(first)
		runs := w.runs(second)
		if len(runs) != 1 || runs[0].Status != "succeeded" || runs[0].Order.Why != weir.WhyAfter {
			w.Errorf("%+v", runs)
		}
	})
}

// rotates lets the key be rotated while the first request of a run is on its
// way, which then arrives with the dead one. meanwhile is called when the
// service has made the new key and nobody has it yet.
func (w *world) rotates(meanwhile func()) (rotated chan error) {
	rotated = make(chan error, 1)
	var once sync.Once
	dead := make(chan struct{})
	before := func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			answer := httptest.NewRecorder()
			w.sim.ServeHTTP(answer, r)
			close(dead)
			meanwhile()
			rw.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
			rw.WriteHeader(answer.Code)
			_, _ = rw.Write(answer.Body.Bytes())
			return true
		}
		once.Do(func() {
			go func() {
				_, err := w.creds.Rotate(context.WithoutCancel(w.Context()), me, w.key, 30)
				rotated <- err
			}()
			<-dead
		})
		return false
	}
	w.before.Store(&before)
	return rotated
}

func TestARunGoesOnWithTheNewKeyWhenItsOldOneWasRotatedMeanwhile(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.scheduled(flow.SourceSpec{Schedule: hourly})
		refused := make(chan struct{})
		rotated := w.rotates(func() { <-refused })
		w.ahead.Add(int64(time.Hour))
		w.tick()
		// The run is refused, and rests until the new key is there.
		w.eventually(func() bool {
			run, err := w.flows.Runs(w.Context(), src, 1)
			w.must(err)
			return len(run) == 1 && run[0].RetryAt != 0 || len(run) == 1 && run[0].Ended != 0
		})
		close(refused)
		w.must(<-rotated)
		runs := w.runs(src)
		if len(runs) != 1 || runs[0].Status != "succeeded" {
			w.Errorf("%+v", runs)
		}
		now, err := w.flows.Source(w.Context(), 1, src.ID)
		w.must(err)
		if flow.Status(now.Status) != flow.StatusActive || w.told.has(store.FlowFailed) {
			w.Errorf("the source is %s, told %v", now.Status, w.told.events())
		}
	})
}

// Who starts a copy beside the original must not kill the original's keys.
func TestARestoredCopyRotatesNoKeyByItselfForADay(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		expires := w.now().AddDate(0, 0, 5).Format(time.DateOnly)
		key := w.credential("cal_com_api", "api_key", w.sim.Keys()[0].Key, "rotate_days", "30", "expires_at", expires)
		w.must(w.db.MarkRestored(w.Context(), store.Restored{At: w.now().UnixMicro(), Made: 1}))
		version := func() int64 {
			c, err := w.creds.Credential(w.Context(), 1, key)
			w.must(err)
			return c.SecretVersion
		}
		w.must(w.runner.Upkeep(w.Context()))
		var waiting int
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.SQL().QueryRowContext(w.Context(), `SELECT count(*) FROM river_job WHERE kind = 'rotate'`).Scan(&waiting)
		}))
		if waiting != 0 || version() != 1 {
			w.Errorf("%d rotations were asked for, version %d", waiting, version())
		}
		w.ahead.Add(int64(25 * time.Hour))
		w.must(w.runner.Upkeep(w.Context()))
		w.eventually(func() bool { return version() == 2 })
	})
}

// A revoked key costs two requests: the one that is refused, and one that asks
// why. Then nobody uses it any more.
func TestARevokedKeyCostsTwoRequestsAndPausesTheFlow(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src, err := w.flows.CreateSource(w.Context(), me, flow.SourceInput{Common: flow.Common{Name: "Cal"}, Credential: w.key,
			SourceSpec: flow.SourceSpec{Endpoints: []string{"bookings", "event-types", "schedules", "teams"}, Schedule: hourly}})
		w.must(err)
		w.must(w.flows.SetStatus(w.Context(), me, store.KindSource, src.ID, flow.StatusActive, false))
		if !w.sim.RemoveKey(w.sim.Keys()[0].Name) {
			w.Fatal("no such key")
		}
		before := w.sim.Arrivals().Total
		w.ahead.Add(int64(time.Hour))
		w.tick()
		runs := w.runs(src)
		if len(runs) != 1 || runs[0].Status != "failed" || runs[0].Class != string(weir.CodeAuth) {
			w.Errorf("%+v", runs)
		}
		if n := w.sim.Arrivals().Total - before; n > 2 {
			w.Errorf("a revoked key cost %d requests", n)
		}
		now, err := w.flows.Source(w.Context(), 1, src.ID)
		w.must(err)
		c, err := w.creds.Credential(w.Context(), 1, w.key)
		w.must(err)
		if flow.Status(now.Status) != flow.StatusPaused || c.Status() != credential.StatusFailed || !w.told.has(store.FlowFailed) {
			w.Errorf("the source is %s, the credential %s, told %v", now.Status, c.Status(), w.told.events())
		}
		w.ahead.Add(int64(10 * time.Hour))
		if n := w.tick(); n != 0 || w.sim.Arrivals().Total-before > 2 {
			w.Error("a flow whose key is revoked is read again")
		}
	})
}

func TestACancelledRunIsOverAndKeepsWhatWasRead(t *testing.T) {
	onBoth(t, 1200, func(w *world) {
		src := w.source("bookings")
		w.must(w.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/bookings"}, Do: simulator.FaultAction{Delay: 300 * time.Millisecond}}}))
		run, started, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID})
		w.must(err)
		if again, second, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID}); err != nil || second || again.ID != run.ID || !started {
			w.Errorf("a second run while the first is open: %+v %v", again, err)
		}
		w.eventually(func() bool {
			now, err := w.flows.Run(w.Context(), 1, string(run.ID))
			w.must(err)
			return now.Counts.Fresh > 0
		})
		w.must(w.runner.Cancel(w.Context(), 1, src.ID))
		run, err = w.runner.Wait(w.Context(), 1, run.ID)
		if err != nil || run.Status != "cancelled" || run.Counts.Fresh == 0 {
			w.Errorf("%s with %d records, %v", run.Status, run.Counts.Fresh, err)
		}
		w.must(w.sim.SetFaults(nil))
		next, _, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID})
		w.must(err)
		if next, err = w.runner.Wait(w.Context(), 1, next.ID); err != nil || next.Status != "succeeded" || next.Counts.Fresh+run.Counts.Fresh != 1200 {
			w.Errorf("%s: %d and %d, %v", next.Status, run.Counts.Fresh, next.Counts.Fresh, err)
		}
	})
}

// Somebody has emptied the destination, and nothing is new at the source: who
// runs the flow, or activates the destination, finds everything there again.
func TestAnEmptiedDestinationIsFilledWhenSomebodyAsks(t *testing.T) {
	onBoth(t, 300, func(w *world) {
		src := w.source("bookings")
		to := w.destination(w.datasets(src)[0].ID)
		activate := func() { w.must(w.runner.Activate(w.Context(), me, store.KindDestination, to.ID, false)) }
		run := func() {
			_, _, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID})
			w.must(err)
		}
		activate()
		w.must(w.runner.Activate(w.Context(), me, store.KindSource, src.ID, false))
		w.runs(src)
		for name, act := range map[string]func(){"run": run, "activate": activate} {
			for _, end := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(filepath.Join(w.files, "1", "cal.db"+end)); err != nil && end == "" {
					w.Fatal(err)
				}
			}
			act()
			if runs := w.runs(src); runs[0].Status != "succeeded" || w.count("SELECT count(*) FROM bookings") != 300 {
				w.Errorf("%s: %+v", name, runs[0])
			}
		}
	})
}

// A destination that fails holds up nothing; once it is mended it is filled.
func TestABrokenDestinationHoldsUpNothingAndIsFilledLater(t *testing.T) {
	onBoth(t, 300, func(w *world) {
		src := w.source("bookings")
		to := w.destination(w.datasets(src)[0].ID)
		w.must(w.flows.SetStatus(w.Context(), me, store.KindDestination, to.ID, flow.StatusActive, false))
		w.must(os.MkdirAll(filepath.Join(w.files, "1", "cal.db"), 0o700)) // where the file should be
		_, _, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID})
		w.must(err)
		runs := w.runs(src)
		if runs[0].Status != "partial" || runs[0].Counts.Fresh != 300 || runs[0].Result.Streams[0].Deliveries[0].Error == "" || !w.told.has(store.DeliveryFailed) {
			w.Errorf("%+v", runs[0])
		}
		w.must(os.Remove(filepath.Join(w.files, "1", "cal.db")))
		_, _, err = w.runner.Start(w.Context(), me, flow.Order{Source: src.ID})
		w.must(err)
		if runs = w.runs(src); runs[0].Status != "succeeded" || w.count("SELECT count(*) FROM bookings") != 300 || runs[0].Result.Streams[0].Written != 300 {
			w.Errorf("after it was mended: %+v", runs[0])
		}
	})
}

func TestUpkeepLooksAtCredentialsEachDay(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		ends := w.now().AddDate(0, 0, 10).Format(time.DateOnly)
		id := w.credential("cal_com_api", "api_key", w.sim.Keys()[0].Key, "rate_limit", "1000", "expires_at", ends)
		before := w.sim.Arrivals().Total
		keep := func() { w.must(w.runner.Upkeep(w.Context())) }
		keep()
		if n := w.sim.Arrivals().Total - before; n != 0 {
			w.Errorf("%d requests for credentials that were asked about just now", n)
		}
		w.ahead.Add(int64(25 * time.Hour))
		keep()
		w.eventually(func() bool {
			c, err := w.creds.Credential(w.Context(), 1, id)
			w.must(err)
			return w.now().UnixMicro()-c.CheckedAt < time.Hour.Microseconds()
		})
	})
}
