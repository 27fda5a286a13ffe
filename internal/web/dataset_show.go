package web

import (
	"fmt"
	"slices"
	"strings"

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
	key          []string // what tells records apart
}

// columnView is one column of the schema.
type columnView struct{ Name, Type, Example string }

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
	shape, _, err := v.Flows.Schema(ctx, d)
	if err != nil {
		return nil, err
	}
	if view.Newest, err = v.Flows.Samples(ctx, d, samplesShown); err != nil {
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
	view.Columns = columnsOf(shape, "", view.examples())
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
	if view.Rules, err = v.rulesText(d); err != nil {
		return nil, err
	}
	return view, nil
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

// columnsOf lists a JSON Schema's properties, nested ones with their path.
func columnsOf(schema map[string]any, within string, examples map[string]string) (all []columnView) {
	properties, _ := schema["properties"].(map[string]any)
	names := make([]string, 0, len(properties))
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		what, _ := properties[name].(map[string]any)
		path := within + name
		all = append(all, columnView{Name: path, Type: typeWords(what), Example: examples[path]})
		all = append(all, columnsOf(what, path+".", examples)...)
		if items, ok := what["items"].(map[string]any); ok {
			all = append(all, columnsOf(items, path+"[].", examples)...)
		}
	}
	return all
}

// typeWords says a JSON Schema type in words.
func typeWords(what map[string]any) string {
	words := []string{}
	switch t := what["type"].(type) {
	case string:
		words = append(words, t)
	case []string:
		words = append(words, t...)
	case []any:
		for _, one := range t {
			words = append(words, fmt.Sprint(one))
		}
	}
	if format, ok := what["format"].(string); ok {
		words = append(words, format)
	}
	if len(words) == 0 {
		return "any"
	}
	return strings.Join(words, ", ")
}

// examples are values of the newest records, by field.
func (d *datasetView) examples() map[string]string {
	all := map[string]string{}
	for _, s := range d.Newest {
		for _, f := range members(s.Data) {
			if all[f.name] == "" {
				all[f.name] = short(f.value)
			}
		}
	}
	return all
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
