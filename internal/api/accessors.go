package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Accessor is somebody with whom a resource is shared: a user by id or e-mail
// address, a team by id or name, or the whole organization.
type Accessor struct {
	Type             string   `json:"type" enum:"USER,TEAM,ORG"`
	ID               int64    `json:"id,omitzero"`
	Email            string   `json:"email,omitzero" maxLength:"254" doc:"Of a user, instead of the id"`
	Name             string   `json:"name,omitzero" maxLength:"255" doc:"Of a team, instead of the id"`
	ClientIdentifier string   `json:"client_identifier,omitzero" maxLength:"64" doc:"Of the organization: your own, the only one there is"`
	EmailDomain      string   `json:"email_domain,omitzero" maxLength:"254" doc:"Of the organization, instead"`
	OrgID            int64    `json:"org_id,omitzero" doc:"Your own"`
	AccessRoles      []string `json:"access_roles" minItems:"1" maxItems:"4" enum:"owner,admin,operator,collaborator" doc:"Of several the highest counts"`
	CreatedAt        string   `json:"created_at,omitzero"`
	UpdatedAt        string   `json:"updated_at,omitzero"`
}

// role is the highest of the accessor's.
func (one Accessor) role() (best identity.Role) {
	for _, name := range one.AccessRoles {
		if role := identity.Role(name); best == identity.RoleNone || role.AtLeast(best) {
			best = role
		}
	}
	return best
}

type accessorsInput struct {
	One
	Body struct {
		Accessors []Accessor `json:"accessors" maxItems:"200"`
	}
}

func (a *API) registerAccessors() {
	const tag = "accessors"
	for _, of := range audited {
		path := "/" + of.noun + "/{id}/accessors"
		register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "With whom it is shared", Policy: mayRead(of.kind)},
			func(ctx context.Context, in *One) (*value[[]Accessor], error) {
				return a.accessors(ctx, of.kind, in.ID)
			})
		register(a, Route{Method: http.MethodPut, Path: path, Tag: tag, Summary: "Share it with more", Policy: mayChange(of.kind)},
			func(ctx context.Context, in *accessorsInput) (*value[[]Accessor], error) {
				return a.share(ctx, of.kind, in, a.People.Share)
			})
		register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Share it with these and nobody else", Policy: mayChange(of.kind)},
			func(ctx context.Context, in *accessorsInput) (*value[[]Accessor], error) {
				return a.share(ctx, of.kind, in, a.People.ShareOnly)
			})
		register(a, Route{Method: http.MethodDelete, Path: path, Tag: tag, Summary: "Share it with these no more; without a body, with nobody", Policy: mayChange(of.kind)},
			func(ctx context.Context, in *unshareInput) (*value[[]Accessor], error) {
				if in.nobody() {
					return a.accessors(ctx, of.kind, in.ID)
				}
				return a.share(ctx, of.kind, in.these(), a.People.Unshare)
			})
	}
}

type unshareInput struct {
	One
	Body *struct {
		Accessors []Accessor `json:"accessors" maxItems:"200"`
	}
}

// these are the accessors that are named; none means all.
func (in *unshareInput) these() *accessorsInput {
	these := &accessorsInput{One: in.One}
	if in.Body != nil {
		these.Body.Accessors = in.Body.Accessors
	}
	return these
}

// nobody reports whether the body names nobody, not even all.
func (in *unshareInput) nobody() bool { return in.Body != nil && len(in.Body.Accessors) == 0 }

func (a *API) accessors(ctx context.Context, kind store.Kind, id int64) (*value[[]Accessor], error) {
	found, err := a.People.Accessors(ctx, principal(ctx), kind, id)
	if err != nil {
		return nil, err
	}
	shown := []Accessor{}
	for _, one := range found {
		who, err := a.called(ctx, Accessor{Type: one.Kind, ID: one.Who, OrgID: principal(ctx).Org, AccessRoles: []string{string(one.Role)}, CreatedAt: momentOf(one.Created)})
		if err != nil {
			return nil, err
		}
		shown = append(shown, who)
	}
	return show(shown), nil
}

