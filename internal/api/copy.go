package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// copyInput is what everything that is copied is copied with.
type copyInput struct {
	One
	Body *struct {
		Name             string `json:"name,omitempty" maxLength:"255"`
		ReuseCredentials bool   `json:"reuse_data_credentials,omitempty" doc:"Copies use the credentials of the original in any case"`
		CopyAccess       bool   `json:"copy_access_controls,omitempty" doc:"The copy is shared as the original is"`
		CopyDependent    bool   `json:"copy_dependent_data_flows,omitempty"`
		OwnerID          int64  `json:"owner_id,omitempty" doc:"Whose the copy is; yours when absent"`
		OrgID            int64  `json:"org_id,omitempty" doc:"Your own organization: copies stay in it"`
	}
}

// name is that of the copy; "" for the usual one.
func (in *copyInput) name() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Name
}

// mayCopy refuses, before anything is made, a copy that cannot be given to who
// is to own it.
func (a *API) mayCopy(ctx context.Context, in *copyInput) error {
	p := principal(ctx)
	switch {
	case in.Body == nil:
		return nil
	case in.Body.OrgID != 0 && in.Body.OrgID != p.Org:
		return refuse("org_id", "nothing is copied into another organization, because keys and records stay in theirs", fmt.Sprintf("Leave it out, or send %d", p.Org))
	case in.Body.OwnerID == 0 || in.Body.OwnerID == p.User:
		return nil
	}
	return at("owner_id", a.People.MayGive(ctx, p, in.Body.OwnerID))
}

// copied is what a copy was made of, and the copy.
type copied struct {
	kind     store.Kind
	from, to int64
}

// inherit gives copies the access that the originals have, and their owner.
func (a *API) inherit(ctx context.Context, in *copyInput, all ...copied) error {
	if in.Body == nil {
		return nil
	}
	p := principal(ctx)
	for _, c := range all {
		if in.Body.CopyAccess {
			if err := a.People.ShareAlike(ctx, p, c.kind, c.from, c.to); err != nil {
				return err
			}
		}
		if in.Body.OwnerID != 0 && in.Body.OwnerID != p.User {
			if err := a.People.TransferResource(ctx, p, c.kind, c.to, in.Body.OwnerID); err != nil {
				return at("owner_id", err)
			}
		}
	}
	return nil
}

// copyOne lets make copy what the path names, and gives the copy the access and
// the owner that were asked for.
func (a *API) copyOne(ctx context.Context, in *copyInput, kind store.Kind, make func() (int64, error)) (id int64, err error) {
	if err := a.mayCopy(ctx, in); err != nil {
		return 0, err
	}
	if id, err = make(); err != nil {
		return 0, err
	}
	return id, a.inherit(ctx, in, copied{kind: kind, from: in.ID, to: id})
}

// copyProject copies the flows that the caller sees in a project, each as it is
// copied alone, and makes a project of the copies. Whoever may not copy one of
// them gets nothing: a project with holes is no copy.
func (a *API) copyProject(ctx context.Context, in *copyInput) (*value[Project], error) {
	if err := a.Identity.Authorize(ctx, principal(ctx), maker, 0); err != nil {
		return nil, err
	}
	if err := a.mayCopy(ctx, in); err != nil {
		return nil, err
	}
	roots, err := a.copyableIn(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	sources, err := a.copyTrees(ctx, in, roots)
	if err != nil {
		return nil, err
	}
	r, err := a.Flows.CopyProject(ctx, actor(ctx), in.ID, in.name(), sources...)
	if err != nil {
		return nil, errors.Join(err, a.dropCopies(ctx, sources))
	}
	if err := a.inherit(ctx, in, copied{kind: store.KindProject, from: in.ID, to: r.ID}); err != nil {
		return nil, err
	}
	return a.oneProject(ctx, r.ID)
}

// copyableIn are the flows in a project that the caller sees, if all of them
// may be copied.
func (a *API) copyableIn(ctx context.Context, project int64) (roots []*flow.Node, err error) {
	flows, err := a.flowsIn(ctx, project)
	if err != nil {
		return nil, err
	}
	for i, f := range flows[project] {
		root, _, err := a.flowAt(ctx, f.FlowNodeID, identity.RoleAdmin)
		if err == nil {
			err = copyField(a.rights().Copy(ctx, principal(ctx), root))
		}
		if err != nil {
			return nil, weir.At(fmt.Sprintf("flows[%d] (%d)", i, f.FlowNodeID), err)
		}
		roots = append(roots, root)
	}
	return roots, nil
}

// copyTrees copies flows, or none of them.
func (a *API) copyTrees(ctx context.Context, in *copyInput, roots []*flow.Node) (sources []int64, err error) {
	for _, root := range roots {
		made, err := a.copyTree(ctx, in, root, root.Name)
		if made != nil {
			sources = append(sources, made.ID)
		}
		if err != nil {
			return nil, errors.Join(err, a.dropCopies(ctx, sources))
		}
	}
	return sources, nil
}

// dropCopies deletes flows that were just made and are not wanted.
func (a *API) dropCopies(ctx context.Context, sources []int64) (err error) {
	for _, id := range sources {
		root, _, wrong := a.Flows.Tree(ctx, actor(ctx).Org, store.KindSource, id)
		if wrong == nil {
			wrong = a.Flows.DeleteFlow(ctx, actor(ctx), root)
		}
		err = errors.Join(err, wrong)
	}
	return err
}

// twins pairs the parts of a flow with those of its copy that the caller may
// see. A dataset that the copied source yields is of the same endpoint as the
// original's.
func twins(root, made *flow.Node, roles map[int64]identity.Role) (all []copied) {
	made.Walk(func(n *flow.Node) {
		from := n.CopiedFrom
		for _, child := range root.Children {
			if from == 0 && child.Kind == n.Kind && child.Type == n.Type {
				from = child.ID
			}
		}
		if roles[from] != identity.RoleNone {
			all = append(all, copied{kind: n.Kind, from: from, to: n.ID})
		}
	})
	return all
}
