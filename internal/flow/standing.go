package flow

import (
	"context"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// State is in one word how a destination stands.
type State string

// The states.
const (
	StateNew     State = "new"     // made, and never activated
	StateWaiting State = "waiting" // nothing goes there: it waits for its source, or its dataset
	StatePaused  State = "paused"  // somebody said so
	StateFailing State = "failing" // it takes nothing
	StateBehind  State = "behind"  // it lacks some changes, which are on their way
	StateCurrent State = "current" // it has all there is
)

// Standing is how a destination stands.
type Standing struct {
	store.Standing
	State    State
	WaitsFor string // of one that waits: for what, and what somebody can do; a sentence without its full stop
}

// lateAfter is how long a change may be on its way: longer than that, and
// somebody should look.
const lateAfter = 15 * time.Minute

// Late reports whether what it lacks should have come long ago.
func (s Standing) Late(now time.Time) bool {
	return s.State == StateBehind && s.Lacks != 0 && now.Sub(time.UnixMicro(s.Lacks)) > lateAfter
}

// Standings says how destinations stand, by their ids. Other resources among
// them are passed over.
func (s *Service) Standings(ctx context.Context, all ...store.Resource) (map[int64]Standing, error) {
	var ids []int64
	for _, r := range all {
		if r.Kind == store.KindDestination {
			ids = append(ids, r.ID)
		}
	}
	found, err := s.Store.Standings(ctx, ids...)
	if err != nil {
		return nil, err
	}
	held, err := s.held(ctx, all)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]Standing, len(ids))
	for _, r := range all {
		if r.Kind != store.KindDestination {
			continue
		}
		is := standing(r, found[r.ID])
		switch {
		case held[r.ID] && (is.State == StateCurrent || is.State == StateBehind):
			is.State, is.WaitsFor = StateWaiting, "Its dataset is paused; activate it"
		case is.State == StateCurrent && !is.Awaited:
			if err := s.waiting(ctx, r, &is); err != nil {
				return nil, err
			}
		}
		out[r.ID] = is
	}
	return out, nil
}

// held are the destinations among all to which nothing goes because their dataset
// is paused.
func (s *Service) held(ctx context.Context, all []store.Resource) (map[int64]bool, error) {
	active := map[int64][]store.Resource{} // by their organization
	for _, r := range all {
		if r.Kind == store.KindDestination && Status(r.Status) == StatusActive {
			active[r.Org] = append(active[r.Org], r)
		}
	}
	out := map[int64]bool{}
	for org, some := range active {
		refs, err := s.references(ctx, some)
		if err != nil {
			return nil, err
		}
		ids := []int64{}
		for _, r := range some {
			ids = append(ids, refs[r.ID][roleDataset])
		}
		datasets, _, err := s.Store.Resources(ctx, store.ResourceFilter{Org: org, Kind: store.KindDataset, IDs: ids})
		if err != nil {
			return nil, err
		}
		paused := map[int64]bool{}
		for _, d := range datasets {
			paused[d.ID] = Status(d.Status) == StatusPaused
		}
		for _, r := range some {
			out[r.ID] = paused[refs[r.ID][roleDataset]]
		}
	}
	return out, nil
}

// waiting says what a destination waits for that nothing ever went to.
func (s *Service) waiting(ctx context.Context, r store.Resource, is *Standing) error {
	is.State, is.WaitsFor = StateWaiting, "It is filled as soon as its source is read"
	to, err := s.loadDestination(ctx, r)
	if err != nil {
		return err
	}
	d, err := s.Dataset(ctx, to.Org, to.Dataset)
	if err != nil {
		return gone(err)
	}
	o, err := s.openDataset(ctx, d)
	switch {
	case weir.CodeOf(err) == weir.CodeConflict:
		is.WaitsFor = "Its source does not read its dataset any more; choose the endpoint in the source again"
		return nil
	case err != nil:
		return err
	}
	if is.Head = o.log.Head; is.Head == 0 {
		return nil
	}
	if Status(o.source.Status) == StatusActive {
		is.State = StateBehind
		return nil
	}
	is.WaitsFor = "Its source is not active, so nothing goes there by itself; activate or run the source, or deliver what was read already now"
	return nil
}

