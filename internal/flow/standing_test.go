package flow_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// stands says how a destination stands.
func (w *world) stands(to int64) flow.Standing {
	w.Helper()
	r, err := w.db.Resource(w.Context(), me.Org, store.KindDestination, to)
	w.must(err)
	all, err := w.flows.Standings(w.Context(), r)
	w.must(err)
	return all[to]
}

// another is a destination in a SQLite file of its own, active.
func (w *world) another(dataset int64, file string) *flow.Destination {
	w.Helper()
	to, err := w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: file}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeUpsert},
		Credential: w.credential("sqlite", "path", file), Dataset: dataset})
	w.must(err)
	w.must(w.flows.SetStatus(w.Context(), me, store.KindDestination, to.ID, flow.StatusActive, false))
	return to
}

// blocked puts a directory where a file should be, until it is undone.
func (w *world) blocked(file string) (undo func()) {
	w.Helper()
	path := filepath.Join(w.files, "1", file)
	w.must(os.MkdirAll(path, 0o700))
	return func() { w.must(os.Remove(path)) }
}

func TestOfTwoDestinationsTheOneThatFailsSaysSinceWhenAndWhyAndTheOtherIsUpToDate(t *testing.T) {
	onBoth(t, 60, func(w *world) {
		src := w.source("event-types")
		dataset := w.datasets(src)[0].ID
		good, bad := w.another(dataset, "good.db"), w.another(dataset, "bad.db")
		if got := w.stands(good.ID); got.State != flow.StateWaiting || got.WaitsFor == "" || got.Head != 0 || got.Took != 0 {
			w.Errorf("before anything was read it is %+v", got)
		}
		undo := w.blocked("bad.db")
		w.run(flow.Order{Source: src.ID})
		if got := w.stands(good.ID); got.State != flow.StateCurrent || got.Behind() != 0 || got.Took == 0 || got.Problem != "" {
			w.Errorf("the good one is %+v", got)
		}
		got := w.stands(bad.ID)
		if got.State != flow.StateFailing || got.Failing == 0 || got.Behind() == 0 || got.Lacks == 0 || !strings.Contains(got.Problem, "Name another") || strings.Contains(got.Problem, "destination ") {
			w.Errorf("the bad one is %+v", got)
		}
		troubled, err := w.flows.Troubled(w.Context(), me.Org, nil, 10)
		if err != nil || len(troubled) != 1 || troubled[0].ID != bad.ID {
			w.Errorf("troubled are %+v, %v", troubled, err)
		}
		since := got.Failing
		w.ahead.Add(int64(time.Hour))
		w.run(flow.Order{Source: src.ID})
		if got := w.stands(bad.ID); got.Failing != since {
			w.Errorf("it fails since %d, and after another failure since %d", since, got.Failing)
		}
		undo()
		w.run(flow.Order{Source: src.ID, LogOnly: true, Destination: bad.ID})
		if got := w.stands(bad.ID); got.State != flow.StateCurrent || got.Behind() != 0 || got.Failing != 0 || got.Problem != "" || got.Took == 0 {
			w.Errorf("after it was mended it is %+v", got)
		}
	})
}

func TestADestinationIsLateOnceWhatItLacksShouldHaveComeLongAgo(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	is := flow.Standing{State: flow.StateBehind, Standing: store.Standing{Position: 1, Head: 2, Lacks: now.UnixMicro()}}
	paused := is
	paused.State = flow.StatePaused
	if is.Late(now.Add(time.Minute)) || !is.Late(now.Add(time.Hour)) || paused.Late(now.Add(time.Hour)) {
		t.Error("it is late at once, or never, or though it is paused")
	}
}

func TestADestinationThatLeadsElsewhereIsFilledThere(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("event-types")
		to := w.another(w.datasets(src)[0].ID, "first.db")
		w.must(w.runner.Activate(w.Context(), me, store.KindSource, src.ID, false))
		w.must(w.runner.Settle(w.Context(), src))
		second := w.credential("sqlite", "path", "cal.db")
		if _, err := w.runner.UpdateDestination(w.Context(), me, to.ID, flow.DestinationEdit{Credential: &second}); err != nil {
			w.Fatal(err)
		}
		w.must(w.runner.Settle(w.Context(), src))
		if n := w.count("SELECT count(*) FROM event_types"); n == 0 {
			w.Error("the new place is empty")
		}
		if got := w.stands(to.ID); got.State != flow.StateCurrent || got.Behind() != 0 {
			w.Errorf("it is %+v", got)
		}
	})
}

func TestOneDestinationOfTwoThatFailsIsToldOnceAndSoIsItsRecovery(t *testing.T) {
	w := newNewsWorld(t, 20)
	src := w.source("event-types")
	dataset := w.datasets(src)[0].ID
	w.another(dataset, "good.db")
	bad := w.another(dataset, "bad.db")
	undo := w.blocked("bad.db")
	w.run(flow.Order{Source: src.ID})
	w.run(flow.Order{Source: src.ID, LogOnly: true})
	w.expect("one of two fails, twice", "dataset_detected: Cal", "delivery_failed: bad.db")
	undo()
	w.run(flow.Order{Source: src.ID, LogOnly: true, Destination: bad.ID})
	w.run(flow.Order{Source: src.ID, LogOnly: true})
	w.expect("it takes records again", "delivery_recovered: bad.db")
}

