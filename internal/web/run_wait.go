package web

import (
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// waitView is why a run waits, as its page shows it.
type waitView struct {
	flow.Wait
	To *destinationView // that takes nothing; nil when it is the source that waits
}

// Title is who waits.
func (w waitView) Title() string {
	switch {
	case w.To != nil && w.To.Name != "":
		return w.To.Name + " takes nothing at the moment"
	case w.Destination != 0:
		return "A destination takes nothing at the moment"
	case w.Stream != "":
		return sentence(w.Stream) + " waits for an answer"
	}
	return "The run waits, and is tried again"
}

// Message is what went wrong.
func (w waitView) Message() string { return sentence(w.Failure.Message) }

// Tried is how often it was tried.
func (w waitView) Tried() string {
	tried := "Tried " + ui.Plural(int64(w.Tries), "time") + " so far"
	if w.Most > 0 {
		tried = "Tried " + ui.Number(int64(w.Tries)) + " of at most " + ui.Plural(int64(w.Most), "time")
	}
	return tried + "."
}

// Next is when it is tried again.
func (w waitView) Next(now time.Time) string {
	if w.At == 0 {
		return "It goes on by itself as soon as it can."
	}
	return nextTry(w.At, now)
}

// nextTry says when something is tried again that failed.
func nextTry(us int64, now time.Time) string {
	if at := micros(us); at.After(now) {
		return "The next try is at " + ui.Stamp(at) + " UTC."
	}
	return "It is being tried again now."
}

// Throttled reports whether it is the key that waits.
func (w waitView) Throttled() bool { return w.Failure.Code == weir.CodeThrottled }

// deliveryView is what a run brought to a destination.
type deliveryView struct {
	store.RunDelivery
	To *destinationView // nil for one that was deleted
}

// Path is where its page lies; "" when there is none for the visitor.
func (d deliveryView) Path() string {
	if d.To == nil {
		return ""
	}
	return d.To.Path()
}

// Title stands for the name of one that has no page.
func (d deliveryView) Title() string {
	if d.To == nil {
		return "deleted"
	}
	return notShared
}

// Wrong is what the destination did not take it for; "" for nothing, or when the
// visitor may not see it.
func (d deliveryView) Wrong() string {
	if d.Path() == "" {
		return ""
	}
	if why := d.To.Failed(); why != "" {
		return strings.TrimSuffix(d.To.Hint(), ".") + "."
	}
	return d.Problem
}

// addDeliveries says what the run brought to each destination, and how that
// stands now.
func (v *visit) addDeliveries(r *runView) error {
	ctx := v.r.Context()
	all, err := v.Store.RunDeliveries(ctx, r.ID)
	if err != nil {
		return err
	}
	ids := []int64{}
	for _, d := range all {
		ids = append(ids, d.Destination)
	}
	found := []store.Resource{}
	if len(ids) > 0 {
		if found, _, err = v.Store.Resources(ctx, store.ResourceFilter{Org: v.who.Org, Kind: store.KindDestination, IDs: ids}); err != nil {
			return err
		}
	}
	views, err := v.destinationViews(ctx, found, nil)
	if err != nil {
		return err
	}
	to := map[int64]*destinationView{}
	for _, d := range views {
		to[d.ID] = d
	}
	for _, d := range all {
		r.Deliveries = append(r.Deliveries, deliveryView{RunDelivery: d, To: to[d.Destination]})
	}
	r.Waiting = waitViews(r.Waits, to)
	return nil
}

// waitViews shows why a run waits; of destinations as far as to has them.
func waitViews(all []flow.Wait, to map[int64]*destinationView) (views []waitView) {
	for _, w := range all {
		views = append(views, waitView{Wait: w, To: to[w.Destination]})
	}
	return views
}
