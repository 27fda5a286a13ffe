package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

// Run is one execution of a source.
type Run struct {
	ID      weir.RunID
	Source  SourceID
	Epoch   int64
	Started int64 // µs
	Ended   int64 // µs; 0 while it runs, and when its process died
	Status  string
	Summary []byte // JSON; nil while it runs
}

// StartRun writes down that a run has begun.
func (db *DB) StartRun(ctx context.Context, r Run) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO run (id, org, source, epoch, started, status) VALUES ($1, $2, $3, $4, $5, 'running')`, r.ID, org, r.Source, r.Epoch, r.Started)
		return err
	})
}

// FinishRun writes down how a run ended, at µs.
func (db *DB) FinishRun(ctx context.Context, id weir.RunID, at int64, status string, summary []byte) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE run SET ended = $2, status = $3, summary = $4 WHERE id = $1`, id, at, status, summary)
		return err
	})
}

// Runs gives the source's newest runs, newest first.
func (db *DB) Runs(ctx context.Context, source SourceID, limit int) ([]Run, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT id, source, epoch, started, coalesce(ended, 0), status, summary FROM run WHERE source = $1 ORDER BY started DESC, id DESC LIMIT $2`, source, limit)
	if err != nil {
		return nil, db.explain(err)
	}
	defer rows.Close()
	var runs []Run
	for rows.Next() {
		var r Run
		if err := rows.Scan(&r.ID, &r.Source, &r.Epoch, &r.Started, &r.Ended, &r.Status, &r.Summary); err != nil {
			return nil, db.explain(err)
		}
		runs = append(runs, r)
	}
	return runs, db.explain(rows.Err())
}
