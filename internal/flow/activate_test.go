package flow_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// arrived is how many bookings the destination has; none before it has been
// written to.
func (w *world) arrived() int {
	w.Helper()
	if _, err := os.Stat(filepath.Join(w.files, "1", "cal.db")); os.IsNotExist(err) {
		return 0
	}
	return w.count("SELECT count(*) FROM bookings")
}

func (w *world) activate(kind store.Kind, id int64) {
	w.Helper()
	w.must(w.runner.Activate(w.Context(), me, kind, id, false))
}

func (w *world) pause(kind store.Kind, id int64) {
	w.Helper()
	w.must(w.runner.Pause(w.Context(), me, kind, id, false))
}

func TestAFlowIsSwitchedToItsEndsThoughAPartBetweenIsSoAlready(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("bookings")
		between := w.datasets(src)[0].ID
		to := w.destination(between)
		whole := func(set func(context.Context, flow.Actor, store.Kind, int64, bool, ...int64) error, want flow.Status) {
			w.Helper()
			w.must(set(w.Context(), me, store.KindSource, src.ID, true))
			if is := w.status(store.KindDestination, to.ID); is != want {
				w.Errorf("the destination is %s, and the flow %s", is, want)
			}
		}
		whole(w.runner.Activate, flow.StatusActive)
		w.pause(store.KindDataset, between)
		whole(w.runner.Pause, flow.StatusPaused)
		w.activate(store.KindSource, src.ID) // with its datasets, but not what is below them
		whole(w.runner.Activate, flow.StatusActive)
	})
}

// What a source yields while its destination is paused waits in the log, and
// comes when the destination is activated, at no request.
func TestASourceThatIsActivatedWhileItsDestinationIsPausedFillsItLater(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("bookings")
		to := w.destination(w.datasets(src)[0].ID)
		for _, made := range []bool{true, false} { // never activated; paused by hand
			if !made {
				w.pause(store.KindDestination, to.ID)
				w.pause(store.KindSource, src.ID)
			}
			had, runs := w.arrived(), len(w.runs(src))
			w.activate(store.KindSource, src.ID)
			if all := w.runs(src); len(all) != runs+1 || all[0].Status != "succeeded" || all[0].Order.Why != weir.WhyActivated || w.arrived() != had {
				w.Fatalf("the source was activated: %+v, and %d rows arrived where %d were", all[0], w.arrived(), had)
			}
			before := w.sim.Arrivals().Total
			w.activate(store.KindDestination, to.ID)
			if all := w.runs(src); len(all) != runs+2 || !all[0].Order.LogOnly || all[0].Status != "succeeded" || w.arrived() != 20 {
				w.Fatalf("the destination was activated: %+v, and has %d rows", all[0], w.arrived())
			}
			if n := w.sim.Arrivals().Total - before; n != 0 {
				w.Errorf("filling it took %d requests", n)
			}
		}
	})
}

// A destination that is activated while its source is paused waits for the
// source: nothing is read or written that nobody asked for.
func TestADestinationThatIsActivatedWhileItsSourceIsPausedIsFilledWithIt(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("bookings")
		to := w.destination(w.datasets(src)[0].ID)
		before := w.sim.Arrivals().Total
		w.activate(store.KindDestination, to.ID)
		if runs := w.runs(src); len(runs) != 0 || w.sim.Arrivals().Total != before || w.arrived() != 0 {
			w.Fatalf("%d runs, %d rows", len(runs), w.arrived())
		}
		w.activate(store.KindSource, src.ID)
		if runs := w.runs(src); len(runs) != 1 || runs[0].Order.LogOnly || runs[0].Status != "succeeded" || w.arrived() != 20 {
			w.Fatalf("the source was activated: %+v, and %d rows arrived", runs, w.arrived())
		}
		// The same with what the log has already: the destination is behind it.
		w.pause(store.KindDestination, to.ID)
		late, err := w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: "Late"}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeUpsert},
			Credential: w.credential("sqlite", "path", "late.db"), Dataset: w.datasets(src)[0].ID})
		w.must(err)
		w.pause(store.KindSource, src.ID)
		w.activate(store.KindDestination, late.ID)
		if runs := w.runs(src); len(runs) != 1 {
			w.Fatalf("a paused source has another run: %+v", runs)
		}
		w.activate(store.KindSource, src.ID)
		runs := w.runs(src)
		log, at, err := w.db.Filled(w.Context(), late.ID)
		if w.must(err); len(runs) != 2 || runs[0].Status != "succeeded" || log == "" || at == 0 {
			w.Errorf("the source was activated again: %+v, and the destination is at %d", runs, at)
		}
	})
}

// Of two destinations of one table that are activated at the same moment, one is:
// the other one hears whose the table is.
func TestOfRivalsThatAreActivatedAtOnceOneFillsTheTable(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src := w.source("bookings")
		first := w.destination(w.datasets(src)[0].ID)
		for range 4 {
			second, err := w.flows.CopyDestination(w.Context(), me, first.Resource, flow.Copying{})
			w.must(err)
			third, err := w.flows.CopyDestination(w.Context(), me, first.Resource, flow.Copying{})
			w.must(err)
			var active, refused atomic.Int32
			var all sync.WaitGroup
			for _, id := range []int64{second.ID, third.ID} {
				all.Go(func() {
					var taken *flow.Taken
					switch err := w.flows.SetStatus(w.Context(), me, store.KindDestination, id, flow.StatusActive, false); {
					case err == nil:
						active.Add(1)
					case errors.As(err, &taken):
						refused.Add(1)
					default:
						w.Error(err)
					}
				})
			}
			all.Wait()
			if active.Load() != 1 || refused.Load() != 1 {
				w.Fatalf("%d are active, and %d were refused", active.Load(), refused.Load())
			}
			for _, id := range []int64{second.ID, third.ID} {
				w.must(w.flows.SetStatus(w.Context(), me, store.KindDestination, id, flow.StatusPaused, false))
				w.must(w.flows.Delete(w.Context(), me, store.KindDestination, id))
			}
		}
	})
}
