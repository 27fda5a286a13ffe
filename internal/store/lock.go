package store

import (
	"context"
	"errors"
	"time"

	"github.com/weirhq/weir"
)

// Opening a database takes milliseconds, migrating one perhaps minutes.
const (
	startUpPause = 10 * time.Millisecond
	startUpLimit = 5 * time.Minute
)

// waitLock takes a file lock and waits for whoever has it.
func waitLock(ctx context.Context, path string) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, startUpLimit)
	defer cancel()
	for {
		release, err := lockFile(path)
		if !errors.Is(err, errHeld) {
			return release, err
		}
		if err := pause(ctx, startUpPause); err != nil {
			code := weir.CodeConflict
			if errors.Is(err, context.Canceled) {
				code = weir.CodeCancelled
			}
			return nil, &weir.Error{Code: code, Where: path, Message: "another process is still preparing the database", Remedy: "Wait for it, or stop it", Err: err}
		}
	}
}

// Alone keeps a second server off a database that has room for one: a SQLite
// file. The lock ends with the process at the latest. On Postgres several
// servers share the work, and nothing is locked.
func (db *DB) Alone(ctx context.Context) (release func(), err error) {
	if _, file := db.engine.(*sqliteEngine); !file {
		return func() {}, nil
	}
	release, err = db.engine.lock(ctx, db.instance, "server")
	if errors.Is(err, errHeld) {
		return nil, &weir.Error{Code: weir.CodeConflict, Where: "--data", Message: "another server runs on this store", Remedy: "Stop it, or name another directory; several servers share a store in Postgres"}
	}
	return release, db.explain(ctx, err)
}

// pause waits, or gives the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
