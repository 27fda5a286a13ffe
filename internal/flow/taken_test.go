package flow_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// together does several things at the same instant, and gives what each said.
func together(n int, do func(i int) error) []error {
	var all sync.WaitGroup
	begin, errs := make(chan struct{}), make([]error, n)
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = do(i)
		})
	}
	close(begin)
	all.Wait()
	return errs
}

// oneOf expects that of several things one was done, and the others are Taken.
func (w *world) oneOf(errs []error) {
	w.Helper()
	done := 0
	for _, err := range errs {
		var taken *flow.Taken
		switch {
		case err == nil:
			done++
		case !errors.As(err, &taken):
			w.Error(err)
		}
	}
	if done != 1 {
		w.Errorf("of %d rivals %d were let", len(errs), done)
	}
}

func TestOfRivalsThatAreMadeAtOnceOneExists(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		dataset := w.datasets(w.source("bookings"))[0].ID
		for i := range 3 {
			name := fmt.Sprintf("at%d.db", i)
			there := []int64{w.credential("sqlite", "path", name), w.credential("sqlite", "path", name)} // two that lead to one place
			w.oneOf(together(4, func(i int) error {
				_, err := w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: "Tables"}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeUpsert}, Credential: there[i%2], Dataset: dataset})
				return err
			}))
		}
		if n := w.resources(store.KindDestination); n != 3 {
			t.Errorf("there are %d destinations", n)
		}
	})
}

func TestDestinationsOfDifferentTablesAreAllMadeAtOnce(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		all := w.datasets(w.source("bookings", "event-types", "schedules", "webhooks"))
		for i, err := range together(len(all), func(i int) error {
			_, err := w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: "Tables"}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeUpsert}, Credential: w.sqlite, Dataset: all[i].ID})
			return err
		}) {
			if err != nil {
				t.Errorf("%s: %v", all[i].Name, err)
			}
		}
	})
}

func TestADeletedDestinationComesBackUnlessAnotherOneHasItsTable(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		dataset := w.datasets(w.source("bookings"))[0].ID
		first := w.destination(dataset)
		copied, err := w.flows.CopyDestination(w.Context(), me, first.Resource, flow.Copying{})
		w.must(err)
		remove := func(id int64) { w.Helper(); w.must(w.flows.Delete(w.Context(), me, store.KindDestination, id)) }
		restore := func(id int64) error { return w.flows.Restore(w.Context(), me, store.KindDestination, id) }
		remove(first.ID)
		w.must(restore(first.ID)) // beside its copy, as it was
		remove(copied.ID)
		remove(first.ID)
		second := w.destination(dataset)
		var taken *flow.Taken
		if err := restore(first.ID); !errors.As(err, &taken) || taken.Clashes[0].Refused.ID != first.ID || taken.Clashes[0].Rival.ID != second.ID {
			t.Errorf("into the table of another one: %v", err)
		}
		remove(second.ID)
		w.oneOf(together(2, func(i int) error { return restore([]int64{first.ID, second.ID}[i]) }))
	})
}

func TestDerivedDatasetsOfOneNameHaveTablesOfTheirOwn(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		parent := w.datasets(w.source("bookings"))[0]
		gone := w.derive(parent.ID, "Short ones", rules("drop", `{"field":"title"}`))
		_, err := w.flows.DeleteDataset(w.Context(), me, gone.ID)
		w.must(err)
		made := make([]*flow.Dataset, 3)
		for i, err := range together(len(made), func(i int) (err error) {
			made[i], err = w.flows.CreateDataset(w.Context(), me, flow.DatasetInput{Common: flow.Common{Name: "Short ones"}, Parent: parent.ID, Rules: rules("drop", `{"field":"title"}`)})
			return err
		}) {
			if err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
		plain := w.derive(parent.ID, "Bookings", nil)
		late := rules("drop", `{"field":"title"}`)
		plain, err = w.runner.UpdateDataset(w.Context(), me, plain.ID, flow.DatasetEdit{Rules: &late})
		w.must(err)
		w.must(w.flows.Restore(w.Context(), me, store.KindDataset, gone.ID))
		var tables []string
		for _, d := range slices.Concat(made, []*flow.Dataset{gone, plain}) {
			table, err := w.flows.TableOf(w.Context(), d)
			w.must(err)
			tables = append(tables, table)
			w.destination(d.ID)
		}
		slices.Sort(tables)
		if want := []string{"bookings", "short_ones", "short_ones_2", "short_ones_3", "short_ones_4"}; !slices.Equal(tables, want) {
			t.Errorf("the tables are %v", tables)
		}
	})
}

// Before each had a table of its own, datasets of one name had one together.
func TestDatasetsThatShareATableGetOtherRulesAllTheSame(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		parent := w.datasets(w.source("bookings"))[0]
		one := w.derive(parent.ID, "Short ones", rules("drop", `{"field":"title"}`))
		two := w.derive(parent.ID, "Short ones", rules("drop", `{"field":"title"}`))
		w.must(w.flows.Store.Change(w.Context(), func(tx *store.Tx) error {
			row, err := tx.Resource(w.Context(), me.Org, store.KindDataset, two.ID)
			if err != nil {
				return err
			}
			row.Spec = []byte(strings.Replace(string(row.Spec), `"`+two.Table+`"`, `"`+one.Table+`"`, 1))
			return tx.UpdateResource(w.Context(), &row)
		}))
		more := rules("drop", `{"field":"status"}`)
		got, err := w.runner.UpdateDataset(w.Context(), me, two.ID, flow.DatasetEdit{Rules: &more})
		w.must(err)
		if got.Table != one.Table || two.Table == one.Table {
			t.Errorf("the table was %s, and is %s", one.Table, got.Table)
		}
	})
}
