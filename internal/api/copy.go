package api

import (
	"context"
	"fmt"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// copyInput is what everything that is copied is copied with.
type copyInput struct {
	One
	Body *struct {
		Name             *name `json:"name,omitempty"`
		ReuseCredentials *bool `json:"reuse_data_credentials,omitempty" doc:"false gives copies of sources and destinations copies of the credentials, too, which their services must accept; without it, and with true, they use the original's"`
		CopyAccess       bool  `json:"copy_access_controls,omitempty" doc:"The copy is shared as the original is"`
		CopyDependent    bool  `json:"copy_dependent_data_flows,omitempty" doc:"A flow is copied whole in any case"`
		OwnerID          int64 `json:"owner_id,omitempty" doc:"Whose the copy is; yours when absent"`
		OrgID            int64 `json:"org_id,omitempty" doc:"Your own organization: copies stay in it"`
	}
}

// name is that of the copy; "" for the usual one.
func (in *copyInput) name() string {
	if in.Body == nil {
		return ""
	}
	return given(in.Body.Name)
}

// ownCredentials reports whether copies are to have credentials of their own.
func (in *copyInput) ownCredentials() bool {
	return in.Body != nil && in.Body.ReuseCredentials != nil && !*in.Body.ReuseCredentials
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

// copying is how a body wants what it is about to be copied: parts of flows with
// what those use, and everything with the access and the owner that it asks for.
func (a *API) copying(ctx context.Context, in *copyInput, parts ...store.Resource) (c flow.Copying, err error) {
	if err := a.mayCopy(ctx, in); err != nil {
		return c, err
	}
	c.Name, c.OwnCredentials = in.name(), in.ownCredentials()
	if c.OwnCredentials {
		if err := a.rights().Own(ctx, principal(ctx), parts...); err != nil {
			return c, lackIn("reuse_data_credentials", err)
		}
		if parts, err = a.withCredentials(ctx, parts); err != nil {
			return c, err
		}
	}
	c.Heritage, err = a.heritage(ctx, in, parts)
	return c, err
}

// withCredentials adds the credentials that parts of flows use, each once.
func (a *API) withCredentials(ctx context.Context, parts []store.Resource) ([]store.Resource, error) {
	seen := map[int64]bool{}
	for _, part := range parts {
		if part.Credential == 0 || seen[part.Credential] {
			continue
		}
		seen[part.Credential] = true
		c, err := a.Credentials.Credential(ctx, part.Org, part.Credential)
		if err != nil {
			return nil, err
		}
		parts = append(parts, c.Resource)
	}
	return parts, nil
}

// heritage is what copies get besides what they are: nil for nothing.
func (a *API) heritage(ctx context.Context, in *copyInput, parts []store.Resource) (credential.Heritage, error) {
	if in.Body == nil || !in.Body.CopyAccess && in.Body.OwnerID == 0 {
		return nil, nil
	}
	with := map[int64][]identity.Accessor{}
	if in.Body.CopyAccess {
		roles, err := a.People.RolesOn(ctx, principal(ctx), parts...)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if roles[part.ID] == identity.RoleNone {
				continue // with whom it is shared is not theirs to know
			}
			if with[part.ID], err = a.People.Accessors(ctx, principal(ctx), part.Kind, part.ID); err != nil {
				return nil, err
			}
		}
	}
	owner := in.Body.OwnerID
	if owner == 0 {
		owner = principal(ctx).User
	}
	return a.People.Bequest(principal(ctx), owner, with)
}

// copyingOne is copying for what the path names, and nothing below it.
func (a *API) copyingOne(ctx context.Context, in *copyInput, kind store.Kind) (flow.Copying, error) {
	r, err := a.Store.Resource(ctx, actor(ctx).Org, kind, in.ID)
	if err != nil {
		return flow.Copying{}, err
	}
	return a.copying(ctx, in, r)
}

// copyProject copies the flows that the caller sees in a project, each as it is
// copied alone, and makes a project of the copies. Whoever may not copy one of
// them gets nothing: a project with holes is no copy.
func (a *API) copyProject(ctx context.Context, in *copyInput) (*value[Project], error) {
	if err := a.Identity.Authorize(ctx, principal(ctx), maker, 0); err != nil {
		return nil, err
	}
	roots, err := a.copyableIn(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	of, err := a.Flows.Project(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	parts := []store.Resource{of}
	for _, root := range roots {
		parts = append(parts, root.Parts()...)
	}
	c, err := a.copying(ctx, in, parts...)
	if err != nil {
		return nil, err
	}
	made, err := a.Flows.CopyProject(ctx, actor(ctx), in.ID, c, roots...)
	if err != nil {
		return nil, validation(err)
	}
	return a.oneProject(ctx, made.ID)
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
