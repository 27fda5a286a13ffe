package store

import (
	"context"
)

// Attempts reads when the subject's passwords were tried, as it was saved;
// nil for a subject that nobody has tried.
func (db *DB) Attempts(ctx context.Context, subject []byte) (times []byte, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT times FROM attempt WHERE subject = $1`, subject).Scan(&times)
	if isNoRows(err) {
		return nil, nil
	}
	return times, db.explain(ctx, err)
}

// Attempts is DB.Attempts inside the transaction. Others who want the same
// subject wait until it ends, even when the subject is new.
func (t *Tx) Attempts(ctx context.Context, subject []byte, at int64) (times []byte, err error) {
	_, err = t.tx.ExecContext(ctx, `INSERT INTO attempt (subject, times, updated) VALUES ($1, $2, $3) ON CONFLICT (subject) DO NOTHING`, subject, []byte{}, at)
	if err != nil {
		return nil, err
	}
	err = t.tx.QueryRowContext(ctx, `SELECT times FROM attempt WHERE subject = $1`+t.db.engine.forUpdate(), subject).Scan(&times)
	return times, err
}

// SaveAttempts writes them back at µs.
func (t *Tx) SaveAttempts(ctx context.Context, subject, times []byte, at int64) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE attempt SET times = $2, updated = $3 WHERE subject = $1`, subject, times, at)
	return err
}

// ForgetAttempts removes subjects that nobody has tried since µs, a few at a
// time.
func (t *Tx) ForgetAttempts(ctx context.Context, since int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM attempt WHERE subject IN (SELECT subject FROM attempt WHERE updated < $1 ORDER BY updated LIMIT 20)`, since)
	return err
}

// PutDevice remembers that a browser has signed in to the account.
func (t *Tx) PutDevice(ctx context.Context, hash []byte, user, at int64) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO device (hash, account, created, used) VALUES ($1, $2, $3, $3)`, hash, user, at)
	return err
}

// UseDevice notes that a known browser has signed in again.
func (t *Tx) UseDevice(ctx context.Context, hash []byte, user, at int64) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE device SET used = $3 WHERE hash = $1 AND account = $2`, hash, user, at)
	return err
}

// ForgetDevices removes all that is known of an account's browsers.
func (t *Tx) ForgetDevices(ctx context.Context, user int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM device WHERE account = $1`, user)
	return err
}

// DeviceAccount gives the account that the browser has signed in to since µs;
// 0 for a browser that is not known.
func (db *DB) DeviceAccount(ctx context.Context, hash []byte, since int64) (user int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT account FROM device WHERE hash = $1 AND used >= $2`, hash, since).Scan(&user)
	if isNoRows(err) {
		return 0, nil
	}
	return user, db.explain(ctx, err)
}
