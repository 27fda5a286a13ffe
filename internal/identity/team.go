package identity

import (
	"context"
)

// roleOnTeam gives what the principal may do with a team: its owner and the
// organization's administrators change it, as do its own administrators; its
// members look at it.
func (s *Service) roleOnTeam(ctx context.Context, p Principal, id int64) (Role, error) {
	t, err := s.db.Team(ctx, p.Org, id)
	if err != nil {
		return RoleNone, err
	}
	role := RoleNone
	if p.Role.AtLeast(RoleAdmin) {
		role = RoleAdmin
	}
	if t.Owner == p.User {
		role = RoleOwner
	}
	teams, err := s.teamsOf(ctx, p)
	if err != nil {
		return RoleNone, err
	}
	if admin, member := teams[id]; admin {
		role = most(role, RoleAdmin)
	} else if member {
		role = most(role, RoleCollaborator)
	}
	return least(role, p.Scope), nil
}