// health is how a flow stands, and why.
func (w *world) health(src *flow.Source) store.FlowHealth {
	w.Helper()
	all, _, err := w.db.FlowHealths(w.Context(), store.HealthFilter{Org: me.Org, Sources: []int64{src.ID}, Page: 1, Size: 1})
	w.must(err)
	return all[0]
}

// What came late has come: nobody has to wait for the next reading to see that.
func TestAFlowIsHealthyAgainOnceAllItsDestinationsHaveCaughtUp(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("event-types")
		dataset := w.datasets(src)[0].ID
		var bad [2]*flow.Destination
		var undo [2]func()
		for i, file := range []string{"one.db", "two.db"} {
			bad[i], undo[i] = w.another(dataset, file), w.blocked(file)
		}
		w.run(flow.Order{Source: src.ID})
		before := w.health(src)
		if before.Health != store.HealthDegraded || before.Errors != 2 {
			w.Fatalf("when two fail it is %+v", before)
		}
		for i := range bad {
			undo[i]()
			w.run(flow.Order{Source: src.ID, LogOnly: true, Destination: bad[i].ID})
			got := w.health(src)
			if i == 0 && (got.Health != store.HealthDegraded || got.Errors != 1 || got.Summary == "") {
				w.Errorf("when one of them has caught up it is %+v", got)
			}
			if i == 1 && (got.Health != store.HealthGood || got.Errors != 0 || got.Summary != "" || got.Run != before.Run) {
				w.Errorf("when both have it is %+v", got)
			}
		}
	})
}

func TestAFlowOfWhichSomethingWasNotReadStaysSoWhenItsDestinationsHaveCaughtUp(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("event-types", "schedules")
		all := w.datasets(src)
		read := all[slices.IndexFunc(all, func(d *flow.Node) bool { return d.Type == "event_types" })]
		bad, undo := w.another(read.ID, "one.db"), w.blocked("one.db")
		w.strike("/v2/schedules", simulator.FaultAction{HTML: "<html>"})
		w.run(flow.Order{Source: src.ID})
		before := w.health(src)
		if !strings.Contains(before.Summary, "schedules") || before.Part != 0 {
			w.Errorf("a destination speaks for what was not read: %+v", before)
		}
		undo()
		w.run(flow.Order{Source: src.ID, LogOnly: true, Destination: bad.ID})
		if got := w.health(src); got.Health != store.HealthDegraded || got.Errors != before.Errors-1 || got.Run != before.Run || got.Summary != before.Summary {
			w.Errorf("it was %+v, and is %+v", before, got)
		}
	})
}

// Nothing goes by itself where the source is not active: that is not "current",
// and it is said for what the destination waits.
func TestADestinationOfASourceThatWasOnlyReadByHandSaysForWhatItWaits(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("event-types")
		w.run(flow.Order{Source: src.ID})
		to := w.another(w.datasets(src)[0].ID, "late.db")
		if got := w.stands(to.ID); got.State != flow.StateWaiting || got.Behind() == 0 || !strings.Contains(got.WaitsFor, "activate or run the source") {
			w.Errorf("%+v", got)
		}
		w.must(w.runner.Upkeep(w.Context()))
		w.must(w.runner.Settle(w.Context(), src))
		if got := w.stands(to.ID); got.State != flow.StateWaiting {
			w.Errorf("upkeep brings what nobody asked for: %+v", got)
		}
		_, started, err := w.runner.Fill(w.Context(), me, to.ID)
		if w.must(err); !started {
			w.Error("nothing is delivered when somebody says so")
		}
		w.must(w.runner.Settle(w.Context(), src))
		if got := w.stands(to.ID); got.State != flow.StateCurrent || got.Behind() != 0 || got.Head == 0 || got.WaitsFor != "" {
			w.Errorf("filled, it is %+v", got)
		}
	})
}

// Nothing goes on where the dataset is paused, however far the destination came.
func TestADestinationOfAPausedDatasetWaitsForIt(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("event-types")
		dataset := w.datasets(src)[0].ID
		to := w.another(dataset, "held.db")
		w.must(w.runner.Activate(w.Context(), me, store.KindSource, src.ID, false))
		w.must(w.runner.Settle(w.Context(), src))
		w.must(w.runner.Pause(w.Context(), me, store.KindDataset, dataset, false))
		if got := w.stands(to.ID); got.State != flow.StateWaiting || got.WaitsFor != "Its dataset is paused; activate it" {
			w.Errorf("filled, it is %+v", got)
		}
		late := w.another(dataset, "later.db")
		if got := w.stands(late.ID); got.State != flow.StateWaiting || got.WaitsFor != "Its dataset is paused; activate it" {
			w.Errorf("empty, it is %+v", got)
		}
		w.must(w.runner.Activate(w.Context(), me, store.KindDataset, dataset, false))
		w.must(w.runner.Settle(w.Context(), src))
		for _, id := range []int64{to.ID, late.ID} {
			if got := w.stands(id); got.State != flow.StateCurrent || got.WaitsFor != "" {
				w.Errorf("activated, it is %+v", got)
			}
		}
	})
}
