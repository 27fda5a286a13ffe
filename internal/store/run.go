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
	Source  SourceID
	Epoch   int64  // of the lease
	Started int64  // µs
	Ended   int64  // µs; 0 while it runs; when it was found, if it was interrupted
	Status  string // RunRunning, RunInterrupted, or what FinishRun was told
	Summary []byte // JSON; nil unless FinishRun was told
	Counts  Counts // what it committed

	// Of runs of configured sources:
	Flow     int64  // the source that the user made; 0 for commands without a server
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
		var org, epoch int64
		if err := tx.QueryRowContext(ctx, `SELECT org, epoch FROM source WHERE id = $1`+db.engine.forUpdate(), r.Source).Scan(&org, &epoch); err != nil {
			return err
		}
		if epoch != r.Epoch {
			return fenced(epoch, r.Epoch)
		}
		if err := closeRuns(ctx, tx, r.Source, r.Started); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO run (id, org, source, epoch, started, status) VALUES ($1, $2, $3, $4, $5, $6)`,
			string(r.ID), org, r.Source, r.Epoch, r.Started, RunRunning)
		return err
	})
}

// closeRuns closes what a dead owner of the source left running.
func closeRuns(ctx context.Context, tx *sql.Tx, source SourceID, at int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE run SET status = $2, ended = $3 WHERE source = $1 AND status = $4`, source, RunInterrupted, at, RunRunning)
	return err
}

// FinishRun writes down how a run ended, at µs. A run that a later owner has already
// closed stays as it is, and the answer is CodeIntegrity.
func (db *DB) FinishRun(ctx context.Context, id weir.RunID, at int64, status string, summary []byte) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE run SET ended = $2, status = $3, summary = $4 WHERE id = $1 AND status = $5`,
			string(id), at, status, nullable(summary), RunRunning)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return &weir.Error{Code: weir.CodeIntegrity, Where: "run " + string(id), Message: "it is not running, so it cannot end", Remedy: "Another process may have taken over its source; look at the newest run"}
	})
}

// runColumns are those that scanRun reads, of run r and its counts c.
const runColumns = `r.id, coalesce(r.source, 0), r.epoch, r.started, r.ended, r.status, r.summary, r.flow, r.queued, r.job, r.wanted, r.attempts, r.retry_at, r.outcome, r.class, r.problem, r.progress,
	CAST(coalesce(sum(c.fresh), 0) AS BIGINT), CAST(coalesce(sum(c.unchanged), 0) AS BIGINT),
	CAST(coalesce(sum(c.stale), 0) AS BIGINT), CAST(coalesce(sum(c.quarantined), 0) AS BIGINT)
	FROM run r LEFT JOIN run_dataset c ON c.run = r.id `

func scanRun(row interface{ Scan(...any) error }) (r Run, err error) {
	err = row.Scan(&r.ID, &r.Source, &r.Epoch, &r.Started, &r.Ended, &r.Status, &r.Summary, &r.Flow, &r.Queued, &r.Job, &r.Wanted, &r.Attempts, &r.RetryAt, &r.Outcome, &r.Class, &r.Problem, &r.Progress,
		&r.Counts.Fresh, &r.Counts.Unchanged, &r.Counts.Stale, &r.Counts.Quarantined)
	return r, err
}

func (db *DB) runs(ctx context.Context, rest string, args ...any) (runs []Run, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		r, err := scanRun(rows)
		runs = append(runs, r)
		return err
	}, `SELECT `+runColumns+rest, args...)
	return runs, err
}

// Runs gives the source's newest n runs, newest first.
func (db *DB) Runs(ctx context.Context, source SourceID, n int) ([]Run, error) {
	return db.runs(ctx, `WHERE r.source = $1 GROUP BY r.id ORDER BY r.started DESC, r.id DESC LIMIT $2`, source, n)
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
