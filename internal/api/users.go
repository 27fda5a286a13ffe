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
	Invited        bool            `json:"invited" doc:"Has no password yet"`
	Summary        *Summary        `json:"account_summary,omitzero" doc:"What the user owns; with expand"`
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

// showUser shows a member of the caller's organization. What else the user is
// in, only the user is told.
func (a *API) showUser(ctx context.Context, u identity.User, org Organization, expand bool) (User, error) {
	locked, err := a.People.LockedOut(ctx, u)
	if err != nil {
		return User{}, err
	}
	out := User{
		ID: u.ID, Email: u.Email, FullName: u.FullName, DefaultOrg: OrgBrief{org.ID, org.Name}, Status: upper(u.Status, u.Account), AccountLocked: locked,
		Role: string(u.Role), Invited: u.Invited, CreatedAt: momentOf(u.Created), UpdatedAt: momentOf(u.Updated),
	}
	out.OrgMemberships = []OrgMembership{{ID: org.ID, Name: org.Name, IsAdmin: u.Role.AtLeast(identity.RoleAdmin), Status: upper(u.Status)}}
	if u.ID == principal(ctx).User {
		orgs, err := a.People.Organizations(ctx, principal(ctx))
		if err != nil {
			return User{}, err
		}
		for _, o := range orgs {
			if o.ID != org.ID {
				out.OrgMemberships = append(out.OrgMemberships, OrgMembership{ID: o.ID, Name: o.Name, IsAdmin: o.Role.AtLeast(identity.RoleAdmin), Status: "ACTIVE"})
			}
		}
	}
	if expand {
		out.Summary, err = a.summary(ctx, u.ID)
	}
	return out, err
}

// upper is a status of people in the contract's words: the worst of several.
// Who is locked is told apart by account_locked.
func upper(statuses ...string) string {
	for _, s := range statuses {
		if s == identity.Deactivated {
			return "DEACTIVATED"
		}
	}
	return "ACTIVE"
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
	org, err := a.organization(ctx, principal(ctx).Org)
	if err != nil {
		return nil, err
	}
	page := pageOf(ctx, in.Paging, users)
	shown := make([]User, len(page.Body))
	for i, u := range page.Body {
		if shown[i], err = a.showUser(ctx, u, org, in.Expand.On); err != nil {
			return nil, err
		}
	}
	return list(ctx, in.Paging, shown, len(users)), nil
}

type currentUserInput struct {
	Expand flag `query:"expand"`
}

func (a *API) currentUser(ctx context.Context, in *currentUserInput) (*value[User], error) {
	return a.oneUser(ctx, principal(ctx).User, in.Expand.On)
}

type userInput struct {
	One
	Expand flag `query:"expand"`
}

func (a *API) user(ctx context.Context, in *userInput) (*value[User], error) {
	return a.oneUser(ctx, in.ID, in.Expand.On)
}

func (a *API) oneUser(ctx context.Context, id int64, expand bool) (*value[User], error) {
	u, err := a.People.User(ctx, principal(ctx), id)
	if err != nil {
		return nil, err
	}
	org, err := a.organization(ctx, u.Org)
	if err != nil {
		return nil, err
	}
	shown, err := a.showUser(ctx, u, org, expand)
	return show(shown), err
}
