package store

import (
	"context"
	"database/sql"
	"iter"

	"github.com/weirhq/weir"
)

// BeginSweep numbers a sweep; an unfinished one goes on under its number. At
// is when a new one begins, in µs. Until FinishSweep, the dataset's SweepStarted is later than its SweepEnded.
func (db *DB) BeginSweep(ctx context.Context, d DatasetID, epoch, at int64) (sweep int64, resumed bool, err error) {
	err = db.change(ctx, func(tx *sql.Tx) error {
		h, err := db.hold(ctx, tx, d, epoch)
		if err != nil {
			return err
		}
		sweep, resumed = h.sweep, h.sweeping()
		if resumed {
			return nil
		}
		sweep++
		_, err = tx.ExecContext(ctx, `UPDATE dataset SET sweep = $2, sweep_started = $3 WHERE id = $1`, d, sweep, max(at, h.ended+1))
		return err
	})
	return sweep, resumed, err
}

// FinishSweep is the end of a complete sweep.
type FinishSweep struct {
	Dataset    DatasetID
	Run        weir.RunID
	Epoch      int64 // of the lease
	Sweep      int64
	Checkpoint weir.Checkpoint // nil keeps the one that is there
	At         int64           // µs
}

// FinishSweep writes down that a sweep has shown everything the source has,
// and, for each record that it did not show, when a sweep first missed it, so
// that a later one can tell how long; a record that is seen again forgets it.
// Another sweep than the unfinished one is CodeIntegrity.
func (db *DB) FinishSweep(ctx context.Context, f FinishSweep) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		h, err := db.hold(ctx, tx, f.Dataset, f.Epoch)
		if err != nil {
			return err
		}
		if f.Sweep != h.sweep || !h.sweeping() {
			return notThisSweep(f.Sweep, h)
		}
		_, err = tx.ExecContext(ctx, `UPDATE record_key SET missed_at = $3 WHERE dataset = $1 AND sweep < $2 AND deleted = 0 AND missed_at = 0`, f.Dataset, f.Sweep, f.At)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE dataset SET sweep_started = $2, sweep_ended = $3, sweep_run = $4, checkpoint = coalesce($5, checkpoint) WHERE id = $1`,
			f.Dataset, min(h.started, f.At), f.At, string(f.Run), nullable(f.Checkpoint))
		return err
	})
}

// MissingKey is a record that a sweep did not show.
type MissingKey struct {
	Key           string
	FirstMissedAt int64 // µs: when an earlier sweep missed it; 0 when this is the first
}

// CountMissing counts the records that the source had, and those of them that
// were not seen since the sweep began. Sweep 0 misses nothing.
func (db *DB) CountMissing(ctx context.Context, d DatasetID, sweep int64) (live, missing int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT count(*), count(CASE WHEN sweep < $2 THEN 1 END) FROM record_key WHERE dataset = $1 AND deleted = 0`, d, sweep).Scan(&live, &missing)
	return live, missing, db.explain(ctx, err)
}

// missingPage is how many keys Missing reads at once.
const missingPage = 500

// Missing yields the records that were not seen since the sweep began, by
// key. No connection is held while the caller works.
func (db *DB) Missing(ctx context.Context, d DatasetID, sweep int64) iter.Seq2[MissingKey, error] {
	return func(yield func(MissingKey, error) bool) {
		after, compare := []byte{}, ">=" // the empty key is one
		for {
			page, err := db.missing(ctx, d, sweep, compare, after)
			if err != nil {
				yield(MissingKey{}, err)
				return
			}
			for _, m := range page {
				if !yield(m, nil) {
					return
				}
			}
			if len(page) < missingPage {
				return
			}
			after, compare = []byte(page[len(page)-1].Key), ">"
		}
	}
}

func (db *DB) missing(ctx context.Context, d DatasetID, sweep int64, compare string, after []byte) (page []MissingKey, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var m MissingKey
		var key []byte
		err := rows.Scan(&key, &m.FirstMissedAt)
		m.Key = string(key)
		page = append(page, m)
		return err
	}, `SELECT key, missed_at FROM record_key WHERE dataset = $1 AND deleted = 0 AND sweep < $2 AND key `+compare+` $3 ORDER BY key LIMIT $4`, d, sweep, after, missingPage)
	return page, err
}
