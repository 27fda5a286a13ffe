package web

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

const projectsTitle = "Projects"

func (w *Web) registerProjects() {
	see, change := identity.Access(store.KindProject, identity.RoleCollaborator), identity.Access(store.KindProject, identity.RoleAdmin)
	w.show("/projects", signedIn, (*visit).projects)
	w.do("/projects", maker, (*visit).makeProject)
	w.show("/projects/{id}", see, (*visit).project)
	w.do("/projects/{id}", change, (*visit).renameProject)
	w.show("/projects/{id}/add", change, (*visit).chooseForProject)
	w.do("/projects/{id}/add", change, (*visit).addToProject)
	w.do("/projects/{id}/take", change, (*visit).takeFromProject)
	w.do("/projects/{id}/delete", change, (*visit).deleteProject)
}

func projectPath(id int64) string { return fmt.Sprintf("/projects/%d", id) }

// projectView is a project as its page shows it.
type projectView struct {
	store.Resource
	Flows   ui.Table // that the visitor may see
	Fields  []ui.Field
	Problem *ui.Problem
	Changes bool
}

func projectFields(r store.Resource) []ui.Field {
	return []ui.Field{{Name: "name", Title: "Name", Required: true, Long: 255, Value: r.Name}, {Name: "description", Title: "Description", Kind: "textarea", Rows: 2, Long: 10_000, Value: r.Description}}
}

// projects are the folders of flows.
func (v *visit) projects() error {
	return v.projectsShown(http.StatusOK, projectFields(store.Resource{}), nil)
}

func (v *visit) projectsShown(status int, fields []ui.Field, problem *ui.Problem) error {
	f, err := v.searched(store.KindProject)
	if err != nil {
		return err
	}
	t := ui.Table{ID: "projects", Caption: "projects", Path: "/projects", Filter: "Name", Export: true, Empty: noProjects(), Columns: []ui.Column{{Name: "name", Title: "Project"}, {Title: "Description", Wide: true}, {Name: "changed", Title: "Changed"}}}
	rows := func(page, number int) (rows [][]ui.Cell, total int, err error) {
		f.Page, f.Number = page, number
		all, total, err := v.Flows.Projects(v.r.Context(), f)
		for _, p := range all {
			rows = append(rows, []ui.Cell{ui.Shown(p.Name, ui.Link(projectPath(p.ID), p.Name)), ui.Words(p.Description), ui.SinceAt(micros(p.Updated), v.Now())})
		}
		return rows, total, err
	}
	if v.exports() && status == http.StatusOK {
		return v.exported(t, rows)
	}
	if err := v.turn(&t, rows); err != nil {
		return err
	}
	return v.write(status, projectsTitle, projectsPage(t, fields, problem, v.who.Role.AtLeast(identity.RoleOperator)))
}

func (v *visit) makeProject() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	p, err := v.Flows.CreateProject(v.r.Context(), v.actor(), flow.Common{Name: form.Get("name"), Description: form.Get("description")})
	if err != nil {
		fields := fill(projectFields(store.Resource{}), form)
		problem, err := blame(err, fields)
		if err != nil {
			return err
		}
		return v.projectsShown(http.StatusUnprocessableEntity, fields, problem)
	}
	return v.to(projectPath(p.ID), ui.Good, "The project is made. Put flows into it.")
}

