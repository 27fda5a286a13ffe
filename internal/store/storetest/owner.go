package storetest

import (
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var ownerPromises = map[string]func(*world){
	"ASourceHasOneOwnerAndTheOtherIsTold": func(w *world) {
		_, err := w.open().AcquireSource(w.Context(), w.source, "somebody else")
		w.refused(err, weir.CodeConflict)
		if !strings.Contains(err.Error(), "the test") {
			w.Errorf("the owner is not named: %v", err)
		}
		w.lease.Release()
		w.lease.Release() // twice is once
		next, err := w.open().AcquireSource(w.Context(), w.source, "somebody else")
		w.must(err)
		defer next.Release()
		if next.Epoch <= w.lease.Epoch {
			w.Errorf("epoch %d after %d", next.Epoch, w.lease.Epoch)
		}
	},
	"OtherSourcesStayFree": func(w *world) {
		lease, err := w.db.AcquireSource(w.Context(), w.ensureSource("account 2"), "the test")
		w.must(err)
		lease.Release()
	},
	"OfManyWhoTryOneGetsTheSource": func(w *world) {
		w.lease.Release()
		var mu sync.Mutex
		var group sync.WaitGroup
		var got []*store.Lease
		for _, db := range []*store.DB{w.db, w.open()} {
			for range 3 {
				group.Go(func() {
					lease, err := db.AcquireSource(w.Context(), w.source, "one of many")
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						got = append(got, lease)
					} else if weir.CodeOf(err) != weir.CodeConflict {
						w.Error(err)
					}
				})
			}
		}
		group.Wait()
		if len(got) != 1 {
			w.Errorf("%d have the source", len(got))
		}
		for _, l := range got {
			l.Release()
		}
	},
	"AnOldOwnersWritesAreRefused": func(w *world) {
		w.append(0, record("a", 1, "1"))
		sweep, _, err := w.db.BeginSweep(w.Context(), w.dataset, w.lease.Epoch, 1)
		w.must(err)
		old := w.lease.Epoch
		w.lease.Release()
		w.acquire()
		before := w.ensureDataset("bookings")
		late := w.page(0, record("a", 2, "2"))
		late.Epoch = old
		_, err = w.db.Append(w.Context(), late)
		w.refused(err, weir.CodeIntegrity)
		_, _, err = w.db.BeginSweep(w.Context(), w.dataset, old, 1)
		w.refused(err, weir.CodeIntegrity)
		w.refused(w.db.FinishSweep(w.Context(), store.FinishSweep{Dataset: w.dataset, Epoch: old, Sweep: sweep, At: 1}), weir.CodeIntegrity)
		w.refused(w.db.StartRun(w.Context(), store.Run{ID: "late", Source: w.source, Epoch: old}), weir.CodeIntegrity)
		if diff := cmp.Diff(before, w.ensureDataset("bookings")); diff != "" {
			w.Error(diff)
		}
		w.wantLive(map[string]string{"a": "1"})
	},
	"RunsAreKeptWithWhatTheyCommitted": func(w *world) {
		w.must(w.db.StartRun(w.Context(), store.Run{ID: "run", Source: w.source, Epoch: w.lease.Epoch, Started: 100}))
		w.append(0, record("a", 1, "1"), record("b", 2, "1"))
		a := w.page(0, record("a", 1, "1"), record("b", 1, "0"))
		a.Rejects = []weir.Reject{{Stage: "decode", Reason: "no key"}}
		_, err := w.db.Append(w.Context(), a)
		w.must(err)
		w.must(w.db.FinishRun(w.Context(), "run", 200, "succeeded", []byte(`{"ok":true}`)))
		w.refused(w.db.FinishRun(w.Context(), "run", 300, "failed", nil), weir.CodeIntegrity)
		w.must(w.db.StartRun(w.Context(), store.Run{ID: "run2", Source: w.source, Epoch: w.lease.Epoch, Started: 300}))
		got, err := w.db.Runs(w.Context(), w.source, 10)
		w.must(err)
		want := []store.Run{
			{ID: "run2", Source: w.source, Epoch: w.lease.Epoch, Started: 300, Status: store.RunRunning},
			{ID: "run", Source: w.source, Epoch: w.lease.Epoch, Started: 100, Ended: 200, Status: "succeeded", Summary: []byte(`{"ok":true}`),
				Counts: store.Counts{Fresh: 2, Unchanged: 1, Stale: 1, Quarantined: 1}},
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(store.Run{}, "Org")); diff != "" {
			w.Error(diff)
		}
	},
	"ARunThatWasLeftRunningIsInterrupted": func(w *world) {
		w.must(w.db.StartRun(w.Context(), store.Run{ID: "run", Source: w.source, Epoch: w.lease.Epoch, Started: 100}))
		w.lease.Release()
		w.acquire()
		w.wantStatus(store.RunInterrupted)
		w.refused(w.db.FinishRun(w.Context(), "run", 200, "succeeded", nil), weir.CodeIntegrity)
		w.must(w.db.StartRun(w.Context(), store.Run{ID: "run2", Source: w.source, Epoch: w.lease.Epoch, Started: 200}))
		w.must(w.db.StartRun(w.Context(), store.Run{ID: "run3", Source: w.source, Epoch: w.lease.Epoch, Started: 300}))
		w.wantStatus(store.RunRunning, store.RunInterrupted, store.RunInterrupted)
	},
}

// wantStatus compares the statuses of the source's runs, newest first.
func (w *world) wantStatus(want ...string) {
	w.Helper()
	runs, err := w.db.Runs(w.Context(), w.source, 10)
	w.must(err)
	var got []string
	for _, r := range runs {
		got = append(got, r.Status)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Error(diff)
	}
}
