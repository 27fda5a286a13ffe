package rights

import (
	"context"
	"fmt"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Rules makes sure that somebody may give a dataset the rules of an edit, if these
// are others: whoever chooses the rules of a dataset chooses what it shows of the
// one that it is made from.
func (j Judge) Rules(ctx context.Context, who identity.Principal, d *flow.Dataset, edit flow.DatasetEdit) error {
	if !edit.OtherRules(d) {
		return nil
	}
	return j.onParent(ctx, who, d, identity.RoleOperator, "change")
}

// TryRules makes sure that somebody may see what rules would make of the records
// that a dataset is made from.
func (j Judge) TryRules(ctx context.Context, who identity.Principal, d *flow.Dataset) error {
	return j.onParent(ctx, who, d, identity.RoleCollaborator, "try")
}

// onParent makes sure that somebody has a role on the dataset that another one is
// made from, of which whoever sees the other one knows that it is there.
func (j Judge) onParent(ctx context.Context, who identity.Principal, d *flow.Dataset, need identity.Role, verb string) error {
	if d.Parent == 0 {
		return nil // it has no rules, and gets none
	}
	err := j.may(ctx, who, need, store.KindDataset, d.Parent)
	if code := weir.CodeOf(err); code != weir.CodeNotFound && code != weir.CodeForbidden {
		return err
	}
	return &Lack{Kind: store.KindDataset, Err: &weir.Error{Code: weir.CodeForbidden, Where: "rules",
		Message: fmt.Sprintf("who may %s them sees what they hide of dataset %d, which this one is made from", verb, d.Parent),
		Remedy:  fmt.Sprintf("Ask for the role %s on dataset %d", need, d.Parent)}}
}

// MayRerule asks whether somebody may do with the rules of a transform what they
// may do with those of each dataset that uses it: they are its rules.
func (j Judge) MayRerule(who identity.Principal) flow.MayRerule {
	return func(ctx context.Context, using []*flow.Dataset) error {
		not := 0
		for _, d := range using {
			err := j.may(ctx, who, identity.RoleAdmin, store.KindDataset, d.ID)
			if err == nil {
				err = j.onParent(ctx, who, d, identity.RoleOperator, "change")
			}
			switch code := weir.CodeOf(err); {
			case code == weir.CodeNotFound || code == weir.CodeForbidden:
				not++
			case err != nil:
				return err
			}
		}
		if not == 0 {
			return nil
		}
		return &weir.Error{Code: weir.CodeForbidden, Where: "rules", Message: notYours(not, len(using)),
			Remedy: "Copy the transform and let your own datasets use the copy, or ask for the role admin on those datasets and operator on those that they are made from"}
	}
}

// notYours says how many of the datasets that use a transform one may not change.
func notYours(not, all int) string {
	switch {
	case all == 1:
		return "a dataset uses this transform whose rules you may not change"
	case not == all:
		return fmt.Sprintf("%d datasets use this transform, and you may not change the rules of any", all)
	}
	return fmt.Sprintf("%d datasets use this transform, and you may not change the rules of %d of them", all, not)
}

// Restore makes sure that somebody may bring back what was deleted: a dataset that
// uses a transform has other rules than before when those were changed meanwhile.
// What it read must be as it is when that is done.
func (j Judge) Restore(ctx context.Context, who identity.Principal, r store.Resource) (read []store.Resource, err error) {
	if r.Kind != store.KindDataset {
		return nil, nil
	}
	d, err := j.Flows.DeletedDataset(ctx, r)
	if err != nil || d.Transform == 0 {
		return nil, err
	}
	t, err := j.Flows.Transform(ctx, who.Org, d.Transform)
	switch {
	case weir.CodeOf(err) == weir.CodeNotFound:
		return nil, nil // nor can it be brought back
	case err != nil:
		return nil, err
	case t.Updated > r.Deleted:
		if _, gone := j.Flows.Dataset(ctx, who.Org, d.Parent); weir.CodeOf(gone) == weir.CodeNotFound {
			return nil, &weir.Error{Code: weir.CodeConflict, Where: string(r.Kind), Message: fmt.Sprintf("the dataset %d that it is made from is deleted, too", d.Parent), Remedy: "Restore that first"}
		}
		err = weir.At("its transform was changed since", j.onParent(ctx, who, d, identity.RoleOperator, "change"))
	}
	return []store.Resource{t.Resource}, err
}

// Seeing gives the datasets that use a transform of which somebody sees both
// what its rules make and what they make it of.
func (j Judge) Seeing(ctx context.Context, who identity.Principal, t *flow.Transform) (using []*flow.Dataset, err error) {
	uses, err := j.Flows.Store.Uses(ctx, t.ID)
	if err != nil || len(uses) == 0 {
		return nil, err
	}
	ids := make([]int64, len(uses))
	for i, u := range uses {
		ids[i] = u.ID
	}
	all, _, err := j.Flows.Datasets(ctx, store.ResourceFilter{Org: who.Org, IDs: ids})
	if err != nil {
		return nil, err
	}
	rows := make([]store.Resource, len(all))
	for i, d := range all {
		rows[i] = d.Resource
	}
	roles, err := j.People.RolesOn(ctx, who, rows...)
	for _, d := range all {
		if roles[d.ID] != identity.RoleNone && j.TryRules(ctx, who, d) == nil {
			using = append(using, d)
		}
	}
	return using, err
}
