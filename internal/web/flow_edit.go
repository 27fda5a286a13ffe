package web

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerFlowEdit() {
	change := identity.Access(store.KindSource, identity.RoleAdmin)
	w.show("/flows/{id}/edit", change, (*visit).editFlow)
	w.do("/flows/{id}/edit", change, (*visit).renameFlow)
}

// flowEditView is the form that changes what a flow is called.
type flowEditView struct {
	*flow.Source
	Fields  []ui.Field
	Problem *ui.Problem
	Seen    string // the name and the description over which it is written
}

// Back is where the flow's page lies.
func (e *flowEditView) Back() string { return fmt.Sprintf("/flows/%d", e.ID) }

func (v *visit) flowEdit() (*flowEditView, error) {
	src, err := v.Flows.Source(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	seen, err := json.Marshal([]string{src.Name, src.Description})
	return &flowEditView{Source: src, Seen: string(seen), Fields: []ui.Field{
		{Name: "name", Title: "Name", Required: true, Long: 255, Value: src.Name, Focus: true},
		{Name: "description", Title: "Description", Kind: "textarea", Rows: 3, Long: 10_000, Value: src.Description},
	}}, err
}

func (v *visit) editFlow() error {
	e, err := v.flowEdit()
	if err != nil {
		return err
	}
	return v.flowEdited(http.StatusOK, e)
}

func (v *visit) flowEdited(status int, e *flowEditView) error {
	return v.write(status, "Rename "+e.Name, flowEditPage(e))
}

// renameFlow changes the name and the description, unless somebody else has done
// so since the form was shown.
func (v *visit) renameFlow() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	e, err := v.flowEdit()
	if err != nil {
		return err
	}
	if seen := form.Get("seen"); seen != "" && seen != e.Seen {
		err = changedBySomebody()
	} else {
		name, about := form.Get("name"), form.Get("description")
		_, err = v.Flows.UpdateSource(v.r.Context(), v.actor(), e.ID, flow.SourceEdit{Edit: flow.Edit{Name: &name, Description: &about}, Version: e.Version})
	}
	if err == nil {
		return v.to(e.Back(), ui.Good, "Saved.")
	}
	e.Fields = fill(e.Fields, form)
	if e.Problem, err = blame(stillThere(err), e.Fields); err != nil {
		return err
	}
	return v.flowEdited(http.StatusUnprocessableEntity, e)
}
