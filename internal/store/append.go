package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

// Append is one page on its way into the log.
type Append struct {
	Dataset     DatasetID
	Run         weir.RunID
	Epoch       int64 // of the lease
	Records     []weir.Record
	Rejects     []weir.Reject
	Checkpoint  weir.Checkpoint // nil keeps the one that is there
	Schema      []byte          // nil keeps the one that is there
	Sweep       int64           // the sweep that shows these records, 0 for none
	ExtractedAt int64           // µs
}

// Appended is what became of a page's records.
type Appended struct {
	Fresh       int // new or changed: in the log now
	Unchanged   int // the log has them as they are
	Stale       int // older than what the log has, so dropped
	Quarantined int
	Head        weir.Position
}

// Append makes a page durable in one transaction: changed records in the log
// and the key index, rejects in quarantine, the checkpoint, the schema. An
// epoch that no longer owns the source is CodeIntegrity, and nothing happens.
func (db *DB) Append(ctx context.Context, a Append) (done Appended, err error) {
	err = db.change(ctx, func(tx *sql.Tx) error {
		head, err := db.hold(ctx, tx, a.Dataset, a.Epoch)
		if err != nil {
			return err
		}
		p := page{Append: a, engine: db.engine, tx: tx, ctx: ctx, head: head}
		if err := p.sort(); err != nil {
			return err
		}
		if err := p.write(); err != nil {
			return err
		}
		if err := quarantine(ctx, tx, a.Dataset, a.Run, a.ExtractedAt, a.Rejects); err != nil {
			return err
		}
		done = p.done
		done.Head, done.Quarantined = p.head, len(a.Rejects)
		_, err = tx.ExecContext(ctx, `UPDATE dataset SET head = $2, checkpoint = coalesce($3, checkpoint), schema = coalesce($4, schema) WHERE id = $1`,
			a.Dataset, p.head, nullable(a.Checkpoint), nullable(a.Schema))
		return err
	})
	return done, err
}

// nullable keeps an absent value absent: an empty []byte would be one.
func nullable(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// page is one Append under way.
type page struct {
	Append
	engine  engine
	ctx     context.Context
	tx      *sql.Tx
	head    weir.Position
	fresh   []LogRecord
	entries []entry // rows of the key index to write
	done    Appended
}

// sort decides what each record is, against the index and against the page's
// own earlier records: fresh, unchanged or stale.
func (p *page) sort() error {
	known, err := p.engine.lookUp(p.ctx, p.tx, p.Dataset, p.Records)
	if err != nil {
		return err
	}
	written := map[string]int{} // key → place in p.entries
	for _, r := range p.Records {
		before, seen := known[r.Key]
		switch {
		case seen && before.deleted == r.Deleted && (r.Deleted || before.hash == r.Hash):
			p.done.Unchanged++
			if p.Sweep == 0 || before.sweep == p.Sweep {
				continue
			}
		case seen && r.Version != 0 && r.Version < before.version:
			p.done.Stale++
			if p.Sweep == 0 || before.sweep == p.Sweep {
				continue
			}
		case !seen && r.Deleted:
			p.done.Unchanged++
			continue
		default:
			p.head++
			p.done.Fresh++
			p.fresh = append(p.fresh, LogRecord{Record: r, Position: p.head, ExtractedAt: p.ExtractedAt, RunID: p.Run})
			version := r.Version
			if r.Deleted {
				version = 0 // a record that returns is welcome, whatever its time
			}
			before = entry{key: r.Key, hash: r.Hash, version: version, position: p.head, sweep: before.sweep, deleted: r.Deleted}
		}
		if p.Sweep != 0 {
			before.sweep = p.Sweep
		}
		before.missedAt = 0
		known[r.Key] = before
		if at, twice := written[r.Key]; twice {
			p.entries[at] = before
			continue
		}
		written[r.Key] = len(p.entries)
		p.entries = append(p.entries, before)
	}
	return nil
}

// write puts the fresh records into the log and the entries into the index.
func (p *page) write() error {
	if err := appendLog(p.ctx, p.tx, p.Dataset, p.fresh); err != nil {
		return err
	}
	return p.engine.save(p.ctx, p.tx, p.Dataset, p.entries)
}
