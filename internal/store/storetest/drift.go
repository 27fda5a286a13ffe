package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var driftPromises = map[string]func(*world){
	"ChangesOfTheSchemaAreKeptWithThePageThatBringsThem": func(w *world) {
		w.drift(column("colour"), store.SchemaChange{Kind: "wider_type", Table: "bookings", Column: "duration", Path: "duration", Before: "int", After: "float"})
		w.drift(store.SchemaChange{Kind: "own_column", Table: "bookings", Column: "a_1", Path: "a\x00.b" + strings.Repeat("ü", 300), After: "text", Other: "aB"})
		w.append(0, record("c", 1, "1"))
		got, total := w.changes(1, 10)
		want := []store.SchemaChange{
			{Run: "run", At: 2, Kind: "own_column", Table: "bookings", Column: "a_1", Path: "a.b" + strings.Repeat("ü", 197) + "…", After: "text", Other: "aB"},
			{Run: "run", At: 1, Kind: "wider_type", Table: "bookings", Column: "duration", Path: "duration", Before: "int", After: "float"},
			{Run: "run", At: 1, Kind: "new_column", Table: "bookings", Column: "colour", Path: "colour", After: "text"},
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(store.SchemaChange{}, "ID")); diff != "" || total != 3 {
			w.Errorf("of %d: %s", total, diff)
		}
		if second, total := w.changes(2, 2); len(second) != 1 || second[0].ID != got[2].ID || total != 3 {
			w.Errorf("the second page of %d is %+v", total, second)
		}
		w.dataset = w.ensureDataset("event_types").ID
		if others, total := w.changes(1, 10); len(others) != 0 || total != 0 {
			w.Errorf("another dataset has %d: %+v", total, others)
		}
	},
	"APageThatIsTakenBackTellsNoDrift": func(w *world) {
		taken := errors.New("no")
		a := w.page(0, record("a", 1, "1"))
		a.Drift, a.Schema = []store.SchemaChange{column("colour")}, []byte("wider")
		a.Then = func(context.Context, *store.Tx) error { return taken }
		if _, err := w.db.Append(w.Context(), a); !errors.Is(err, taken) {
			w.Fatal(err)
		}
		a.Then, a.Epoch = nil, a.Epoch-1
		_, err := w.db.Append(w.Context(), a)
		w.refused(err, weir.CodeIntegrity)
		if _, total := w.changes(1, 10); total != 0 || w.ensureDataset("bookings").Schema != nil {
			w.Errorf("%d changes of pages that are not there", total)
		}
		a.Epoch++
		_, err = w.db.Append(w.Context(), a)
		w.must(err)
		if _, total := w.changes(1, 10); total != 1 {
			w.Errorf("%d changes of the page that is there", total)
		}
	},
	"ARecordThatIsReplayedTellsItsDrift": func(w *world) {
		a := w.page(0)
		a.Rejects = []weir.Reject{{Stage: "decode", Reason: "odd", Key: "a", Original: []byte("{}")}}
		_, err := w.db.Append(w.Context(), a)
		w.must(err)
		rejects, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{Page: 1, Size: 10})
		w.must(err)
		again := store.Replay{ID: rejects[0].ID, At: 7, Run: "replay", Epoch: w.lease.Epoch, Record: record("a", 1, "1"), Drift: []store.SchemaChange{column("colour")}}
		_, err = w.db.ReplayReject(w.Context(), w.dataset, again)
		w.must(err)
		_, err = w.db.ReplayReject(w.Context(), w.dataset, again)
		w.refused(err, weir.CodeConflict)
		if got, total := w.changes(1, 10); total != 1 || got[0].Run != "replay" || got[0].At != 7 {
			w.Errorf("%d changes: %+v", total, got)
		}
	},
	"TheNewestChangesOfEachDatasetAreKept": func(w *world) {
		w.drift(column("first"))
		first := w.dataset
		w.dataset = w.ensureDataset("event_types").ID
		var many []store.SchemaChange
		for i := range 700 {
			many = append(many, column(fmt.Sprintf("f%d", i)))
		}
		w.drift(many...)
		w.drift(column("last"))
		got, total := w.changes(1, 1000)
		if total != 500 || len(got) != 500 || got[0].Column != "last" || got[1].Column != "f699" || got[499].Column != "f201" {
			w.Errorf("%d changes, from %+v to %+v", total, got[0], got[len(got)-1])
		}
		w.dataset = first
		if _, total := w.changes(1, 10); total != 1 {
			w.Errorf("the other dataset has %d", total)
		}
	},
	"TheRunThatBeganALogIsKnown": func(w *world) {
		w.began("")
		w.append(0)
		w.began("")
		w.append(0, record("a", 1, "1"))
		w.began("run")
		a := w.page(0, record("b", 1, "1"))
		a.Run = "another"
		_, err := w.db.Append(w.Context(), a)
		w.must(err)
		w.began("run")
	},
}

func column(name string) store.SchemaChange {
	return store.SchemaChange{Kind: "new_column", Table: "bookings", Column: name, Path: name, After: "text"}
}

// drift appends a page with changes of the schema.
func (w *world) drift(all ...store.SchemaChange) {
	w.Helper()
	a := w.page(0, record(all[0].Path, 1, "1"))
	a.Drift = all
	_, err := w.db.Append(w.Context(), a)
	w.must(err)
}

func (w *world) changes(page, size int) ([]store.SchemaChange, int) {
	w.Helper()
	all, total, err := w.db.SchemaChanges(w.Context(), w.dataset, page, size)
	w.must(err)
	return all, total
}

func (w *world) began(want weir.RunID) {
	w.Helper()
	if got, err := w.db.FirstRun(w.Context(), w.dataset); err != nil || got != want {
		w.Errorf("the log was begun by %q (%v), want %q", got, err, want)
	}
}
