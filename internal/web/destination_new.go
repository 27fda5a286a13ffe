package web

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

const newDestinationTitle = "Add a destination"

func (w *Web) registerDestinationNew() {
	operate := identity.Access(store.KindDataset, identity.RoleOperator)
	w.show("/datasets/{id}/destinations/new", operate, (*visit).newDestination)
	w.do("/datasets/{id}/destinations/new", operate, (*visit).makeDestination)
}

// newDestinationForm is the empty form of a dataset.
func (v *visit) newDestinationForm(dataset int64) (*destinationForm, error) {
	if err := v.People.Authorize(v.r.Context(), v.who, maker, 0); err != nil {
		return nil, err
	}
	path := datasetPath(dataset) + "/destinations/new"
	f := &destinationForm{Path: path, Back: datasetPath(dataset), Add: "/credentials/new?kind=sqlite&next=" + url.QueryEscape(path)}
	var err error
	f.Fields, f.Targets, err = v.destinationFields(nil)
	return f, err
}

func (v *visit) newDestination() error {
	d, err := v.Flows.Dataset(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	f, err := v.newDestinationForm(d.ID)
	if err != nil {
		return err
	}
	return v.shown(newDestinationTitle, destinationNewPage(d, f))
}

// makeDestination stores a destination after a look at whether there is room
// for the dataset, and fills it.
func (v *visit) makeDestination() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	d, err := v.Flows.Dataset(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	f, err := v.newDestinationForm(d.ID)
	if err != nil {
		return err
	}
	to, err := v.addDestination(d, form)
	if err != nil {
		f.Fields = fill(append(f.Fields, blind(err)...), form)
		if f.Problem, err = blame(v.named(err), f.Fields); err != nil {
			return err
		}
		return v.again(newDestinationTitle, destinationNewPage(d, f))
	}
	if !form.Has(fieldFill) {
		return v.to(destinationPath(to.ID), ui.Good, "It is made. Activate it to fill it.")
	}
	err = v.Runner.Activate(v.r.Context(), v.actor(), store.KindDestination, to.ID, false)
	return v.told(destinationPath(to.ID), "It is made, and gets what Weir has.", err)
}

// roomFor looks whether the destination of a flow that is not made yet has room
// for all that the flow would read.
func (v *visit) roomFor(in flow.SourceInput, d *flowDraft) error {
	if d.Destination == 0 {
		return nil
	}
	if err := v.mayUseTarget(d.Destination); err != nil {
		return err
	}
	fit, err := v.Flows.FitSource(v.r.Context(), v.actor(), in, d.Destination, weir.ModeUpsert)
	if err != nil {
		return err
	}
	return v.obstacles(fit, d.Form)
}

func (v *visit) addDestination(d *flow.Dataset, form url.Values) (*flow.Destination, error) {
	ctx, target := v.r.Context(), numberIn(form, fieldTarget)
	mode, err := typedMode(form)
	if err != nil {
		return nil, err
	}
	if err := v.mayUseTarget(target); err != nil {
		return nil, err
	}
	name := strings.TrimSpace(form.Get("name"))
	if name == "" {
		c, err := v.Credentials.Credential(ctx, v.who.Org, target)
		if err != nil {
			return nil, err
		}
		name = fmt.Sprintf("%s → %s", d.Name, c.Name)
	}
	fit, err := v.Flows.Fit(ctx, v.actor(), d.ID, target, mode, 0)
	if err == nil {
		err = v.obstacles(fit, form)
	}
	if err != nil {
		return nil, err
	}
	return v.Flows.CreateDestination(ctx, v.actor(), flow.DestinationInput{Common: flow.Common{Name: name, Description: form.Get("description")},
		DestinationSpec: flow.DestinationSpec{}.Keep(mode), Credential: target, Dataset: d.ID})
}
