package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/weirhq/weir"
)

// SaveDelivered keeps a copy of a destination's position for people to see;
// the truth is in the destination itself. Destination is the name people see,
// never with a password; at is in µs.
func (db *DB) SaveDelivered(ctx context.Context, d DatasetID, destination string, to weir.Position, at int64) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		org, err := orgOf(ctx, tx, d)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO delivered (dataset, destination, org, position, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (dataset, destination) DO UPDATE SET position = excluded.position, at = excluded.at`, d, destination, org, to, at)
		return err
	})
}

// Delivered gives the copy that SaveDelivered keeps, 0 when there is none.
func (db *DB) Delivered(ctx context.Context, d DatasetID, destination string) (to weir.Position, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT position FROM delivered WHERE dataset = $1 AND destination = $2`, d, destination).Scan(&to)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return to, db.explain(ctx, err)
}
