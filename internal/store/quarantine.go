package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

// Quarantined is a reject in quarantine.
type Quarantined struct {
	weir.Reject
	Run weir.RunID
	At  int64 // µs
}

// Quarantine keeps rejects that a destination handed back, at µs.
func (db *DB) Quarantine(ctx context.Context, d DatasetID, run weir.RunID, at int64, rejects []weir.Reject) error {
	return db.change(ctx, func(tx *sql.Tx) error { return quarantine(ctx, tx, d, run, at, rejects) })
}

func quarantine(ctx context.Context, tx *sql.Tx, d DatasetID, run weir.RunID, at int64, rejects []weir.Reject) error {
	for _, r := range rejects {
		original := r.Original
		if original == nil {
			original = []byte{}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO quarantine (org, dataset, run, at, stage, reason, key, original) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			org, d, run, at, r.Stage, r.Reason, r.Key, original)
		if err != nil {
			return err
		}
	}
	return nil
}

// InQuarantine gives the newest rejects of a dataset, newest first, and how
// many there are.
func (db *DB) InQuarantine(ctx context.Context, d DatasetID, limit int) (newest []Quarantined, total int, err error) {
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM quarantine WHERE dataset = $1`, d).Scan(&total); err != nil {
		return nil, 0, db.explain(err)
	}
	rows, err := db.read.QueryContext(ctx, `SELECT run, at, stage, reason, key, original FROM quarantine WHERE dataset = $1 ORDER BY id DESC LIMIT $2`, d, limit)
	if err != nil {
		return nil, 0, db.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var q Quarantined
		if err := rows.Scan(&q.Run, &q.At, &q.Stage, &q.Reason, &q.Key, &q.Original); err != nil {
			return nil, 0, db.explain(err)
		}
		newest = append(newest, q)
	}
	return newest, total, db.explain(rows.Err())
}
