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
