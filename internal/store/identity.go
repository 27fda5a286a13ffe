package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

// Organization owns everything that its members make.
type Organization struct {
	ID      int64
	Name    string
	Domain  string // of its e-mail addresses; "" when it has none
	About   string // what it is, in its own words
	Created int64  // µs
	Updated int64  // µs
}

// User is somebody who may sign in.
type User struct {
	ID       int64
	Login    string // the e-mail address as it is compared; unique
	Email    string // as it was typed
	FullName string
	Password string // the hash; "" for a user who has none
	Status   string
	Created  int64 // µs
	Updated  int64 // µs
	MAC      []byte
}

// Membership is a user's place in an organization.
type Membership struct {
	Org, User int64
	Role      string
	Status    string
	Created   int64 // µs
	MAC       []byte
}

// Member is a membership together with its user.
type Member struct {
	Membership Membership
	User       User
}

// scanner is a row, or one of several.
type scanner interface{ Scan(...any) error }

const (
	userColumns       = `u.id, u.login, u.email, u.full_name, u.password, u.status, u.created, u.updated, u.mac`
	membershipColumns = `m.org, m.account, m.role, m.status, m.created, m.mac`
	fromMember        = ` FROM membership m JOIN user_account u ON u.id = m.account`
)

func (u *User) fields() []any {
	return []any{&u.ID, &u.Login, &u.Email, &u.FullName, &u.Password, &u.Status, &u.Created, &u.Updated, &u.MAC}
}

func (m *Membership) fields() []any {
	return []any{&m.Org, &m.User, &m.Role, &m.Status, &m.Created, &m.MAC}
}

func scanMember(row scanner) (m Member, err error) {
	err = row.Scan(append(m.Membership.fields(), m.User.fields()...)...)
	return m, err
}

// CreateOrganization stores a new organization and gives its id.
func (t *Tx) CreateOrganization(ctx context.Context, o *Organization) error {
	keep(t, o)
	o.Updated = o.Created
	return t.tx.QueryRowContext(ctx, `INSERT INTO organization (name, domain, description, created, updated) VALUES ($1, $2, $4, $3, $3) RETURNING id`,
		o.Name, o.Domain, o.Created, o.About).Scan(&o.ID)
}

// UpdateOrganization writes its name, domain and description.
func (t *Tx) UpdateOrganization(ctx context.Context, o Organization) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE organization SET name = $2, domain = $3, updated = $4, description = $5 WHERE id = $1`, o.ID, o.Name, o.Domain, o.Updated, o.About)
	return err
}

// Organization reads one.
func (db *DB) Organization(ctx context.Context, id int64) (o Organization, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT id, name, domain, description, created, updated FROM organization WHERE id = $1`, id).Scan(&o.ID, &o.Name, &o.Domain, &o.About, &o.Created, &o.Updated)
	return o, db.explain(ctx, err)
}

// Organization reads one inside the transaction.
func (t *Tx) Organization(ctx context.Context, id int64) (o Organization, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT id, name, domain, created, updated FROM organization WHERE id = $1`, id).Scan(&o.ID, &o.Name, &o.Domain, &o.Created, &o.Updated)
	return o, err
}

// DropOrganization takes everything about people out of an organization, what
// waits to be told to them, and its secrets. The row itself stays, for the audit log.
func (t *Tx) DropOrganization(ctx context.Context, org int64) error {
	for _, statement := range []string{
		`DELETE FROM team_member WHERE team IN (SELECT id FROM team WHERE org = $1)`,
		`DELETE FROM accessor WHERE resource IN (SELECT id FROM resource WHERE org = $1)`,
		`DELETE FROM team WHERE org = $1`,
		`DELETE FROM link WHERE org = $1`,
		`DELETE FROM session WHERE org = $1`,
		`DELETE FROM service_key WHERE org = $1`,
		`DELETE FROM secret WHERE org = $1`,
		`DELETE FROM notice_rule WHERE org = $1`,
		`DELETE FROM notice WHERE org = $1`,
		`DELETE FROM dispatch_event WHERE dispatch IN (SELECT id FROM dispatch WHERE org = $1 AND status = 'waiting')`,
		`DELETE FROM dispatch WHERE org = $1 AND status = 'waiting'`,
		`DELETE FROM membership WHERE org = $1`,
	} {
		if _, err := t.tx.ExecContext(ctx, statement, org); err != nil {
			return err
		}
	}
	return nil
}

// Users counts all users that there ever were: a user is never removed.
func (db *DB) Users(ctx context.Context) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT count(*) FROM user_account`).Scan(&n)
	return n, db.explain(ctx, err)
}

