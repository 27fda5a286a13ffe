package web

import (
	"github.com/a-h/templ"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerFlows() {
	w.show("/flows", signedIn, (*visit).flows)
	see := identity.Access(store.KindSource, identity.RoleCollaborator)
	w.show("/flows/{id}", see, (*visit).flow)
	w.stream("/flows/{id}/live", see, (*visit).flowLive)
	w.show("/flows/{id}/yaml", see, (*visit).exportFlow)
}

// flows is the list of all that somebody may see.
func (v *visit) flows() error {
	f, err := v.searched(store.KindSource)
	if err != nil {
		return err
	}
	f.Status = v.query().Get("status")
	t := ui.Table{ID: "flows", Caption: "flows", Path: "/flows", Filter: "Name", Export: true,
		Columns: []ui.Column{{Name: "name", Title: "Flow", Wide: true}, {Name: "state", Title: "State"}, {Title: "Health"}, {Title: "Reads"}, {Title: "Datasets", Numeric: true}, {Title: "Destinations", Numeric: true}, {Name: "changed", Title: "Changed"}},
		Filters: []ui.Field{{Name: "status", Title: "State", Options: []ui.Option{{Value: "", Title: "all"}, {Value: string(flow.StatusActive), Title: "active"}, {Value: string(flow.StatusPaused), Title: "paused"}, {Value: string(flow.StatusInit), Title: "new"}}}},
		Empty:   noFlows(),
	}
	return v.listed("Flows", t, func(page, number int) ([][]ui.Cell, int, error) {
		f.Page, f.Number = page, number
		roots, total, err := v.Flows.Flows(v.r.Context(), f)
		if err != nil {
			return nil, 0, err
		}
		rows, err := v.flowRows(roots)
		return rows, total, err
	}, func(t ui.Table) templ.Component { return flowsPage(t, v.undo()) })
}

func (v *visit) flowRows(roots []*flow.Node) (rows [][]ui.Cell, err error) {
	ctx := v.r.Context()
	health, err := v.healths(roots)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(roots))
	for i, root := range roots {
		ids[i] = root.ID
	}
	sources, err := v.sources(ids)
	if err != nil {
		return nil, err
	}
	names, err := v.followed(timesAll(sources)...)
	if err != nil {
		return nil, err
	}
	running, err := v.Store.OpenRuns(ctx, v.who.Org, ids...)
	if err != nil {
		return nil, err
	}
	for _, root := range roots {
		src := sources[root.ID]
		if src == nil { // it was deleted meanwhile
			continue
		}
		view := &flowView{Root: root, Now: v.Now(), Running: running[root.ID]}
		tone, state := view.State()
		rows = append(rows, []ui.Cell{
			ui.Shown(root.Name, ui.Link(view.Path(), root.Name)), ui.Shown(state, ui.Badge(tone, state)), healthCell(health[root.ID]), whenCell(src.Times(), names),
			ui.Figure(int64(len(root.Parts(store.KindDataset)))), ui.Figure(int64(len(root.Parts(store.KindDestination)))), ui.SinceAt(micros(root.Updated), v.Now()),
		})
	}
	return rows, nil
}

// timesAll are when sources are read.
func timesAll(sources map[int64]*flow.Source) (all []flow.Times) {
	for _, s := range sources {
		all = append(all, s.Times())
	}
	return all
}

// sources are the sources of flows by their ids, as far as they live.
func (v *visit) sources(ids []int64) (map[int64]*flow.Source, error) {
	byID := map[int64]*flow.Source{}
	found, _, err := v.Flows.Sources(v.r.Context(), store.ResourceFilter{Org: v.who.Org, IDs: ids})
	for _, s := range found {
		byID[s.ID] = s
	}
	return byID, err
}

// healths are how flows stand since their newest runs ended.
func (v *visit) healths(roots []*flow.Node) (map[int64]store.FlowHealth, error) {
	byID, ids := map[int64]store.FlowHealth{}, []int64{}
	for _, root := range roots {
		ids = append(ids, root.ID)
	}
	if len(ids) == 0 {
		return byID, nil
	}
	all, _, err := v.Store.FlowHealths(v.r.Context(), store.HealthFilter{Org: v.who.Org, Sources: ids, Page: 1, Size: len(ids)})
	for _, h := range all {
		byID[h.Source] = h
	}
	return byID, err
}

// healthCell is a health with the way to the run that it is of.
func healthCell(h store.FlowHealth) ui.Cell {
	words := healthWords(h.Health)
	if h.Run == "" {
		return ui.Shown(words, ui.Badge(healthTone(h.Health), words))
	}
	return ui.Shown(words, badgeLink(runPath(string(h.Run)), healthTone(h.Health), words))
}
