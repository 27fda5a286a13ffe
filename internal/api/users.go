package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir/internal/identity"
)

// User is somebody who may use the server.
type User struct {
	ID             int64           `json:"id"`
	Email          string          `json:"email"`
	FullName       string          `json:"full_name"`
	Impersonated   bool            `json:"impersonated"`
	DefaultOrg     OrgBrief        `json:"default_org"`
	Status         string          `json:"status"`
	AccountLocked  bool            `json:"account_locked"`
	OrgMemberships []OrgMembership `json:"org_memberships" nullable:"false"`
	Role           string          `json:"role"`
	CreatedAt      string          `json:"created_at"`
	UpdatedAt      string          `json:"updated_at"`
}

// OrgBrief is an organization as it stands inside a user.
type OrgBrief struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// OrgMembership is one organization that a user belongs to.
type OrgMembership struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	IsAdmin bool   `json:"is_admin?"`
	Status  string `json:"org_membership_status"`
	APIKey  string `json:"api_key"`
}

func (a *API) registerUsers() {
	const tag = "users"
	register(a, Route{Method: http.MethodGet, Path: "/users", Tag: tag, Summary: "List the organization's users", Policy: signedIn}, a.listUsers)
	register(a, Route{Method: http.MethodGet, Path: "/users/current", Tag: tag, Summary: "Who you are", Policy: signedIn}, a.currentUser)
	register(a, Route{Method: http.MethodGet, Path: "/users/{id}", Tag: tag, Summary: "One user of the organization", Policy: signedIn}, a.user)
}

func (a *API) showUser(ctx context.Context, u identity.User) (User, error) {
	org, err := a.organization(ctx, u.Org)
	status := "ACTIVE"
	if u.Status != identity.Active || u.Account != identity.Active {
		status = "DEACTIVATED"
	}
	at := moment(u.Created.UnixMicro())
	return User{
		ID: u.ID, Email: u.Email, FullName: u.FullName, DefaultOrg: OrgBrief{org.ID, org.Name}, Status: status, Role: string(u.Role), CreatedAt: at, UpdatedAt: at,
		OrgMemberships: []OrgMembership{{ID: org.ID, Name: org.Name, IsAdmin: u.Role.AtLeast(identity.RoleAdmin), Status: status}},
	}, err
}

type userList struct {
	Paging
	Expand flag `query:"expand"`
}

func (a *API) listUsers(ctx context.Context, in *userList) (*List[User], error) {
	users, err := a.People.Users(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	shown := make([]User, len(users))
	for i, u := range users {
		if shown[i], err = a.showUser(ctx, u); err != nil {
			return nil, err
		}
	}
	return pageOf(ctx, in.Paging, shown), nil
}

func (a *API) currentUser(ctx context.Context, _ *struct{}) (*value[User], error) {
	return a.oneUser(ctx, principal(ctx).User)
}

type userInput struct {
	One
	Expand flag `query:"expand"`
}

func (a *API) user(ctx context.Context, in *userInput) (*value[User], error) {
	return a.oneUser(ctx, in.ID)
}

func (a *API) oneUser(ctx context.Context, id int64) (*value[User], error) {
	u, err := a.People.User(ctx, principal(ctx), id)
	if err != nil {
		return nil, err
	}
	shown, err := a.showUser(ctx, u)
	return show(shown), err
}
