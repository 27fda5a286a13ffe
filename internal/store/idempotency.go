package store

import (
	"context"
	"database/sql"
)

// AnswerKey names a request that a client may repeat: its own key, which is
// visible ASCII, among those of one user.
type AnswerKey struct {
	Org   int64
	Actor int64 // a user
	Key   string
}

// Answer is what is known of such a request.
type Answer struct {
	Request []byte // its hash
	Status  int    // of its answer; 0 while it is under way, and when it was interrupted
	Body    []byte
	At      int64 // when it came, µs
}

// ClaimAnswer notes that the request is under way and returns nil, unless
// there is a note already, which it returns. Of two who claim the same key
// one gets nil. Everybody's notes from before after are deleted.
func (db *DB) ClaimAnswer(ctx context.Context, k AnswerKey, request []byte, at, after int64) (old *Answer, err error) {
	err = db.change(ctx, func(tx *sql.Tx) error {
		old = nil
		if _, err := tx.ExecContext(ctx, `DELETE FROM idempotency WHERE at < $1`, after); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO idempotency (org, actor, key, request, status, answer, at)
			VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (org, actor, key) DO NOTHING`, k.Org, k.Actor, k.Key, request, []byte{}, at)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		old = &Answer{}
		return tx.QueryRowContext(ctx, `SELECT request, status, answer, at FROM idempotency WHERE org = $1 AND actor = $2 AND key = $3`,
			k.Org, k.Actor, k.Key).Scan(&old.Request, &old.Status, &old.Body, &old.At)
	})
	if err != nil {
		return nil, err
	}
	return old, nil
}

// KeepAnswer completes the note with the answer. No body means that there was
// one which must not be kept.
func (db *DB) KeepAnswer(ctx context.Context, k AnswerKey, status int, body []byte) error {
	if body == nil {
		body = []byte{}
	}
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE idempotency SET status = $4, answer = $5 WHERE org = $1 AND actor = $2 AND key = $3`,
			k.Org, k.Actor, k.Key, status, body)
		return err
	})
}

// ForgetAnswer takes the note away, so that the key may be used again.
func (db *DB) ForgetAnswer(ctx context.Context, k AnswerKey) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM idempotency WHERE org = $1 AND actor = $2 AND key = $3`, k.Org, k.Actor, k.Key)
		return err
	})
}
