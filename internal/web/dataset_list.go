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
	w.registerTransforms()
}

// datasets is the list of all that somebody may see.
func (v *visit) datasets() error {
	f, err := v.searched(store.KindDataset)
	if err != nil {
		return err
	}
	t := ui.Table{ID: "datasets", Caption: "datasets", Path: "/datasets", Filter: "Name", Export: true,
		Columns: []ui.Column{{Title: "Dataset", Wide: true}, {Title: "Table"}, {Title: "State"}, {Title: "Flow"}, {Title: "Made"}}, Empty: noDatasets()}
	return v.listed("Datasets", t, func(page, number int) (rows [][]ui.Cell, total int, err error) {
		f.Page, f.Number = page, number
		all, total, err := v.Flows.Datasets(v.r.Context(), f)
		for _, d := range all {
			flow := fmt.Sprintf("/flows/%d", d.Source)
			rows = append(rows, []ui.Cell{ui.Shown(d.Name, ui.Link(datasetPath(d.ID), d.Name)), ui.Shown(d.Type, ui.Copy(d.Type)), ui.Words(d.Status),
				ui.Shown(flow, ui.Link(flow, "the flow")), ui.At(micros(d.Created))})
		}
		return rows, total, err
	}, datasetsPage)
}

func datasetPath(id int64) string { return fmt.Sprintf("/datasets/%d", id) }
