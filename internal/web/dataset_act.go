package web

import (
	"fmt"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerDatasetAct() {
	operate, change := identity.Access(store.KindDataset, identity.RoleOperator), identity.Access(store.KindDataset, identity.RoleAdmin)
	w.do("/datasets/{id}/activate", operate, (*visit).activateDataset)
	w.do("/datasets/{id}/pause", operate, (*visit).pauseDataset)
	w.do("/datasets/{id}/delete", change, (*visit).deleteDataset)
	w.do("/datasets/{id}/restore", maker, (*visit).restoreDataset)
	w.show("/datasets/{id}/edit", change, (*visit).editDataset)
	w.do("/datasets/{id}/edit", change, (*visit).renameDataset)
}

// goneDataset is the parameter of an address that names a dataset which was just
// deleted.
const goneDataset = "gone"

// thisDataset is the path of the dataset that a form is about.
func (v *visit) thisDataset() string { return datasetPath(v.number("id")) }

// ofItsOwn reads the dataset that the path names. One that its source yields goes
// with the source: it is not deleted alone.
func (v *visit) ofItsOwn() (*flow.Dataset, error) {
	d, err := v.Flows.Dataset(v.r.Context(), v.who.Org, v.number("id"))
	if err == nil && d.Parent == 0 {
		err = &weir.Error{Code: weir.CodeConflict, Where: "dataset", Message: "it is what its flow reads, and goes with the flow", Remedy: "Delete the flow, or pause the dataset"}
	}
	return d, err
}

func (v *visit) activateDataset() error {
	err := v.Runner.Activate(v.r.Context(), v.actor(), store.KindDataset, v.number("id"), false)
	return v.told(v.thisDataset(), "It is active, and its destinations get what they lack.", err)
}

func (v *visit) pauseDataset() error {
	err := v.Runner.Pause(v.r.Context(), v.actor(), store.KindDataset, v.number("id"), false)
	return v.told(v.thisDataset(), "It is paused. What is read meanwhile waits for its destinations in Weir.", err)
}

// deleteDataset puts it aside, unless something uses it. The way back is on the
// page of the dataset that it is made from.
func (v *visit) deleteDataset() error {
	ctx := v.r.Context()
	d, err := v.ofItsOwn()
	if err != nil {
		return v.told(v.thisDataset(), "", err)
	}
	active, err := v.Flows.DeleteDataset(ctx, v.actor(), d.ID)
	if err != nil {
		return v.told(v.thisDataset(), "", err)
	}
	const said = "Deleted. What was delivered stays where it is."
	role, err := v.People.RoleOn(ctx, v.who, store.KindDataset, d.Parent)
	if err != nil || role == identity.RoleNone {
		return v.to("/datasets", ui.Good, said)
	}
	after := fmt.Sprintf("%s?%s=%d", datasetPath(d.Parent), goneDataset, d.ID)
	if active {
		after += "&was=active"
	}
	return v.to(after, ui.Good, said)
}

// restoreDataset undoes a deletion, and makes active again what was.
func (v *visit) restoreDataset() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	ctx, id := v.r.Context(), v.number("id")
	r, err := v.mayRestore(store.KindDataset, id)
	if err != nil {
		return err
	}
	read, err := v.rights().Restore(ctx, v.who, *r)
	if err == nil {
		err = v.Flows.Restore(ctx, v.actor(), store.KindDataset, id, read...)
	}
	if err != nil {
		return v.told("/datasets", "", err)
	}
	if form.Get("was") == string(flow.StatusActive) {
		err := v.Runner.Activate(ctx, v.actor(), store.KindDataset, id, false)
		return v.told(v.thisDataset(), "It is back, and active.", err)
	}
	return v.to(v.thisDataset(), ui.Good, "It is back, paused.")
}

// datasetEditView is the form that changes what a dataset is called.
type datasetEditView struct {
	*flow.Dataset
	Fields  []ui.Field
	Problem *ui.Problem
}

func (v *visit) datasetEdit() (*datasetEditView, error) {
	d, err := v.Flows.Dataset(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	return &datasetEditView{Dataset: d, Fields: []ui.Field{
		{Name: "name", Title: "Name", Required: true, Long: 255, Value: d.Name, Focus: true, Help: "Its table keeps the name that it has."},
		{Name: "description", Title: "Description", Kind: "textarea", Rows: 3, Long: 10_000, Value: d.Description},
	}}, nil
}

func (v *visit) editDataset() error {
	e, err := v.datasetEdit()
	if err != nil {
		return err
	}
	return v.datasetEdited(http.StatusOK, e)
}

func (v *visit) datasetEdited(status int, e *datasetEditView) error {
	return v.write(status, "Rename "+e.Name, datasetEditPage(e))
}

// renameDataset changes the name and the description, unless somebody else has
// changed the dataset since the form was shown.
func (v *visit) renameDataset() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	e, err := v.datasetEdit()
	if err != nil {
		return err
	}
	if err = changedMeanwhile(form.Get("seen"), e.Updated); err == nil {
		name, about := form.Get("name"), form.Get("description")
		_, err = v.Flows.UpdateDataset(v.r.Context(), v.actor(), e.ID, flow.Edit{Name: &name, Description: &about})
	}
	if err == nil {
		return v.to(datasetPath(e.ID), ui.Good, "Saved.")
	}
	e.Fields = fill(e.Fields, form)
	if e.Problem, err = blame(err, e.Fields); err != nil {
		return err
	}
	return v.datasetEdited(http.StatusUnprocessableEntity, e)
}
