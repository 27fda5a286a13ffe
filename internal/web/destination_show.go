package web

import (
	"fmt"

	"github.com/a-h/templ"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerDestinations() {
	see := identity.Access(store.KindDestination, identity.RoleCollaborator)
	w.show("/destinations/{id}", see, (*visit).destination)
	w.stream("/destinations/{id}/live", see, (*visit).destinationLive)
	w.stream("/datasets/{id}/destinations/live", identity.Access(store.KindDataset, identity.RoleCollaborator), (*visit).datasetDestinationsLive)
}

// takenShown is how many runs the page of a destination shows.
const takenShown = 20

// destinationPageView is a destination as its own page shows it.
type destinationPageView struct {
	destinationView
	To                *flow.Destination
	DatasetName       string // "" when the visitor may not see it
	CredentialName    string // "" when the visitor may not see it
	Kind              string // of the place
	Taken             []store.PartRun
	Operates, Changes bool
}

// destinationHere is the destination that the path names, as it is now.
func (v *visit) destinationHere() (*destinationPageView, error) {
	ctx, id := v.r.Context(), v.number("id")
	to, err := v.Flows.Destination(ctx, v.who.Org, id)
	if err != nil {
		return nil, err
	}
	views, err := v.destinationViews(ctx, []store.Resource{to.Resource}, nil)
	if err != nil {
		return nil, err
	}
	role, err := v.People.RoleOn(ctx, v.who, store.KindDestination, id)
	if err != nil {
		return nil, err
	}
	d := &destinationPageView{destinationView: *views[0], To: to, Operates: role.AtLeast(identity.RoleOperator), Changes: role.AtLeast(identity.RoleAdmin)}
	if err := v.nameUsed(d); err != nil {
		return nil, err
	}
	d.Taken, _, err = v.Store.PartRuns(ctx, store.PartFilter{Org: v.who.Org, Part: id, Kind: store.KindDestination, Page: 1, Size: takenShown})
	return d, err
}

// nameUsed names what the destination uses, as far as the visitor may see it.
func (v *visit) nameUsed(d *destinationPageView) error {
	ctx := v.r.Context()
	dataset, err := v.Flows.Dataset(ctx, v.who.Org, d.To.Dataset)
	if err != nil {
		return err
	}
	c, err := v.Credentials.Credential(ctx, v.who.Org, d.To.Credential)
	if err != nil {
		return err
	}
	d.Kind = c.Kind.Title
	roles, err := v.People.RolesOn(ctx, v.who, dataset.Resource, c.Resource)
	if roles[dataset.ID] != identity.RoleNone {
		d.DatasetName = dataset.Name
	}
	if roles[c.ID] != identity.RoleNone {
		d.CredentialName = c.Name
	}
	return err
}

// destination is one destination: how it stands, what it took, what can be
// done with it.
func (v *visit) destination() error {
	d, err := v.destinationHere()
	if err != nil {
		return err
	}
	return v.shown(d.Name, destinationPage(d))
}

// destinationLive sends the moving part of the page whenever it has changed.
func (v *visit) destinationLive() error {
	return v.watched(v.stampAt(store.KindDestination), func() (templ.Component, error) {
		d, err := v.destinationHere()
		if err != nil {
			return nil, err
		}
		return destinationLivePart(d), nil
	})
}

// datasetDestinationsLive sends how the destinations of a dataset stand
// whenever that has changed.
func (v *visit) datasetDestinationsLive() error {
	return v.watched(v.stampAt(store.KindDataset), func() (templ.Component, error) {
		all, err := v.destinationsOf(v.number("id"))
		if err != nil {
			return nil, err
		}
		return destinationsPart(all), nil
	})
}

// stampAt is the stamp of the flow that the part is of which the path names.
func (v *visit) stampAt(kind store.Kind) func() (string, error) {
	var source int64
	return func() (stamp string, err error) {
		ctx := v.r.Context()
		if source == 0 { // a part stays where it is
			if source, err = v.Flows.SourceOf(ctx, v.who.Org, kind, v.number("id")); err != nil {
				return "", err
			}
		}
		return v.Store.RunStamp(ctx, source)
	}
}

// destinationsOf are those of one dataset.
func (v *visit) destinationsOf(dataset int64) ([]*destinationView, error) {
	all, err := v.Flows.DestinationsOf(v.r.Context(), v.who.Org, dataset)
	if err != nil {
		return nil, err
	}
	return v.destinationViews(v.r.Context(), all, nil)
}

// Facts are what is known of it.
func (d *destinationPageView) Facts() []ui.Fact {
	return []ui.Fact{
		{Title: "Last took records", Value: ui.Ago(micros(d.Took), d.Now)},
		{Title: "Changes it lacks", Value: ui.Count(d.Behind())},
		{Title: "What goes there", Value: linked(datasetPath(d.To.Dataset), d.DatasetName)},
		{Title: "Where to", Value: linked(fmt.Sprintf("/credentials/%d", d.To.Credential), d.CredentialName)},
		{Title: "Kind", Value: ui.Text(d.Kind)},
		{Title: "What is kept", Value: ui.Text(modeWords(d.To.Mode))},
	}
}

// linked leads to something; what the visitor may not see has no name.
func linked(path, name string) templ.Component {
	if name == "" {
		return ui.Text(notShared)
	}
	return ui.Link(path, name)
}

// deletedHere is something of a kind that the visitor has just deleted, and may
// bring back; nil for nothing. The address has its id in the parameter.
func (v *visit) deletedHere(kind store.Kind, parameter string) (*store.Resource, error) {
	id := numberIn(v.query(), parameter)
	if id == 0 {
		return nil, nil
	}
	r, err := v.mayRestore(kind, id)
	if code := weir.CodeOf(err); code == weir.CodeNotFound || code == weir.CodeForbidden {
		return nil, nil
	}
	return r, err
}
