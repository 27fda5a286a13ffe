package web

import (
	"fmt"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// samplesShown is how many records the page of a dataset shows.
const samplesShown = 20

// datasetView is a dataset as its page shows it.
type datasetView struct {
	*flow.Dataset
	Columns      []columnView
	Looked       int // how many of the newest records the columns were counted over
	Drift        []flow.SchemaChange
	DriftTotal   int
	Samples      ui.Table
	Newest       []flow.Sample
	RefusedTotal int
	Destinations []*destinationView
	Deleted      *store.Resource // a destination that can be brought back; nil for none
	Gone         *store.Resource // a dataset that was made from it, and can be brought back; nil for none
	WasActive    bool            // it was, when it was deleted
	Makes        bool            // the visitor may add destinations
	Documented   string
	Present      string // documentation that somebody else has written meanwhile
	Problem      *ui.Problem
	Operates     bool
	Changes      bool
	Rules        string   // that make its records, as YAML; "" for none
	Rerules      bool     // the visitor may try other ones
	Ruled        bool     // by these, or by those of a dataset that it is made from
	key          []string // what tells records apart
}

// Badge is whether it is active, in a word.
func (d *datasetView) Badge() (ui.Tone, string) {
	if flow.Status(d.Status) == flow.StatusActive {
		return ui.Good, d.Status
	}
	return ui.Plain, stateWord(d.Status)
}

// driftShown is how many changes of its schema the page of a dataset shows, the
// newest.
const driftShown = 50

// columnView is one column of the schema. Missing says in how many rows it has
// no value, and Counted the same in numbers.
type columnView struct{ Name, Type, Missing, Counted, Example string }

// dataset is what a source yields: its shape, its newest records, what was refused.
func (v *visit) dataset() error {
	if v.exports() {
		return v.exportDataset()
	}
	view, err := v.datasetHere()
	if err != nil {
		return err
	}
	return v.shown(view.Name, datasetPage(view, v.Now()))
}

// documentAgain shows the dataset with what was typed.
func (v *visit) documentAgain(typed string, err error) error {
	view, unread := v.datasetHere()
	if unread != nil {
		return unread
	}
	if view.Problem, err = blame(err, nil); err != nil {
		return err
	}
	view.Present, view.Documented = view.Documented, typed
	return v.again(view.Name, datasetPage(view, v.Now()))
}

// datasetHere is the dataset that the path names.
func (v *visit) datasetHere() (*datasetView, error) {
	ctx := v.r.Context()
	d, err := v.Flows.Dataset(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	view := &datasetView{Dataset: d, key: v.keyOf(d.Endpoint)}
	seen, err := v.Flows.Seen(ctx, d, samplesShown)
	if err != nil {
		return nil, err
	}
	view.Newest, view.Looked, view.Columns, view.Ruled = seen.Newest, seen.Looked, columnViews(seen.Columns), seen.Ruled
	if view.Drift, view.DriftTotal, err = v.Flows.SchemaChanges(ctx, d, 1, driftShown); err != nil {
		return nil, err
	}
	if _, view.RefusedTotal, err = v.Flows.Quarantine(ctx, d, 1); err != nil {
		return nil, err
	}
	if view.Destinations, err = v.destinationsOf(d.ID); err != nil {
		return nil, err
	}
	if view.Deleted, err = v.deletedHere(store.KindDestination, "deleted"); err != nil {
		return nil, err
	}
	if view.Gone, err = v.deletedHere(store.KindDataset, goneDataset); err != nil {
		return nil, err
	}
	view.WasActive = v.query().Get("was") == string(flow.StatusActive)
	view.Samples = view.sampleTable()
	if len(d.Docs) > 0 {
		view.Documented = d.Docs[0].Text
	}
	role, err := v.People.RoleOn(ctx, v.who, store.KindDataset, d.ID)
	if err != nil {
		return nil, err
	}
	view.Operates, view.Changes = role.AtLeast(identity.RoleOperator), role.AtLeast(identity.RoleAdmin)
	view.Makes = view.Operates && v.who.Role.AtLeast(identity.RoleOperator)
	view.Rerules = view.Changes && d.Parent != 0 && v.rights().TryRules(ctx, v.who, d) == nil
	view.Rules, err = v.rulesText(d)
	return view, err
}

// keyOf is what tells an endpoint's records apart, as its connector says.
func (w *Web) keyOf(endpoint string) []string {
	for _, c := range w.Connectors {
		for _, e := range c.Endpoints {
			if e.ID == endpoint {
				return e.PrimaryKey
			}
		}
	}
	return nil
}

// columnViews are the columns as people read them.
func columnViews(all []flow.Column) []columnView {
	out := make([]columnView, len(all))
	for i, c := range all {
		out[i] = columnView{Name: c.Path, Type: c.Kind, Missing: missingWords(c.Null+c.Empty+c.Absent, c.Of), Counted: fmt.Sprintf("null in %d of %d, empty in %d, not there in %d", c.Null, c.Of, c.Empty, c.Absent)}
		if c.Example != nil {
			out[i].Example = short(c.Example)
		}
	}
	return out
}

// missingWords is a share in words that claim neither never nor always of what
// is nearly so; "" where nothing was counted.
func missingWords(n, of int) string {
	switch percent := 100 * float64(n) / float64(max(of, 1)); {
	case of == 0:
		return ""
	case n > 0 && percent < 1:
		return "under 1 %"
	case n < of && percent > 99:
		return "over 99 %"
	default:
		return fmt.Sprintf("%.0f %%", percent)
	}
}

// driftColumn is where in a destination a change is seen.
func driftColumn(c flow.SchemaChange) string {
	if c.Column == "" {
		return c.Table
	}
	return c.Table + "." + c.Column
}

// driftTypes is a column's type before and after a change.
func driftTypes(c flow.SchemaChange) string {
	before, after := c.Kinds()
	if before == "" {
		return after
	}
	return before + " → " + after
}

// sampleTable shows the newest records.
func (d *datasetView) sampleTable() ui.Table {
	records := make([][]byte, len(d.Newest))
	for i, s := range d.Newest {
		records[i] = s.Data
	}
	return recordTable(records, d.key)
}

// documentDataset replaces the documentation.
func (v *visit) documentDataset() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	id := v.number("id")
	now, err := v.Flows.Dataset(v.r.Context(), v.who.Org, id)
	if err != nil {
		return err
	}
	if err := changedMeanwhile(form.Get("seen"), now.Updated); err != nil {
		return v.documentAgain(form.Get("text"), err)
	}
	docs := []flow.Doc{{Name: "Documentation", Type: "md", Text: form.Get("text")}}
	_, err = v.Flows.SetDocs(v.r.Context(), v.actor(), id, docs)
	return v.told(datasetPath(id), "Saved.", err)
}
