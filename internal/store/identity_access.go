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

// Accessor gives somebody a role on a resource.
type Accessor struct {
	Resource int64
	Kind     string // "USER", "TEAM", "ORG"
	Who      int64
	Role     string
	Created  int64 // µs
	MAC      []byte
}

const (
	teamColumns       = `t.id, t.org, t.owner, t.name, t.description, t.created, t.updated`
	teamMemberColumns = `tm.team, tm.account, tm.admin, tm.created, tm.mac`
	accessorColumns   = `a.resource, a.kind, a.who, a.role, a.created, a.mac`
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

// OwnedBy gives who owns a living resource of the organization and kind. Any
// other is CodeNotFound.
func (db *DB) OwnedBy(ctx context.Context, org int64, kind Kind, id int64) (owner int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT owner FROM resource WHERE id = $1 AND org = $2 AND kind = $3 AND deleted = 0`, id, org, kind).Scan(&owner)
	if isNoRows(err) {
		return 0, noResource(kind, id)
	}
	return owner, db.explain(ctx, err)
}

// AccessorsOf gives the accessors of the resources.
func (db *DB) AccessorsOf(ctx context.Context, resources ...int64) (all []Accessor, err error) {
	c := &conditions{}
	c.and(among(c, "a.resource", resources))
	err = db.each(ctx, func(rows *sql.Rows) error {
		var a Accessor
		err := rows.Scan(&a.Resource, &a.Kind, &a.Who, &a.Role, &a.Created, &a.MAC)
		all = append(all, a)
		return err
	}, `SELECT `+accessorColumns+` FROM accessor a`+c.text.String()+` ORDER BY a.resource, a.kind, a.who`, c.args...)
	return all, err
}

// PutAccessor stores an accessor in place of an earlier one.
func (t *Tx) PutAccessor(ctx context.Context, a Accessor) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO accessor (resource, kind, who, role, created, mac) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (resource, kind, who) DO UPDATE SET role = excluded.role, created = excluded.created, mac = excluded.mac`,
		a.Resource, a.Kind, a.Who, a.Role, a.Created, a.MAC)
	return err
}

// DropAccessor removes one.
func (t *Tx) DropAccessor(ctx context.Context, resource int64, kind string, who int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM accessor WHERE resource = $1 AND kind = $2 AND who = $3`, resource, kind, who)
	return err
}

// DropAccessors removes all of a resource.
func (t *Tx) DropAccessors(ctx context.Context, resource int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM accessor WHERE resource = $1`, resource)
	return err
}

// TeamsOf gives the user's places in teams of the organization.
func (db *DB) TeamsOf(ctx context.Context, org, user int64) (all []TeamMember, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		m, err := scanTeamMember(rows)
		all = append(all, m)
		return err
	}, `SELECT `+teamMemberColumns+` FROM team_member tm JOIN team t ON t.id = tm.team WHERE tm.account = $1 AND t.org = $2 ORDER BY tm.team`, user, org)
	return all, err
}

// Team reads a team of the organization. Any other is CodeNotFound.
func (db *DB) Team(ctx context.Context, org, id int64) (t Team, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT `+teamColumns+` FROM team t WHERE t.id = $1 AND t.org = $2`, id, org).Scan(t.fields()...)
	if isNoRows(err) {
		return t, noIdentity("team", id)
	}
	return t, db.explain(ctx, err)
}
