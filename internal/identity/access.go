package identity

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// The kinds of accessors: who a resource is shared with.
const (
	AccessorUser = "USER"
	AccessorTeam = "TEAM"
	AccessorOrg  = "ORG"
)

// KindTeam lets a policy speak of teams as of resources.
const KindTeam store.Kind = "team"

// RoleOn gives what the principal may do with a resource of the organization:
// as its owner, as an administrator of the organization, or by the best of the
// accessors for the user, a team or the whole organization. It never grows
// beyond the scope of a service key, and says nothing about other resources,
// be they children of this one. Without any role it is CodeNotFound.
func (s *Service) RoleOn(ctx context.Context, p Principal, kind store.Kind, id int64) (Role, error) {
	if p.Anonymous() {
		return RoleNone, anonymous()
	}
	var role Role
	var err error
	if kind == KindTeam {
		role, err = s.roleOnTeam(ctx, p, id)
	} else {
		role, err = s.roleOnResource(ctx, p, kind, id)
	}
	if err == nil && role == RoleNone {
		err = noneThere(kind, id)
	}
	return role, err
}

func (s *Service) roleOnResource(ctx context.Context, p Principal, kind store.Kind, id int64) (Role, error) {
	owner, err := s.db.OwnedBy(ctx, p.Org, kind, id)
	if err != nil {
		return RoleNone, err
	}
	roles, err := s.RolesOn(ctx, p, store.Resource{ID: id, Org: p.Org, Owner: owner, Kind: kind})
	return roles[id], err
}

// RolesOn gives the principal's role on each of the resources, which were read
// from the store; what it may not even look at is not in the answer. A list
// that was chosen by accessors in SQL passes through here before it is shown.
func (s *Service) RolesOn(ctx context.Context, p Principal, resources ...store.Resource) (map[int64]Role, error) {
	roles := make(map[int64]Role, len(resources))
	if p.Anonymous() || len(resources) == 0 {
		return roles, nil
	}
	var ask []int64
	for _, r := range resources {
		switch {
		case r.Org != p.Org:
			continue
		case r.Owner == p.User:
			roles[r.ID] = RoleOwner
		case p.Role.AtLeast(RoleAdmin):
			roles[r.ID] = RoleAdmin
		default:
			ask = append(ask, r.ID)
		}
	}
	if err := s.addShared(ctx, p, ask, roles); err != nil {
		return nil, err
	}
	for id, role := range roles {
		roles[id] = least(role, p.Scope)
	}
	return roles, nil
}

// askAtOnce is how many resources' accessors are read by one statement.
const askAtOnce = 500

// addShared adds what accessors give.
func (s *Service) addShared(ctx context.Context, p Principal, ids []int64, roles map[int64]Role) error {
	if len(ids) == 0 {
		return nil
	}
	teams, err := s.teamsOf(ctx, p)
	if err != nil {
		return err
	}
	for len(ids) > 0 {
		n := min(len(ids), askAtOnce)
		accessors, err := s.db.AccessorsOf(ctx, ids[:n]...)
		if err != nil {
			return err
		}
		for _, a := range accessors {
			if meant(a, p, teams) && s.genuine(ctx, "accessor", a.Resource, a.MAC, s.sealAccessor(a)) {
				roles[a.Resource] = most(roles[a.Resource], Role(a.Role))
			}
		}
		ids = ids[n:]
	}
	return nil
}

// meant reports whether an accessor is for the principal.
func meant(a store.Accessor, p Principal, teams map[int64]bool) bool {
	switch a.Kind {
	case AccessorUser:
		return a.Who == p.User
	case AccessorTeam:
		_, member := teams[a.Who]
		return member
	case AccessorOrg:
		return a.Who == p.Org
	}
	return false
}

// teamsOf gives the principal's teams, and whether it administers them.
func (s *Service) teamsOf(ctx context.Context, p Principal) (map[int64]bool, error) {
	rows, err := s.db.TeamsOf(ctx, p.Org, p.User)
	teams := make(map[int64]bool, len(rows))
	for _, m := range rows {
		if s.genuine(ctx, "team_member", m.Team, m.MAC, s.sealTeamMember(m)) {
			teams[m.Team] = m.Admin
		}
	}
	return teams, err
}

