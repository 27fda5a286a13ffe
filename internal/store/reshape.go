package store

import (
	"context"
	"database/sql"
	"errors"
)

// Shape is what a destination has learned of the records that an edition of
// rules makes; nil for an edition that it has not seen.
func (db *DB) Shape(ctx context.Context, destination int64, edition string) (shape []byte, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT shape FROM delivery WHERE id = $1 AND edition = $2`, destination, edition).Scan(&shape)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return shape, db.explain(ctx, err)
}

// SaveShape keeps it. An owner that has been replaced is refused with
// CodeIntegrity.
func (db *DB) SaveShape(ctx context.Context, lease *Term, destination int64, edition string, shape []byte) error {
	return db.Change(ctx, func(tx *Tx) error {
		done, err := tx.tx.ExecContext(ctx, `UPDATE delivery SET edition = $3, shape = $4 WHERE id = $1 AND epoch = $2`, destination, lease.Epoch, edition, shape)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, lease.Hold(ctx, tx))
		}
		return nil
	})
}

// ResumeRejects settles the open rejects that rules have made on the way to
// destinations: other rules have come, and the records are on their way again.
func (t *Tx) ResumeRejects(ctx context.Context, by, at int64, destinations ...int64) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE quarantine SET state = $1, settled = $2, settled_by = $3 WHERE state = $4 AND stage = 'transform' AND `+amongIDs("destination", destinations), // #nosec G202 -- numbers
		QuarantineReplayed, at, by, QuarantineOpen)
	return err
}
