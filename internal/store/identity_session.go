package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// Session is what a session token stands for. The token itself is not here,
// only its hash.
type Session struct {
	ID        int64
	Hash      []byte
	Org, User int64
	Kind      string
	Key       int64  // the service key it was got with; 0 without one
	Scope     string // the most it may do
	Created   int64  // µs
	Expires   int64  // µs
	Proved    int64  // µs, when the user last proved who they are; 0 for never
	Seen      int64  // µs, of the last request, to a minute; not in the MAC
	Address   string
	Agent     string
	MAC       []byte
}

// ServiceKey is a key that a program signs in with. The key itself is not
// here, only its hash.
type ServiceKey struct {
	ID        int64
	Hash      []byte
	Org, User int64
	Prefix    string // shown, to tell keys apart
	Name      string
	Scope     string // the most it may do
	Created   int64  // µs
	Expires   int64  // µs
	Used      int64  // µs; 0 for never; not in the MAC
	Revoked   int64  // µs; 0 while it lives
	Confirmed int64  // µs, when somebody let it work again after the server was restored; 0 for never
	MAC       []byte
}

// Authentic is everything that decides whether a session is good.
type Authentic struct {
	Session    Session
	User       User
	Membership Membership
	Key        *ServiceKey // nil for a session without one
}

const (
	sessionColumns = `s.id, s.hash, s.org, s.account, s.kind, s.service_key, s.scope, s.created, s.expires, s.proved, s.seen, s.address, s.agent, s.mac`
	keyColumns     = `k.id, k.hash, k.org, k.account, k.prefix, k.name, k.scope, k.created, k.expires, k.used, k.revoked, k.confirmed, k.mac`
)

func (s *Session) fields() []any {
	return []any{&s.ID, &s.Hash, &s.Org, &s.User, &s.Kind, &s.Key, &s.Scope, &s.Created, &s.Expires, &s.Proved, &s.Seen, &s.Address, &s.Agent, &s.MAC}
}

func (k *ServiceKey) fields() []any {
	return []any{&k.ID, &k.Hash, &k.Org, &k.User, &k.Prefix, &k.Name, &k.Scope, &k.Created, &k.Expires, &k.Used, &k.Revoked, &k.Confirmed, &k.MAC}
}

// noIdentity is the answer for every id that one cannot see.
func noIdentity(kind string, id int64) error {
	return &weir.Error{Code: weir.CodeNotFound, Where: fmt.Sprintf("%s %d", kind, id), Message: "there is none with this id"}
}

// CreateSession stores a new session with the MAC that seal makes of it, and
// removes those that ended before.
func (t *Tx) CreateSession(ctx context.Context, s *Session, seal func(Session) []byte) error {
	if _, err := t.tx.ExecContext(ctx, `DELETE FROM session WHERE expires <= $1`, s.Created); err != nil {
		return err
	}
	keep(t, s)
	s.Seen = s.Created
	err := t.tx.QueryRowContext(ctx, `INSERT INTO session (hash, org, account, kind, service_key, scope, created, expires, proved, seen, address, agent, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7, $10, $11, $12) RETURNING id`,
		s.Hash, s.Org, s.User, s.Kind, s.Key, s.Scope, s.Created, s.Expires, s.Proved, s.Address, s.Agent, []byte{}).Scan(&s.ID)
	if err != nil {
		return err
	}
	s.MAC = seal(*s)
	_, err = t.tx.ExecContext(ctx, `UPDATE session SET mac = $2 WHERE id = $1`, s.ID, s.MAC)
	return err
}

// Authentic reads the session with that hash, and what it depends on, in one
// statement: four steps in indexes.
func (db *DB) Authentic(ctx context.Context, hash []byte) (a Authentic, found bool, err error) {
	row := db.read.QueryRowContext(ctx, `SELECT `+sessionColumns+`, `+userColumns+`, `+membershipColumns+`,
		coalesce(k.id, 0), coalesce(k.org, 0), coalesce(k.account, 0), coalesce(k.prefix, ''), coalesce(k.name, ''), coalesce(k.scope, ''),
		coalesce(k.created, 0), coalesce(k.expires, 0), coalesce(k.revoked, 0), coalesce(k.confirmed, 0), k.hash, k.mac
		FROM session s JOIN user_account u ON u.id = s.account JOIN membership m ON m.org = s.org AND m.account = s.account
		LEFT JOIN service_key k ON k.id = s.service_key WHERE s.hash = $1`, hash)
	var k ServiceKey
	to := append(a.Session.fields(), a.User.fields()...)
	to = append(to, a.Membership.fields()...)
	err = row.Scan(append(to, &k.ID, &k.Org, &k.User, &k.Prefix, &k.Name, &k.Scope, &k.Created, &k.Expires, &k.Revoked, &k.Confirmed, &k.Hash, &k.MAC)...)
	if isNoRows(err) {
		return Authentic{}, false, nil
	}
	if k.ID != 0 {
		a.Key = &k
	}
	return a, err == nil, db.explain(ctx, err)
}

