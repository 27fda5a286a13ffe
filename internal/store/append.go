package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

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
	Drift       []SchemaChange  // how the schema has changed; nil for not, or by a first reading
	Sweep       int64           // the sweep that shows these records, 0 for none
	ExtractedAt int64           // µs
	// Then is called in the page's transaction when the page has brought
	// something new; its error takes the page back. nil for nothing.
	Then func(context.Context, *Tx) error
	// Also writes what must be there when the page is; nil for nothing.
	Also func(*Tx) error
}

// Appended is what became of a page's records: each is counted once.
type Appended struct {
	Fresh       int // new or changed: in the log now
	Unchanged   int // the log has them as they are
	Stale       int // older than what the log has, so dropped
	Quarantined int // the page's rejects
	Head        weir.Position
}

// Append makes a page durable in one transaction: changed records in the log
// and the key index, rejects in quarantine, checkpoint, schema with what changed
// of it, and counters.
// A key that is on the page more than once is taken in order: each version
// that differs goes into the log and the last one counts, unless its Version
// is older. An epoch that no longer owns the source is CodeIntegrity; then,
// as after any error, nothing of the page is there.
func (db *DB) Append(ctx context.Context, a Append) (done Appended, err error) {
	err = db.Change(ctx, func(t *Tx) error {
		tx := t.tx
		h, err := db.hold(ctx, tx, a.Dataset, a.Epoch)
		if err != nil {
			return err
		}
		if a.Sweep != 0 && (a.Sweep != h.sweep || !h.sweeping()) {
			return notThisSweep(a.Sweep, h)
		}
		p := page{Append: a, held: h}
		if err := p.store(ctx, db, tx); err != nil {
			return err
		}
		p.done.Head, p.done.Quarantined = p.head, len(a.Rejects)
		done = p.done
		if a.Also != nil {
			if err := a.Also(t); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE dataset SET head = $2, checkpoint = coalesce($3, checkpoint), schema = coalesce($4, schema) WHERE id = $1`,
			a.Dataset, p.head, nullable(a.Checkpoint), nullable(a.Schema))
		if err != nil || a.Then == nil || p.done.Fresh == 0 {
			return err
		}
		return a.Then(ctx, t)
	})
	return done, err
}

// notThisSweep is what a page of a sweep meets that is over.
func notThisSweep(sweep int64, h held) error {
	return &weir.Error{Code: weir.CodeIntegrity, Where: "store", Message: fmt.Sprintf("sweep %d is not under way (the latest is %d); nothing was written", sweep, h.sweep)}
}

// nullable keeps an absent value absent: an empty []byte would be one.
func nullable(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// page is one Append under way.
type page struct {
	Append
	held
	fresh   []LogRecord
	entries []entry // rows of the key index to write
	done    Appended
}

// store sorts the page's records and writes everything but the dataset's row.
func (p *page) store(ctx context.Context, db *DB, tx *sql.Tx) error {
	keys := make([][]byte, 0, len(p.Records)+len(p.Rejects))
	for i := range p.Records {
		keys = append(keys, []byte(p.Records[i].Key))
	}
	for i := range p.Rejects {
		keys = append(keys, []byte(p.Rejects[i].Key))
	}
	known, err := db.lookUp(ctx, tx, p.Dataset, keys)
	if err != nil {
		return err
	}
	p.sort(known)
	// Neighbours in the index are written together.
	slices.SortFunc(p.entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	if err := db.appendLog(ctx, tx, p.Dataset, p.org, p.fresh); err != nil {
		return err
	}
	if err := db.save(ctx, tx, p.Dataset, p.org, p.entries); err != nil {
		return err
	}
	rejects, err := quarantine(ctx, tx, p.org, Quarantined{Dataset: p.Dataset, Run: p.Run, At: p.ExtractedAt}, p.Rejects)
	if err != nil {
		return err
	}
	if err := counts(ctx, tx, p.Run, rejects); err != nil {
		return err
	}
	if err := drifted(ctx, tx, p.org, p.Dataset, p.Run, p.ExtractedAt, p.Drift); err != nil {
		return err
	}
	return count(ctx, tx, p.org, p.Run, p.Dataset, Counts{p.done.Fresh, p.done.Unchanged, p.done.Stale, len(p.Rejects)})
}

// sort decides what each record is, against the index and against the page's
// own earlier records: fresh, unchanged or stale.
func (p *page) sort(known map[string]entry) {
	written := make(map[string]int, len(p.Records)) // key → place in p.entries
	p.fresh = make([]LogRecord, 0, len(p.Records))
	for _, r := range p.Records {
		before, seen := known[r.Key]
		after, keep := p.decide(r, before, seen)
		if !keep {
			continue
		}
		known[r.Key] = after
		if at, twice := written[r.Key]; twice {
			p.entries[at] = after
			continue
		}
		written[r.Key] = len(p.entries)
		p.entries = append(p.entries, after)
	}
	for _, r := range p.Rejects {
		if before, seen := known[r.Key]; seen && r.Key != "" {
			p.shown(before, written)
		}
	}
}

// shown notes that the source still has a record which could not be read.
func (p *page) shown(before entry, written map[string]int) {
	after := before
	after.sweep, after.missedAt = p.sweep, 0
	if _, twice := written[before.key]; twice || after == before {
		return
	}
	written[before.key] = len(p.entries)
	p.entries = append(p.entries, after)
}

// decide counts a record, takes it into the log when it is fresh, and gives
// the index entry it should have; keep is false when the entry stays as it is.
func (p *page) decide(r weir.Record, before entry, seen bool) (after entry, keep bool) {
	after = before
	switch {
	case !seen && r.Deleted, seen && before.deleted && r.Deleted:
		p.done.Unchanged++ // gone is gone
		return after, false
	case seen && !before.deleted && !r.Deleted && before.hash == r.Hash:
		p.done.Unchanged++
	case seen && r.Version != 0 && before.version != 0 && r.Version < before.version:
		p.done.Stale++
	default:
		p.head++
		p.done.Fresh++
		p.fresh = append(p.fresh, LogRecord{Record: r, Position: p.head, ExtractedAt: p.ExtractedAt, RunID: p.Run})
		after = entry{key: r.Key, hash: r.Hash, version: r.Version, position: p.head, sweep: before.sweep, deleted: r.Deleted}
		if r.Deleted {
			after.version = 0 // a record that returns is welcome, whatever its time
		}
	}
	if !r.Deleted {
		// Seen by anybody is not missing: also a record that an increment
		// shows while a sweep is under way, or after one missed it.
		after.sweep, after.missedAt = p.sweep, 0
	}
	return after, after != before
}
