package rights

import (
	"context"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Searching narrows a search by reason to reasons that somebody may read: nobody
// is to find the text of a rule by asking for reasons that have it.
func (j Judge) Searching(ctx context.Context, who identity.Principal, f *store.QuarantineFilter) error {
	if f.Reason == "" || who.Role.AtLeast(identity.RoleAdmin) {
		return nil
	}
	seen, err := j.seenRules(ctx, who)
	if err != nil {
		return err
	}
	var datasets []int64
	for id, sees := range seen {
		if sees {
			datasets = append(datasets, id)
		}
	}
	to, err := j.Flows.DestinationsByDataset(ctx, who.Org, datasets...)
	f.Explained = []int64{}
	for _, below := range to {
		for _, one := range below {
			f.Explained = append(f.Explained, one.ID)
		}
	}
	return err
}

// reasons leaves of the reasons that rules gave only which rule it was, where
// somebody may not see all the rules on the way to the record's dataset.
func (j Judge) reasons(ctx context.Context, who identity.Principal, all []flow.Rejected) error {
	if who.Role.AtLeast(identity.RoleAdmin) {
		return nil
	}
	var seen map[int64]bool
	for i := range all {
		q := &all[i]
		if q.Hidden || !flow.OfRule(&q.Quarantined) {
			continue // what is hidden was cut already
		}
		if seen == nil {
			var err error
			if seen, err = j.seenRules(ctx, who); err != nil {
				return err
			}
		}
		if !seen[q.Made.ID] {
			flow.HideRule(&q.Quarantined)
		}
	}
	return nil
}

// seenRules says of which datasets somebody sees the rules, and those of all the
// datasets that each is made from.
func (j Judge) seenRules(ctx context.Context, who identity.Principal) (map[int64]bool, error) {
	all, _, err := j.Flows.Datasets(ctx, store.ResourceFilter{Org: who.Org})
	if err != nil {
		return nil, err
	}
	rows, parents := make([]store.Resource, len(all)), make(map[int64]int64, len(all))
	for i, d := range all {
		rows[i], parents[d.ID] = d.Resource, d.Parent
	}
	roles, err := j.People.RolesOn(ctx, who, rows...)
	seen := make(map[int64]bool, len(all))
	for _, d := range all {
		at := d.ID
		for parents[at] != 0 && roles[at] != identity.RoleNone {
			at = parents[at]
		}
		seen[d.ID] = parents[at] == 0 // a source's own has no rules
	}
	return seen, err
}
