package store

import (
	"context"
	"database/sql"
)

// UpdateBudget changes what is written down of one key's places, in one short
// write transaction: nobody else changes it between change's two values. The
// old value is nil when nothing was written down yet. Change may be called
// from here only and must not use the database.
func (db *DB) UpdateBudget(ctx context.Context, key string, change func(old []byte) ([]byte, error)) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		// Holds the row against every other process, also when it is new.
		_, err := tx.ExecContext(ctx, `INSERT INTO budget (key, places) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET places = budget.places`, key, []byte{})
		if err != nil {
			return err
		}
		var old []byte
		if err := tx.QueryRowContext(ctx, `SELECT places FROM budget WHERE key = $1`, key).Scan(&old); err != nil {
			return err
		}
		if len(old) == 0 {
			old = nil
		}
		places, err := change(old)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE budget SET places = $2 WHERE key = $1`, key, places)
		return err
	})
}