// Troubled are the destinations of an organization that fail or are late: of
// these, nil for all, and at most so many.
func (s *Service) Troubled(ctx context.Context, org int64, among []int64, most int) ([]store.Resource, error) {
	ids, err := s.Store.Troubled(ctx, org, among, s.Now().Add(-lateAfter).UnixMicro(), most)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	all, _, err := s.Store.Resources(ctx, store.ResourceFilter{Org: org, Kind: store.KindDestination, IDs: ids})
	return all, err
}

func standing(r store.Resource, is store.Standing) Standing {
	out := Standing{Standing: is, State: StateCurrent}
	switch {
	case Status(r.Status) == StatusInit:
		out.State = StateNew
	case Status(r.Status) != StatusActive:
		out.State = StatePaused
	case is.Failing != 0:
		out.State = StateFailing
	case is.Behind() > 0:
		out.State = StateBehind
	}
	return out
}

// failing writes down why the destination could not be filled, and that it is
// tried again after the pause; 0 when nobody knows when. One that is paused has
// not failed.
func (f *filler) failing(ctx context.Context, tx *store.Tx, l store.Load, failed error, pause time.Duration) error {
	if f.to == nil || f.paused {
		return nil
	}
	again := int64(0)
	if pause > 0 {
		again = l.At + pause.Microseconds()
	}
	// Whoever reads it sees which destination it is.
	return tx.Failed(ctx, l, weir.CodeOf(failed), strings.TrimPrefix(failed.Error(), l.Place+": "), again)
}

// UpdateDestination changes a destination, and fills it at once when it leads
// to another place, or something else goes there.
func (r *Runner) UpdateDestination(ctx context.Context, who Actor, id int64, edit DestinationEdit) (*Destination, error) {
	before, err := r.flows.Destination(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	to, err := r.flows.UpdateDestination(ctx, who, id, edit)
	if err != nil || Status(to.Status) != StatusActive || !to.elsewhere(before) {
		return to, err
	}
	if err := r.fillActive(ctx, who, to); err != nil {
		r.flows.Logger.Warn("a destination that was changed could not be filled at once", "destination", id, "org", who.Org, "error", err)
	}
	return to, nil
}

// fillActive fills a destination whose flow is active.
func (r *Runner) fillActive(ctx context.Context, who Actor, to *Destination) error {
	source, err := r.flows.sourceOf(ctx, who.Org, store.KindDestination, to.ID)
	if err != nil {
		return err
	}
	src, err := r.flows.Source(ctx, who.Org, source)
	if err != nil || Status(src.Status) != StatusActive {
		return err
	}
	_, _, err = r.Start(ctx, who, Order{Source: source, Why: weir.WhyActivated, LogOnly: true, Destination: to.ID})
	return err
}

// Fill brings a destination what it lacks, as it says itself: also what it had
// and was taken out of it. Of one that is not active there is nothing to fill.
func (r *Runner) Fill(ctx context.Context, who Actor, destination int64) (run *Run, started bool, err error) {
	to, err := r.flows.Destination(ctx, who.Org, destination)
	if err != nil {
		return nil, false, err
	}
	if Status(to.Status) != StatusActive {
		return nil, false, &weir.Error{Code: weir.CodeConflict, Where: "destination", Message: "it is not active", Remedy: "Activate it; then it is filled"}
	}
	source, err := r.flows.sourceOf(ctx, who.Org, store.KindDestination, to.ID)
	if err != nil {
		return nil, false, err
	}
	return r.Start(ctx, who, Order{Source: source, LogOnly: true, Destination: to.ID})
}
