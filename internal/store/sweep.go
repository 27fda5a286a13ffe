package store

import (
	"context"
	"database/sql"
	"iter"
)

// BeginSweep numbers a sweep; an unfinished one goes on under its number.
// At is when a new one begins, in µs.
func (db *DB) BeginSweep(ctx context.Context, d DatasetID, epoch, at int64) (sweep int64, resumed bool, err error) {
	err = db.change(ctx, func(tx *sql.Tx) error {
		if _, err := db.hold(ctx, tx, d, epoch); err != nil {
			return err
		}
		var started, ended int64
		if err := tx.QueryRowContext(ctx, `SELECT sweep, sweep_started, sweep_ended FROM dataset WHERE id = $1`, d).Scan(&sweep, &started, &ended); err != nil {
			return err
		}
		if resumed = sweep > 0 && started > ended; resumed {
			return nil
		}
		sweep++
		_, err := tx.ExecContext(ctx, `UPDATE dataset SET sweep = $2, sweep_started = $3 WHERE id = $1`, d, sweep, max(at, ended+1))
		return err
	})
	return sweep, resumed, err
}

// FinishSweep is the end of a complete sweep.
type FinishSweep struct {
	Dataset DatasetID
	Epoch   int64
	Sweep   int64
	At      int64 // µs
}

// FinishSweep remembers which records the sweep did not show, so that the
// next one can tell which are missing for the second time, and when the
// dataset was last read completely.
func (db *DB) FinishSweep(ctx context.Context, f FinishSweep) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		if _, err := db.hold(ctx, tx, f.Dataset, f.Epoch); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE record_key SET missed_at = $3 WHERE dataset = $1 AND sweep < $2 AND deleted = 0 AND missed_at = 0`, f.Dataset, f.Sweep, f.At)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE dataset SET sweep_ended = CASE WHEN sweep_started > $2 THEN sweep_started ELSE $2 END WHERE id = $1`, f.Dataset, f.At)
		return err
	})
}

// MissingKey is a record that a sweep did not show.
type MissingKey struct {
	Key           string
	FirstMissedAt int64 // µs: when an earlier sweep missed it; 0 when this is the first
}

// CountMissing counts the records that the source had, and those of them that
// the sweep did not show.
func (db *DB) CountMissing(ctx context.Context, d DatasetID, sweep int64) (live, missing int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(CASE WHEN sweep < $2 THEN 1 ELSE 0 END), 0) FROM record_key WHERE dataset = $1 AND deleted = 0`, d, sweep).Scan(&live, &missing)
	return live, missing, db.explain(err)
}

// Missing yields the records that the sweep did not show.
func (db *DB) Missing(ctx context.Context, d DatasetID, sweep int64) iter.Seq2[MissingKey, error] {
	return func(yield func(MissingKey, error) bool) {
		rows, err := db.read.QueryContext(ctx, `SELECT key, missed_at FROM record_key WHERE dataset = $1 AND deleted = 0 AND sweep < $2 ORDER BY key`, d, sweep)
		if err != nil {
			yield(MissingKey{}, db.explain(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var m MissingKey
			if err := rows.Scan(&m.Key, &m.FirstMissedAt); err != nil {
				yield(m, db.explain(err))
				return
			}
			if !yield(m, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(MissingKey{}, db.explain(err))
		}
	}
}
