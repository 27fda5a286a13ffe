package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

// The statuses that the store itself gives a run.
const (
	RunRunning     = "running"
	RunInterrupted = "interrupted" // its process died; found by the next owner
	RunQueued      = "queued"      // asked for
	RunDelivering  = "delivering"  // read; its destinations are being filled
)

// Run is one execution of a source.
type Run struct {
	ID      weir.RunID
	Org     int64
	Source  SourceID
	Epoch   int64  // of the lease
	Started int64  // µs
	Ended   int64  // µs; 0 while it runs; when it was found, if it was interrupted
	Status  string // RunRunning, RunInterrupted, or what FinishRun was told
	Summary []byte // JSON; nil unless FinishRun was told
	Counts  Counts // what it committed

	Resource int64 // the configured source; 0 for none
	Number   int64 // over the API: ms since 1970, as the id says
	Totals   Totals
	Failure  []byte // JSON; nil when nothing failed

	// Of runs of configured sources:
	Queued   int64  // µs: when it was asked for
	Job      int64  // the job that does it
	Wanted   []byte // JSON: what it is to do, and for whom
	Attempts int
	RetryAt  int64  // µs: when it is tried again; 0 when it is not waiting for that
	Outcome  string // of the reading, once that is over
	Class    string // of the error
	Problem  string // the error
	Progress []byte // JSON, while it runs
}

// Counts are sums over what a run appended, right even when it was killed.
type Counts struct{ Fresh, Unchanged, Stale, Quarantined int }

// StartRun writes down that a run has begun. A run of the same source that
// was left unfinished is closed as interrupted.
func (db *DB) StartRun(ctx context.Context, r Run) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		var org, epoch, resource int64
		if err := tx.QueryRowContext(ctx, `SELECT org, epoch, resource FROM source WHERE id = $1`+db.engine.forUpdate(), r.Source).Scan(&org, &epoch, &resource); err != nil {
			return err
		}
		if epoch != r.Epoch {
			return fenced(epoch, r.Epoch)
		}
		if err := (&Tx{db: db, tx: tx}).closeRuns(ctx, "source", int64(r.Source), r.Started, ""); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO run (id, org, source, epoch, started, status, resource, number) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(r.ID), org, r.Source, r.Epoch, r.Started, RunRunning, resource, r.Number)
		if err != nil || resource == 0 {
			return err
		}
		r.Org, r.Resource = org, resource
		return say(ctx, tx, &r, RunLine{At: r.Started, Part: resource, Kind: KindSource, Severity: SeverityInfo, Type: LineLog, Text: "Run " + string(r.ID) + " began."})
	})
}

// count adds to what a run did to a dataset.
func count(ctx context.Context, tx *sql.Tx, org int64, run weir.RunID, d DatasetID, c Counts) error {
	if run == "" || c == (Counts{}) {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO run_dataset (run, dataset, org, fresh, unchanged, stale, quarantined) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (run, dataset) DO UPDATE SET fresh = run_dataset.fresh + excluded.fresh, unchanged = run_dataset.unchanged + excluded.unchanged,
			stale = run_dataset.stale + excluded.stale, quarantined = run_dataset.quarantined + excluded.quarantined`,
		string(run), d, org, c.Fresh, c.Unchanged, c.Stale, c.Quarantined)
	return err
}