// TouchSession notes that the session was used at µs, unless somebody noted a
// use since before.
func (db *DB) TouchSession(ctx context.Context, id, at, before int64) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE session SET seen = $2 WHERE id = $1 AND seen <= $3`, id, at, before)
		return err
	})
}

// Sessions gives a user's sessions in an organization, newest first.
func (db *DB) Sessions(ctx context.Context, org, user int64) (all []Session, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var s Session
		err := rows.Scan(s.fields()...)
		all = append(all, s)
		return err
	}, `SELECT `+sessionColumns+` FROM session s WHERE s.account = $1 AND s.org = $2 ORDER BY s.id DESC`, user, org)
	return all, err
}

// EndSession removes one session of the user, and says whether it was there.
func (t *Tx) EndSession(ctx context.Context, user, id int64) (ended bool, err error) {
	done, err := t.tx.ExecContext(ctx, `DELETE FROM session WHERE id = $2 AND account = $1`, user, id)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// EndSessionByHash removes the session with that hash, where there is one.
func (t *Tx) EndSessionByHash(ctx context.Context, hash []byte) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM session WHERE hash = $1`, hash)
	return err
}

// EndSessions removes all sessions of a user but one (0 for none), in the
// organization, or in all of them when org is 0.
func (t *Tx) EndSessions(ctx context.Context, org, user, but int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM session WHERE account = $1 AND id <> $2 AND (CAST($3 AS BIGINT) = 0 OR org = $3)`, user, but, org)
	return err
}

// CreateKey stores a new service key with the MAC that seal makes of it.
func (t *Tx) CreateKey(ctx context.Context, k *ServiceKey, seal func(ServiceKey) []byte) error {
	keep(t, k)
	err := t.tx.QueryRowContext(ctx, `INSERT INTO service_key (hash, org, account, prefix, name, scope, created, expires, used, revoked, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9) RETURNING id`,
		k.Hash, k.Org, k.User, k.Prefix, k.Name, k.Scope, k.Created, k.Expires, []byte{}).Scan(&k.ID)
	if err != nil {
		return err
	}
	return t.sealKey(ctx, k, seal)
}

func (t *Tx) sealKey(ctx context.Context, k *ServiceKey, seal func(ServiceKey) []byte) error {
	k.MAC = seal(*k)
	_, err := t.tx.ExecContext(ctx, `UPDATE service_key SET revoked = $2, confirmed = $3, mac = $4 WHERE id = $1`, k.ID, k.Revoked, k.Confirmed, k.MAC)
	return err
}

// RevokeKey ends a key and the sessions that were got with it.
func (t *Tx) RevokeKey(ctx context.Context, k *ServiceKey, at int64, seal func(ServiceKey) []byte) error {
	keep(t, k)
	k.Revoked = at
	if err := t.sealKey(ctx, k, seal); err != nil {
		return err
	}
	_, err := t.tx.ExecContext(ctx, `DELETE FROM session WHERE service_key = $1`, k.ID)
	return err
}

// ConfirmKey lets a key work that waited since the server was restored.
func (t *Tx) ConfirmKey(ctx context.Context, k *ServiceKey, at int64, seal func(ServiceKey) []byte) error {
	keep(t, k)
	k.Confirmed = at
	return t.sealKey(ctx, k, seal)
}

// UseKey notes that a key was used at µs.
func (t *Tx) UseKey(ctx context.Context, id, at int64) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE service_key SET used = $2 WHERE id = $1`, id, at)
	return err
}

// KeyByHash reads a key inside the transaction, and holds it.
func (t *Tx) KeyByHash(ctx context.Context, hash []byte) (k ServiceKey, found bool, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM service_key k WHERE k.hash = $1`+t.db.engine.forUpdate(), hash).Scan(k.fields()...)
	if isNoRows(err) {
		return ServiceKey{}, false, nil
	}
	return k, err == nil, err
}

// Key reads a key of the organization inside the transaction, and holds it.
// Any other is CodeNotFound.
func (t *Tx) Key(ctx context.Context, org, id int64) (k ServiceKey, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM service_key k WHERE k.id = $1 AND k.org = $2`+t.db.engine.forUpdate(), id, org).Scan(k.fields()...)
	if isNoRows(err) {
		return k, noIdentity("service key", id)
	}
	return k, err
}

// Keys gives the organization's keys in the order of their ids: those of one
// user, or all when user is 0.
func (db *DB) Keys(ctx context.Context, org, user int64) (all []ServiceKey, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var k ServiceKey
		err := rows.Scan(k.fields()...)
		all = append(all, k)
		return err
	}, `SELECT `+keyColumns+` FROM service_key k WHERE k.org = $1 AND (CAST($2 AS BIGINT) = 0 OR k.account = $2) ORDER BY k.id`, org, user)
	return all, err
}

// Member reads a member of an organization inside the transaction, and holds
// the membership. Anybody else is CodeNotFound.
func (t *Tx) Member(ctx context.Context, org, user int64) (Member, error) {
	m, err := scanMember(t.tx.QueryRowContext(ctx, `SELECT `+membershipColumns+`, `+userColumns+fromMember+` WHERE m.org = $1 AND m.account = $2`+t.db.engine.updating("m"), org, user))
	if isNoRows(err) {
		return m, noIdentity("user", user)
	}
	return m, err
}
