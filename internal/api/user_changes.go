package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

func (a *API) registerUserChanges() {
	const tag = "users"
	register(a, Route{Method: http.MethodPost, Path: "/users", Tag: tag, Summary: "Add a user to the organization", Policy: admin, Creates: true,
		Detail: "Without a password the answer has a link with which the user sets one, shown once and good for 72 hours. Somebody who is in another organization is added with the name and password they have."}, a.createUser)
	register(a, Route{Method: http.MethodPut, Path: "/users/{id}", Tag: tag, Summary: "Change a user's name, role or status", Policy: signedIn,
		Detail: "Users change their own name; administrators the rest. What changes what somebody may do ends their sessions. The last owner stays one."}, a.updateUser)
	register(a, Route{Method: http.MethodDelete, Path: "/users/{id}", Tag: tag, Summary: "Remove a user from the organization", Policy: admin,
		Detail: "Sessions and service keys end. Whoever owns something is refused (409): transfer it first."}, a.deleteUser)
	for verb, do := range map[string]struct {
		summary string
		change  func(context.Context, identity.Principal, int64) error
	}{
		"activate":   {"Let a deactivated user in again", a.People.Activate},
		"deactivate": {"Keep a user out, with sessions and service keys, from the next request on", a.People.Deactivate},
		"lock":       {"Keep a user out until they are unlocked", a.People.Lock},
		"unlock":     {"Let in a user who was locked, by an administrator or after too many tries at the password", a.People.Unlock},
	} {
		register(a, Route{Method: http.MethodPut, Path: "/users/{id}/" + verb, Tag: tag, Summary: do.summary, Policy: admin}, func(ctx context.Context, in *One) (*value[User], error) {
			if err := do.change(ctx, principal(ctx), in.ID); err != nil {
				return nil, err
			}
			return a.oneUser(ctx, in.ID, false)
		})
	}
	register(a, Route{Method: http.MethodGet, Path: "/users/{id}/transferable", Tag: tag, Summary: "What a user owns", Policy: signedIn, Detail: "For the user, and for administrators."}, a.transferable)
	register(a, Route{Method: http.MethodPut, Path: "/users/{id}/transfer", Tag: tag, Summary: "Make another user the owner of all that one owns", Policy: admin}, a.transfer)
	register(a, Route{Method: http.MethodGet, Path: "/user_settings", Tag: tag, Summary: "How you sign in", Policy: signedIn}, a.userSettings)
}

type createUserInput struct {
	Body struct {
		FullName name          `json:"full_name"`
		Email    string        `json:"email" maxLength:"254"`
		Role     identity.Role `json:"role,omitzero" enum:"owner,admin,operator,collaborator" doc:"collaborator when absent"`
		Admin    *bool         `json:"admin,omitzero" doc:"The role admin, in the contract's words"`
		Password string        `json:"password,omitzero" maxLength:"1024"`
		OrgID    int64         `json:"default_org_id,omitzero" doc:"Your own"`
		Status   string        `json:"status,omitzero" enum:"ACTIVE"`
	}
}

// NewUser is a user who was just added.
type NewUser struct {
	User
	Link *Link `json:"password_link,omitzero" doc:"With which the user sets a password; shown once"`
}

func (a *API) createUser(ctx context.Context, in *createUserInput) (*value[NewUser], error) {
	b := in.Body
	if b.OrgID != 0 && b.OrgID != principal(ctx).Org {
		return nil, refuse("default_org_id", "it is not your organization", "Leave it out, or switch to that one")
	}
	n := identity.NewUser{Email: b.Email, FullName: string(b.FullName), Role: roleOf(b.Role, b.Admin, identity.RoleCollaborator), Password: weir.NewSecret(b.Password)}
	shownOnce(ctx)
	u, link, err := a.People.CreateUser(ctx, principal(ctx), n)
	if err != nil {
		return nil, err
	}
	one, err := a.oneUser(ctx, u.ID, false)
	if err != nil {
		return nil, err
	}
	out := NewUser{User: one.Body}
	if !link.IsZero() {
		l := a.showLink(u.ID, link)
		out.Link = &l
	}
	return show(out), nil
}

// roleOf reads a role in our words, or in the contract's, which knows
// administrators and others.
func roleOf(role identity.Role, admin *bool, otherwise identity.Role) identity.Role {
	switch {
	case role != "":
		return role
	case admin != nil && *admin:
		return identity.RoleAdmin
	case admin != nil:
		return identity.RoleCollaborator
	}
	return otherwise
}

type updateUserInput struct {
	One
	Body struct {
		Name     *name         `json:"name,omitzero"`
		FullName *name         `json:"full_name,omitzero"`
		Email    *string       `json:"email,omitzero" maxLength:"254" doc:"It cannot be changed"`
		Role     identity.Role `json:"role,omitzero" enum:"owner,admin,operator,collaborator"`
		Admin    *bool         `json:"admin,omitzero"`
		Status   string        `json:"status,omitzero" enum:"ACTIVE,DEACTIVATED"`
	}
}

