package web

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/weirhq/weir/internal/flow"
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
	w.registerDatasetAct()
}

// datasets is the list of all that somebody may see.
func (v *visit) datasets() error {
	f, err := v.searched(store.KindDataset)
	if err != nil {
		return err
	}
	t := ui.Table{ID: "datasets", Caption: "datasets", Path: "/datasets", Filter: "Name", Export: true,
		Columns: []ui.Column{{Name: "name", Title: "Dataset", Wide: true}, {Name: "kind", Title: "Table"}, {Name: "state", Title: "State"}, {Title: "Flow"}, {Name: "made", Title: "Made"}}, Empty: noDatasets()}
	return v.listed("Datasets", t, func(page, number int) (rows [][]ui.Cell, total int, err error) {
		f.Page, f.Number = page, number
		all, total, err := v.Flows.Datasets(v.r.Context(), f)
		names, unread := v.flowNames(all)
		if err := cmp.Or(err, unread); err != nil {
			return nil, 0, err
		}
		tables, err := v.Flows.TablesOf(v.r.Context(), all...)
		if err != nil {
			return nil, 0, err
		}
		for _, d := range all {
			table := tables[d.ID]
			flow := ui.Words(notShared)
			if name := names[d.Source]; name != "" {
				flow = ui.Shown(name, ui.Link(fmt.Sprintf("/flows/%d", d.Source), name))
			}
			rows = append(rows, []ui.Cell{ui.Shown(d.Name, ui.Link(datasetPath(d.ID), d.Name)), ui.Shown(table, ui.Copy(table)), ui.Words(stateWord(d.Status)),
				flow, ui.At(micros(d.Created))})
		}
		return rows, total, err
	}, datasetsPage)
}

// flowNames are the names of the flows of datasets, as far as one may know them.
func (v *visit) flowNames(all []*flow.Dataset) (map[int64]string, error) {
	seen, err := v.ids(store.KindSource, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, d := range all {
		if seen == nil || slices.Contains(seen, d.Source) {
			ids = append(ids, d.Source)
		}
	}
	slices.Sort(ids)
	return v.sourceNames(slices.Compact(ids)...)
}

func datasetPath(id int64) string { return fmt.Sprintf("/datasets/%d", id) }
