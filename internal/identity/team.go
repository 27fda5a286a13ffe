package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Team is a group of members with whom resources are shared at once.
type Team struct {
	ID          int64
	Owner       int64
	Name        string
	Description string
	Members     []TeamMember
	Created     time.Time
	Updated     time.Time
}

// TeamMember is somebody in a team.
type TeamMember struct {
	User  int64
	Admin bool // may change the team
}

// roleOnTeam gives what the principal may do with a team: its owner and the
// organization's administrators change it, as do its own administrators; its
// members look at it.
func (s *Service) roleOnTeam(ctx context.Context, p Principal, id int64) (Role, error) {
	t, err := s.db.Team(ctx, p.Org, id)
	if err != nil {
		return RoleNone, err
	}
	teams, err := s.teamsOf(ctx, p)
	if err != nil {
		return RoleNone, err
	}
	return s.teamRole(p, t, teams), nil
}

func (s *Service) teamRole(p Principal, t store.Team, teams map[int64]bool) Role {
	role := RoleNone
	if admin, member := teams[t.ID]; admin {
		role = RoleAdmin
	} else if member {
		role = RoleCollaborator
	}
	if p.Role.AtLeast(RoleAdmin) {
		role = RoleAdmin
	}
	if t.Owner == p.User {
		role = RoleOwner
	}
	return least(role, p.Scope)
}

// Teams gives the teams that the principal may look at.
func (s *Service) Teams(ctx context.Context, p Principal) ([]Team, error) {
	if p.Anonymous() {
		return nil, anonymous()
	}
	rows, err := s.db.Teams(ctx, p.Org)
	if err != nil {
		return nil, err
	}
	teams, err := s.teamsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	all := []Team{}
	for _, t := range rows {
		if !s.teamRole(p, t, teams).Valid() {
			continue
		}
		one, err := s.withMembers(ctx, t)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// Team gives one team.
func (s *Service) Team(ctx context.Context, p Principal, id int64) (Team, error) {
	if err := s.Allowed(ctx, p, RoleCollaborator, KindTeam, id); err != nil {
		return Team{}, err
	}
	t, err := s.db.Team(ctx, p.Org, id)
	if err != nil {
		return Team{}, err
	}
	return s.withMembers(ctx, t)
}

func (s *Service) withMembers(ctx context.Context, t store.Team) (Team, error) {
	out := Team{ID: t.ID, Owner: t.Owner, Name: t.Name, Description: t.Description, Members: []TeamMember{}, Created: moment(t.Created), Updated: moment(t.Updated)}
	rows, err := s.db.TeamMembers(ctx, t.ID)
	for _, m := range rows {
		if s.genuine(ctx, "team_member", m.Team, m.MAC, s.sealTeamMember(m)) {
			out.Members = append(out.Members, TeamMember{User: m.User, Admin: m.Admin})
		}
	}
	return out, err
}

// CreateTeam makes a team that the principal owns, of the members. It needs the
// role operator.
func (s *Service) CreateTeam(ctx context.Context, p Principal, name, description string, members ...TeamMember) (Team, error) {
	if err := s.AllowedInOrg(p, RoleOperator); err != nil {
		return Team{}, err
	}
	name, err := named("team", name)
	if err != nil {
		return Team{}, err
	}
	at := s.now().UnixMicro()
	t := store.Team{Org: p.Org, Owner: p.User, Name: name, Description: printable(description, maxText), Created: at, Updated: at}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := tx.PutTeam(ctx, &t); err != nil {
			return err
		}
		if err := s.putTeamMembers(ctx, tx, p, t.ID, members); err != nil {
			return err
		}
		return s.teamAudit(ctx, tx, p, "team.create", t.ID, whoseTeam(members))
	})
	if err != nil {
		return Team{}, err
	}
	return s.withMembers(ctx, t)
}

// CopyTeam makes a team like another one that the principal may look at, with
// the same members. It needs the role operator, and an owner who MayGive lets
// be one.
func (s *Service) CopyTeam(ctx context.Context, p Principal, id int64, name string, owner int64) (Team, error) {
	if err := s.AllowedInOrg(p, RoleOperator); err != nil {
		return Team{}, err
	}
	of, err := s.Team(ctx, p, id)
	if err != nil {
		return Team{}, err
	}
	if name, err = named("team", name); err != nil {
		return Team{}, err
	}
	at := s.now().UnixMicro()
	t := store.Team{Org: p.Org, Owner: owner, Name: name, Description: of.Description, Created: at, Updated: at}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := tx.PutTeam(ctx, &t); err != nil {
			return err
		}
		if err := s.putTeamMembers(ctx, tx, p, t.ID, of.Members); err != nil {
			return err
		}
		return s.teamAudit(ctx, tx, p, "team.create", t.ID, map[string]any{"copied_from": id})
	})
	if err != nil {
		return Team{}, err
	}
	return s.withMembers(ctx, t)
}

