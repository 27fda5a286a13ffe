package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// Custodian is who takes care of an organization: its administrators and owners.
type Custodian struct {
	ID       int64  `json:"id"`
	Email    string `json:"email"`
	FullName string `json:"full_name"`
}

// registerCustodians shows an organization's administrators as the contract's
// custodians. Mind the verbs, which are the other way round than for members:
// PUT replaces, POST adds.
func (a *API) registerCustodians() {
	const tag, path = "orgs", "/orgs/{id}/custodians"
	const kept = "Custodians are the organization's administrators. Who is none any more has the role operator; owners stay."
	register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "Who administers your organization", Policy: signedIn}, a.custodians)
	register(a, Route{Method: http.MethodPut, Path: path, Tag: tag, Summary: "Make these the administrators, and nobody else", Detail: kept, Policy: admin},
		func(ctx context.Context, in *custodiansInput) (*value[[]Custodian], error) {
			return a.putCustodians(ctx, in, true)
		})
	register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Make members administrators", Detail: kept, Policy: admin},
		func(ctx context.Context, in *custodiansInput) (*value[[]Custodian], error) {
			return a.putCustodians(ctx, in, false)
		})
	register(a, Route{Method: http.MethodDelete, Path: path, Tag: tag, Summary: "Let these be administrators no more", Detail: kept, Policy: admin}, a.dropCustodians)
}

type custodiansInput struct {
	One
	Body struct {
		Custodians []Named `json:"custodians" maxItems:"1000"`
	}
}

// named finds the members that the body names.
func (in *custodiansInput) named(users []identity.User) ([]identity.User, error) {
	out := make([]identity.User, len(in.Body.Custodians))
	for i, n := range in.Body.Custodians {
		id, err := n.known(users)
		if err != nil {
			return nil, weir.At("custodians", err)
		}
		out[i] = users[slices.IndexFunc(users, func(u identity.User) bool { return u.ID == id })]
	}
	return out, nil
}

func (a *API) custodians(ctx context.Context, in *One) (*value[[]Custodian], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	users, err := a.People.Users(ctx, principal(ctx))
	shown := []Custodian{}
	for _, u := range users {
		if u.Role.AtLeast(identity.RoleAdmin) {
			shown = append(shown, Custodian{ID: u.ID, Email: u.Email, FullName: u.FullName})
		}
	}
	return show(shown), err
}

// putCustodians makes the members administrators who are not yet; only also
// takes the role from those who are not named.
func (a *API) putCustodians(ctx context.Context, in *custodiansInput, only bool) (*value[[]Custodian], error) {
	return a.changeCustodians(ctx, in, func(users, named []identity.User) (changes []identity.MemberChange, err error) {
		for _, u := range users {
			switch meant := slices.Contains(named, u); {
			case meant && !u.Role.AtLeast(identity.RoleAdmin):
				changes = append(changes, identity.MemberChange{User: u.ID, Role: identity.RoleAdmin})
			case only && !meant && u.Role == identity.RoleAdmin:
				changes = append(changes, identity.MemberChange{User: u.ID, Role: identity.RoleOperator})
			}
		}
		return changes, nil
	})
}

func (a *API) dropCustodians(ctx context.Context, in *custodiansInput) (*Done, error) {
	_, err := a.changeCustodians(ctx, in, func(_, named []identity.User) (changes []identity.MemberChange, err error) {
		for _, u := range named {
			if u.Role == identity.RoleOwner {
				return nil, refuse("custodians", "an owner of the organization takes care of it", "Give the owner another role first: PUT /users/{id}")
			}
			if u.Role == identity.RoleAdmin {
				changes = append(changes, identity.MemberChange{User: u.ID, Role: identity.RoleOperator})
			}
		}
		return changes, nil
	})
	if err != nil {
		return nil, err
	}
	return done(), nil
}

// changeCustodians changes the roles of members as pick says, all or none.
func (a *API) changeCustodians(ctx context.Context, in *custodiansInput, pick func(users, named []identity.User) ([]identity.MemberChange, error)) (*value[[]Custodian], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	users, err := a.People.Users(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	named, err := in.named(users)
	if err != nil {
		return nil, err
	}
	changes, err := pick(users, named)
	if err != nil {
		return nil, err
	}
	if err := a.People.PutMembers(ctx, principal(ctx), false, changes...); err != nil {
		return nil, err
	}
	return a.custodians(ctx, &in.One)
}
