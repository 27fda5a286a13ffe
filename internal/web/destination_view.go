package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// destinationView is a destination as lists and drawings show it. Of one that
// the visitor may not see, the Name is "" and nothing is told of its place.
type destinationView struct {
	store.Resource
	flow.Standing
	Dataset string // that goes there
	Now     time.Time
}

func destinationPath(id int64) string { return fmt.Sprintf("/destinations/%d", id) }

// Path is where its page lies; "" when there is none for the visitor.
func (d *destinationView) Path() string {
	if d.Name == "" {
		return ""
	}
	return destinationPath(d.ID)
}

// Badge is how it stands, in a word.
func (d *destinationView) Badge() (ui.Tone, string) {
	switch {
	case d.State == flow.StateFailing:
		return ui.Bad, "failing"
	case d.Late(d.Now):
		return ui.Warn, "behind"
	case d.State == flow.StateBehind:
		return ui.Note, "filling"
	case d.State == flow.StateCurrent && d.Head > 0:
		return ui.Good, "up to date"
	case d.State == flow.StateCurrent:
		return ui.Plain, "waiting"
	}
	return ui.Plain, string(d.State)
}

// Says is how it stands, in a sentence.
func (d *destinationView) Says() string {
	lacks := "It lacks " + ui.Plural(d.Behind(), "change")
	switch {
	case d.State == flow.StateFailing:
		return "It has taken nothing since " + ui.Moment(micros(d.Failing)) + "; " + ui.Plural(d.Behind(), "change") + " wait for it. " + d.nextTry()
	case d.State == flow.StateBehind && d.Lacks != 0:
		return lacks + ", of which the oldest was read " + ui.Since(micros(d.Lacks), d.Now) + "."
	case d.State == flow.StateNew:
		return "It was never activated."
	case d.State == flow.StateWaiting && d.Behind() > 0:
		return lacks + ". " + d.WaitsFor + "."
	case d.State == flow.StateWaiting:
		return d.WaitsFor + "."
	case d.Behind() > 0:
		return lacks + "."
	case d.State == flow.StatePaused:
		return "Nothing goes there until somebody activates it."
	case d.Head == 0:
		return "Nothing was read yet that would go there."
	}
	return "It has all there is."
}

// nextTry is when one that fails is tried again.
func (d *destinationView) nextTry() string {
	if d.RetryAt == 0 {
		return "It is tried again within the hour, when its source is read, and when somebody says so."
	}
	return nextTry(d.RetryAt, d.Now)
}

// Failed is what it failed of last, with what to do next; "" when it does not
// fail, or the visitor may not see its place.
func (d *destinationView) Failed() string {
	if d.State != flow.StateFailing || d.Name == "" {
		return ""
	}
	return strings.TrimSuffix(d.Problem, ".")
}

// Hint is what the drawing says of it when one points at it.
func (d *destinationView) Hint() string {
	if why := d.Failed(); why != "" {
		return d.Says() + " " + why + "."
	}
	return d.Says()
}

// destinationViews shows destinations, with what the visitor may see of each.
// Datasets are the names of those that go there.
func (v *visit) destinationViews(ctx context.Context, all []store.Resource, datasets map[int64]string) ([]*destinationView, error) {
	standings, err := v.Flows.Standings(ctx, all...)
	if err != nil {
		return nil, err
	}
	roles, err := v.People.RolesOn(ctx, v.who, all...)
	if err != nil {
		return nil, err
	}
	views := make([]*destinationView, len(all))
	for i, r := range all {
		if roles[r.ID] == identity.RoleNone {
			r.Name, r.Description = "", ""
		}
		views[i] = &destinationView{Resource: r, Standing: standings[r.ID], Dataset: datasets[r.ID], Now: v.Now()}
	}
	return views, nil
}

// flowDestinations are those of a whole flow, in the order of its drawing.
func (v *visit) flowDestinations(root *flow.Node) ([]*destinationView, error) {
	datasets := map[int64]string{}
	root.Walk(func(n *flow.Node) {
		if n.Kind == store.KindDestination && n.Parent != nil {
			datasets[n.ID] = n.Parent.Name
		}
	})
	return v.destinationViews(v.r.Context(), root.Parts(store.KindDestination), datasets)
}

// modeWords say what is kept of a record that changes.
func modeWords(m weir.Mode) string {
	if m == weir.ModeHistory {
		return "every version of each record"
	}
	return "the newest version of each record"
}
