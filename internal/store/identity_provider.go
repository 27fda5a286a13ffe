package store

import "context"

// Identity says which user somebody is whom an identity provider knows.
type Identity struct {
	Issuer, Subject string
	User            int64
	Created         int64 // µs
	MAC             []byte
}

// PutIdentity stores a new identity.
func (t *Tx) PutIdentity(ctx context.Context, i Identity) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO identity (issuer, subject, account, created, mac) VALUES ($1, $2, $3, $4, $5)`,
		i.Issuer, i.Subject, i.User, i.Created, i.MAC)
	return err
}

// Identity reads one.
func (t *Tx) Identity(ctx context.Context, issuer, subject string) (i Identity, found bool, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT issuer, subject, account, created, mac FROM identity WHERE issuer = $1 AND subject = $2`, issuer, subject).
		Scan(&i.Issuer, &i.Subject, &i.User, &i.Created, &i.MAC)
	if isNoRows(err) {
		return Identity{}, false, nil
	}
	return i, err == nil, err
}

// PutFlow remembers that a browser went to an identity provider at µs, and
// forgets those that went before the other µs.
func (t *Tx) PutFlow(ctx context.Context, state, browser []byte, at, before int64) error {
	if _, err := t.tx.ExecContext(ctx, `DELETE FROM identity_flow WHERE created < $1`, before); err != nil {
		return err
	}
	_, err := t.tx.ExecContext(ctx, `INSERT INTO identity_flow (state, browser, created) VALUES ($1, $2, $3)`, state, browser, at)
	return err
}

// TakeFlow gives which browser went there and when, once.
func (t *Tx) TakeFlow(ctx context.Context, state []byte) (browser []byte, at int64, found bool, err error) {
	err = t.tx.QueryRowContext(ctx, `DELETE FROM identity_flow WHERE state = $1 RETURNING browser, created`, state).Scan(&browser, &at)
	if isNoRows(err) {
		return nil, 0, false, nil
	}
	return browser, at, err == nil, err
}
