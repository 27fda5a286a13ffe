package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

// Compact drops versions that a newer one has replaced from the batches that
// lie wholly at or before upTo: the position that every destination which
// wants each version has passed. Positions stay as they are and tombstones
// stay. Each batch is a transaction of its own, so writers wait little and an
// interrupted compaction has simply done less.
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
		if newest[r.Key].position <= r.Position {
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
