package web

import (
	"fmt"
	"slices"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerRuns() {
	w.show("/runs", signedIn, (*visit).runs)
	w.show("/runs/{run}", signedIn, (*visit).run)
	w.stream("/runs/{run}/live", signedIn, (*visit).runLive)
	w.do("/runs/{run}/cancel", signedIn, (*visit).cancelRun)
}

func runPath(id string) string { return "/runs/" + id }

// runs is the list of runs of all flows that somebody may see.
func (v *visit) runs() error {
	q := v.query()
	f := store.RunFilter{Org: v.who.Org, Status: q.Get("status"), Sort: q.Get("sort")}
	var err error
	if f.Sources, err = v.ids(store.KindSource, identity.RoleCollaborator); err != nil {
		return err
	}
	t := ui.Table{ID: "runs", Caption: "runs", Path: "/runs", Export: true, Empty: noRuns(),
		Columns: []ui.Column{{Name: "started", Title: "Started"}, {Title: "Flow", Wide: true}, {Title: "Why"}, {Name: "status", Title: "Status"}, {Name: "fresh", Title: "New or changed", Numeric: true}, {Name: "unchanged", Title: "Unchanged", Numeric: true}, {Name: "written", Title: "Written", Numeric: true}, {Name: "filtered", Title: "Filtered", Numeric: true},
			{Name: "quarantined", Title: "Quarantined", Numeric: true}, {Name: "requests", Title: "Requests", Numeric: true}, {Name: "took", Title: "Took"}, {Title: "What went wrong", Under: true}},
		Filters: []ui.Field{{Name: "status", Title: "Status", Options: runOptions()}}}
	return v.listed("Runs", t, func(page, number int) ([][]ui.Cell, int, error) {
		f.Page, f.Size = page, number
		all, total, err := v.Flows.ListRuns(v.r.Context(), f)
		if err != nil {
			return nil, 0, err
		}
		rows, err := v.runRows(all)
		return rows, total, err
	}, runsPage)
}

func (v *visit) runRows(all []flow.Run) (rows [][]ui.Cell, err error) {
	ids := []int64{}
	for i := range all {
		if !slices.Contains(ids, all[i].Resource) {
			ids = append(ids, all[i].Resource)
		}
	}
	names, err := v.sourceNames(ids...)
	if err != nil {
		return nil, err
	}
	for i := range all {
		r := &all[i]
		at, name, wrong := micros(r.Started), names[r.Resource], ""
		of := ui.Shown(name, ui.Link(fmt.Sprintf("/flows/%d", r.Resource), name))
		if name == "" {
			of = ui.Words("deleted")
		}
		if r.Failure != nil {
			wrong = sentence(r.Failure.Message)
		}
		rows = append(rows, []ui.Cell{
			ui.Shown(ui.Stamp(at), runLink(runPath(string(r.ID)), at)), of, ui.Words(r.Order.Why.Words()), ui.Shown(r.Status, ui.Badge(runTone(r.Status), r.Status)),
			ui.Figure(int64(r.Totals.Fresh)), ui.Figure(int64(r.Totals.Unchanged)), ui.Figure(int64(r.Totals.Written)), ui.Figure(int64(r.Totals.Filtered)), ui.Figure(int64(r.Totals.Quarantined)), ui.Figure(int64(r.Totals.Requests)),
			ui.Words(took(*r)), ui.Words(wrong)})
	}
	return rows, nil
}

func runOptions() []ui.Option {
	all := []ui.Option{{Value: "", Title: "all"}}
	for _, s := range []string{store.RunQueued, store.RunRunning, "succeeded", "partial", "failed", "cancelled", store.RunInterrupted} {
		all = append(all, ui.Option{Value: s, Title: s})
	}
	return all
}
