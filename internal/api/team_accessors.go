package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// registerTeamAccessors lets a team be shared as everything else is: its
// accessors are its members. Who may change the team has the role admin, and
// everybody else in it looks.
func (a *API) registerTeamAccessors() {
	const tag, path = "accessors", "/teams/{id}/accessors"
	register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "A team's members, as those with whom it is shared", Policy: signedIn},
		func(ctx context.Context, in *One) (*value[[]Accessor], error) { return a.teamAccessors(ctx, in.ID) })
	register(a, Route{Method: http.MethodPut, Path: path, Tag: tag, Summary: "Add members", Policy: signedIn},
		func(ctx context.Context, in *accessorsInput) (*value[[]Accessor], error) {
			return a.changeTeamAccessors(ctx, in, a.People.AddTeamMembers)
		})
	register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Replace all members", Policy: signedIn},
		func(ctx context.Context, in *accessorsInput) (*value[[]Accessor], error) {
			return a.changeTeamAccessors(ctx, in, a.People.SetTeamMembers)
		})
	register(a, Route{Method: http.MethodDelete, Path: path, Tag: tag, Summary: "Remove members; without a body, all", Policy: signedIn},
		func(ctx context.Context, in *unshareInput) (*value[[]Accessor], error) {
			if in.nobody() {
				return a.teamAccessors(ctx, in.ID)
			}
			return a.changeTeamAccessors(ctx, in.these(), a.dropTeamMembers)
		})
	register(a, Route{Method: http.MethodGet, Path: "/teams/{id}/audit_log", Tag: "audit_log", Summary: "What was done to a team, newest first", Policy: signedIn},
		func(ctx context.Context, in *AuditInput) (*List[LogEntry], error) {
			if _, err := a.People.Team(ctx, principal(ctx), in.ID); err != nil {
				return nil, err
			}
			return a.auditLog(ctx, in, store.AuditFilter{Kind: string(identity.KindTeam), Object: in.ID})
		})
}

func (a *API) teamAccessors(ctx context.Context, id int64) (*value[[]Accessor], error) {
	t, err := a.People.Team(ctx, principal(ctx), id)
	if err != nil {
		return nil, err
	}
	shown := []Accessor{}
	for _, m := range t.Members {
		role := identity.RoleCollaborator
		if m.Admin {
			role = identity.RoleAdmin
		}
		who, err := a.called(ctx, Accessor{Type: identity.AccessorUser, ID: m.User, OrgID: principal(ctx).Org, AccessRoles: []string{string(role)}})
		if err != nil {
			return nil, err
		}
		shown = append(shown, who)
	}
	return show(shown), nil
}

// dropTeamMembers takes members out of a team; nobody named means everybody.
func (a *API) dropTeamMembers(ctx context.Context, p identity.Principal, id int64, members ...identity.TeamMember) error {
	users := make([]int64, len(members))
	for i, m := range members {
		users[i] = m.User
	}
	return a.People.RemoveTeamMembers(ctx, p, id, users...)
}

func (a *API) changeTeamAccessors(ctx context.Context, in *accessorsInput, change func(context.Context, identity.Principal, int64, ...identity.TeamMember) error) (*value[[]Accessor], error) {
	members := make([]identity.TeamMember, len(in.Body.Accessors))
	for i, one := range in.Body.Accessors {
		role := one.role()
		switch {
		case one.Type != identity.AccessorUser:
			return nil, refuse("accessors.type", "a team is made of users", "Choose USER")
		case role == identity.RoleOwner:
			return nil, refuse("accessors.access_roles", "a team has one owner", "Choose admin, who may change the team, or collaborator")
		}
		who, err := a.whoIs(ctx, one)
		if err != nil {
			return nil, inItem(fmt.Sprintf("accessors[%d].", i), err)
		}
		members[i] = identity.TeamMember{User: who, Admin: role == identity.RoleAdmin}
	}
	if err := change(ctx, principal(ctx), in.ID, members...); err != nil {
		return nil, err
	}
	return a.teamAccessors(ctx, in.ID)
}
