package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/weirhq/weir/internal/identity"
)

// Team is some of an organization's users.
type Team struct {
	ID          int64        `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Owner       Owner        `json:"owner"`
	Org         Organization `json:"org"`
	Member      bool         `json:"member" doc:"Whether you are in it"`
	Members     []TeamMember `json:"members" nullable:"false"`
	AccessRoles []string     `json:"access_roles" nullable:"false"`
	Tags        []string     `json:"tags" nullable:"false"`
	CreatedAt   string       `json:"created_at"`
	UpdatedAt   string       `json:"updated_at"`
}

// TeamMember is one of a team.
type TeamMember struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
	Admin bool   `json:"admin" doc:"May change the team"`
}

// memberInput names somebody by id or e-mail.
type memberInput struct {
	ID    int64  `json:"id,omitzero"`
	Email string `json:"email,omitzero" maxLength:"254"`
	Admin bool   `json:"admin,omitzero" doc:"May change the team"`
}

func (a *API) registerTeams() {
	const tag = "teams"
	register(a, Route{Method: http.MethodGet, Path: "/teams", Tag: tag, Summary: "List teams", Policy: signedIn}, a.listTeams)
	register(a, Route{Method: http.MethodPost, Path: "/teams", Tag: tag, Summary: "Make a team", Policy: maker, Creates: true}, a.createTeam)
	register(a, Route{Method: http.MethodGet, Path: "/teams/{id}", Tag: tag, Summary: "One team", Policy: signedIn}, a.team)
	register(a, Route{Method: http.MethodPut, Path: "/teams/{id}", Tag: tag, Summary: "Change a team's name or description", Policy: signedIn}, a.updateTeam)
	register(a, Route{Method: http.MethodDelete, Path: "/teams/{id}", Tag: tag, Summary: "Delete a team", Policy: signedIn}, a.deleteTeam)
	register(a, Route{Method: http.MethodPost, Path: "/teams/{id}/copy", Tag: tag, Summary: "Make a team with the same members", Policy: maker, Creates: true}, a.copyTeam)
	register(a, Route{Method: http.MethodGet, Path: "/teams/{id}/members", Tag: tag, Summary: "Who is in a team", Policy: signedIn},
		func(ctx context.Context, in *One) (*value[[]TeamMember], error) { return a.members(ctx, in.ID) })
	register(a, Route{Method: http.MethodPut, Path: "/teams/{id}/members", Tag: tag, Summary: "Add members", Policy: signedIn},
		func(ctx context.Context, in *membersInput) (*value[[]TeamMember], error) {
			return a.changeMembers(ctx, in, a.People.AddTeamMembers)
		})
	register(a, Route{Method: http.MethodPost, Path: "/teams/{id}/members", Tag: tag, Summary: "Replace all members", Policy: signedIn},
		func(ctx context.Context, in *membersInput) (*value[[]TeamMember], error) {
			return a.changeMembers(ctx, in, a.People.SetTeamMembers)
		})
	register(a, Route{Method: http.MethodDelete, Path: "/teams/{id}/members", Tag: tag, Summary: "Remove members", Policy: signedIn}, a.removeMembers)
}

func (a *API) showTeam(ctx context.Context, t identity.Team) (Team, error) {
	p := principal(ctx)
	org, err := a.organization(ctx, p.Org)
	if err != nil {
		return Team{}, err
	}
	owner, err := a.person(ctx, t.Owner)
	if err != nil {
		return Team{}, err
	}
	out := Team{ID: t.ID, Name: t.Name, Description: t.Description, Owner: owner, Org: org, Members: []TeamMember{}, AccessRoles: []string{"collaborator"}, Tags: []string{},
		CreatedAt: moment(t.Created.UnixMicro()), UpdatedAt: moment(t.Updated.UnixMicro())}
	if t.Owner == p.User {
		out.AccessRoles = []string{"owner"}
	} else if p.Role.AtLeast(identity.RoleAdmin) {
		out.AccessRoles = []string{"admin"}
	}
	for _, m := range t.Members {
		who, err := a.person(ctx, m.User)
		if err != nil {
			return Team{}, err
		}
		out.Member = out.Member || m.User == p.User
		out.Members = append(out.Members, TeamMember{ID: m.User, Email: who.Email, Admin: m.Admin})
	}
	return out, nil
}

func (a *API) listTeams(ctx context.Context, in *struct{ Paging }) (*List[Team], error) {
	teams, err := a.People.Teams(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	shown := make([]Team, len(teams))
	for i, t := range teams {
		if shown[i], err = a.showTeam(ctx, t); err != nil {
			return nil, err
		}
	}
	return pageOf(ctx, in.Paging, shown), nil
}

func (a *API) oneTeam(ctx context.Context, id int64) (*value[Team], error) {
	t, err := a.People.Team(ctx, principal(ctx), id)
	if err != nil {
		return nil, err
	}
	shown, err := a.showTeam(ctx, t)
	return show(shown), err
}

func (a *API) team(ctx context.Context, in *One) (*value[Team], error) { return a.oneTeam(ctx, in.ID) }

type teamBody struct {
	Name        *name         `json:"name,omitzero"`
	Description *text         `json:"description,omitzero"`
	Members     []memberInput `json:"members,omitzero" maxItems:"1000" doc:"All members; they replace those of before"`
}

func (a *API) createTeam(ctx context.Context, in *struct{ Body teamBody }) (*value[Team], error) {
	if in.Body.Name == nil {
		return nil, refuse("name", "a team needs a name", "Send it")
	}
	members, err := a.membersOf(ctx, in.Body.Members)
	if err != nil {
		return nil, err
	}
	t, err := a.People.CreateTeam(ctx, principal(ctx), given(in.Body.Name), given(in.Body.Description), members...)
	if err != nil {
		return nil, err
	}
	return a.oneTeam(ctx, t.ID)
}

type updateTeamInput struct {
	One
	Body teamBody
}

func (a *API) updateTeam(ctx context.Context, in *updateTeamInput) (*value[Team], error) {
	if _, err := a.People.Team(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	change := identity.ChangeTeam{Name: changed(in.Body.Name), Description: changed(in.Body.Description)}
	if in.Body.Members != nil {
		members, err := a.membersOf(ctx, in.Body.Members)
		if err != nil {
			return nil, err
		}
		change.Members = &members
	}
	if err := a.People.UpdateTeam(ctx, principal(ctx), in.ID, change); err != nil {
		return nil, err
	}
	return a.oneTeam(ctx, in.ID)
}

func (a *API) copyTeam(ctx context.Context, in *copyInput) (*value[Team], error) {
	if err := a.mayCopy(ctx, in); err != nil {
		return nil, err
	}
	of, err := a.People.Team(ctx, principal(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	name, owner := in.name(), principal(ctx).User
	if name == "" {
		name = of.Name + " (copy)"
	}
	if in.Body != nil && in.Body.OwnerID != 0 {
		owner = in.Body.OwnerID
	}
	made, err := a.People.CopyTeam(ctx, principal(ctx), in.ID, name, owner)
	if err != nil {
		return nil, err
	}
	shown, err := a.showTeam(ctx, made)
	return show(shown), err
}

func (a *API) deleteTeam(ctx context.Context, in *One) (*Done, error) {
	if err := a.People.DeleteTeam(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}

type membersInput struct {
	One
	Body struct {
		Members []memberInput `json:"members" maxItems:"1000"`
	}
}

// removeInput may have no body: then it is about all members.
type removeInput struct {
	One
	Body *struct {
		Members []memberInput `json:"members" maxItems:"1000"`
	}
}

// membersOf finds the users that members name by id or e-mail.
func (a *API) membersOf(ctx context.Context, in []memberInput) ([]identity.TeamMember, error) {
	out := make([]identity.TeamMember, len(in))
	for i, m := range in {
		who, err := a.whoIs(ctx, Accessor{Type: identity.AccessorUser, ID: m.ID, Email: m.Email})
		if err != nil {
			return nil, inItem(fmt.Sprintf("members[%d].", i), err)
		}
		if _, err := a.People.User(ctx, principal(ctx), who); err != nil {
			return nil, at(fmt.Sprintf("members[%d].id", i), err)
		}
		out[i] = identity.TeamMember{User: who, Admin: m.Admin}
	}
	return out, nil
}

func (a *API) members(ctx context.Context, id int64) (*value[[]TeamMember], error) {
	t, err := a.oneTeam(ctx, id)
	if err != nil {
		return nil, err
	}
	return show(t.Body.Members), nil
}

func (a *API) changeMembers(ctx context.Context, in *membersInput, change func(context.Context, identity.Principal, int64, ...identity.TeamMember) error) (*value[[]TeamMember], error) {
	members, err := a.membersOf(ctx, in.Body.Members)
	if err != nil {
		return nil, err
	}
	if err := change(ctx, principal(ctx), in.ID, members...); err != nil {
		return nil, err
	}
	return a.members(ctx, in.ID)
}

func (a *API) removeMembers(ctx context.Context, in *removeInput) (*value[[]TeamMember], error) {
	if in.Body == nil {
		if err := a.People.SetTeamMembers(ctx, principal(ctx), in.ID); err != nil {
			return nil, err
		}
		return a.members(ctx, in.ID)
	}
	members, err := a.membersOf(ctx, in.Body.Members)
	if err != nil {
		return nil, err
	}
	if len(members) == 0 { // nobody is named, not even everybody
		return a.members(ctx, in.ID)
	}
	ids := make([]int64, len(members))
	for i, m := range members {
		ids[i] = m.User
	}
	if err := a.People.RemoveTeamMembers(ctx, principal(ctx), in.ID, ids...); err != nil {
		return nil, err
	}
	return a.members(ctx, in.ID)
}
