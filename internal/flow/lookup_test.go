package flow_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// lookup makes one whose rows have the keys from to to, and a text.
func (w *world) lookup(from, to int) *flow.Lookup {
	w.Helper()
	l, err := w.flows.CreateLookup(w.Context(), me, flow.LookupInput{Common: flow.Common{Name: "Rows"}, Type: "string", PrimaryKey: "n", Rows: numbered(from, to)})
	if err != nil {
		w.Fatal(err)
	}
	return l
}

func numbered(from, to int) (rows []jsontext.Value) {
	for n := from; n < to; n++ {
		rows = append(rows, fmt.Appendf(nil, `{"n":%d,"text":"row %d"}`, n, n))
	}
	return rows
}

// counted fails the test unless the lookup's figures are those of its rows.
func (w *world) counted(id int64, want int) {
	w.Helper()
	l, err := w.flows.Lookup(w.Context(), 1, id)
	if err != nil {
		w.Fatal(err)
	}
	n, bytes := 0, int64(0)
	err = w.db.EachLookupEntry(w.Context(), id, func(e store.LookupEntry) error {
		n++
		bytes += int64(len(e.Row))
		return nil
	})
	if err != nil || l.Entries != n || n != want || l.Bytes != bytes || want > 0 && l.Columns["text"]["string"] != n {
		w.Errorf("counted are %d rows and %d bytes, %v; there are %d and %d, want %d; %v", l.Entries, l.Bytes, l.Columns, n, bytes, want, err)
	}
}

func TestALookupsFiguresAreThoseOfItsRowsHoweverManyWrite(t *testing.T) {
	onBoth(t, 1, func(w *world) { figuresHold(w.T, w) })
}

func figuresHold(t *testing.T, w *world) {
	t.Helper()
	l := w.lookup(0, 10)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if _, err := w.flows.PutEntries(t.Context(), me, l.ID, numbered(i*5, i*5+20)); err != nil {
				t.Error(err)
			}
			if _, err := w.flows.DropEntries(t.Context(), me, l.ID, lookup.Keys{Exact: []string{fmt.Sprint(100 + i), "nothing"}}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.counted(l.ID, 55)
	all, err := lookup.ParseKeys("*")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.flows.DropEntries(t.Context(), me, l.ID, all); err != nil || n != 55 {
		t.Errorf("%d were dropped, %v", n, err)
	}
	w.counted(l.ID, 0)
}

func TestNoRowOfARequestThatIsRefusedIsStored(t *testing.T) {
	w := newWorld(t, 1)
	l := w.lookup(0, 10)
	_, err := w.flows.PutEntries(t.Context(), me, l.ID, append(numbered(5, 15), []byte(`{"text":"no key"}`)))
	if weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("%v", err)
	}
	w.counted(l.ID, 10)
}

func TestALookupNeverGrowsBeyondItsLimits(t *testing.T) {
	w := newWorld(t, 1)
	l := w.lookup(0, lookup.MaxAtOnce)
	for n := lookup.MaxAtOnce; n < lookup.MaxEntries; n += lookup.MaxAtOnce {
		if _, err := w.flows.PutEntries(t.Context(), me, l.ID, numbered(n, n+lookup.MaxAtOnce)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.flows.PutEntries(t.Context(), me, l.ID, numbered(lookup.MaxEntries-1, lookup.MaxEntries+1))
	if weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), "entries: the lookup would have 50001 rows") {
		t.Errorf("one more than it may have: %v", err)
	}
	if _, err := w.flows.PutEntries(t.Context(), me, l.ID, numbered(lookup.MaxEntries-2, lookup.MaxEntries)); err != nil {
		t.Errorf("what replaces others is refused: %v", err)
	}
	w.counted(l.ID, lookup.MaxEntries)
	rows, total, err := w.flows.EntryPage(t.Context(), 1, l.ID, 500, 100)
	if err != nil || total != lookup.MaxEntries || len(rows) != 100 {
		t.Errorf("%d of %d, %v", len(rows), total, err)
	}
}

func TestAnotherKeyColumnNeedsAKeyInEveryRow(t *testing.T) {
	w := newWorld(t, 1)
	l := w.lookup(0, 10)
	text, nowhere := "text", "nowhere"
	if _, err := w.flows.UpdateLookup(t.Context(), me, l.ID, flow.LookupEdit{PrimaryKey: &nowhere}); weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("%v", err)
	}
	w.counted(l.ID, 10)
	if _, err := w.flows.UpdateLookup(t.Context(), me, l.ID, flow.LookupEdit{PrimaryKey: &text}); err != nil {
		t.Fatal(err)
	}
	w.counted(l.ID, 10)
	rows, err := w.flows.Entries(t.Context(), 1, l.ID, lookup.Keys{Exact: []string{"row 7"}})
	if err != nil || len(rows) != 1 || string(rows[0]) != `{"n":7,"text":"row 7"}` {
		t.Errorf("%s, %v", rows, err)
	}
}