// updateUser makes one change: each is a promise of its own, and half of
// several could be left behind.
func (a *API) updateUser(ctx context.Context, in *updateUserInput) (*value[User], error) {
	p, b := principal(ctx), in.Body
	u, err := a.People.User(ctx, p, in.ID)
	if err != nil {
		return nil, err
	}
	if in.ID != p.User {
		if err := a.People.AllowedInOrg(p, identity.RoleAdmin); err != nil {
			return nil, err
		}
	}
	if b.Email != nil && *b.Email != u.Email {
		return nil, refuse("email", "a user's address cannot be changed", "Add another user, and transfer what this one owns")
	}
	if b.FullName == nil {
		b.FullName = b.Name
	}
	role := roleOf(b.Role, b.Admin, "")
	var changes []func() error
	if b.FullName != nil && string(*b.FullName) != u.FullName {
		changes = append(changes, func() error { return a.People.Rename(ctx, p, in.ID, string(*b.FullName)) })
	}
	if role != "" && role != u.Role {
		changes = append(changes, func() error { return a.People.SetRole(ctx, p, in.ID, role) })
	}
	if b.Status != "" && b.Status != upper(u.Status) {
		changes = append(changes, func() error { return a.People.SetMembersStatus(ctx, p, b.Status == "ACTIVE", in.ID) })
	}
	if len(changes) > 1 {
		return nil, refuse("body", "these are several changes", "Send name, role and status one after the other")
	}
	for _, change := range changes {
		if err := change(); err != nil {
			return nil, err
		}
	}
	return a.oneUser(ctx, in.ID, false)
}

func (a *API) deleteUser(ctx context.Context, in *One) (*Done, error) {
	if err := a.People.Remove(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}

type transferableInput struct {
	One
	OrgID int64 `query:"org_id" doc:"Your own"`
}

// Transferable is what a user owns, by noun.
type Transferable struct {
	Credentials  []int64 `json:"data_credentials" nullable:"false"`
	Sources      []int64 `json:"data_sources" nullable:"false"`
	DataSets     []int64 `json:"data_sets" nullable:"false"`
	Destinations []int64 `json:"data_sinks" nullable:"false"`
	Providers    []int64 `json:"identity_providers" nullable:"false"`
	Teams        []int64 `json:"teams" nullable:"false"`
	Restorable   int     `json:"restorable" doc:"What was deleted and can be restored is transferred, too"`
	Total        int     `json:"total"`
}

func (a *API) transferable(ctx context.Context, in *transferableInput) (*value[Transferable], error) {
	p := principal(ctx)
	if in.OrgID != 0 && in.OrgID != p.Org {
		return nil, nowhere()
	}
	counts, err := a.People.Transferable(ctx, p, in.ID)
	if err != nil {
		return nil, err
	}
	out, living := Transferable{}, 0
	for kind, ids := range map[store.Kind]*[]int64{store.KindCredential: &out.Credentials, store.KindSource: &out.Sources, store.KindDataset: &out.DataSets,
		store.KindDestination: &out.Destinations, store.KindProvider: &out.Providers} {
		all, _, err := a.Store.Resources(ctx, store.ResourceFilter{Org: p.Org, Kind: kind, Owner: in.ID})
		if err != nil {
			return nil, err
		}
		*ids = []int64{}
		for _, r := range all {
			*ids = append(*ids, r.ID)
		}
		living += len(all)
	}
	for _, n := range counts {
		out.Restorable += n
	}
	out.Restorable -= living
	teams, err := a.Store.Teams(ctx, p.Org)
	out.Teams = []int64{}
	for _, t := range teams {
		if t.Owner == in.ID {
			out.Teams = append(out.Teams, t.ID)
		}
	}
	out.Total = living + out.Restorable + len(out.Teams)
	return show(out), err
}

type transferInput struct {
	One
	Body struct {
		OrgID    int64 `json:"org_id,omitzero" doc:"Your own"`
		Delegate int64 `json:"delegate_owner_id" doc:"Who becomes the owner: an active user"`
	}
}

// Transferred says how much changed hands.
type Transferred struct {
	Transferred int64 `json:"transferred"`
	OwnerID     int64 `json:"owner_id"`
	Delegate    int64 `json:"delegate_owner_id"`
}

func (a *API) transfer(ctx context.Context, in *transferInput) (*value[Transferred], error) {
	p := principal(ctx)
	if in.Body.OrgID != 0 && in.Body.OrgID != p.Org {
		return nil, nowhere()
	}
	if _, err := a.People.User(ctx, p, in.ID); err != nil {
		return nil, err
	}
	if in.Body.Delegate == in.ID {
		return nil, refuse("delegate_owner_id", "it is the same user", "Name another one")
	}
	n, err := a.People.Transfer(ctx, p, in.ID, in.Body.Delegate)
	if weir.CodeOf(err) == weir.CodeNotFound {
		err = refuse("delegate_owner_id", "nobody active in the organization has this id", "GET /users lists all")
	}
	return show(Transferred{n, in.ID, in.Body.Delegate}), err
}

// UserSetting is one group of a user's settings.
type UserSetting struct {
	ID       string         `json:"id"`
	Owner    Owner          `json:"owner"`
	Org      Organization   `json:"org"`
	Type     string         `json:"user_settings_type"`
	Settings map[string]any `json:"settings"`
}

// userSettings shows what a user has settled here: how they sign in.
func (a *API) userSettings(ctx context.Context, _ *struct{}) (*value[[]UserSetting], error) {
	p := principal(ctx)
	u, err := a.People.User(ctx, p, p.User)
	if err != nil {
		return nil, err
	}
	org, err := a.organization(ctx, p.Org)
	if err != nil {
		return nil, err
	}
	sessions, err := a.People.Sessions(ctx, p)
	if err != nil {
		return nil, err
	}
	return show([]UserSetting{{ID: "sign_in-" + strconv.FormatInt(p.User, 10), Owner: Owner{ID: p.User, FullName: p.FullName, Email: p.Email}, Org: org, Type: "SIGN_IN",
		Settings: map[string]any{"password": !u.Invited, "sessions": len(sessions), "org_id": p.Org}}}), nil
}
