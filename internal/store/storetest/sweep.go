package storetest

import (
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var sweepPromises = map[string]func(*world){
	"AnUnfinishedSweepGoesOn": func(w *world) {
		first, resumed := w.begin(100)
		if first == 0 || resumed {
			w.Errorf("the first sweep is %d, resumed %v", first, resumed)
		}
		if again, resumed := w.begin(200); again != first || !resumed {
			w.Errorf("sweep %d after %d, resumed %v", again, first, resumed)
		}
		if d := w.ensureDataset("bookings"); d.Sweep != first || d.SweepStarted != 100 || d.SweepStarted <= d.SweepEnded {
			w.Errorf("under way: %+v", d)
		}
		w.finish(first, 300)
		if d := w.ensureDataset("bookings"); d.SweepEnded != 300 || d.SweepStarted > d.SweepEnded || d.SweepRun != "run" {
			w.Errorf("finished: %+v", d)
		}
		if next, resumed := w.begin(300); next != first+1 || resumed {
			w.Errorf("sweep %d after %d, resumed %v", next, first, resumed)
		}
		if d := w.ensureDataset("bookings"); d.SweepStarted <= d.SweepEnded {
			w.Errorf("a sweep in the same microsecond does not look begun: %+v", d)
		}
	},
	"WhatASweepDoesNotShowIsMissing": func(w *world) {
		w.append(0, record("a", 1, "1"), record("b", 1, "1"), record("c", 2, "1"), record("d", 1, "1"), tombstone("d"))
		sweep, _ := w.begin(1)
		w.wantMissing(sweep, 3, "a 0", "b 0", "c 0")
		w.append(sweep, record("a", 1, "1"), record("c", 1, "0"), record("new", 1, "1")) // c stale, but there
		w.wantMissing(sweep, 4, "b 0")
		w.finish(sweep, 100)
		w.wantMissing(sweep, 4, "b 100")
	},
	"TheFirstAbsenceIsRememberedUntilTheRecordIsSeen": func(w *world) {
		w.append(0, record("a", 1, "1"), record("b", 1, "1"))
		for at := int64(100); at < 400; at += 100 {
			sweep, _ := w.begin(at)
			w.append(sweep, record("a", 1, "1"))
			w.finish(sweep, at)
			w.wantMissing(sweep, 2, "b 100")
		}
		sweep, _ := w.begin(400)
		w.append(sweep, record("b", 1, "1"))
		w.wantMissing(sweep, 2, "a 0")
		w.finish(sweep, 450)
		sweep, _ = w.begin(500)
		w.append(sweep, record("a", 1, "1"))
		w.wantMissing(sweep, 2, "b 0")
	},
	"WhatAnIncrementShowsIsNotMissing": func(w *world) {
		w.append(0, record("a", 1, "1"), record("b", 1, "1"))
		sweep, _ := w.begin(100)
		w.append(0, record("a", 1, "1"), record("c", 1, "1"))
		w.wantMissing(sweep, 3, "b 0")
		w.finish(sweep, 100)
		w.append(0, record("b", 1, "1")) // late, but there
		w.wantMissing(sweep, 3)
		sweep, _ = w.begin(200)
		w.wantMissing(sweep, 3, "a 0", "b 0", "c 0")
	},
	"TombstonesAreNotMissing": func(w *world) {
		w.append(0, record("a", 1, "1"), record("b", 1, "1"))
		sweep, _ := w.begin(100)
		w.append(sweep, record("a", 1, "1"))
		w.append(0, tombstone("b"))
		w.wantMissing(sweep, 1)
		w.finish(sweep, 100)
		w.append(0, record("b", 1, "1"))
		sweep, _ = w.begin(200)
		w.wantMissing(sweep, 2, "a 0", "b 0")
	},
	"OnlyTheSweepUnderWayCanShowOrFinish": func(w *world) {
		_, err := w.db.Append(w.Context(), w.page(1, record("a", 1, "1")))
		w.refused(err, weir.CodeIntegrity)
		sweep, _ := w.begin(100)
		w.finish(sweep, 100)
		_, err = w.db.Append(w.Context(), w.page(sweep, record("a", 1, "1")))
		w.refused(err, weir.CodeIntegrity)
		err = w.db.FinishSweep(w.Context(), store.FinishSweep{Dataset: w.dataset, Epoch: w.lease.Epoch, Sweep: sweep, At: 200})
		w.refused(err, weir.CodeIntegrity)
		if len(w.log()) != 0 {
			w.Error("a refused page is in the log")
		}
	},
	"ManyMissingComeOnceEachInOrder": func(w *world) {
		var records []weir.Record
		for i := range 1500 {
			records = append(records, record(fmt.Sprintf("%05d", i), 1, "1"))
		}
		records[0].Key = "" // the first of all
		w.append(0, records...)
		sweep, _ := w.begin(100)
		n, last := 0, ""
		for m, err := range w.db.Missing(w.Context(), w.dataset, sweep) {
			w.must(err)
			if n > 0 && m.Key <= last {
				w.Fatalf("%s after %s", m.Key, last)
			}
			n, last = n+1, m.Key
		}
		if n != 1500 {
			w.Errorf("%d missing", n)
		}
	},
}

func (w *world) begin(at int64) (sweep int64, resumed bool) {
	w.Helper()
	sweep, resumed, err := w.db.BeginSweep(w.Context(), w.dataset, w.lease.Epoch, at)
	w.must(err)
	return sweep, resumed
}

func (w *world) finish(sweep, at int64) {
	w.Helper()
	w.must(w.db.FinishSweep(w.Context(), store.FinishSweep{Dataset: w.dataset, Run: "run", Epoch: w.lease.Epoch, Sweep: sweep, At: at}))
}

// wantMissing compares the counts and the missing keys, written "key first".
func (w *world) wantMissing(sweep int64, live int, want ...string) {
	w.Helper()
	gotLive, missing, err := w.db.CountMissing(w.Context(), w.dataset, sweep)
	w.must(err)
	if gotLive != live || missing != len(want) {
		w.Errorf("%d of %d missing, want %d of %d", missing, gotLive, len(want), live)
	}
	var got []string
	for m, err := range w.db.Missing(w.Context(), w.dataset, sweep) {
		w.must(err)
		got = append(got, fmt.Sprint(m.Key, " ", m.FirstMissedAt))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Error(diff)
	}
}
