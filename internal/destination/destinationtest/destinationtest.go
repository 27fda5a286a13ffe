// Package destinationtest is the suite that every destination passes. It
// knows a destination only by what the pipeline uses of it, and a function
// that reads its tables back. What a kind of destination cannot promise it
// lists as exceptions, with the reason.
//
//	destinationtest.go  what a destination gives the suite; Run
//	world.go            a dataset that changes, and what it should look like
//	batch.go            batches by hand
//	promise_*.go        the promises, one function each
package destinationtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	compare "github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

// Destination is what the pipeline uses of a destination.
type Destination interface {
	Position(ctx context.Context, log, dataset string) (weir.Position, error)
	Load(ctx context.Context, b weir.Batch) (weir.Loaded, error)
	Close() error
}

// Place is an empty place for tables that the suite opens, closes and opens
// again, sometimes several times at once.
type Place struct {
	// Open opens the place. The suite closes what it gets.
	Open func(t testing.TB) Destination
	// Look takes a look at the place without opening it; nil when there is
	// nothing to look at.
	Look func(t testing.TB) Glance
	// Rows reads a table's rows back as a user would find them after a run, in
	// any order; columns the table does not have are left out, and a table
	// that was never made is nil. Values are nil, bool, int64, float64,
	// string (for JSON any spelling of the same value) and time.Time by the
	// types of the columns given.
	Rows func(t testing.TB, table weir.Table) []map[string]any
	// History says that the destination can keep every version.
	History bool
	// Marks says that it marks the rows of versions where they are.
	Marks bool
	// Exceptions are the promises that this kind of place cannot keep, each
	// with the reason, which its documentation gives as well.
	Exceptions map[string]string
}

// promises are the tests of the suite, in the order in which they are told.
var promises = []struct {
	name string
	test func(*testing.T, Place)
}{
	{"ABatchIsThereTogetherWithItsPosition", loaded},
	{"EveryValueComesBackAsItWas", values},
	{"TheSameBatchAgainChangesNothing", twice},
	{"ABatchThatDoesNotContinueIsRefused", gaps},
	{"AnOlderEpochIsFenced", fenced},
	{"AnOlderEpochIsFencedWhateverRulesItHas", fencedEditions},
	{"ABatchOfNothingMovesThePosition", empty},
	{"ANewVersionReplacesTheRecordAndItsChildren", replaced},
	{"ADeletionMarksTheRecordAndItsChildren", deleted},
	{"ADeletedRecordCanComeBack", revived},
	{"ADeletionOfWhatIsNotThereIsNothing", deletedNothing},
	{"NewColumnsAndTablesAppear", widerLayout},
	{"WidenedColumnsKeepTheirValues", widened},
	{"ANarrowerLayoutThanTheTablesIsTaken", narrower},
	{"ANewLogStartsOverAndDoublesNothing", newLog},
	{"DataOfAnotherSourceIsRefused", otherSource},
	{"AnotherModeIsRefused", otherMode},
	{"ATableOfAnotherDatasetIsRefused", otherDataset},
	{"ALookSaysWhatLoadWouldSay", looked},
	{"OfTwoDatasetsThatWantATableOneGetsIt", wantedByTwo},
	{"ARefusedRecordLeavesTheRest", refused},
	{"WhatIsReopenedGoesOn", reopened},
	{"ACancelledLoadChangesNothing", cancelled},
	{"DatasetsLoadSideBySide", sideBySide},
	{"TwoWhoLoadTheSameBatchLoadItOnce", race},
	{"WhateverHappenedTheNewestVersionIsThere", newest},
	{"HistoryKeepsEveryVersionOnce", history},
	{"OtherRulesReplaceTheVersionsInHistory", otherRules},
}

// Run runs the suite; each promise gets a place of its own.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			place := place(t)
			place.checkExceptions(t)
			if why := place.Exceptions[p.name]; why != "" {
				t.Skip(why)
			}
			p.test(t, place)
		})
	}
}

// checkExceptions refuses exceptions from promises that nobody makes.
func (p Place) checkExceptions(t *testing.T) {
	known := map[string]bool{}
	for _, promise := range promises {
		known[promise.name] = true
	}
	for name, why := range p.Exceptions {
		if !known[name] || why == "" {
			t.Fatalf("the exception %q is of no promise, or has no reason", name)
		}
	}
}

// open opens a place until the test ends.
func (p Place) open(t testing.TB) Destination {
	t.Helper()
	d := p.Open(t)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return d
}

// load loads batches that must be taken.
func load(t testing.TB, d Destination, batches ...weir.Batch) weir.Loaded {
	t.Helper()
	var last weir.Loaded
	for _, b := range batches {
		var err error
		if last, err = d.Load(t.Context(), b); err != nil {
			t.Fatalf("batch %d to %d: %v", b.From, b.To, err)
		}
	}
	return last
}

// position checks where the destination stands.
func position(t testing.TB, d Destination, log string, want weir.Position) {
	t.Helper()
	got, err := d.Position(t.Context(), log, dataset)
	if err != nil || got != want {
		t.Errorf("the position is %d (%v), want %d", got, err, want)
	}
}

// refuses checks that a batch is refused with a code and changes nothing.
func (p Place) refuses(t testing.TB, d Destination, b weir.Batch, code weir.Code) {
	t.Helper()
	before, err := d.Position(t.Context(), b.Log, b.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	rows := p.rows(t, layout())
	loaded, err := d.Load(t.Context(), b)
	if weir.CodeOf(err) != code {
		t.Errorf("got %+v, %v, want an error of class %s", loaded, err, code)
	}
	position(t, d, b.Log, before)
	if diff := compare.Diff(rows, p.rows(t, layout())); diff != "" {
		t.Errorf("a refused batch changed the tables: %s", diff)
	}
}

// rows reads all tables of a layout, each sorted by its key.
func (p Place) rows(t testing.TB, l weir.Layout) map[string][]map[string]any {
	t.Helper()
	out := map[string][]map[string]any{}
	for _, table := range l.Tables {
		rows := p.read(t, table)
		sortRows(rows, table.Key)
		if len(rows) > 0 {
			out[table.Name] = rows
		}
	}
	return out
}

// read reads a table back, with JSON in one spelling.
func (p Place) read(t testing.TB, table weir.Table) []map[string]any {
	t.Helper()
	rows := p.Rows(t, table)
	for _, row := range rows {
		for _, c := range table.Columns {
			text, ok := row[c.Name].(string)
			if !ok || c.Type != weir.TypeJSON {
				continue
			}
			v := jsontext.Value(text)
			if err := v.Canonicalize(); err != nil {
				t.Errorf("table %s, column %s: %q is not JSON", table.Name, c.Name, text)
			}
			row[c.Name] = string(v)
		}
	}
	return rows
}

func sortRows(rows []map[string]any, key []string) {
	slices.SortFunc(rows, func(a, b map[string]any) int {
		for _, k := range key {
			if d := compareValues(a[k], b[k]); d != 0 {
				return d
			}
		}
		return 0
	})
}

func compareValues(a, b any) int {
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// shows checks that the tables hold these rows and no others.
func (p Place) shows(t testing.TB, l weir.Layout, want map[string][]map[string]any) {
	t.Helper()
	for _, table := range l.Tables {
		sortRows(want[table.Name], table.Key)
	}
	if diff := compare.Diff(want, p.rows(t, l)); diff != "" {
		t.Errorf("the tables are not what they should be (-want +got): %s", diff)
	}
}
