package storetest

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var logPromises = map[string]func(*world){
	"TheLogGivesBackWhatWasAppendedInOrder": func(w *world) {
		var want []store.LogRecord
		for p := range 5 {
			var page []weir.Record
			for i := range 10 {
				r := record(fmt.Sprintf("k%d", (p*7+i)%23), int64(p*100+i), fmt.Sprint(p, i))
				page = append(page, r)
				want = append(want, store.LogRecord{Record: r, Position: weir.Position(len(want) + 1), ExtractedAt: int64(p + 1), RunID: "run"})
			}
			w.append(0, page...)
		}
		if diff := cmp.Diff(want, w.log()); diff != "" {
			w.Error(diff)
		}
	},
	"ReadingStopsAtTheLimits": func(w *world) {
		long := strings.Repeat("x", 1000)
		for i := range 30 {
			w.append(0, record(fmt.Sprint(i), 1, long), record(fmt.Sprint(i, "b"), 1, long))
		}
		for _, c := range []struct{ after, records, bytes, want int }{
			{0, 5, 1 << 20, 5}, {3, 1, 1 << 20, 1}, {0, 1000, 2500, 3}, {59, 10, 1 << 20, 1}, {60, 10, 1 << 20, 0}, {7, 0, 0, 1},
		} {
			got, err := w.db.ReadLog(w.Context(), w.dataset, weir.Position(c.after), c.records, c.bytes)
			w.must(err)
			if len(got.Records) != c.want || got.To != weir.Position(c.after+c.want) {
				w.Errorf("%+v: %d records up to %d", c, len(got.Records), got.To)
			}
		}
	},
	"LargeRecordsGoThrough": func(w *world) {
		big := record("big", 1, strings.Repeat("0123456789", 300_000))
		w.append(0, record("a", 1, "1"), big, record("b", 1, "1"))
		if log := w.log(); len(log) != 3 || string(log[1].Data) != string(big.Data) {
			w.Error("the large record is not what it was")
		}
	},
	"CompactionDropsReplacedVersionsAndKeepsPositions": func(w *world) {
		w.append(0, record("a", 1, "1"), record("b", 1, "1"))
		w.append(0, record("a", 2, "2"))
		w.append(0, record("a", 3, "3"), tombstone("b"))
		w.append(0, record("a", 4, "4"))
		w.must(w.db.Compact(w.Context(), w.dataset, 4))
		// Position 4 shares a batch with position 5, so it stays for now; 2 is
		// what the deleted record was.
		w.wantPositions(2, 4, 5, 6)
		w.wantLive(map[string]string{"a": "4"})
		c, err := w.db.ReadLog(w.Context(), w.dataset, 2, 10, 1<<20)
		w.must(err)
		if c.To != 6 || len(c.Records) != 3 || c.Records[0].Position != 4 {
			w.Errorf("from a hole: %+v", c)
		}
		w.want(w.append(0, record("a", 4, "4"), record("c", 1, "1")), store.Appended{Fresh: 1, Unchanged: 1, Head: 7})
		w.must(w.db.Compact(w.Context(), w.dataset, 7))
		w.wantPositions(2, 5, 6, 7)
	},
	"ALogIsTidiedOnceMoreThanHalfOfItWasReplaced": func(w *world) {
		replace := func(from, to int) {
			for i := from; i < to; i += 100 {
				var page []weir.Record
				for j := range 100 {
					page = append(page, record("a", int64(i+j+1), fmt.Sprint(i+j)))
				}
				w.append(0, page...)
			}
		}
		w.append(0, record("b", 1, "1"))
		replace(0, 900)
		w.must(w.db.Tidy(w.Context(), w.dataset))
		if n := len(w.log()); n != 901 {
			w.Errorf("a small log has %d versions left of 901", n)
		}
		replace(900, 1_100)
		w.must(w.db.Tidy(w.Context(), w.dataset))
		w.wantPositions(1, 1_101)
		w.wantLive(map[string]string{"a": "1099", "b": "1"})
	},
	"ALogOfWhichEveryVersionIsWantedIsNotTidied": func(w *world) {
		w.must(w.db.KeepVersions(w.Context(), w.dataset))
		for i := range 1_100 {
			w.append(0, record("a", int64(i+1), fmt.Sprint(i)))
		}
		w.must(w.db.Tidy(w.Context(), w.dataset))
		if n := len(w.log()); n != 1_100 {
			w.Errorf("%d versions are left of 1,100", n)
		}
	},
	"CompactionStopsAtItsLimit": func(w *world) {
		for i := range 6 {
			w.append(0, record("a", int64(i+1), fmt.Sprint(i)))
		}
		w.must(w.db.Compact(w.Context(), w.dataset, 3))
		w.wantPositions(4, 5, 6)
	},
	"ReadersNeedNoConnectionWhileTheyWork": func(w *world) {
		for i := range 20 {
			w.append(0, record(fmt.Sprint(i), 1, "1"))
		}
		// Nested deeper than any pool is wide.
		var nest func(depth int)
		nest = func(depth int) {
			for _, err := range w.db.Records(w.Context(), w.dataset) {
				w.must(err)
				if depth > 0 {
					nest(depth - 1)
				}
				return
			}
		}
		nest(50)
	},
}

// wantPositions compares the positions that the log still has.
func (w *world) wantPositions(want ...weir.Position) {
	w.Helper()
	var got []weir.Position
	for _, r := range w.log() {
		got = append(got, r.Position)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Error(diff)
	}
}
