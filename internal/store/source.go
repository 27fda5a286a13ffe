package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/weirhq/weir"
)

// org is the organization of a command that runs without a server.
const org = 1

// SourceID names a source.
type SourceID int64

// SourceSpec is what makes a source: the same connector, origin and account
// are the same source, whatever key reads it.
type SourceSpec struct{ Connector, Origin, Account string }

// EnsureSource gives the source's id, and makes it the first time.
func (db *DB) EnsureSource(ctx context.Context, s SourceSpec) (id SourceID, err error) {
	err = db.change(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO source (org, connector, origin, account) VALUES ($1, $2, $3, $4)
			ON CONFLICT (org, connector, origin, account) DO UPDATE SET account = excluded.account RETURNING id`,
			org, s.Connector, s.Origin, s.Account).Scan(&id)
	})
	return id, err
}

// Lease is the right to read a source. Its epoch is in every commit; once
// somebody else has acquired the source, commits with this epoch are refused.
type Lease struct {
	Epoch   int64
	release func()
}

// Release gives the source free. It may be called more than once.
func (l *Lease) Release() {
	if l.release != nil {
		l.release()
		l.release = nil
	}
}

// AcquireSource makes owner the one live process that reads the source, and
// closes the run that a dead owner left. The operating system (SQLite: a file
// lock) or the database (Postgres: a session lock) frees the source at once
// when its owner dies. A source held by a live owner is CodeConflict.
func (db *DB) AcquireSource(ctx context.Context, id SourceID, owner string) (*Lease, error) {
	release, err := db.lockSource(ctx, id)
	if err != nil {
		return nil, err
	}
	l := &Lease{release: release}
	err = db.change(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `UPDATE source SET epoch = epoch + 1, owner = $2 WHERE id = $1 RETURNING epoch`, id, owner).Scan(&l.Epoch)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE run SET status = 'interrupted' WHERE source = $1 AND ended IS NULL AND status = 'running'`, id)
		return err
	})
	if err != nil {
		l.Release()
		return nil, err
	}
	return l, nil
}

// held says who has the source.
func (db *DB) held(ctx context.Context, id SourceID) error {
	var owner string
	if err := db.read.QueryRowContext(ctx, `SELECT owner FROM source WHERE id = $1`, id).Scan(&owner); err != nil {
		return db.explain(err)
	}
	return &weir.Error{Code: weir.CodeConflict, Where: "source", Message: fmt.Sprintf("another run is reading it (%s)", owner), Remedy: "Wait until it is done, or stop it"}
}

// lockSource takes the lock of the engine's kind.
func (db *DB) lockSource(ctx context.Context, id SourceID) (release func(), err error) {
	if db.engine.name == "sqlite" {
		release, err = lockFile(fmt.Sprintf("%s.source-%d.lock", db.engine.path, id))
	} else {
		release, err = db.lockSession(ctx, id)
	}
	if errors.Is(err, errHeld) {
		return nil, db.held(ctx, id)
	}
	return release, err
}

// errHeld says that somebody alive has a lock.
var errHeld = errors.New("held")

// sourceLocks is the class of Weir's advisory locks on sources: any number
// that other users of the database do not use.
const sourceLocks = 0x57454952

// lockSession takes an advisory lock on a connection of its own.
func (db *DB) lockSession(ctx context.Context, id SourceID) (release func(), err error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, db.explain(err)
	}
	var got bool
	if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1, $2)`, sourceLocks, int32(id)).Scan(&got); err != nil { // #nosec G115 -- ids are small
		_ = conn.Close()
		return nil, db.explain(err)
	}
	if !got {
		_ = conn.Close()
		return nil, errHeld
	}
	return func() {
		// The connection goes back to the pool, so the lock must go first.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1, $2)`, sourceLocks, int32(id)) // #nosec G115
		_ = conn.Close()
	}, nil
}
