package api

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// visible gives the ids of the resources of a kind that a list shows to the
// caller; nil for all of the organization, which administrators see. What SQL
// finds is checked once more: it does not know whether a right is genuine.
func (a *API) visible(ctx context.Context, in ListInput, kind store.Kind) ([]int64, error) {
	f, err := a.filter(ctx, in, kind)
	if err != nil || f.Owner == 0 && f.Sharing == nil {
		return nil, err
	}
	return a.visibleOf(ctx, f)
}

// visibleOf gives the ids of the filter's resources that the caller may look at.
func (a *API) visibleOf(ctx context.Context, f store.ResourceFilter) ([]int64, error) {
	all, err := a.Store.ResourceIDs(ctx, f)
	if err != nil {
		return nil, err
	}
	roles, err := a.People.RolesOn(ctx, principal(ctx), all...)
	ids := []int64{}
	for _, r := range all {
		if roles[r.ID].AtLeast(identity.RoleCollaborator) {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}

// only narrows what is visible to one id, 0 for no narrowing.
func only(visible []int64, id int64) []int64 {
	if id == 0 {
		return visible
	}
	if visible == nil {
		return []int64{id}
	}
	for _, v := range visible {
		if v == id {
			return []int64{id}
		}
	}
	return []int64{}
}

// when reads a day or a time of a query, µs; 0 for none. A day as an end is
// included whole.
func when(field, text string, end bool) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at.UnixMicro(), nil
	}
	for _, form := range []string{time.DateOnly, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		at, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		if end && form == time.DateOnly {
			at = at.AddDate(0, 0, 1)
		}
		return at.UnixMicro(), nil
	}
	return 0, refuse(field, "it is neither a day nor a time", "Write it as 2026-01-31, or as 2026-01-31T09:00:00Z")
}

// Span is a time from and to in a query.
type Span struct {
	From string `query:"from" maxLength:"40" doc:"A day such as 2026-01-31, or a time such as 2026-01-31T09:00:00Z"`
	To   string `query:"to" maxLength:"40" doc:"A day, which is included, or a time"`
}

// times gives the span in µs; to is excluded, and 0 is open.
func (s Span) times() (from, to int64, err error) {
	if from, err = when("from", s.From, false); err != nil {
		return 0, 0, err
	}
	if to, err = when("to", s.To, true); err != nil {
		return 0, 0, err
	}
	if from != 0 && to != 0 && to < from {
		return 0, 0, refuse("to", "it is before from", "Give a later one")
	}
	return from, to, nil
}

// pages is how many pages there are.
func pages(total, size int) int { return (total + size - 1) / size }

// ownOrg refuses another organization than the caller's: 404, as for anything of others.
func ownOrg(ctx context.Context, id int64) error {
	if id != 0 && id != principal(ctx).Org {
		return nowhere()
	}
	return nil
}

// idsOf gives the ids of a tree's nodes.
func idsOf(root *flow.Node) (ids []int64) {
	root.Walk(func(n *flow.Node) { ids = append(ids, n.ID) })
	return ids
}
