package flow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/simulator"
)

// types makes the account answer with these event types, each without its braces.
func (w *world) types(all ...string) {
	w.Helper()
	w.strike("/v2/event-types", simulator.FaultAction{WrongJSON: `{"status":"success","data":[{` + strings.Join(all, "},{") + `}]}`})
}

// root is the dataset that a source of one endpoint yields.
func (w *world) root(src *flow.Source) *flow.Dataset {
	w.Helper()
	d, err := w.flows.Dataset(w.Context(), me.Org, w.datasets(src)[0].ID)
	w.must(err)
	return d
}

// drift is what changed in a dataset, newest first, as "run: words", where run is
// the place of the run among all, from 1.
func (w *world) drift(src *flow.Source, d *flow.Dataset) (told []string) {
	w.Helper()
	all, total, err := w.flows.SchemaChanges(w.Context(), d, 1, 100)
	w.must(err)
	if total != len(all) {
		w.Errorf("%d changes of %d", len(all), total)
	}
	runs := w.runs(src)
	for _, c := range all {
		nth := slices.IndexFunc(runs, func(r flow.Run) bool { return r.ID == c.Run })
		told = append(told, fmt.Sprintf("%d: %s", len(runs)-nth, c.String()))
		if c.At == 0 || nth < 0 {
			w.Errorf("%+v is of no run", c)
		}
	}
	return told
}

func TestDriftIsToldOnceWithTheRunThatFoundIt(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src := w.source("event-types")
		d := w.root(src)
		expect := func(when string, want ...string) {
			w.Helper()
			if got := w.drift(src, d); !slices.Equal(got, want) {
				w.Errorf("%s: told %q, want %q", when, got, want)
			}
		}
		w.types(`"id":1,"title":"a","slug":"a"`)
		w.run(flow.Order{Source: src.ID})
		expect("after the first reading")
		const colour, wider = "2: table event_types: new column colour", "4: table event_types: the column colour was int and is now text"
		w.types(`"id":1,"title":"a","slug":"a","colour":7`)
		w.run(flow.Order{Source: src.ID})
		expect("after a new field", colour)
		w.run(flow.Order{Source: src.ID})
		expect("after a run that found nothing new", colour)
		w.types(`"id":1,"title":"a","slug":"a","colour":"red"`, `"id":2,"title":"b","slug":"b","parts":[{"n":1}]`)
		w.run(flow.Order{Source: src.ID})
		all := []string{"4: table event_type_parts: new column n", "4: new table event_type_parts", wider, colour}
		expect("after a wider type and a list", all...)
	})
}

func TestWhatIsMadeWithRulesTellsNoDriftOfWhatTheyMayHide(t *testing.T) {
	w := newWorld(t, 5)
	src := w.source("event-types")
	root := w.root(src)
	made := func(name string, in flow.DatasetInput) *flow.Dataset {
		t.Helper()
		in.Name, in.Parent = name, root.ID
		d, err := w.flows.CreateDataset(t.Context(), me, in)
		w.must(err)
		return d
	}
	plain := made("As it is", flow.DatasetInput{})
	ruled := made("Hidden", flow.DatasetInput{Rules: rules("drop", `{"field":"colour"}`)})
	w.types(`"id":1,"title":"a","slug":"a"`)
	w.run(flow.Order{Source: src.ID})
	w.types(`"id":1,"title":"a","slug":"a","colour":"red"`)
	w.run(flow.Order{Source: src.ID})
	if got := w.drift(src, plain); len(got) != 1 {
		t.Errorf("the same records tell %q", got)
	}
	if got := w.drift(src, ruled); len(got) != 0 {
		t.Errorf("what rules make tells %q", got)
	}
}
