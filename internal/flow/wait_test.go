package flow_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// answering lets the account answer every request for bookings so, until it is
// undone.
func (w *world) answering(answer func(http.ResponseWriter)) (undo func()) {
	var over atomic.Bool
	before := func(rw http.ResponseWriter, r *http.Request) bool {
		if over.Load() || !strings.HasPrefix(r.URL.Path, "/v2/bookings") {
			return false
		}
		answer(rw)
		return true
	}
	w.before.Store(&before)
	return func() { over.Store(true) }
}

// waits gives why a run waits, once it does.
func (w *world) waits(run weir.RunID) (all []flow.Wait) {
	w.Helper()
	w.eventually(func() bool {
		r, err := w.flows.Run(w.Context(), 1, string(run))
		w.must(err)
		all = r.Waits
		return len(all) > 0
	})
	return all
}

func TestARunSaysWhyItWaitsWhileTheAccountAnswers500(t *testing.T) {
	onBoth(t, 30, func(w *world) {
		undo := w.answering(func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusInternalServerError) })
		src := w.source("bookings")
		run, _, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID})
		w.must(err)
		one := w.waits(run.ID)[0]
		if one.Stream != "bookings" || one.Destination != 0 || one.Tries == 0 || one.Most != 8 || one.At == 0 || one.Failure.Code != weir.CodeTransient || !strings.Contains(one.Failure.Message, "500") {
			w.Errorf("%+v", one)
		}
		stamp, err := w.db.StampOfRun(w.Context(), run.ID)
		w.must(err)
		w.eventually(func() bool { // who looks at the page sees each try
			now, err := w.db.StampOfRun(w.Context(), run.ID)
			w.must(err)
			return now != stamp
		})
		undo()
		w.must(w.runner.Settle(w.Context(), src))
		over, err := w.flows.Run(w.Context(), 1, string(run.ID))
		if w.must(err); over.Status != "succeeded" || len(over.Waits) != 0 || over.Failure != nil || over.Result.Streams[0].Wait != nil {
			w.Errorf("in the end %s, %+v, %+v", over.Status, over.Waits, over.Result.Streams)
		}
	})
}

func TestARunWhoseKeyHasNoRoomWaitsForThatAndNotForATime(t *testing.T) {
	w := newWorld(t, 30)
	undo := w.answering(func(rw http.ResponseWriter) {
		rw.Header().Set("Retry-After", "2")
		rw.WriteHeader(http.StatusTooManyRequests)
	})
	src := w.source("bookings")
	run, _, err := w.runner.Start(t.Context(), me, flow.Order{Source: src.ID})
	w.must(err)
	if one := w.waits(run.ID)[0]; one.At != 0 || one.Failure.Code != weir.CodeThrottled {
		t.Errorf("%+v", one)
	}
	undo()
	w.must(w.runner.Cancel(t.Context(), 1, src.ID)) // the key waits out its minute
	w.must(w.runner.Settle(t.Context(), src))
	if over, err := w.flows.Run(t.Context(), 1, string(run.ID)); err != nil || len(over.Waits) != 0 {
		t.Errorf("%+v, %v", over, err)
	}
}

// A reading that failed as a whole rests between two tries, and says so.
func TestARunBetweenTwoTriesSaysWhatFailedAndWhenItGoesOn(t *testing.T) {
	w := newWorld(t, 1)
	src := w.source("bookings")
	id := pipeline.NewRunID(w.now())
	w.must(w.db.Change(t.Context(), func(tx *store.Tx) error {
		return tx.QueueRun(t.Context(), 1, store.Run{ID: id, Resource: src.ID, Number: flow.Number(id), Queued: w.now().UnixMicro()})
	}))
	log, err := w.db.EnsureSource(t.Context(), store.SourceSpec{Org: 1, Connector: "calcom", Origin: "https://example.com", Account: "1"})
	w.must(err)
	lease, err := w.db.LeaseSource(t.Context(), log, "test", time.Minute)
	w.must(err)
	_, err = w.db.BeginSlice(t.Context(), 1, src.ID, log, lease.Epoch, w.now().UnixMicro(), store.Run{})
	w.must(err)
	again := w.now().Add(time.Minute).UnixMicro()
	w.must(w.db.SaveSlice(t.Context(), store.Slice{Org: 1, Flow: src.ID, Run: id, Epoch: lease.Epoch, Release: true, RetryAt: again, Class: "transient", Problem: "calcom bookings: the server answered 500",
		Progress: []byte(`[{"name":"bookings","status":"stopped","error":"calcom bookings: the server answered 500","failure":{"code":"transient","where":"calcom bookings","message":"the server answered 500"}}]`)}))
	run, err := w.flows.Run(t.Context(), 1, string(id))
	w.must(err)
	if len(run.Waits) != 1 || run.Waits[0].Stream != "" || run.Waits[0].Tries != 1 || run.Waits[0].Most != 12 || run.Waits[0].At != again || run.Waits[0].Failure.Message != "the server answered 500" {
		t.Errorf("%+v", run.Waits)
	}
	w.must(w.runner.Cancel(t.Context(), 1, src.ID))
	if run, err = w.flows.Run(t.Context(), 1, string(id)); err != nil || len(run.Waits) != 0 {
		t.Errorf("cancelled it waits: %+v, %v", run, err)
	}
}

func TestADestinationThatFailsSaysHowOftenAndWhenItIsTriedAgain(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("event-types")
		to := w.another(w.datasets(src)[0].ID, "bad.db")
		undo := w.blocked("bad.db")
		w.run(flow.Order{Source: src.ID})
		before := w.stands(to.ID)
		if before.Failures == 0 || before.RetryAt == 0 && !job.Lasting(&weir.Error{Code: before.Class}) {
			w.Errorf("%+v", before)
		}
		w.run(flow.Order{Source: src.ID})
		if got := w.stands(to.ID); got.Failures <= before.Failures || got.Failing != before.Failing {
			w.Errorf("after another try %+v", got)
		}
		undo()
		w.run(flow.Order{Source: src.ID, LogOnly: true, Destination: to.ID})
		if got := w.stands(to.ID); got.Failures != 0 || got.RetryAt != 0 {
			w.Errorf("mended, it is %+v", got)
		}
	})
}
