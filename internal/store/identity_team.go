package store

import (
	"context"
	"database/sql"
)

// Team is a group of members of an organization.
type Team struct {
	ID          int64
	Org, Owner  int64
	Name        string
	Description string
	Created     int64 // µs
	Updated     int64 // µs
}

// TeamMember is a user's place in a team.
type TeamMember struct {
	Team, User int64
	Admin      bool
	Created    int64 // µs
	MAC        []byte
}

const (
	teamColumns       = `t.id, t.org, t.owner, t.name, t.description, t.created, t.updated`
	teamMemberColumns = `tm.team, tm.account, tm.admin, tm.created, tm.mac`
)

func (t *Team) fields() []any {
	return []any{&t.ID, &t.Org, &t.Owner, &t.Name, &t.Description, &t.Created, &t.Updated}
}

func scanTeamMember(row scanner) (m TeamMember, err error) {
	var admin int64
	err = row.Scan(&m.Team, &m.User, &admin, &m.Created, &m.MAC)
	m.Admin = admin != 0
	return m, err
}

// Team reads a team of the organization. Any other is CodeNotFound.
func (db *DB) Team(ctx context.Context, org, id int64) (t Team, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT `+teamColumns+` FROM team t WHERE t.id = $1 AND t.org = $2`, id, org).Scan(t.fields()...)
	if isNoRows(err) {
		return t, noIdentity("team", id)
	}
	return t, db.explain(ctx, err)
}

// Team is DB.Team inside the transaction, which holds the team.
func (t *Tx) Team(ctx context.Context, org, id int64) (team Team, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT `+teamColumns+` FROM team t WHERE t.id = $1 AND t.org = $2`+t.db.engine.forUpdate(), id, org).Scan(team.fields()...)
	if isNoRows(err) {
		return team, noIdentity("team", id)
	}
	return team, err
}

// Teams gives the organization's teams in the order of their ids.
func (db *DB) Teams(ctx context.Context, org int64) (all []Team, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var t Team
		err := rows.Scan(t.fields()...)
		all = append(all, t)
		return err
	}, `SELECT `+teamColumns+` FROM team t WHERE t.org = $1 ORDER BY t.id`, org)
	return all, err
}

// PutTeam stores a team: a new one, whose id it gives, when the id is 0.
func (t *Tx) PutTeam(ctx context.Context, team *Team) error {
	if team.ID == 0 {
		keep(t, team)
		return t.tx.QueryRowContext(ctx, `INSERT INTO team (org, owner, name, description, created, updated) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
			team.Org, team.Owner, team.Name, team.Description, team.Created, team.Updated).Scan(&team.ID)
	}
	_, err := t.tx.ExecContext(ctx, `UPDATE team SET owner = $2, name = $3, description = $4, updated = $5 WHERE id = $1`,
		team.ID, team.Owner, team.Name, team.Description, team.Updated)
	return err
}

// DropTeam removes a team, who is in it, and what was shared with it.
func (t *Tx) DropTeam(ctx context.Context, id int64) error {
	for _, statement := range []string{`DELETE FROM accessor WHERE kind = 'TEAM' AND who = $1`, `DELETE FROM team_member WHERE team = $1`, `DELETE FROM team WHERE id = $1`} {
		if _, err := t.tx.ExecContext(ctx, statement, id); err != nil {
			return err
		}
	}
	return nil
}

// PutTeamMember stores a place in a team instead of an earlier one.
func (t *Tx) PutTeamMember(ctx context.Context, m TeamMember) error {
	admin := int64(0)
	if m.Admin {
		admin = 1
	}
	_, err := t.tx.ExecContext(ctx, `INSERT INTO team_member (team, account, admin, created, mac) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (team, account) DO UPDATE SET admin = excluded.admin, created = excluded.created, mac = excluded.mac`,
		m.Team, m.User, admin, m.Created, m.MAC)
	return err
}

// DropTeamMember takes a user out of a team.
func (t *Tx) DropTeamMember(ctx context.Context, team, user int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM team_member WHERE team = $1 AND account = $2`, team, user)
	return err
}

// DropTeamMembers takes everybody out of a team.
func (t *Tx) DropTeamMembers(ctx context.Context, team int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM team_member WHERE team = $1`, team)
	return err
}

// TeamMembers gives who is in a team.
func (db *DB) TeamMembers(ctx context.Context, team int64) ([]TeamMember, error) {
	return db.teamMembers(ctx, ` WHERE tm.team = $1 ORDER BY tm.account`, team)
}

// TeamsOf gives the user's places in teams of the organization.
func (db *DB) TeamsOf(ctx context.Context, org, user int64) ([]TeamMember, error) {
	return db.teamMembers(ctx, ` JOIN team t ON t.id = tm.team WHERE tm.account = $1 AND t.org = $2 ORDER BY tm.team`, user, org)
}

func (db *DB) teamMembers(ctx context.Context, where string, args ...any) (all []TeamMember, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		m, err := scanTeamMember(rows)
		all = append(all, m)
		return err
	}, `SELECT `+teamMemberColumns+` FROM team_member tm`+where, args...)
	return all, err
}
