package store

import (
	"context"
	"database/sql"
)

// Accessor gives somebody a role on a resource.
type Accessor struct {
	Resource int64
	Kind     string // "USER", "TEAM", "ORG"
	Who      int64
	Role     string
	Created  int64 // µs
	MAC      []byte
}

const accessorColumns = `a.resource, a.kind, a.who, a.role, a.created, a.mac`

// OwnedBy gives who owns a living resource of the organization and kind. Any
// other is CodeNotFound, and one that Weir has not written is CodeIntegrity.
func (db *DB) OwnedBy(ctx context.Context, org int64, kind Kind, id int64) (owner int64, err error) {
	r, err := db.Resource(ctx, org, kind, id)
	return r.Owner, err
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

// Owned counts what a user owns in an organization and TransferAll gives away, by
// kind; what was deleted and can be restored is counted too.
func (db *DB) Owned(ctx context.Context, org, user int64) (counts map[Kind]int, err error) {
	counts = map[Kind]int{}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var kind Kind
		var n int
		err := rows.Scan(&kind, &n)
		counts[kind] = n
		return err
	}, `SELECT kind, count(*) FROM resource WHERE org = $1 AND owner = $2 AND kind <> $3 GROUP BY kind`, org, user, KindRejectExport)
	return counts, err
}

// Owns counts what Owned does, inside the transaction and over all kinds.
func (t *Tx) Owns(ctx context.Context, org, user int64) (n int, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT count(*) FROM resource WHERE org = $1 AND owner = $2 AND kind <> $3`, org, user, KindRejectExport).Scan(&n)
	return n, err
}

// OwnedOf gives a user's living resources of a kind inside the transaction.
func (t *Tx) OwnedOf(ctx context.Context, org, user int64, kind Kind) ([]Resource, error) {
	return t.resources(ctx, ` WHERE r.org = $1 AND r.owner = $2 AND r.kind = $3 AND r.deleted = 0`, org, user, kind)
}

// Living counts an organization's living resources.
func (t *Tx) Living(ctx context.Context, org int64) (n int, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT count(*) FROM resource WHERE org = $1 AND deleted = 0`, org).Scan(&n)
	return n, err
}

// Standing counts an organization's living resources by kind and status: one
// owner's, or all when owner is 0.
func (db *DB) Standing(ctx context.Context, org, owner int64) (counts map[Kind]map[string]int, err error) {
	counts = map[Kind]map[string]int{}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var kind Kind
		var status string
		var n int
		err := rows.Scan(&kind, &status, &n)
		if counts[kind] == nil {
			counts[kind] = map[string]int{}
		}
		counts[kind][status] = n
		return err
	}, `SELECT kind, status, count(*) FROM resource WHERE org = $1 AND deleted = 0 AND (CAST($2 AS BIGINT) = 0 OR owner = $2) GROUP BY kind, status`, org, owner)
	return counts, err
}

// TransferAll makes a user the owner of all that another one owns in the
// organization, teams included, and says how many things that were. Rows that
// somebody else has written stay as they are, and so do settings of the owner's own:
// a quarantine export sends its owner's records where its owner wanted them.
func (t *Tx) TransferAll(ctx context.Context, org, from, to, at int64) (n int64, err error) {
	all, err := t.resources(ctx, ` WHERE r.org = $1 AND r.owner = $2 AND r.kind <> $3`, org, from, KindRejectExport)
	if err != nil {
		return 0, err
	}
	for _, r := range all {
		if !t.db.genuine(r) {
			continue
		}
		r.Owner, r.Updated = to, at
		if err := t.UpdateResource(ctx, &r); err != nil {
			return n, err
		}
		n++
	}
	done, err := t.tx.ExecContext(ctx, `UPDATE team SET owner = $3, updated = $4 WHERE org = $1 AND owner = $2`, org, from, to, at)
	if err != nil {
		return n, err
	}
	teams, err := done.RowsAffected()
	return n + teams, err
}

// DropMember takes a user out of an organization: the membership, the places
// in teams, what was shared with the user, the sessions, the service keys, what
// the user was told and wanted to be told, and the quarantine exports.
func (t *Tx) DropMember(ctx context.Context, org, user int64) error {
	for _, statement := range []string{
		`DELETE FROM team_member WHERE account = $2 AND team IN (SELECT id FROM team WHERE org = $1)`,
		`DELETE FROM accessor WHERE kind = 'USER' AND who = $2 AND resource IN (SELECT id FROM resource WHERE org = $1)`,
		`DELETE FROM link WHERE org = $1 AND account = $2`,
		`DELETE FROM session WHERE org = $1 AND account = $2`,
		`DELETE FROM service_key WHERE org = $1 AND account = $2`,
		`DELETE FROM notice_rule WHERE org = $1 AND owner = $2`,
		`DELETE FROM notice WHERE org = $1 AND account = $2`,
		`DELETE FROM dispatch_event WHERE dispatch IN (SELECT id FROM dispatch WHERE org = $1 AND account = $2 AND status = 'waiting')`,
		`DELETE FROM dispatch WHERE org = $1 AND account = $2 AND status = 'waiting'`,
		`DELETE FROM reference WHERE resource IN (SELECT id FROM resource WHERE org = $1 AND owner = $2 AND kind = '` + string(KindRejectExport) + `')`,
		`DELETE FROM resource WHERE org = $1 AND owner = $2 AND kind = '` + string(KindRejectExport) + `'`,
		`DELETE FROM membership WHERE org = $1 AND account = $2`,
	} {
		if _, err := t.tx.ExecContext(ctx, statement, org, user); err != nil {
			return err
		}
	}
	return nil
}
