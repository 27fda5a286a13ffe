package web

import (
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// runsShown is how many runs the page of a flow shows.
const runsShown = 30

// flowHere is the flow that the path names, as it is now.
func (v *visit) flowHere() (*flowView, error) {
	ctx := v.r.Context()
	id := v.number("id")
	root, _, err := v.Flows.Tree(ctx, v.who.Org, store.KindSource, id)
	if err != nil {
		return nil, err
	}
	roles, err := v.People.RolesOn(ctx, v.who, root.Parts()...)
	if err != nil {
		return nil, err
	}
	root.Walk(func(n *flow.Node) {
		if roles[n.ID] == identity.RoleNone {
			n.Name, n.Description = "", ""
		}
	})
	role := roles[root.ID]
	f := &flowView{Root: root, Operates: role.AtLeast(identity.RoleOperator), Changes: role.AtLeast(identity.RoleAdmin), Now: v.Now()}
	if f.Destinations, err = v.flowDestinations(root); err != nil {
		return nil, err
	}
	if f.Source, err = v.Flows.Source(ctx, v.who.Org, id); err != nil {
		return nil, err
	}
	if err := v.addTimes(f); err != nil {
		return nil, err
	}
	if f.Runs, err = v.runsOf(f.Source); err != nil {
		return nil, err
	}
	if len(f.Runs) > 0 && f.Runs[0].Open() {
		f.Running, f.Progress = true, progressViews(f.Runs[0].Result.Streams)
		to := map[int64]*destinationView{}
		for _, d := range f.Destinations {
			to[d.ID] = d
		}
		f.Waiting = waitViews(f.Runs[0].Waits, to)
	}
	return f, nil
}

// runsOf are a flow's newest runs as the visitor may see them.
func (v *visit) runsOf(src *flow.Source) ([]flow.Run, error) {
	ctx := v.r.Context()
	runs, err := v.Flows.Runs(ctx, src, runsShown)
	if err != nil {
		return nil, err
	}
	each := make([]*flow.Run, len(runs))
	for i := range runs {
		each[i] = &runs[i]
	}
	return runs, v.rights().Runs(ctx, v.who, each...)
}

// addTimes says when a flow is read, and whom to ask about that.
func (v *visit) addTimes(f *flowView) error {
	ctx := v.r.Context()
	names, err := v.followed(f.Source.Times())
	if err != nil {
		return err
	}
	f.When = f.Source.Times().Words(names[f.Source.After])
	row, err := v.Store.Schedule(ctx, f.Source.ID)
	if err != nil && weir.CodeOf(err) != weir.CodeNotFound {
		return err
	}
	if f.Active() {
		f.Next = micros(row.Due)
	}
	if f.Changes {
		return nil
	}
	owner, err := v.Store.Member(ctx, v.who.Org, f.Source.Owner)
	if weir.CodeOf(err) == weir.CodeNotFound {
		return nil // they have left
	}
	f.Owner = owner.User.FullName
	return err
}

func progressViews(all []flow.StreamResult) []progressView {
	views := make([]progressView, len(all))
	for i, p := range all {
		views[i] = progressView{Name: p.Name, Records: int64(p.Read)}
	}
	slices.SortFunc(views, func(a, b progressView) int { return strings.Compare(a.Name, b.Name) })
	return views
}

// flow is one flow: its tree, its runs, what can be done with it.
func (v *visit) flow() error {
	f, err := v.flowHere()
	if err != nil {
		return err
	}
	return v.shown(f.Root.Name, flowPage(f, f.Operates, f.Changes))
}

// flowLive sends the moving part of the page whenever it has changed.
func (v *visit) flowLive() error {
	stamp := func() (string, error) { return v.Store.RunStamp(v.r.Context(), v.number("id")) }
	return v.watched(stamp, func() (templ.Component, error) {
		f, err := v.flowHere()
		if err != nil {
			return nil, err
		}
		return flowLivePart(f), nil
	})
}
