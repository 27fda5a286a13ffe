package store

import "context"

// Link is what a link token stands for. The token itself is not here, only
// its hash.
type Link struct {
	Hash      []byte
	Purpose   string
	Org, User int64
	Created   int64 // µs
	Expires   int64 // µs
	MAC       []byte
}

// PutSetup stores the hash of the setup token in place of an earlier one.
func (t *Tx) PutSetup(ctx context.Context, hash []byte, at int64) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO setup (one, hash, created) VALUES (1, $1, $2)
		ON CONFLICT (one) DO UPDATE SET hash = excluded.hash, created = excluded.created`, hash, at)
	return err
}

// Setup gives the hash of the setup token, and holds it; nil without one.
func (t *Tx) Setup(ctx context.Context) (hash []byte, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT hash FROM setup`+t.db.engine.forUpdate()).Scan(&hash)
	if isNoRows(err) {
		return nil, nil
	}
	return hash, err
}

// DropSetup removes it.
func (t *Tx) DropSetup(ctx context.Context) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM setup`)
	return err
}

// CreateLink stores a link in place of the user's earlier ones.
func (t *Tx) CreateLink(ctx context.Context, l Link) error {
	if err := t.DropLinks(ctx, l.User); err != nil {
		return err
	}
	_, err := t.tx.ExecContext(ctx, `INSERT INTO link (hash, purpose, org, account, created, expires, mac) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		l.Hash, l.Purpose, l.Org, l.User, l.Created, l.Expires, l.MAC)
	return err
}

// Link reads a link by its hash, and holds it.
func (t *Tx) Link(ctx context.Context, hash []byte) (l Link, found bool, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT hash, purpose, org, account, created, expires, mac FROM link WHERE hash = $1`+t.db.engine.forUpdate(), hash).
		Scan(&l.Hash, &l.Purpose, &l.Org, &l.User, &l.Created, &l.Expires, &l.MAC)
	if isNoRows(err) {
		return Link{}, false, nil
	}
	return l, err == nil, err
}

// DropLinks removes all links of a user.
func (t *Tx) DropLinks(ctx context.Context, user int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM link WHERE account = $1`, user)
	return err
}