// manual is a source that reads event types by a lookup.
func (w *world) manual(table int64) (*flow.Source, error) {
	return w.flows.CreateSource(w.Context(), me, flow.SourceInput{Common: flow.Common{Name: "By rows"}, Credential: w.key, SourceSpec: flow.SourceSpec{
		Manual: &rest.Config{PrimaryKey: []string{"id"}, Steps: []rest.Step{{Key: "s", Iteration: rest.IterateStatic, Method: "GET", URL: "/v2/event-types?x={n}",
			Headers: map[string]string{"cal-api-version": "2024-06-14"}, DataPath: "$.data[*]"}}},
		Lookups: map[string]int64{"s": table},
	}})
}

func TestALookupOfAnotherOrganizationIsNotThere(t *testing.T) {
	w := newWorld(t, 1)
	l, err := w.flows.CreateLookup(t.Context(), flow.Actor{Org: 2, User: 9}, flow.LookupInput{Common: flow.Common{Name: "Theirs"}, PrimaryKey: "n", Rows: numbered(0, 3)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.manual(l.ID)
	if weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("a source reads by it: %v", err)
	}
	for what, err := range map[string]error{
		"shown": func() error { _, err := w.flows.Lookup(t.Context(), 1, l.ID); return err }(),
		"read": func() error {
			_, err := w.flows.Entries(t.Context(), 1, l.ID, lookup.Keys{Exact: []string{"1"}})
			return err
		}(),
		"paged": func() error { _, _, err := w.flows.EntryPage(t.Context(), 1, l.ID, 1, 10); return err }(),
		"put":   func() error { _, err := w.flows.PutEntries(t.Context(), me, l.ID, numbered(5, 6)); return err }(),
		"drop": func() error {
			_, err := w.flows.DropEntries(t.Context(), me, l.ID, lookup.Keys{Exact: []string{"1"}})
			return err
		}(),
		"copy": func() error { _, err := w.flows.CopyLookup(t.Context(), me, l.ID, flow.Copying{}); return err }(),
		"edit": func() error { _, err := w.flows.UpdateLookup(t.Context(), me, l.ID, flow.LookupEdit{}); return err }(),
	} {
		if weir.CodeOf(err) != weir.CodeNotFound {
			t.Errorf("it can be %s: %v", what, err)
		}
	}
}

// Of a source that is made with a lookup and the lookup's deletion, one is
// refused: no source is left with a lookup that is gone.
func TestNoSourceIsLeftWithADeletedLookup(t *testing.T) {
	onBoth(t, 1, func(w *world) { noneIsLeft(w.T, w) })
}

func noneIsLeft(t *testing.T, w *world) {
	t.Helper()
	for range 10 {
		l := w.lookup(0, 2)
		var made, deleted error
		var group sync.WaitGroup
		group.Go(func() { _, made = w.manual(l.ID) })
		group.Go(func() { deleted = w.flows.Delete(t.Context(), me, store.KindLookup, l.ID) })
		group.Wait()
		if (made == nil) == (deleted == nil) {
			t.Errorf("made: %v; deleted: %v", made, deleted)
		}
	}
}

// A change of something else of a source leaves its lookup in use.
func TestASourceKeepsItsLookupWhenItsCredentialChanges(t *testing.T) {
	w := newWorld(t, 1)
	l := w.lookup(0, 2)
	src, err := w.manual(l.ID)
	if err != nil {
		t.Fatal(err)
	}
	other := w.credential("cal_com_api", "api_key", w.sim.Keys()[0].Key, "rate_limit", "1000")
	if _, err := w.flows.UpdateSource(t.Context(), me, src.ID, flow.SourceEdit{Credential: &other}); err != nil {
		t.Fatal(err)
	}
	err = w.flows.Delete(t.Context(), me, store.KindLookup, l.ID)
	var e *weir.Error
	if !errors.As(err, &e) || e.Reason != "in_use" || !strings.Contains(e.Message, fmt.Sprintf("source %d (By rows)", src.ID)) {
		t.Errorf("%v", err)
	}
	estimates, err := w.flows.Plan(t.Context(), me, src.ID)
	if err != nil || len(estimates) != 1 || estimates[0].Requests != 2 {
		t.Errorf("the plan is %+v, %v", estimates, err)
	}
}