// projectHere is the project that the path names, with the flows of it that
// the visitor may see.
func (v *visit) projectHere() (*projectView, error) {
	ctx := v.r.Context()
	p, err := v.Flows.Project(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	view := &projectView{Resource: p, Fields: projectFields(p)}
	role, err := v.People.RoleOn(ctx, v.who, store.KindProject, p.ID)
	if err != nil {
		return nil, err
	}
	view.Changes = role.AtLeast(identity.RoleAdmin)
	view.Flows, err = v.projectFlows(view)
	return view, err
}

// flowsIn are the ids of the flows that are in a project.
func (v *visit) flowsIn(project int64) ([]int64, error) {
	in, _, err := v.Flows.ProjectFlows(v.r.Context(), v.who.Org, project)
	ids := make([]int64, len(in))
	for i, f := range in {
		ids[i] = f.Source
	}
	return ids, err
}

// projectFlows are the flows of a project that the visitor may see.
func (v *visit) projectFlows(p *projectView) (t ui.Table, err error) {
	f, err := v.searched(store.KindSource)
	if err != nil {
		return t, err
	}
	if f.IDs, err = v.flowsIn(p.ID); err != nil {
		return t, err
	}
	t = ui.Table{ID: "flows", Caption: "flows of the project", Path: projectPath(p.ID), Filter: "Name", Columns: []ui.Column{{Title: "Flow", Wide: true}, {Title: "State"}}}
	if p.Changes {
		t.Columns = append(t.Columns, ui.Column{Title: "What can be done", Hidden: true, Numeric: true})
	}
	return t, v.turn(&t, func(page, number int) (rows [][]ui.Cell, total int, err error) {
		f.Page, f.Number = page, number
		all, total, err := v.Flows.Sources(v.r.Context(), f)
		for _, s := range all {
			row := flowCells(s.Resource)
			if p.Changes {
				row = append(row, ui.Shown("", takeOut(p, s.Resource)))
			}
			rows = append(rows, row)
		}
		return rows, total, err
	})
}

// flowCells are a flow with its state.
func flowCells(r store.Resource) []ui.Cell {
	return []ui.Cell{ui.Shown(r.Name, ui.Link(fmt.Sprintf("/flows/%d", r.ID), r.Name)), ui.Shown(r.Status, ui.Badge(partTone(r), r.Status))}
}

// chooseForProject lists the flows that the visitor may put into a project.
func (v *visit) chooseForProject() error {
	ctx := v.r.Context()
	p, err := v.Flows.Project(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	in, err := v.flowsIn(p.ID)
	if err != nil {
		return err
	}
	f, err := v.searched(store.KindSource)
	if err != nil {
		return err
	}
	if f.IDs, err = v.ids(store.KindSource, identity.RoleAdmin); err != nil {
		return err
	}
	t := ui.Table{ID: "flows", Caption: "flows", Path: projectPath(p.ID) + "/add", Filter: "Name", Empty: noFlows(),
		Columns: []ui.Column{{Title: "Flow", Wide: true}, {Title: "State"}, {Title: "What can be done", Hidden: true, Numeric: true}}}
	err = v.turn(&t, func(page, number int) (rows [][]ui.Cell, total int, err error) {
		f.Page, f.Number = page, number
		all, total, err := v.Flows.Sources(ctx, f)
		for _, s := range all {
			rows = append(rows, append(flowCells(s.Resource), ui.Shown("", putIn(p, s.Resource, slices.Contains(in, s.ID)))))
		}
		return rows, total, err
	})
	if err != nil {
		return err
	}
	return v.shown("Flows for "+p.Name, projectAddPage(p, t))
}

func (v *visit) project() error {
	p, err := v.projectHere()
	if err != nil {
		return err
	}
	return v.shown(p.Name, projectPage(p))
}

func (v *visit) renameProject() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	p, err := v.projectHere()
	if err != nil {
		return err
	}
	name, about := form.Get("name"), form.Get("description")
	err = changedMeanwhile(form.Get("seen"), p.Updated)
	if err == nil {
		err = v.Flows.UpdateProject(v.r.Context(), v.actor(), p.ID, flow.ProjectEdit{Edit: flow.Edit{Name: &name, Description: &about}})
	}
	if err == nil {
		return v.to(projectPath(p.ID), ui.Good, "Saved.")
	}
	p.Fields = fill(p.Fields, form)
	if p.Problem, err = blame(err, p.Fields); err != nil {
		return err
	}
	return v.again(p.Name, projectPage(p))
}

// flowOf is the flow that a form is about, on which the visitor has the role.
func (v *visit) flowOf(need identity.Role) (int64, error) {
	form, err := v.form()
	if err != nil {
		return 0, err
	}
	id := numberIn(form, "flow")
	return id, v.People.Authorize(v.r.Context(), v.who, identity.Access(store.KindSource, need), id)
}

func (v *visit) addToProject() error {
	id, err := v.flowOf(identity.RoleAdmin)
	if err != nil {
		return err
	}
	return v.told(projectPath(v.number("id"))+"/add", "Put into the project.", v.Flows.AddToProject(v.r.Context(), v.actor(), v.number("id"), id))
}

func (v *visit) takeFromProject() error {
	id, err := v.flowOf(identity.RoleCollaborator)
	if err != nil {
		return err
	}
	return v.told(projectPath(v.number("id")), "Taken out. The flow stays.", v.Flows.TakeFromProject(v.r.Context(), v.actor(), v.number("id"), id))
}

func (v *visit) deleteProject() error {
	if err := v.Flows.Delete(v.r.Context(), v.actor(), store.KindProject, v.number("id")); err != nil {
		return v.told(projectPath(v.number("id")), "", err)
	}
	return v.to("/projects", ui.Good, "Deleted. Its flows stay.")
}
