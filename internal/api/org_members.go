package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir/internal/identity"
)

// OrgMember is a user as a member of an organization.
type OrgMember struct {
	ID         int64    `json:"id"`
	FullName   string   `json:"full_name"`
	Email      string   `json:"email"`
	IsAdmin    bool     `json:"is_admin?"`
	AccessRole []string `json:"access_role" nullable:"false"`
	Membership string   `json:"org_membership_status"`
	UserStatus string   `json:"user_status"`
}

func (a *API) registerOrgMembers() {
	const tag, path = "orgs", "/orgs/{id}/members"
	register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "Who is in your organization", Policy: signedIn}, a.orgMembers)
	register(a, Route{Method: http.MethodPut, Path: path, Tag: tag, Summary: "Add members, or change their roles", Policy: admin,
		Detail: "All of it or nothing. Somebody new needs an e-mail address and a full name, and gets in with a link: POST /users/{id}/link."},
		func(ctx context.Context, in *orgMembersInput) (*List[OrgMember], error) {
			return a.putOrgMembers(ctx, in, false)
		})
	register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Replace all members", Policy: admin,
		Detail: "All of it or nothing. Who is not named is removed, as by DELETE."},
		func(ctx context.Context, in *orgMembersInput) (*List[OrgMember], error) {
			return a.putOrgMembers(ctx, in, true)
		})
	register(a, Route{Method: http.MethodDelete, Path: path, Tag: tag, Summary: "Remove members", Policy: admin,
		Detail: "All of them or none. What one of them owns goes to delegate_owner_id; without that, who owns something is refused (409)."}, a.removeOrgMembers)
	register(a, Route{Method: http.MethodPut, Path: path + "/activate", Tag: tag, Summary: "Let deactivated members in again", Policy: admin},
		func(ctx context.Context, in *namedMembersInput) (*List[OrgMember], error) {
			return a.setMembersStatus(ctx, in, true)
		})
	register(a, Route{Method: http.MethodPut, Path: path + "/deactivate", Tag: tag, Summary: "Keep members out, from the next request on", Policy: admin},
		func(ctx context.Context, in *namedMembersInput) (*List[OrgMember], error) {
			return a.setMembersStatus(ctx, in, false)
		})
}

func (a *API) orgMembers(ctx context.Context, in *struct {
	One
	Paging
}) (*List[OrgMember], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.showMembers(ctx, in.Paging)
}

func (a *API) showMembers(ctx context.Context, page Paging) (*List[OrgMember], error) {
	users, err := a.People.Users(ctx, principal(ctx))
	shown := make([]OrgMember, len(users))
	for i, u := range users {
		shown[i] = OrgMember{ID: u.ID, FullName: u.FullName, Email: u.Email, IsAdmin: u.Role.AtLeast(identity.RoleAdmin), AccessRole: []string{string(u.Role)},
			Membership: upper(u.Status), UserStatus: upper(u.Account)}
	}
	return pageOf(ctx, page, shown), err
}

// allMembers is the answer to a change: who is in it now.
func (a *API) allMembers(ctx context.Context) (*List[OrgMember], error) {
	return a.showMembers(ctx, Paging{Page: 1, PerPage: 1000})
}

// Named is a member by id or e-mail address.
type Named struct {
	ID    int64  `json:"id,omitzero"`
	Email string `json:"email,omitzero" maxLength:"254"`
}

// find gives the member's id; 0 for an address that nobody has.
func (n Named) find(users []identity.User) (int64, error) {
	for _, u := range users {
		if u.ID == n.ID || n.ID == 0 && n.Email != "" && identity.SameAddress(u.Email, n.Email) {
			return u.ID, nil
		}
	}
	if n.ID != 0 || n.Email == "" {
		return 0, refuse("members", "nobody in the organization has this id, or there is neither id nor e-mail", "GET /users lists all")
	}
	return 0, nil
}

// OrgMemberChange is a member with a role.
type OrgMemberChange struct {
	Named
	FullName string        `json:"full_name,omitzero" maxLength:"200" doc:"Of somebody new"`
	Admin    *bool         `json:"admin,omitzero"`
	Role     identity.Role `json:"access_role,omitzero" enum:"owner,admin,operator,collaborator"`
}

type orgMembersInput struct {
	One
	Body struct {
		Members []OrgMemberChange `json:"members" maxItems:"1000"`
	}
}

func (a *API) putOrgMembers(ctx context.Context, in *orgMembersInput, only bool) (*List[OrgMember], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	users, err := a.People.Users(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	changes := make([]identity.MemberChange, len(in.Body.Members))
	for i, m := range in.Body.Members {
		c := &changes[i]
		if c.User, err = m.find(users); err != nil {
			return nil, err
		}
		c.Role = roleOf(m.Role, m.Admin, "")
		if c.User == 0 {
			c.New = &identity.NewUser{Email: m.Email, FullName: m.FullName, Role: roleOf(m.Role, m.Admin, identity.RoleCollaborator)}
		}
	}
	if err := a.People.PutMembers(ctx, principal(ctx), only, changes...); err != nil {
		return nil, err
	}
	return a.allMembers(ctx)
}

// OrgMemberRemoval is a member to remove.
type OrgMemberRemoval struct {
	Named
	Heir int64 `json:"delegate_owner_id,omitzero" doc:"Who gets what they own"`
}

type removeOrgMembersInput struct {
	One
	Body struct {
		Members []OrgMemberRemoval `json:"members" minItems:"1" maxItems:"1000"`
	}
}

func (a *API) removeOrgMembers(ctx context.Context, in *removeOrgMembersInput) (*Done, error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	users, err := a.People.Users(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	gone := make([]identity.Removal, len(in.Body.Members))
	for i, m := range in.Body.Members {
		if gone[i].User, err = m.known(users); err != nil {
			return nil, err
		}
		gone[i].Heir = m.Heir
	}
	if err := a.People.RemoveMembers(ctx, principal(ctx), gone...); err != nil {
		return nil, err
	}
	return done(), nil
}

// known is find for who must be a member.
func (n Named) known(users []identity.User) (int64, error) {
	id, err := n.find(users)
	if err == nil && id == 0 {
		err = refuse("members.email", "nobody in the organization has this address", "GET /users lists all")
	}
	return id, err
}

type namedMembersInput struct {
	One
	Body struct {
		Members []Named `json:"members" minItems:"1" maxItems:"1000"`
	}
}

func (a *API) setMembersStatus(ctx context.Context, in *namedMembersInput, active bool) (*List[OrgMember], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	users, err := a.People.Users(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(in.Body.Members))
	for i, m := range in.Body.Members {
		if ids[i], err = m.known(users); err != nil {
			return nil, err
		}
	}
	if err := a.People.SetMembersStatus(ctx, principal(ctx), active, ids...); err != nil {
		return nil, err
	}
	return a.allMembers(ctx)
}