// Users counts them inside the transaction.
func (t *Tx) Users(ctx context.Context) (n int, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT count(*) FROM user_account`).Scan(&n)
	return n, err
}

// PutUser stores a user, a new one when its id is 0, with the MAC that seal
// makes of it. A login that somebody else has is CodeConflict.
func (t *Tx) PutUser(ctx context.Context, u *User, seal func(User) []byte) error {
	var taken int
	err := t.tx.QueryRowContext(ctx, `SELECT count(*) FROM user_account WHERE login = $1 AND id <> $2`, u.Login, u.ID).Scan(&taken)
	if err != nil {
		return err
	}
	if taken > 0 {
		return &weir.Error{Code: weir.CodeConflict, Where: "user", Message: "somebody already has this e-mail address", Remedy: "Use another one"}
	}
	keep(t, u)
	if u.ID == 0 {
		u.Updated = u.Created
		err := t.tx.QueryRowContext(ctx, `INSERT INTO user_account (login, email, full_name, password, status, created, updated, mac)
			VALUES ($1, $2, $3, $4, $5, $6, $6, $7) RETURNING id`, u.Login, u.Email, u.FullName, u.Password, u.Status, u.Created, []byte{}).Scan(&u.ID)
		if err != nil {
			return err
		}
	}
	u.MAC = seal(*u)
	_, err = t.tx.ExecContext(ctx, `UPDATE user_account SET login = $2, email = $3, full_name = $4, password = $5, status = $6, updated = $7, mac = $8 WHERE id = $1`,
		u.ID, u.Login, u.Email, u.FullName, u.Password, u.Status, u.Updated, u.MAC)
	return err
}

// UserByLogin reads the user with that login. It gives no error when there
// is none: that is for the caller to hide.
func (db *DB) UserByLogin(ctx context.Context, login string) (u User, found bool, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM user_account u WHERE u.login = $1`, login).Scan(u.fields()...)
	if isNoRows(err) {
		return User{}, false, nil
	}
	return u, err == nil, db.explain(ctx, err)
}

// User reads one inside the transaction, and holds it against other writers.
func (t *Tx) User(ctx context.Context, id int64) (u User, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM user_account u WHERE u.id = $1`+t.db.engine.forUpdate(), id).Scan(u.fields()...)
	return u, err
}

// UserByLogin is DB.UserByLogin inside the transaction.
func (t *Tx) UserByLogin(ctx context.Context, login string) (u User, found bool, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM user_account u WHERE u.login = $1`+t.db.engine.forUpdate(), login).Scan(u.fields()...)
	if isNoRows(err) {
		return User{}, false, nil
	}
	return u, err == nil, err
}

// PutMembership stores a membership in place of an earlier one.
func (t *Tx) PutMembership(ctx context.Context, m Membership) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO membership (org, account, role, status, created, mac) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (org, account) DO UPDATE SET role = excluded.role, status = excluded.status, created = excluded.created, mac = excluded.mac`,
		m.Org, m.User, m.Role, m.Status, m.Created, m.MAC)
	return err
}

// Memberships gives a user's memberships, the oldest organization first.
func (db *DB) Memberships(ctx context.Context, user int64) (all []Membership, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var m Membership
		err := rows.Scan(m.fields()...)
		all = append(all, m)
		return err
	}, `SELECT `+membershipColumns+` FROM membership m WHERE m.account = $1 ORDER BY m.org`, user)
	return all, err
}

// Memberships is DB.Memberships inside the transaction, which holds them.
func (t *Tx) Memberships(ctx context.Context, user int64) (all []Membership, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		var m Membership
		err := rows.Scan(m.fields()...)
		all = append(all, m)
		return err
	}, `SELECT `+membershipColumns+` FROM membership m WHERE m.account = $1 ORDER BY m.org`+t.db.engine.forUpdate(), user)
	return all, err
}

// MembersIn gives all members of an organization inside the transaction, and
// holds their memberships: two changes of who owns it take turns.
func (t *Tx) MembersIn(ctx context.Context, org int64) (all []Member, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		m, err := scanMember(rows)
		all = append(all, m)
		return err
	}, `SELECT `+membershipColumns+`, `+userColumns+fromMember+` WHERE m.org = $1 ORDER BY m.account`+t.db.engine.updating("m"), org)
	return all, err
}

// Members gives all members of an organization, in the order of their ids.
func (db *DB) Members(ctx context.Context, org int64) (all []Member, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		m, err := scanMember(rows)
		all = append(all, m)
		return err
	}, `SELECT `+membershipColumns+`, `+userColumns+fromMember+` WHERE m.org = $1 ORDER BY m.account`, org)
	return all, err
}

// Member reads one member of an organization. Anybody else is CodeNotFound.
func (db *DB) Member(ctx context.Context, org, user int64) (Member, error) {
	m, err := scanMember(db.read.QueryRowContext(ctx, `SELECT `+membershipColumns+`, `+userColumns+fromMember+` WHERE m.org = $1 AND m.account = $2`, org, user))
	if isNoRows(err) {
		return m, noIdentity("user", user)
	}
	return m, db.explain(ctx, err)
}