// Sharing chooses in a ResourceFilter what is shared with the principal in one
// of the roles, and what it owns, too, where own says so. SQL does not check
// MACs: what it finds passes through RolesOn before it is shown. Who is an
// administrator of the organization may look at all of it without this.
func (s *Service) Sharing(ctx context.Context, p Principal, own bool, roles ...Role) (*store.Sharing, error) {
	if p.Anonymous() {
		return nil, anonymous()
	}
	teams, err := s.teamsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	sharing := &store.Sharing{User: p.User, Teams: slices.Sorted(maps.Keys(teams)), Own: own}
	for _, r := range roles {
		sharing.Roles = append(sharing.Roles, string(r))
	}
	return sharing, nil
}

// Allowed reports whether the principal has at least the role on the resource:
// nil, CodeNotFound when it may not know of it, CodeForbidden when it may
// only do less.
func (s *Service) Allowed(ctx context.Context, p Principal, need Role, kind store.Kind, id int64) error {
	role, err := s.RoleOn(ctx, p, kind, id)
	if err != nil {
		return err
	}
	if !role.AtLeast(need) {
		return forbidden(fmt.Sprintf("%s %d", kind, id), need)
	}
	return nil
}

// allowed is Allowed, also for what was deleted if the policy says so.
func (s *Service) allowed(ctx context.Context, p Principal, need Policy, id int64) error {
	if !need.gone {
		return s.Allowed(ctx, p, need.role, need.kind, id)
	}
	r, err := s.db.DeletedResource(ctx, p.Org, need.kind, id)
	if weir.CodeOf(err) == weir.CodeNotFound {
		return s.Allowed(ctx, p, need.role, need.kind, id) // it lives
	}
	if err != nil {
		return err
	}
	roles, err := s.RolesOn(ctx, p, r)
	switch {
	case err != nil:
		return err
	case roles[id] == RoleNone:
		return noneThere(need.kind, id)
	}
	return s.AllowedAll(ctx, p, need.role, r)
}

func noneThere(kind store.Kind, id int64) error {
	return &weir.Error{Code: weir.CodeNotFound, Where: fmt.Sprintf("%s %d", kind, id), Message: "there is none with this id"}
}

// MayOperate is Allowed, with the role of an operator, for what is done on a member's
// behalf while they are not there. Who is no active member is CodeNotFound.
func (s *Service) MayOperate(ctx context.Context, org, user int64, kind store.Kind, id int64) error {
	m, err := s.db.Member(ctx, org, user)
	if err != nil {
		return err
	}
	if m.User.Status != Active || m.Membership.Status != Active || !s.genuineMember(ctx, m) {
		return noUser(user)
	}
	return s.Allowed(ctx, Principal{Org: org, User: user, Role: Role(m.Membership.Role), Scope: RoleOwner}, RoleOperator, kind, id)
}

// AllowedAll reports whether the principal has at least the role on each of the
// resources, which were read from the store. It names those that stand against it.
func (s *Service) AllowedAll(ctx context.Context, p Principal, need Role, resources ...store.Resource) error {
	roles, err := s.RolesOn(ctx, p, resources...)
	if err != nil {
		return err
	}
	var lacking []string
	for _, r := range resources {
		if !roles[r.ID].AtLeast(need) {
			lacking = append(lacking, fmt.Sprintf("%s %d", r.Kind, r.ID))
		}
	}
	if len(lacking) > 0 {
		return forbidden(strings.Join(lacking, ", "), need)
	}
	return nil
}

// AllowedInOrg reports whether the principal has at least the role in its
// organization.
func (s *Service) AllowedInOrg(p Principal, need Role) error {
	switch {
	case p.Anonymous():
		return anonymous()
	case !p.Role.AtLeast(need):
		return forbidden("organization", need)
	}
	return nil
}
