// Package rights says what rights to one part of a flow let somebody do with the
// rest of it. The REST API and the pages ask the same questions here, so that
// neither door is wider than the other.
package rights

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Judge answers. It is safe for concurrent use.
type Judge struct {
	People *identity.Service
	Flows  *flow.Service
}

// Lack is the error of who may not use something that a part of a flow uses. Err
// is identity's: it says whether they may know of it.
type Lack struct {
	Kind store.Kind // of what they may not use
	Err  error
}

// Error is what identity said.
func (l *Lack) Error() string { return l.Err.Error() }

// Unwrap gives identity's error.
func (l *Lack) Unwrap() error { return l.Err }

// Spared are the destinations below a part of a flow that somebody may not
// operate: activating or pausing all of it leaves them alone.
func (j Judge) Spared(ctx context.Context, who identity.Principal, part *flow.Node) (ids []int64, err error) {
	below := part.Parts(store.KindDestination)
	roles, err := j.People.RolesOn(ctx, who, below...)
	for _, to := range below {
		if !roles[to.ID].AtLeast(identity.RoleOperator) {
			ids = append(ids, to.ID)
		}
	}
	return ids, err
}

// Copy makes sure that somebody may use what a copy of a whole flow would use,
// and look at the rules that it would have.
func (j Judge) Copy(ctx context.Context, who identity.Principal, root *flow.Node) error {
	for _, part := range root.Parts() {
		if err := j.Reuse(ctx, who, part.Kind, part.ID); err != nil {
			return err
		}
	}
	return nil
}

// Named names, in the error of destinations whose tables others fill, those
// that somebody may see.
func (j Judge) Named(ctx context.Context, who identity.Principal, err error) error {
	var taken *flow.Taken
	if !errors.As(err, &taken) {
		return err
	}
	roles, unread := j.People.RolesOn(ctx, who, taken.Destinations()...)
	if unread != nil {
		return err
	}
	return taken.Named(func(id int64) bool { return roles[id] != identity.RoleNone })
}

// Own makes sure that somebody may copy the credentials that parts of a flow use.
func (j Judge) Own(ctx context.Context, who identity.Principal, parts ...store.Resource) error {
	for _, part := range parts {
		if part.Credential == 0 {
			continue
		}
		if err := j.may(ctx, who, identity.RoleAdmin, store.KindCredential, part.Credential); err != nil {
			return err
		}
	}
	return nil
}

// Reuse makes sure that somebody may use what a copy of a part of a flow would
// use: sharing one shares neither its credential nor its lookups, nor what it is
// made from, nor the source that it is read after.
func (j Judge) Reuse(ctx context.Context, who identity.Principal, kind store.Kind, id int64) error {
	switch kind {
	case store.KindDataset:
		return j.reuseDataset(ctx, who, id)
	case store.KindSource:
		src, err := j.Flows.Source(ctx, who.Org, id)
		if err != nil {
			return err
		}
		for _, step := range slices.Sorted(maps.Keys(src.Lookups)) {
			if err := j.may(ctx, who, identity.RoleCollaborator, store.KindLookup, src.Lookups[step]); err != nil {
				return err
			}
		}
		if src.After != 0 {
			if err := j.may(ctx, who, identity.RoleOperator, store.KindSource, src.After); err != nil {
				return err
			}
		}
		return j.may(ctx, who, identity.RoleOperator, store.KindCredential, src.Credential)
	}
	to, err := j.Flows.Destination(ctx, who.Org, id)
	if err != nil {
		return err
	}
	if err := j.may(ctx, who, identity.RoleOperator, store.KindCredential, to.Credential); err != nil {
		return err
	}
	return j.may(ctx, who, identity.RoleOperator, store.KindDataset, to.Dataset)
}

// reuseDataset is Reuse for a dataset: one that its source yields uses nothing.
func (j Judge) reuseDataset(ctx context.Context, who identity.Principal, id int64) error {
	d, err := j.Flows.Dataset(ctx, who.Org, id)
	if err != nil || d.Parent == 0 {
		return err
	}
	if err := j.may(ctx, who, identity.RoleCollaborator, store.KindDataset, d.ID); err != nil {
		return err
	}
	if err := j.may(ctx, who, identity.RoleOperator, store.KindDataset, d.Parent); err != nil || d.Transform == 0 {
		return err
	}
	return j.may(ctx, who, identity.RoleCollaborator, store.KindTransform, d.Transform)
}

func (j Judge) may(ctx context.Context, who identity.Principal, need identity.Role, kind store.Kind, id int64) error {
	if err := j.People.Authorize(ctx, who, identity.Access(kind, need), id); err != nil {
		return &Lack{Kind: kind, Err: err}
	}
	return nil
}

// Unseen takes out of records in quarantine the datasets that somebody may not see:
// what was set aside on their way is seen by the dataset that they are made from,
// without the words of rules that are theirs.
func (j Judge) Unseen(ctx context.Context, who identity.Principal, all []flow.Rejected) error {
	if err := j.reasons(ctx, who, all); err != nil {
		return err
	}
	var made []store.Resource
	for i := range all {
		if all[i].Made.ID != 0 {
			made = append(made, all[i].Made)
		}
	}
	if len(made) == 0 {
		return nil
	}
	roles, err := j.People.RolesOn(ctx, who, made...)
	if err != nil {
		return err
	}
	for i := range all {
		if roles[all[i].Made.ID] == identity.RoleNone {
			all[i].Made = store.Resource{}
		}
	}
	return nil
}
