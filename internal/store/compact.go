package store

import (
	"context"
	"database/sql"
	"math"

	"github.com/weirhq/weir"
)

// tidyFloor is how many versions a log may have before Tidy looks at it.
const tidyFloor = 1_000

// KeepVersions makes Tidy leave the dataset's log as it is from now on: some
// destination wants every version, and may have to be filled again.
func (db *DB) KeepVersions(ctx context.Context, d DatasetID) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE dataset SET every_version = 1 WHERE id = $1 AND every_version = 0`, d)
		return err
	})
}

// Tidy keeps a log from growing without bound: it compacts one of which more
// than half are versions that were replaced, unless they are wanted. So a
// version costs the same share of a compaction however long the log is.
func (db *DB) Tidy(ctx context.Context, d DatasetID) error {
	var wanted, versions, records int64
	err := db.read.QueryRowContext(ctx, `SELECT d.every_version, (SELECT coalesce(sum(b.count), 0) FROM record_batch AS b WHERE b.dataset = d.id) FROM dataset AS d WHERE d.id = $1`, d).
		Scan(&wanted, &versions)
	if err != nil || wanted != 0 || versions < tidyFloor {
		return db.explain(ctx, err)
	}
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM record_key WHERE dataset = $1`, d).Scan(&records); err != nil || versions <= 2*records {
		return db.explain(ctx, err)
	}
	return db.Compact(ctx, d, math.MaxInt64)
}

// Compact drops versions that a newer one has replaced from the batches that
// lie wholly at or before upTo. Positions stay as they are, tombstones stay,
// and so does what a record was that is deleted now: a destination that comes
// later gets all there is, but no history. Each batch is a transaction of its
// own, so writers wait little and an interrupted compaction has simply done
// less.
func (db *DB) Compact(ctx context.Context, d DatasetID, upTo weir.Position) error {
	for b, err := range db.batches(ctx, d, 0) {
		if err != nil {
			return err
		}
		if b.last > upTo {
			return nil
		}
		if err := db.compactBatch(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) compactBatch(ctx context.Context, b *logBatch) error {
	newest, err := db.lookUp(ctx, db.read, b.dataset, keysOf(b.records))
	if err != nil {
		return db.explain(ctx, err)
	}
	kept := make([]LogRecord, 0, len(b.records))
	for _, r := range b.records {
		// A version once replaced stays so, whatever is appended meanwhile.
		if e := newest[r.Key]; e.deleted || e.position <= r.Position {
			kept = append(kept, r)
		}
	}
	if len(kept) == len(b.records) {
		return nil
	}
	// The hash makes a second compaction of the same batch a no-op.
	return db.change(ctx, func(tx *sql.Tx) error {
		if len(kept) == 0 {
			_, err := tx.ExecContext(ctx, `DELETE FROM record_batch WHERE dataset = $1 AND last = $2 AND hash = $3`, b.dataset, b.last, b.hash)
			return err
		}
		packed, _ := db.codec.pack(b.dataset, b.first, b.last, kept, nil)
		_, err := tx.ExecContext(ctx, `UPDATE record_batch SET count = $4, bytes = $5, hash = $6 WHERE dataset = $1 AND last = $2 AND hash = $3`,
			b.dataset, b.last, b.hash, packed.count, packed.bytes, packed.hash)
		return err
	})
}