// called adds to an accessor what people know it by.
func (a *API) called(ctx context.Context, one Accessor) (Accessor, error) {
	one.UpdatedAt = one.CreatedAt
	switch one.Type {
	case identity.AccessorUser:
		who, err := a.person(ctx, one.ID)
		one.Email = who.Email
		return one, err
	case identity.AccessorTeam:
		t, err := a.Store.Team(ctx, one.OrgID, one.ID)
		one.Name = t.Name
		return one, missingIsEmpty(err)
	}
	org, err := a.organization(ctx, one.OrgID)
	one.ClientIdentifier = *org.ClientIdentifier
	return one, err
}

// resharing changes with whom things are shared.
type resharing func(ctx context.Context, p identity.Principal, with []identity.Accessor, things ...identity.Thing) error

// share changes with whom something is shared, and shows who that is now.
func (a *API) share(ctx context.Context, kind store.Kind, in *accessorsInput, change resharing) (*value[[]Accessor], error) {
	with, err := a.accessorsOf(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := change(ctx, principal(ctx), with, identity.Thing{Kind: kind, ID: in.ID}); err != nil {
		return nil, err
	}
	return a.accessors(ctx, kind, in.ID)
}

// accessorsOf finds whom a body names.
func (a *API) accessorsOf(ctx context.Context, in *accessorsInput) ([]identity.Accessor, error) {
	with := make([]identity.Accessor, len(in.Body.Accessors))
	for i, one := range in.Body.Accessors {
		who, err := a.whoIs(ctx, one)
		if err != nil {
			return nil, inItem(fmt.Sprintf("accessors[%d].", i), err)
		}
		with[i] = identity.Accessor{Kind: one.Type, Who: who, Role: one.role()}
	}
	return with, nil
}

// whoIs finds the id of somebody who is named in another way.
func (a *API) whoIs(ctx context.Context, one Accessor) (int64, error) {
	if one.OrgID != 0 && one.OrgID != principal(ctx).Org {
		return 0, refuse("org_id", "nothing is shared with another organization", "Leave it out")
	}
	switch {
	case one.Type == identity.AccessorOrg:
		return a.ownOrganization(ctx, one)
	case one.ID != 0:
		return one.ID, nil
	case one.Type == identity.AccessorTeam:
		return a.teamCalled(ctx, one.Name)
	}
	return a.userAt(ctx, one.Email)
}

// ownOrganization is the caller's, which is the only one that things are shared
// with.
func (a *API) ownOrganization(ctx context.Context, one Accessor) (int64, error) {
	org, err := a.organization(ctx, principal(ctx).Org)
	if err != nil {
		return 0, err
	}
	other := refuse("", "nothing is shared with another organization", "Name your own, or leave the names out")
	switch {
	case one.ID != 0 && one.ID != org.ID:
		return 0, weir.At("id", other)
	case one.ClientIdentifier != "" && one.ClientIdentifier != *org.ClientIdentifier:
		return 0, weir.At("client_identifier", other)
	case one.EmailDomain != "" && !strings.EqualFold(one.EmailDomain, given(org.EmailDomain)):
		return 0, weir.At("email_domain", other)
	}
	return org.ID, nil
}

func (a *API) teamCalled(ctx context.Context, name string) (id int64, err error) {
	teams, err := a.People.Teams(ctx, principal(ctx))
	if err != nil {
		return 0, err
	}
	for _, t := range teams {
		if t.Name != name {
			continue
		}
		if id != 0 {
			return 0, refuse("name", "several teams have this name", "Give the id of one; GET /teams lists all")
		}
		id = t.ID
	}
	if id == 0 {
		return 0, refuse("name", "no team that you see has this name, and there is no id", "Give the id of one; GET /teams lists all")
	}
	return id, nil
}

func (a *API) userAt(ctx context.Context, email string) (int64, error) {
	users, err := a.People.Users(ctx, principal(ctx))
	if err != nil {
		return 0, err
	}
	for _, u := range users {
		if email != "" && identity.SameAddress(u.Email, email) {
			return u.ID, nil
		}
	}
	return 0, refuse("email", "nobody in the organization has this address, and there is no id", "GET /users lists all")
}

// inItem puts an item before the field of it that a refusal is about.
func inItem(item string, err error) error {
	var e *weir.Error
	if errors.As(err, &e) && e.Code == weir.CodeUsage {
		out := *e
		out.Where = item + e.Where
		return &out
	}
	return err
}
