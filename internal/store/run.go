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

// FinishRun writes down how a run ended, at µs, together with what also writes;
// also may be nil. A run that a later owner has already closed stays as it is,
// and the answer is CodeIntegrity.
func (db *DB) FinishRun(ctx context.Context, id weir.RunID, at int64, status string, summary []byte, also func(*Tx) error) error {
	return db.Change(ctx, func(t *Tx) error {
		done, err := t.tx.ExecContext(ctx, `UPDATE run SET ended = $2, status = $3, summary = $4 WHERE id = $1 AND status = $5`,
			string(id), at, status, nullable(summary), RunRunning)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			if err == nil && also != nil {
				err = also(t)
			}
			return err
		}
		return &weir.Error{Code: weir.CodeIntegrity, Where: "run " + string(id), Message: "it is not running, so it cannot end", Remedy: "Another process may have taken over its source; look at the newest run"}
	})
}

// Runs gives the source's newest n runs, newest first.
func (db *DB) Runs(ctx context.Context, source SourceID, n int) (runs []Run, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var r Run
		err := rows.Scan(&r.ID, &r.Source, &r.Epoch, &r.Started, &r.Ended, &r.Status, &r.Summary,
			&r.Counts.Fresh, &r.Counts.Unchanged, &r.Counts.Stale, &r.Counts.Quarantined)
		runs = append(runs, r)
		return err
	}, `SELECT r.id, r.source, r.epoch, r.started, r.ended, r.status, r.summary,
			CAST(coalesce(sum(c.fresh), 0) AS BIGINT), CAST(coalesce(sum(c.unchanged), 0) AS BIGINT),
			CAST(coalesce(sum(c.stale), 0) AS BIGINT), CAST(coalesce(sum(c.quarantined), 0) AS BIGINT)
		FROM run r LEFT JOIN run_dataset c ON c.run = r.id
		WHERE r.source = $1 GROUP BY r.id ORDER BY r.started DESC, r.id DESC LIMIT $2`, source, n)
	return runs, err
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
