package storetest

import (
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var appendPromises = map[string]func(*world){
	"RecordsAreFreshUnchangedOrStaleAndCountedOnce": func(w *world) {
		w.want(w.append(0, record("a", 10, "1"), record("b", 10, "1")), store.Appended{Fresh: 2, Head: 2})
		w.want(w.append(0, record("a", 10, "1"), record("b", 11, "2"), record("c", 0, "1")), store.Appended{Fresh: 2, Unchanged: 1, Head: 4})
		w.want(w.append(0, record("b", 9, "0"), record("a", 12, "2")), store.Appended{Fresh: 1, Stale: 1, Head: 5})
	},
	"RecordsWithoutVersionAreNeverStale": func(w *world) {
		w.append(0, record("a", 10, "1"), record("b", 0, "1"))
		w.want(w.append(0, record("a", 0, "2"), record("b", -5, "2")), store.Appended{Fresh: 2, Head: 4})
	},
	"OfTwoVersionsOnOnePageTheLastCountsUnlessOlder": func(w *world) {
		done := w.append(0, record("a", 1, "1"), record("a", 2, "2"), record("b", 2, "2"), record("b", 1, "1"), record("a", 2, "2"))
		w.want(done, store.Appended{Fresh: 3, Unchanged: 1, Stale: 1, Head: 3})
		w.wantLive(map[string]string{"a": "2", "b": "2"})
	},
	"TombstonesAndRevivals": func(w *world) {
		w.append(0, record("a", 10, "1"))
		w.want(w.append(0, tombstone("a"), tombstone("never seen")), store.Appended{Fresh: 1, Unchanged: 1, Head: 2})
		w.want(w.append(0, tombstone("a")), store.Appended{Unchanged: 1, Head: 2})
		w.wantLive(map[string]string{})
		// The same data as before the deletion, and even an older version, is news.
		w.want(w.append(0, record("a", 9, "1")), store.Appended{Fresh: 1, Head: 3})
		w.wantLive(map[string]string{"a": "1"})
		if log := w.log(); !log[1].Deleted || log[1].Key != "a" || log[2].Deleted {
			w.Errorf("the log is %+v", log)
		}
	},
	"CheckpointAndSchemaStayUnlessTheyAreGiven": func(w *world) {
		if d := w.ensureDataset("bookings"); d.Checkpoint != nil || d.Schema != nil || d.Head != 0 {
			w.Errorf("a new dataset is %+v", d)
		}
		a := w.page(0, record("a", 1, "1"))
		a.Schema, a.Checkpoint = []byte("schema"), weir.Checkpoint("here")
		_, err := w.db.Append(w.Context(), a)
		w.must(err)
		a = w.page(0, record("b", 1, "1"))
		a.Checkpoint = nil
		_, err = w.db.Append(w.Context(), a)
		w.must(err)
		if d := w.ensureDataset("bookings"); string(d.Checkpoint) != "here" || string(d.Schema) != "schema" || d.Head != 2 {
			w.Errorf("the dataset is %+v", d)
		}
	},
	"KeysAndDataAreAnyBytes": func(w *world) {
		r := record("k", 1, "v")
		for _, key := range []string{"", "\x00", "a\x1fb", "\xff\xfe", "ä", "A", "a"} {
			r.Key = key
			w.append(0, r)
			if done := w.append(0, r); done.Unchanged != 1 {
				w.Errorf("%q was not found again: %+v", key, done)
			}
		}
		if n := len(w.live()); n != 7 {
			w.Errorf("%d records, want 7", n)
		}
	},
	"APageOfThousandsIsOneTransaction": func(w *world) {
		records := make([]weir.Record, 12_000)
		for i := range records {
			records[i] = record(weir.KeyOf("k", string(rune('a'+i%26)), string(rune(0x4e00+i))), int64(i), "x")
		}
		w.want(w.append(0, records...), store.Appended{Fresh: 12_000, Head: 12_000})
		w.want(w.append(0, records...), store.Appended{Unchanged: 12_000, Head: 12_000})
		if n := len(w.live()); n != 12_000 {
			w.Errorf("%d live records", n)
		}
	},
	"AnEmptyPageMovesTheCheckpointOnly": func(w *world) {
		w.want(w.append(0), store.Appended{})
		if d := w.ensureDataset("bookings"); d.Checkpoint == nil {
			w.Error("no checkpoint")
		}
	},
	"RejectsAreKeptWithTheirBytes": func(w *world) {
		a := w.page(0, record("a", 1, "1"))
		a.Rejects = []weir.Reject{
			{Stage: "decode", Reason: "no key", Original: []byte("{\x00}")},
			{Stage: "schema", Reason: "bad \x00 \xff text", Key: "\x00k", Original: nil},
		}
		done, err := w.db.Append(w.Context(), a)
		w.must(err)
		w.want(done, store.Appended{Fresh: 1, Quarantined: 2, Head: 1})
		_, err = w.db.Quarantine(w.Context(), w.dataset, 3, "run", 7, []weir.Reject{{Stage: "load", Reason: "too long", Key: "a", Original: []byte("x")}})
		w.must(err)
		got, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{Datasets: []store.DatasetID{w.dataset}, Page: 1, Size: 10})
		w.must(err)
		want := []store.Quarantined{
			{Reject: weir.Reject{Stage: "load", Reason: "too long", Key: "a", Original: []byte("x")}, Dataset: w.dataset, Destination: 3, State: store.QuarantineOpen, Run: "run", At: 7},
			{Reject: weir.Reject{Stage: "schema", Reason: "bad \uFFFD \uFFFD text", Key: "\x00k", Original: []byte{}}, Dataset: w.dataset, State: store.QuarantineOpen, Run: "run", At: 1},
			{Reject: weir.Reject{Stage: "decode", Reason: "no key", Original: []byte("{\x00}")}, Dataset: w.dataset, State: store.QuarantineOpen, Run: "run", At: 1},
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(store.Quarantined{}, "ID")); diff != "" {
			w.Error(diff)
		}
		if n, err := w.db.CountQuarantine(w.Context(), store.QuarantineFilter{Datasets: []store.DatasetID{w.dataset}}); err != nil || n != 3 {
			w.Errorf("%d in quarantine, %v", n, err)
		}
		if got, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{Datasets: []store.DatasetID{w.dataset}, Page: 1, Size: 1}); err != nil || len(got) != 1 || got[0].Stage != "load" {
			w.Errorf("the newest is %+v, %v", got, err)
		}
	},
	"DatasetsDoNotMix": func(w *world) {
		w.append(0, record("a", 1, "1"))
		other := w.ensureDataset("event_types")
		w.dataset = other.ID
		w.want(w.append(0, record("a", 1, "1")), store.Appended{Fresh: 1, Head: 1})
		if again := w.ensureDataset("bookings"); again.Log == other.Log || again.ID == other.ID {
			w.Error("two datasets have one log")
		}
		if again := w.ensureSource("account 1"); again != w.source {
			w.Error("a source was made twice")
		}
		if again := w.ensureSource("account 2"); again == w.source {
			w.Error("two accounts are one source")
		}
	},
}

func (w *world) want(got, want store.Appended) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Error(diff)
	}
}

// wantLive compares the live records' values by key.
func (w *world) wantLive(values map[string]string) {
	w.Helper()
	want := map[string]string{}
	for key, value := range values {
		want[key] = string(record(key, 0, value).Data)
	}
	if diff := cmp.Diff(want, w.live()); diff != "" {
		w.Error(diff)
	}
}
