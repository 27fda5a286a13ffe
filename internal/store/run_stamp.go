package store

import (
	"context"
	"fmt"

	"github.com/weirhq/weir"
)

// RunStamp is a text that is another one as soon as a source has a new run, its
// newest run has come further or ended, or has said something. It is for those who
// look again and again: it costs a fraction of what the run itself does.
func (db *DB) RunStamp(ctx context.Context, source int64) (string, error) {
	return db.stamp(ctx, `SELECT r.id FROM run r WHERE r.resource = $1 ORDER BY r.queued DESC, r.id DESC LIMIT 1`, source)
}

// StampOfRun is RunStamp of one run.
func (db *DB) StampOfRun(ctx context.Context, run weir.RunID) (string, error) {
	return db.stamp(ctx, `SELECT CAST($1 AS TEXT)`, run)
}

// stamp is that of the run that a query chooses; "" for none.
func (db *DB) stamp(ctx context.Context, which string, arg any) (string, error) {
	var id, status string
	var ended, retry, attempts, read, written, requests, said, brought, failed int64
	var progress []byte
	// #nosec G202 -- words of ours
	err := db.read.QueryRowContext(ctx, `SELECT r.id, r.status, r.ended, r.retry_at, r.attempts, r.records_read, r.written, r.requests, r.progress,
		coalesce((SELECT max(l.id) FROM run_log l WHERE l.run = r.id), 0),
		CAST(coalesce((SELECT sum(d.written + d.quarantined + d.filtered) FROM run_delivery d WHERE d.run = r.id), 0) AS BIGINT),
		CAST(coalesce((SELECT sum(v.failures) FROM run_delivery d JOIN delivery v ON v.id = d.destination WHERE d.run = r.id), 0) AS BIGINT) FROM run r WHERE r.id = (`+which+`)`, arg).
		Scan(&id, &status, &ended, &retry, &attempts, &read, &written, &requests, &progress, &said, &brought, &failed)
	if isNoRows(err) {
		return "", nil
	}
	if err != nil {
		return "", db.explain(ctx, err)
	}
	return fmt.Sprint(id, status, ended, retry, attempts, read, written, requests, said, brought, failed, string(progress)), nil
}
