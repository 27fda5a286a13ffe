package web

import (
	"fmt"
	"net/url"

	"github.com/a-h/templ"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerQuarantine() {
	see, operate := identity.Access(store.KindDataset, identity.RoleCollaborator), identity.Access(store.KindDataset, identity.RoleOperator)
	w.show("/quarantine", signedIn, (*visit).quarantine)
	w.show("/datasets/{id}/quarantine", see, (*visit).datasetQuarantine)
	w.do("/datasets/{id}/quarantine/replay", operate, (*visit).replayRejects)
	w.do("/datasets/{id}/quarantine/drop", operate, (*visit).dropRejects)
	w.show("/datasets/{id}/quarantine/{reject}", see, (*visit).reject)
	w.do("/datasets/{id}/quarantine/{reject}/replay", operate, (*visit).replayReject)
	w.do("/datasets/{id}/quarantine/{reject}/drop", operate, (*visit).dropReject)
}

// rejectFilter chooses the open records in quarantine of the datasets on which
// somebody has at least the role.
func (v *visit) rejectFilter(need identity.Role) (f store.QuarantineFilter, err error) {
	f = store.QuarantineFilter{Org: v.who.Org, State: store.QuarantineOpen}
	datasets, err := v.ids(store.KindDataset, need)
	if err != nil || datasets == nil {
		return f, err
	}
	f.Datasets, err = v.Store.LogsOf(v.r.Context(), v.who.Org, datasets, nil)
	return f, err
}

// everyState is the choice of records in quarantine whatever became of them.
const everyState = "all"

// narrowed takes stage, reason, run and state out of a query.
func narrowed(f store.QuarantineFilter, q url.Values) store.QuarantineFilter {
	f.Stage, f.Reason, f.CountedBy = q.Get("stage"), q.Get("q"), q.Get("run")
	switch state := q.Get("state"); state {
	case "", store.QuarantineOpen:
		f.State = store.QuarantineOpen
	case store.QuarantineReplayed, store.QuarantineDropped:
		f.State = state
	case everyState:
		f.State = ""
	}
	return f
}

// quarantine is what could not be taken, over all datasets.
func (v *visit) quarantine() error {
	f, err := v.rejectFilter(identity.RoleCollaborator)
	if err != nil {
		return err
	}
	return v.listed("Quarantine", v.rejectTable("/quarantine", false), v.rejects(f, nil, false), quarantinePage)
}

// datasetQuarantine is what of one dataset could not be taken.
func (v *visit) datasetQuarantine() error {
	ctx := v.r.Context()
	d, err := v.Flows.Dataset(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	role, err := v.People.RoleOn(ctx, v.who, store.KindDataset, d.ID)
	if err != nil {
		return err
	}
	f, err := v.rejectsOf(d)
	if err != nil {
		return err
	}
	root, err := v.roleOnRoot(d)
	if err != nil {
		return err
	}
	var hidden *flow.Dataset
	if !root.AtLeast(identity.RoleCollaborator) {
		hidden = d
	}
	chooses := root.AtLeast(identity.RoleOperator) && role.AtLeast(identity.RoleOperator) && narrowed(f, v.query()).State == store.QuarantineOpen
	chooses = chooses && !v.exports()
	return v.listed("Quarantine of "+d.Name, v.rejectTable(datasetPath(d.ID)+"/quarantine", chooses), v.rejects(f, hidden, chooses), func(t ui.Table) templ.Component {
		return datasetQuarantinePage(d, t, chooses && len(t.Rows) > 0)
	})
}

// rejectsOf chooses the open records in quarantine of one dataset.
func (v *visit) rejectsOf(d *flow.Dataset) (f store.QuarantineFilter, err error) {
	f, err = v.Flows.RejectsOf(v.r.Context(), d)
	f.State = store.QuarantineOpen
	return f, err
}

// roleOnRoot is somebody's role on the source's dataset that d is made from, or is:
// what is set aside is that one's.
func (v *visit) roleOnRoot(d *flow.Dataset) (role identity.Role, err error) {
	root, err := v.Flows.Root(v.r.Context(), d)
	if err == nil {
		role, err = v.People.RoleOn(v.r.Context(), v.who, store.KindDataset, root.ID)
	}
	if weir.CodeOf(err) == weir.CodeNotFound {
		return identity.RoleNone, nil
	}
	return role, err
}

// rejectTable is a table of records in quarantine; with boxes to choose by when
// chooses says so. Those of one run are chosen on the run's page.
func (v *visit) rejectTable(path string, chooses bool) ui.Table {
	t := ui.Table{ID: "quarantine", Caption: "records in quarantine", Path: path, Filter: "Reason", Export: true, Empty: noRejects(),
		Columns: []ui.Column{{Title: "When"}, {Title: "Dataset"}, {Title: "Stage"}, {Title: "Reason", Wide: true}, {Title: "State"}},
		Filters: []ui.Field{
			{Name: "stage", Title: "Stage", Options: options("all", "decode", "schema", "transform", "load")},
			{Name: "state", Title: "State", Options: options("open", store.QuarantineReplayed, store.QuarantineDropped, everyState)}}}
	if run := v.query().Get("run"); run != "" {
		t.Filters = append(t.Filters, ui.Field{Name: "run", Title: "Counted by run", Options: options("all", run)})
	}
	if chooses {
		t.Columns = append([]ui.Column{{Title: "Choose"}}, t.Columns...)
	}
	return t
}

// rejects reads the rows of such a table. A file goes on below the last one that
// it has, and not by its place in the list: what somebody replays or drops
// meanwhile would move the rest up, past the next page. Hidden is the dataset by
// which somebody sees them who may not see whose they are; nil for others.
func (v *visit) rejects(f store.QuarantineFilter, hidden *flow.Dataset, chooses bool) rowsOf {
	f = narrowed(f, v.query())
	return func(page, number int) (rows [][]ui.Cell, total int, err error) {
		sent := 0
		if f.Page, f.Size = page, number; v.exports() {
			f.Page, sent = 1, (page-1)*number
		}
		if err := v.rights().Searching(v.r.Context(), v.who, &f); err != nil {
			return nil, 0, err
		}
		found, total, err := v.rejectsAs(hidden, f)
		if err == nil {
			err = v.rights().Unseen(v.r.Context(), v.who, found)
		}
		for i := range found {
			rows = append(rows, rejectRow(&found[i], chooses))
			if v.exports() {
				f.Before = found[i].ID
			}
		}
		return rows, sent + total, err
	}
}

func (v *visit) rejectsAs(hidden *flow.Dataset, f store.QuarantineFilter) ([]flow.Rejected, int, error) {
	if hidden != nil {
		return v.Flows.HiddenRejects(v.r.Context(), hidden, f)
	}
	return v.Flows.Rejects(v.r.Context(), f)
}

func rejectRow(r *flow.Rejected, chooses bool) []ui.Cell {
	row := []ui.Cell{ui.At(micros(r.At)), ui.Words("deleted"), ui.Words(r.Stage), ui.Words(r.Reason), ui.Shown(r.State, ui.Badge(rejectTone(r.State), r.State))}
	if id, name := r.Of(); id != 0 {
		row[1] = ui.Shown(name, ui.Link(datasetPath(id), name))
	}
	if r.Origin.Dataset != 0 && !r.Hidden {
		row[3] = ui.Shown(r.Reason, ui.Link(rejectPath(r), r.Reason))
	}
	if chooses {
		id := fmt.Sprint(r.ID)
		row = append([]ui.Cell{ui.Shown(id, chooseBox(id, r.Reason))}, row...)
	}
	return row
}

func rejectPath(r *flow.Rejected) string {
	return fmt.Sprintf("%s/quarantine/%d", datasetPath(r.Origin.Dataset), r.ID)
}

// rejectTone is how a record in quarantine is.
func rejectTone(state string) ui.Tone {
	switch state {
	case store.QuarantineOpen:
		return ui.Warn
	case store.QuarantineReplayed:
		return ui.Good
	}
	return ui.Plain
}

// options are choices that are called as they are, the first of which is
// meant where nothing is chosen.
func options(first string, more ...string) []ui.Option {
	all := []ui.Option{{Value: "", Title: first}}
	for _, o := range more {
		all = append(all, ui.Option{Value: o, Title: o})
	}
	return all
}
