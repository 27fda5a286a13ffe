package web

import (
	"fmt"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerDatasets() {
	see, operate := identity.Access(store.KindDataset, identity.RoleCollaborator), identity.Access(store.KindDataset, identity.RoleOperator)
	w.show("/datasets", signedIn, (*visit).datasets)
	w.show("/datasets/{id}", see, (*visit).dataset)
	w.do("/datasets/{id}/docs", operate, (*visit).documentDataset)
}

// datasets is the list of all that somebody may see.
func (v *visit) datasets() error {
	ctx := v.r.Context()
	f, err := v.visible(store.KindDataset)
	if err != nil {
		return err
	}
	f.Number = rowsOnAPage
	all, total, err := v.Flows.Datasets(ctx, f)
	if err != nil {
		return err
	}
	t := ui.Table{ID: "datasets", Caption: "datasets", Path: "/datasets", Query: v.query(), Total: total, Page: f.Page, PerPage: f.Number, Filter: "Name", Export: true,
		Columns: []ui.Column{{Title: "Dataset", Wide: true}, {Title: "Table"}, {Title: "State"}, {Title: "Flow"}, {Title: "Made"}}, Empty: noDatasets()}
	for _, d := range all {
		flow := fmt.Sprintf("/flows/%d", d.Source)
		t.Rows = append(t.Rows, []ui.Cell{
			ui.Shown(d.Name, ui.Link(datasetPath(d.ID), d.Name)), ui.Shown(d.Type, ui.Copy(d.Type)), ui.Words(d.Status), ui.Shown(flow, ui.Link(flow, "the flow")),
			ui.Shown(micros(d.Created).UTC().Format("2006-01-02 15:04:05"), ui.Time(micros(d.Created)))})
	}
	return v.list("Datasets", t, datasetsPage(t))
}

func datasetPath(id int64) string { return fmt.Sprintf("/datasets/%d", id) }
