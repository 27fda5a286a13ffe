package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"time"

	"github.com/weirhq/weir"
)

// Snapshot writes the whole database, as it is at one instant, into a new
// SQLite file, whichever engine it is on. Others go on reading and writing
// meanwhile.
func (db *DB) Snapshot(ctx context.Context, path string) error {
	// Made before, so that nobody else can read it even for a moment.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- the operator names the file
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Remedy: "Name a new file in a directory that Weir may write", Err: err}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return db.explain(ctx, db.engine.snapshot(ctx, db.read, path))
}

// SnapshotHead is the number and the MAC of the newest audit entry in a
// snapshot, whose file stays as it is to the byte.
func SnapshotHead(ctx context.Context, path string) (seq int64, mac []byte, err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&immutable=1")
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = db.Close() }() // only read
	err = db.QueryRowContext(ctx, `SELECT seq, mac FROM audit_head`).Scan(&seq, &mac)
	return seq, mac, err
}

// Fill brings everything of another database, opened from a snapshot, into
// this one, which must be empty: all of it, or nothing. Open it anew afterwards.
func (db *DB) Fill(ctx context.Context, from *DB) error {
	return db.explain(ctx, db.engine.fill(ctx, db.write, from))
}

// Check looks through the whole database for damage that the engine can find:
// CodeIntegrity.
func (db *DB) Check(ctx context.Context) error {
	return db.explain(ctx, db.engine.check(ctx, db.read))
}

// Restored says when, in µs, this database was brought back from a backup,
// and when that was made; zeros for never. Service keys from before KeysBefore
// wait until somebody confirms them; 0 for none.
type Restored struct{ At, Made, KeysBefore int64 }

// Time is when it was restored; zero for never.
func (r Restored) Time() time.Time {
	if r.At == 0 {
		return time.Time{}
	}
	return time.UnixMicro(r.At)
}

// MarkRestored makes a database fit for use that is an older copy of itself,
// and remembers that it was restored. What has ended or been done since then
// ends here, too.
func (db *DB) MarkRestored(ctx context.Context, r Restored) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		if err := db.dropJobs(ctx, tx); err != nil {
			return err
		}
		for _, s := range []struct {
			text string
			args []any
		}{
			// Everybody is signed out.
			{`DELETE FROM session`, nil}, {`DELETE FROM link`, nil}, {`DELETE FROM identity_flow`, nil},
			// No process of the old server lives, and its runs are over.
			{`DELETE FROM process`, nil}, {`UPDATE source SET lease_until = 0`, nil}, {`UPDATE delivery SET lease_until = 0`, nil},
			{`UPDATE run_delivery SET status = 'failed', problem = 'the server was restored' WHERE status = 'pending'`, nil},
			{`UPDATE run SET status = $1, ended = $2 WHERE status IN ('queued', 'running', 'delivering')`, []any{RunInterrupted, r.At}},
			// Messages are kept for somebody to send again: the old server has had its time.
			{`UPDATE dispatch SET status = $1, ended = $2, problem = 'the server was restored, and the old one may have sent it', claim = '', claimed = 0 WHERE status = $3`,
				[]any{DispatchGivenUp, r.At, DispatchWaiting}},
			{`UPDATE event SET told = $1 WHERE told = 0`, []any{r.At}},
			// Destinations may be further than the copy, whose positions will mean
			// other records now: under another name they take the whole log once more.
			{`UPDATE dataset SET log = $1 || CAST(id AS TEXT) || $2`, []any{db.instance + "/", "/" + rand.Text()}},
			{`UPDATE instance SET restored = $1, restored_from = $2, keys_before = $3`, []any{r.At, r.Made, r.KeysBefore}},
		} {
			if _, err := tx.ExecContext(ctx, s.text, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropJobs empties the job queue, whose tables a copy of a file brings along.
func (db *DB) dropJobs(ctx context.Context, tx *sql.Tx) error {
	if db.SQLite() == nil {
		return nil // Fill left them out
	}
	var there bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'river_job')`).Scan(&there); err != nil || !there {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM river_job`)
	return err
}

// Restored tells whether this database was brought back from a backup.
func (db *DB) Restored(ctx context.Context) (r Restored, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT restored, restored_from, keys_before FROM instance`).Scan(&r.At, &r.Made, &r.KeysBefore)
	return r, db.explain(ctx, err)
}
