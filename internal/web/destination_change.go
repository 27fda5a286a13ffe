package web

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerDestinationChange() {
	change := identity.Access(store.KindDestination, identity.RoleAdmin)
	w.show("/destinations/{id}/edit", change, (*visit).editDestination)
	w.do("/destinations/{id}/edit", change, (*visit).changeDestination)
}

// destinationEditForm is the form with what there is now.
func (v *visit) destinationEditForm(to *flow.Destination) (*destinationForm, error) {
	path := destinationPath(to.ID)
	f := &destinationForm{Path: path + "/edit", Back: path, Add: "/credentials/new?kind=sqlite&next=" + url.QueryEscape(path+"/edit"), Seen: to.Version}
	var err error
	f.Fields, f.Targets, err = v.destinationFields(to)
	return f, err
}

func (v *visit) editDestination() error {
	to, err := v.Flows.Destination(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	f, err := v.destinationEditForm(to)
	if err != nil {
		return err
	}
	return v.shown("Change "+to.Name, destinationEditPage(to, f))
}

// changeDestination changes everything of a destination but what goes there.
func (v *visit) changeDestination() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	to, err := v.Flows.Destination(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	err = v.applyDestination(to, form)
	if err == nil {
		return v.to(destinationPath(to.ID), ui.Good, "Saved.")
	}
	f, unread := v.destinationEditForm(to)
	if unread != nil {
		return unread
	}
	f.Fields = fill(append(f.Fields, blind(err)...), form)
	if f.Problem, err = blame(v.named(err), f.Fields); err != nil {
		return err
	}
	return v.again("Change "+to.Name, destinationEditPage(to, f))
}

func (v *visit) applyDestination(to *flow.Destination, form url.Values) error {
	mode, err := typedMode(form)
	if err != nil {
		return err
	}
	if seen := form.Get("seen"); seen != fmt.Sprint(to.Version) {
		return stillThere(&weir.Error{Code: weir.CodeConflict, Where: "form", Message: "somebody else has changed it meanwhile"})
	}
	name, text, target := form.Get("name"), form.Get("description"), numberIn(form, fieldTarget)
	edit := flow.DestinationEdit{Edit: flow.Edit{Name: &name, Description: &text}, Version: to.Version}
	if target != to.Credential {
		if err := v.mayUseTarget(target); err != nil {
			return err
		}
		edit.Credential = &target
	}
	if mode != to.Mode {
		spec := to.Keep(mode)
		edit.Spec = &spec
	}
	if edit.Credential != nil || edit.Spec != nil {
		fit, err := v.Flows.Fit(v.r.Context(), v.actor(), to.Dataset, target, mode, to.ID)
		if err == nil {
			err = v.obstacles(fit, form)
		}
		if err != nil {
			return err
		}
	}
	_, err = v.Runner.UpdateDestination(v.r.Context(), v.actor(), to.ID, edit)
	return stillThereIfChanged(err)
}

// stillThereIfChanged tells who came second between reading and writing what to
// do, and leaves every other conflict as it is.
func stillThereIfChanged(err error) error {
	var e *weir.Error
	if !errors.As(err, &e) || e.Reason != store.ReasonChanged {
		return err
	}
	return stillThere(err)
}
