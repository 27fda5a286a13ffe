package identity

import (
	"context"

	"github.com/weirhq/weir/internal/store"
)

// Watcher is an active member, and what they may do with something.
type Watcher struct {
	User
	May Role // with the resource; without one, in the organization
}

// Watchers gives the active members of an organization who may look at the
// resource, with what they may do. Without one (an id of 0) it gives all.
func (s *Service) Watchers(ctx context.Context, org int64, r store.Resource) ([]Watcher, error) {
	all, err := s.activeMembers(ctx, org)
	if err != nil || r.ID == 0 {
		return all, err
	}
	rows, err := s.db.AccessorsOf(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	shared := map[int64]Role{}
	for _, a := range rows {
		if !s.genuine(ctx, "accessor", a.Resource, a.MAC, s.sealAccessor(a)) {
			continue
		}
		users, err := s.meantBy(ctx, all, store.Addressee{Kind: a.Kind, Who: a.Who})
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			shared[u] = most(shared[u], Role(a.Role))
		}
	}
	var out []Watcher
	for _, w := range all {
		switch {
		case w.ID == r.Owner:
			w.May = RoleOwner
		case w.Role.AtLeast(RoleAdmin):
			w.May = RoleAdmin
		default:
			w.May = shared[w.ID]
		}
		if w.May.Valid() {
			out = append(out, w)
		}
	}
	return out, nil
}

// Addressed gives the active members of an organization whom the addressees
// name: users, teams, or all.
func (s *Service) Addressed(ctx context.Context, org int64, to []store.Addressee) (out []Watcher, err error) {
	all, err := s.activeMembers(ctx, org)
	if err != nil {
		return nil, err
	}
	named := map[int64]bool{}
	for _, one := range to {
		users, err := s.meantBy(ctx, all, one)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			named[u] = true
		}
	}
	for _, w := range all {
		if named[w.ID] {
			out = append(out, w)
		}
	}
	return out, nil
}

func (s *Service) activeMembers(ctx context.Context, org int64) ([]Watcher, error) {
	rows, err := s.db.Members(ctx, org)
	var all []Watcher
	for _, m := range rows {
		if m.User.Status == Active && m.Membership.Status == Active && s.genuineMember(ctx, m) {
			all = append(all, Watcher{User: user(m), May: Role(m.Membership.Role)})
		}
	}
	return all, err
}

// meantBy gives the users that an accessor or addressee stands for.
func (s *Service) meantBy(ctx context.Context, members []Watcher, who store.Addressee) (users []int64, err error) {
	switch who.Kind {
	case AccessorUser:
		users = []int64{who.Who}
	case AccessorOrg:
		for _, w := range members {
			users = append(users, w.ID)
		}
	case AccessorTeam:
		rows, err := s.db.TeamMembers(ctx, who.Who)
		if err != nil {
			return nil, err
		}
		for _, m := range rows {
			if s.genuine(ctx, "team_member", m.Team, m.MAC, s.sealTeamMember(m)) {
				users = append(users, m.User)
			}
		}
	}
	return users, nil
}
