package store

import (
	"context"
	"database/sql"
	"errors"
)

// UpdateBudget replaces what is written down of one key's places by what
// change makes of it, in one short durable write transaction: no other
// process changes it between the two. Old is nil when nothing was written
// down yet. Change runs while the row is held, so it must be quick and must
// not use the database, and may be called again when the transaction did not
// last; its error aborts and comes back as it is.
func (db *DB) UpdateBudget(ctx context.Context, key string, change func(old []byte) ([]byte, error)) error {
	var refused error
	err := db.change(ctx, func(tx *sql.Tx) error {
		old, err := db.holdBudget(ctx, tx, key)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			old = nil
		}
		places, err := change(old)
		if refused = err; err != nil {
			return err
		}
		if places == nil {
			places = []byte{}
		}
		_, err = tx.ExecContext(ctx, `UPDATE budget SET places = $2 WHERE key = $1`, key, places)
		return err
	})
	if refused != nil {
		return refused
	}
	return err
}

// holdBudget reads the row and holds it against every other process. A new
// row is inserted first: of two who do so, one waits for the other here.
func (db *DB) holdBudget(ctx context.Context, tx *sql.Tx, key string) (places []byte, err error) {
	query := `SELECT places FROM budget WHERE key = $1` + db.engine.forUpdate()
	err = tx.QueryRowContext(ctx, query, key).Scan(&places)
	if !errors.Is(err, sql.ErrNoRows) {
		return places, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO budget (key, places) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, key, []byte{}); err != nil {
		return nil, err
	}
	err = tx.QueryRowContext(ctx, query, key).Scan(&places)
	return places, err
}