func (s *Service) teamAudit(ctx context.Context, tx *store.Tx, p Principal, action string, id int64, detail map[string]any) error {
	return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: action, Kind: string(KindTeam), Object: id, Detail: detail})
}

// ChangeTeam is what is changed of a team. Nil fields stay.
type ChangeTeam struct {
	Name, Description *string
	Members           *[]TeamMember // all that it has then
}

// UpdateTeam changes a team, as its administrators may: all of it or nothing.
func (s *Service) UpdateTeam(ctx context.Context, p Principal, id int64, c ChangeTeam) (err error) {
	var name string
	if c.Name != nil {
		if name, err = named("team", *c.Name); err != nil {
			return err
		}
	}
	var members []TeamMember
	if c.Members != nil {
		members = *c.Members
	}
	return s.changeTeam(ctx, p, id, "team.update", members, func(tx *store.Tx, t store.Team) error {
		if c.Name != nil {
			t.Name = name
		}
		if c.Description != nil {
			t.Description = printable(*c.Description, maxText)
		}
		t.Updated = s.now().UnixMicro()
		if err := tx.PutTeam(ctx, &t); err != nil || c.Members == nil {
			return err
		}
		return s.setTeamMembers(ctx, tx, p, id, members)
	})
}

// DeleteTeam removes a team. What was shared with it is not shared any more.
func (s *Service) DeleteTeam(ctx context.Context, p Principal, id int64) error {
	return s.changeTeam(ctx, p, id, "team.delete", nil, func(tx *store.Tx, _ store.Team) error { return tx.DropTeam(ctx, id) })
}

// AddTeamMembers puts members of the organization into a team, or changes
// whether they administer it.
func (s *Service) AddTeamMembers(ctx context.Context, p Principal, id int64, members ...TeamMember) error {
	return s.changeTeam(ctx, p, id, "team.members_add", members, func(tx *store.Tx, _ store.Team) error { return s.putTeamMembers(ctx, tx, p, id, members) })
}

// SetTeamMembers replaces who is in a team.
func (s *Service) SetTeamMembers(ctx context.Context, p Principal, id int64, members ...TeamMember) error {
	return s.changeTeam(ctx, p, id, "team.members_set", members, func(tx *store.Tx, _ store.Team) error { return s.setTeamMembers(ctx, tx, p, id, members) })
}

func (s *Service) setTeamMembers(ctx context.Context, tx *store.Tx, p Principal, id int64, members []TeamMember) error {
	if err := tx.DropTeamMembers(ctx, id); err != nil {
		return err
	}
	return s.putTeamMembers(ctx, tx, p, id, members)
}

// RemoveTeamMembers takes users out of a team; nobody named means everybody.
func (s *Service) RemoveTeamMembers(ctx context.Context, p Principal, id int64, users ...int64) error {
	members := make([]TeamMember, len(users))
	for i, u := range users {
		members[i].User = u
	}
	return s.changeTeam(ctx, p, id, "team.members_remove", members, func(tx *store.Tx, _ store.Team) error {
		if len(users) == 0 {
			return tx.DropTeamMembers(ctx, id)
		}
		for _, u := range users {
			if err := tx.DropTeamMember(ctx, id, u); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) putTeamMembers(ctx context.Context, tx *store.Tx, p Principal, id int64, members []TeamMember) error {
	for _, m := range members {
		one, err := tx.Member(ctx, p.Org, m.User)
		if err == nil && !s.genuineMember(ctx, one) {
			err = noUser(m.User)
		}
		if err != nil {
			return err
		}
		row := store.TeamMember{Team: id, User: m.User, Admin: m.Admin, Created: s.now().UnixMicro()}
		row.MAC = s.sealTeamMember(row)
		if err := tx.PutTeamMember(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// changeTeam changes a team for who administers it, and writes it down.
func (s *Service) changeTeam(ctx context.Context, p Principal, id int64, action string, members []TeamMember, change func(*store.Tx, store.Team) error) error {
	if err := s.Allowed(ctx, p, RoleAdmin, KindTeam, id); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		t, err := tx.Team(ctx, p.Org, id)
		if err != nil {
			return err
		}
		if err := change(tx, t); err != nil {
			return err
		}
		return s.teamAudit(ctx, tx, p, action, id, whoseTeam(members))
	})
}

// whoseTeam is what the audit log says of members; nil for nobody.
func whoseTeam(members []TeamMember) map[string]any {
	if len(members) == 0 {
		return nil
	}
	named := make([]string, len(members))
	for i, m := range members {
		named[i] = fmt.Sprint(m.User)
		if m.Admin {
			named[i] += " (admin)"
		}
	}
	return map[string]any{"users": named}
}
