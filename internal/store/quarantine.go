package store

import (
	"context"
	"database/sql"
	"strings"

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
	return db.change(ctx, func(tx *sql.Tx) error {
		org, err := orgOf(ctx, tx, d)
		if err != nil {
			return err
		}
		if err := quarantine(ctx, tx, org, d, run, at, rejects); err != nil {
			return err
		}
		return count(ctx, tx, org, run, d, Counts{Quarantined: len(rejects)})
	})
}

func quarantine(ctx context.Context, tx *sql.Tx, org int64, d DatasetID, run weir.RunID, at int64, rejects []weir.Reject) error {
	for _, r := range rejects {
		original := r.Original
		if original == nil {
			original = []byte{}
		}
		var there int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM quarantine WHERE dataset = $1 AND stage = $2 AND reason = $3 AND key = $4 AND original = $5`,
			d, printable(r.Stage), printable(r.Reason), []byte(r.Key), original).Scan(&there)
		if err == nil && there == 0 { // what is refused in every run is there once
			_, err = tx.ExecContext(ctx, `INSERT INTO quarantine (org, dataset, run, at, stage, reason, key, original) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				org, d, string(run), at, printable(r.Stage), printable(r.Reason), []byte(r.Key), original)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// printable makes text that every text column takes: a reject must never be
// refused by its quarantine.
func printable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Quarantined gives the newest n rejects of a dataset, newest first.
func (db *DB) Quarantined(ctx context.Context, d DatasetID, n int) (newest []Quarantined, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var q Quarantined
		var key []byte
		err := rows.Scan(&q.Run, &q.At, &q.Stage, &q.Reason, &key, &q.Original)
		q.Key = string(key)
		newest = append(newest, q)
		return err
	}, `SELECT run, at, stage, reason, key, original FROM quarantine WHERE dataset = $1 ORDER BY id DESC LIMIT $2`, d, n)
	return newest, err
}

// CountQuarantined counts the rejects of a dataset.
func (db *DB) CountQuarantined(ctx context.Context, d DatasetID) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT count(*) FROM quarantine WHERE dataset = $1`, d).Scan(&n)
	return n, db.explain(ctx, err)
}
