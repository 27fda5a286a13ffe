package rights

import (
	"context"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Somebody who sees a flow may not see all of its destinations. Where these lie
// and what they fail of is told everywhere by way of the functions of this file.

// Runs takes out of runs what destinations said that somebody may not see.
func (j Judge) Runs(ctx context.Context, who identity.Principal, runs ...*flow.Run) error {
	var ids []int64
	for _, r := range runs {
		for _, w := range r.Waits {
			ids = append(ids, w.Destination)
		}
		for _, s := range r.Result.Streams {
			for _, d := range s.Deliveries {
				ids = append(ids, d.Destination)
			}
		}
	}
	return j.unlessSeen(ctx, who, ids, func(seen map[int64]bool) {
		for _, r := range runs {
			r.HideUnseen(seen)
		}
	})
}

// Lines is Runs for lines of runs' logs.
func (j Judge) Lines(ctx context.Context, who identity.Principal, lines []store.RunLine) error {
	var ids []int64
	for i := range lines {
		if lines[i].Kind == store.KindDestination {
			ids = append(ids, lines[i].Part)
		}
	}
	return j.unlessSeen(ctx, who, ids, func(seen map[int64]bool) {
		for i := range lines {
			if l := &lines[i]; l.Kind == store.KindDestination && !seen[l.Part] {
				flow.HideLine(l)
			}
		}
	})
}

// Healths is Runs for how flows stand.
func (j Judge) Healths(ctx context.Context, who identity.Principal, all []store.FlowHealth) error {
	var ids []int64
	for i := range all {
		ids = append(ids, all[i].Part)
	}
	return j.unlessSeen(ctx, who, ids, func(seen map[int64]bool) {
		for i := range all {
			if h := &all[i]; h.Part != 0 && !seen[h.Part] {
				flow.HideHealth(h)
			}
		}
	})
}

// LogSearch narrows a search in logs to lines that somebody may read: nobody is
// to find what a destination said by asking for lines that have it.
func (j Judge) LogSearch(ctx context.Context, who identity.Principal, f *store.LogFilter) error {
	if f.Contains == "" || who.Role.AtLeast(identity.RoleAdmin) {
		return nil
	}
	root, _, err := j.Flows.Tree(ctx, who.Org, store.KindSource, f.Source)
	if err != nil {
		return err
	}
	below := root.Parts(store.KindDestination)
	roles, err := j.People.RolesOn(ctx, who, below...)
	f.Told = []int64{}
	for _, to := range below {
		if roles[to.ID] != identity.RoleNone {
			f.Told = append(f.Told, to.ID)
		}
	}
	return err
}

// unlessSeen calls hide with those of the destinations that somebody may see, 0
// being none, unless they may see all. One that was deleted is for administrators.
func (j Judge) unlessSeen(ctx context.Context, who identity.Principal, ids []int64, hide func(seen map[int64]bool)) error {
	if who.Role.AtLeast(identity.RoleAdmin) {
		return nil
	}
	seen := map[int64]bool{}
	some := []int64{}
	for _, id := range ids {
		if id != 0 && !seen[id] {
			seen[id], some = true, append(some, id)
		}
	}
	if len(some) == 0 {
		return nil
	}
	living, _, err := j.Flows.Store.Resources(ctx, store.ResourceFilter{Org: who.Org, Kind: store.KindDestination, IDs: some})
	if err != nil {
		return err
	}
	roles, err := j.People.RolesOn(ctx, who, living...)
	for _, id := range some {
		seen[id] = roles[id] != identity.RoleNone
	}
	hide(seen)
	return err
}
