package web

import (
	"fmt"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerDestinationAct() {
	operate, change := identity.Access(store.KindDestination, identity.RoleOperator), identity.Access(store.KindDestination, identity.RoleAdmin)
	w.do("/destinations/{id}/activate", operate, (*visit).activateDestination)
	w.do("/destinations/{id}/pause", operate, (*visit).pauseDestination)
	w.do("/destinations/{id}/fill", operate, (*visit).fillDestination)
	w.do("/destinations/{id}/delete", change, (*visit).deleteDestination)
	w.do("/destinations/{id}/restore", maker, (*visit).restoreDestination)
}

// thisDestination is the path of the destination that a form is about.
func (v *visit) thisDestination() string { return destinationPath(v.number("id")) }

func (v *visit) activateDestination() error {
	err := v.Runner.Activate(v.r.Context(), v.actor(), store.KindDestination, v.number("id"), false)
	return v.told(v.thisDestination(), "It is active, and gets what it lacks.", err)
}

func (v *visit) pauseDestination() error {
	err := v.Runner.Pause(v.r.Context(), v.actor(), store.KindDestination, v.number("id"), false)
	return v.told(v.thisDestination(), "It is paused. What is read meanwhile waits for it in Weir.", err)
}

// fillDestination brings it what it lacks now, also what somebody took out of it.
func (v *visit) fillDestination() error {
	_, started, err := v.Runner.Fill(v.r.Context(), v.actor(), v.number("id"))
	if err == nil && !started {
		return v.to(v.thisDestination(), ui.Note, "There is nothing to bring: nothing was read yet.")
	}
	return v.told(v.thisDestination(), "It is asked what it lacks, and gets it. That costs no request.", err)
}

// deleteDestination pauses it and puts it aside. What it holds stays there.
func (v *visit) deleteDestination() error {
	ctx, id := v.r.Context(), v.number("id")
	to, err := v.Flows.Destination(ctx, v.who.Org, id)
	if err != nil {
		return err
	}
	active := flow.Status(to.Status) == flow.StatusActive
	if active {
		if err := v.Runner.Pause(ctx, v.actor(), store.KindDestination, id, false); err != nil {
			return v.told(v.thisDestination(), "", err)
		}
	}
	if err := v.Flows.Delete(ctx, v.actor(), store.KindDestination, id); err != nil {
		return v.told(v.thisDestination(), "", err)
	}
	role, err := v.People.RoleOn(ctx, v.who, store.KindDataset, to.Dataset)
	if err != nil || role == identity.RoleNone {
		return v.to("/flows", ui.Good, "Deleted. What was delivered stays where it is.")
	}
	after := fmt.Sprintf("%s?deleted=%d", datasetPath(to.Dataset), id)
	if active {
		after += "&was=active"
	}
	return v.to(after, ui.Good, "Deleted. What was delivered stays where it is.")
}

// mayRestore is a deleted part of a flow that the visitor may bring back, as they
// could have deleted it: rights outlive what they are on.
func (v *visit) mayRestore(kind store.Kind, id int64) (*store.Resource, error) {
	r, err := v.Store.DeletedResource(v.r.Context(), v.who.Org, kind, id)
	if err != nil {
		return nil, err
	}
	roles, err := v.People.RolesOn(v.r.Context(), v.who, r)
	if err == nil && !roles[id].AtLeast(identity.RoleAdmin) {
		err = nothingThere()
	}
	return &r, err
}

// restoreDestination undoes a deletion, and makes active again what was.
func (v *visit) restoreDestination() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	ctx, id := v.r.Context(), v.number("id")
	if _, err := v.mayRestore(store.KindDestination, id); err != nil {
		return err
	}
	if err := v.Flows.Restore(ctx, v.actor(), store.KindDestination, id); err != nil {
		return v.told("/flows", "", err)
	}
	if form.Get("was") == string(flow.StatusActive) {
		err := v.Runner.Activate(ctx, v.actor(), store.KindDestination, id, false)
		return v.told(v.thisDestination(), "It is back, and active.", err)
	}
	return v.to(v.thisDestination(), ui.Good, "It is back, paused.")
}
