package store

import (
	"context"
	"database/sql"
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
// which it is complete. To is where reading began when the log has no more.
type LogChunk struct {
	Records []LogRecord
	To      weir.Position
}

// appendLog writes records of one Append, whose positions are set, as batches.
func (db *DB) appendLog(ctx context.Context, tx *sql.Tx, d DatasetID, org int64, records []LogRecord) error {
	var raw []byte
	for len(records) > 0 {
		n, size := 0, 0
		for n < len(records) && size < fullBatch {
			size += recordSize(&records[n])
			n++
		}
		var b batch
		b, raw = db.codec.pack(d, records[0].Position, records[n-1].Position, records[:n], raw)
		_, err := tx.ExecContext(ctx, `INSERT INTO record_batch (dataset, last, first, count, org, run, extracted_at, bytes, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			d, b.last, b.first, b.count, org, string(records[0].RunID), records[0].ExtractedAt, b.bytes, b.hash)
		if err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// logBatch is an unpacked batch.
type logBatch struct {
	batch
	records []LogRecord
}

// nextBatch reads the first batch that reaches beyond after; nil when there
// is none. It holds no connection afterwards, so its user may take its time.
func (db *DB) nextBatch(ctx context.Context, d DatasetID, after weir.Position) (*logBatch, error) {
	var next *logBatch
	err := db.each(ctx, func(rows *sql.Rows) error {
		b := logBatch{batch: batch{dataset: d}}
		var run weir.RunID
		var at int64
		err := rows.Scan(&b.first, &b.last, &b.count, &run, &at, &b.bytes, &b.hash)
		if err != nil {
			return err
		}
		if b.records, err = db.codec.unpack(b.batch); err != nil {
			return damaged(d, b.first)
		}
		for i := range b.records {
			b.records[i].ExtractedAt, b.records[i].RunID = at, run
		}
		next = &b
		return nil
	}, `SELECT first, last, count, run, extracted_at, bytes, hash FROM record_batch WHERE dataset = $1 AND last > $2 ORDER BY last LIMIT 1`, d, after)
	return next, err
}

// FirstRun is the run that brought the oldest records that the log still has; ""
// when it has none.
func (db *DB) FirstRun(ctx context.Context, d DatasetID) (run weir.RunID, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT run FROM record_batch WHERE dataset = $1 ORDER BY last LIMIT 1`, d).Scan(&run)
	if isNoRows(err) {
		return "", nil
	}
	return run, db.explain(ctx, err)
}

// batches yields the batches that reach beyond after, in order, those
// appended meanwhile too. One is in memory at a time.
func (db *DB) batches(ctx context.Context, d DatasetID, after weir.Position) iter.Seq2[*logBatch, error] {
	return func(yield func(*logBatch, error) bool) {
		for {
			b, err := db.nextBatch(ctx, d, after)
			if b == nil && err == nil || !yield(b, err) || err != nil {
				return
			}
			after = b.last
		}
	}
}

func damaged(d DatasetID, at weir.Position) error {
	return &weir.Error{Code: weir.CodeIntegrity, Where: "store",
		Message: fmt.Sprintf("the record log of dataset %d is damaged at position %d", d, at),
		Remedy:  "Restore a backup, or remove the database and read everything again"}
}

// ReadLog reads on from a position: at most maxRecords records, and no more
// once their data reaches maxBytes; at least one record. Positions may have
// holes, and a chunk may have no records though To moves, where compaction
// dropped versions. A batch that is not as it was written is CodeIntegrity.
func (db *DB) ReadLog(ctx context.Context, d DatasetID, after weir.Position, maxRecords, maxBytes int) (LogChunk, error) {
	c := LogChunk{To: after}
	size := 0
	for b, err := range db.batches(ctx, d, after) {
		if err != nil {
			return LogChunk{}, err
		}
		for _, r := range b.records {
			if r.Position <= after {
				continue
			}
			if len(c.Records) > 0 && (len(c.Records) >= maxRecords || size >= maxBytes) {
				return c, nil
			}
			c.Records = append(c.Records, r)
			c.To = r.Position
			size += len(r.Data)
		}
		c.To = b.last
		if len(c.Records) > 0 && (len(c.Records) >= maxRecords || size >= maxBytes) {
			break
		}
	}
	return c, nil
}

// Records yields the newest version of each record that the source still has,
// in the order of the log, a batch in memory at a time. No connection is held
// while the caller works. A record that changes meanwhile comes again.
func (db *DB) Records(ctx context.Context, d DatasetID) iter.Seq2[weir.Record, error] {
	return func(yield func(weir.Record, error) bool) {
		for b, err := range db.batches(ctx, d, 0) {
			var newest map[string]entry
			if err == nil {
				newest, err = db.lookUp(ctx, db.read, d, keysOf(b.records))
				err = db.explain(ctx, err)
			}
			if err != nil {
				yield(weir.Record{}, err)
				return
			}
			for _, r := range b.records {
				if newest[r.Key].position == r.Position && !r.Deleted && !yield(r.Record, nil) {
					return
				}
			}
		}
	}
}
