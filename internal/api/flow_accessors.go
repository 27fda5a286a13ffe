package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// registerFlowAccessors are what a flow has in common with its parts. A flow's
// name, description and accessors are those of its source; sharing it shares its
// other parts as well, because a part shares nothing by itself.
func (a *API) registerFlowAccessors() {
	const tag, path = "accessors", "/flows/{id}/accessors"
	register(a, Route{Method: http.MethodPut, Path: "/flows/{id}", Tag: "flows", Summary: "Change a flow's name or description, which are its source's", Policy: signedIn}, a.updateFlow)
	register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "With whom a flow's source is shared", Policy: signedIn}, a.flowAccessors)
	register(a, Route{Method: http.MethodPut, Path: path, Tag: tag, Summary: "Share a flow, with all parts that are yours to share, with more", Policy: signedIn},
		func(ctx context.Context, in *accessorsInput) (*value[[]Accessor], error) {
			return a.shareFlow(ctx, in, a.People.Share)
		})
	register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Share a flow, with all parts that are yours to share, with these and nobody else", Policy: signedIn},
		func(ctx context.Context, in *accessorsInput) (*value[[]Accessor], error) {
			return a.shareFlow(ctx, in, a.People.ShareOnly)
		})
	register(a, Route{Method: http.MethodDelete, Path: path, Tag: tag, Summary: "Share a flow with these no more; without a body, with nobody", Policy: signedIn},
		func(ctx context.Context, in *unshareInput) (*value[[]Accessor], error) {
			if in.nobody() {
				return a.flowAccessors(ctx, &in.One)
			}
			return a.shareFlow(ctx, in.these(), a.People.Unshare)
		})
	register(a, Route{Method: http.MethodGet, Path: "/flows/{id}/audit_log", Tag: "audit_log", Summary: "What was done to the parts of a flow that you see, newest first", Policy: signedIn}, a.flowAudit)
}

type updateFlowInput struct {
	One
	Body struct {
		Name        *name `json:"name,omitzero"`
		Description *text `json:"description,omitzero"`
	}
}

func (a *API) updateFlow(ctx context.Context, in *updateFlowInput) (*value[FlowResponse], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleAdmin)
	if err == nil {
		err = a.Identity.Authorize(ctx, principal(ctx), mayChange(root.Kind), root.ID)
	}
	if err == nil {
		_, err = a.Flows.UpdateSource(ctx, actor(ctx), root.ID, flow.SourceEdit{Edit: flow.Edit{Name: changed(in.Body.Name), Description: changed(in.Body.Description)}})
	}
	if err != nil {
		return nil, err
	}
	root, _, err = a.flowAt(ctx, in.ID, identity.RoleAdmin)
	return a.oneFlow(ctx, root, false, err)
}

func (a *API) flowAccessors(ctx context.Context, in *One) (*value[[]Accessor], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	return a.accessors(ctx, root.Kind, root.ID)
}

// shareFlow changes with whom the parts of a flow are shared, all or none, for who
// may change its source. Parts that are not theirs to share are spared, as when all
// of a flow is activated.
func (a *API) shareFlow(ctx context.Context, in *accessorsInput, change resharing) (*value[[]Accessor], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleAdmin)
	if err != nil {
		return nil, err
	}
	if err := a.Identity.Authorize(ctx, principal(ctx), mayChange(root.Kind), root.ID); err != nil {
		return nil, err
	}
	roles, err := a.rolesIn(ctx, root)
	if err != nil {
		return nil, err
	}
	with, err := a.accessorsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	var things []identity.Thing
	for _, part := range root.Parts() {
		if roles[part.ID].AtLeast(identity.RoleAdmin) {
			things = append(things, identity.Thing{Kind: part.Kind, ID: part.ID})
		}
	}
	if err := change(ctx, principal(ctx), with, things...); err != nil {
		return nil, err
	}
	return a.accessors(ctx, root.Kind, root.ID)
}

func (a *API) flowAudit(ctx context.Context, in *AuditInput) (*List[LogEntry], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	roles, err := a.rolesIn(ctx, root)
	if err != nil {
		return nil, err
	}
	f := store.AuditFilter{Parts: []int64{}}
	for _, part := range root.Parts() {
		if roles[part.ID] != identity.RoleNone {
			f.Parts = append(f.Parts, part.ID)
		}
	}
	return a.auditLog(ctx, in, f)
}
