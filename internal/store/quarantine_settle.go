package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// Newest gives the newest version of a record from the log, and its place in
// it; CodeNotFound for a key that the log does not have.
func (db *DB) Newest(ctx context.Context, d DatasetID, key string) (LogRecord, error) {
	known, err := db.lookUp(ctx, db.read, d, [][]byte{[]byte(key)})
	if err != nil {
		return LogRecord{}, db.explain(ctx, err)
	}
	e, seen := known[key]
	if !seen {
		return LogRecord{}, &weir.Error{Code: weir.CodeNotFound, Where: "record", Message: "the log has no record with this key"}
	}
	b, err := db.nextBatch(ctx, d, e.position-1)
	if err != nil {
		return LogRecord{}, err
	}
	if b != nil {
		for _, r := range b.records {
			if r.Position == e.position {
				return r, nil
			}
		}
	}
	return LogRecord{}, damaged(d, e.position)
}

// Replay puts a record that was set aside into the log.
type Replay struct {
	ID     int64 // of the reject
	By     int64 // user
	At     int64 // µs
	Run    weir.RunID
	Epoch  int64 // of the lease
	Record weir.Record
	// Over is the position of the version that the record follows, as Newest
	// gave it; 0 when the log had none. Meanwhile nothing may have come.
	Over   weir.Position
	Schema []byte // nil keeps the one that is there
	Drift  []SchemaChange
}

// ReplayReject appends the record, new or again, and settles its reject, in
// one transaction. It gives the record's position. A reject that is not open
// any more is CodeConflict.
func (db *DB) ReplayReject(ctx context.Context, d DatasetID, r Replay) (at weir.Position, err error) {
	err = db.change(ctx, func(tx *sql.Tx) error {
		if err := settle(ctx, tx, r.ID, r.By, r.At, QuarantineReplayed); err != nil {
			return err
		}
		h, err := db.hold(ctx, tx, d, r.Epoch)
		if err != nil {
			return err
		}
		known, err := db.lookUp(ctx, tx, d, [][]byte{[]byte(r.Record.Key)})
		if err != nil {
			return err
		}
		before := known[r.Record.Key]
		if before.position != r.Over {
			return &weir.Error{Code: weir.CodeConflict, Where: fmt.Sprintf("quarantine %d", r.ID), Message: "a newer version of the record has come meanwhile", Remedy: "Look at it again"}
		}
		at = h.head + 1
		after := entry{key: r.Record.Key, hash: r.Record.Hash, version: r.Record.Version, position: at, sweep: max(before.sweep, h.sweep)}
		if err := db.appendLog(ctx, tx, d, h.org, []LogRecord{{Record: r.Record, Position: at, ExtractedAt: r.At, RunID: r.Run}}); err != nil {
			return err
		}
		if err := db.save(ctx, tx, d, h.org, []entry{after}); err != nil {
			return err
		}
		if err := count(ctx, tx, h.org, r.Run, d, Counts{Fresh: 1}); err != nil {
			return err
		}
		if err := drifted(ctx, tx, h.org, d, r.Run, r.At, r.Drift); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE dataset SET head = $2, schema = coalesce($3, schema) WHERE id = $1`, d, at, nullable(r.Schema))
		return err
	})
	return at, err
}

// settle closes an open reject.
func settle(ctx context.Context, tx *sql.Tx, id, by, at int64, state string) error {
	done, err := tx.ExecContext(ctx, `UPDATE quarantine SET state = $2, settled = $3, settled_by = $4 WHERE id = $1 AND state = $5`, id, state, at, by, QuarantineOpen)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return &weir.Error{Code: weir.CodeConflict, Where: fmt.Sprintf("quarantine %d", id), Message: "it is not open any more: it was replayed or dropped", Remedy: "Look at it again"}
}

// DropReject closes an open reject for good; its bytes stay. One that is not
// open is CodeConflict.
func (t *Tx) DropReject(ctx context.Context, id, by, at int64) error {
	return settle(ctx, t.tx, id, by, at, QuarantineDropped)
}

// RefuseReject gives an open reject the reason of a replay in vain.
func (db *DB) RefuseReject(ctx context.Context, id int64, run weir.RunID, at int64, reject weir.Reject) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE quarantine SET stage = $2, reason = $3, run = $4, at = $5 WHERE id = $1 AND state = $6`,
			id, printable(reject.Stage), printable(reject.Reason), string(run), at, QuarantineOpen)
		if err != nil {
			return err
		}
		return counts(ctx, tx, run, []int64{id})
	})
}
