package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/weirhq/weir"
)

// LogRecord is a record in its place in the log.
type LogRecord struct {
	weir.Record
	Position    weir.Position
	ExtractedAt int64 // µs
	RunID       weir.RunID
}

// LogChunk is a piece of a log: its records in order, and the position up to
// which it is complete. To is After when the log has no more.
type LogChunk struct {
	Records []LogRecord
	To      weir.Position
}

// appendLog writes records, whose positions are set, as batches.
func appendLog(ctx context.Context, tx *sql.Tx, d DatasetID, records []LogRecord) error {
	for len(records) > 0 {
		bytes, hash, n := encode(records)
		_, err := tx.ExecContext(ctx, `INSERT INTO record_batch (dataset, first, last, org, run, extracted_at, bytes, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			d, records[0].Position, records[n-1].Position, org, records[0].RunID, records[0].ExtractedAt, bytes, hash)
		if err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// batches yields the decoded batches that reach beyond after, in order.
func (db *DB) batches(ctx context.Context, d DatasetID, after weir.Position) iter.Seq2[[]LogRecord, error] {
	return func(yield func([]LogRecord, error) bool) {
		rows, err := db.read.QueryContext(ctx, `SELECT first, run, extracted_at, bytes, hash FROM record_batch WHERE dataset = $1 AND last > $2 ORDER BY first`, d, after)
		if err != nil {
			yield(nil, db.explain(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			records, err := scanBatch(rows)
			if err != nil {
				yield(nil, db.explain(err))
				return
			}
			if !yield(records, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, db.explain(err))
		}
	}
}

func scanBatch(rows *sql.Rows) ([]LogRecord, error) {
	var first weir.Position
	var run weir.RunID
	var at int64
	var bytes, hash []byte
	if err := rows.Scan(&first, &run, &at, &bytes, &hash); err != nil {
		return nil, err
	}
	records, err := decode(bytes, hash, first)
	if errors.Is(err, errDamaged) {
		return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "store",
			Message: fmt.Sprintf("the record log is damaged at position %d", first), Remedy: "Restore a backup, or remove the store and read everything again"}
	}
	for i := range records {
		records[i].ExtractedAt, records[i].RunID = at, run
	}
	return records, err
}

// ReadLog reads on from a position: whole batches until there are maxRecords
// records or maxBytes of data, at least one batch.
func (db *DB) ReadLog(ctx context.Context, d DatasetID, after weir.Position, maxRecords, maxBytes int) (LogChunk, error) {
	c := LogChunk{To: after}
	bytes := 0
	for records, err := range db.batches(ctx, d, after) {
		if err != nil {
			return LogChunk{}, err
		}
		for _, r := range records {
			if r.Position <= after {
				continue
			}
			c.Records = append(c.Records, r)
			c.To = r.Position
			bytes += len(r.Data)
		}
		if len(c.Records) >= maxRecords || bytes >= maxBytes {
			break
		}
	}
	return c, nil
}

// Records yields the newest version of each record that the source still
// has, a batch in memory at a time.
func (db *DB) Records(ctx context.Context, d DatasetID) iter.Seq2[weir.Record, error] {
	return func(yield func(weir.Record, error) bool) {
		for batch, err := range db.batches(ctx, d, 0) {
			if err != nil {
				yield(weir.Record{}, err)
				return
			}
			newest, err := db.newest(ctx, d, batch)
			if err != nil {
				yield(weir.Record{}, err)
				return
			}
			for _, r := range batch {
				if newest[r.Key] == r.Position && !r.Deleted && !yield(r.Record, nil) {
					return
				}
			}
		}
	}
}

// newest tells at which position the newest version of each record stands.
func (db *DB) newest(ctx context.Context, d DatasetID, batch []LogRecord) (map[string]weir.Position, error) {
	records := make([]weir.Record, len(batch))
	for i, r := range batch {
		records[i] = r.Record
	}
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, db.explain(err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	known, err := db.engine.lookUp(ctx, tx, d, records)
	if err != nil {
		return nil, db.explain(err)
	}
	positions := make(map[string]weir.Position, len(known))
	for key, e := range known {
		positions[key] = e.position
	}
	return positions, nil
}
