package store

import (
	"context"
	"database/sql"
	"os"

	"github.com/weirhq/weir"
)

// Snapshot writes the whole database, as it is at one instant, into a new
// SQLite file. Others go on reading and writing meanwhile.
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

// EndAllSessions signs everybody out: for a database that was restored from
// an older copy, in which sessions live that have ended since.
func (db *DB) EndAllSessions(ctx context.Context) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM session`)
		return err
	})
}
