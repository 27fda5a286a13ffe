package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// defaultOrg is the organization of commands that run without a server.
const defaultOrg = 1

// SourceID names a source.
type SourceID int64

// SourceSpec is what makes a source: the same connector, origin and account
// are the same source, whatever key reads it.
type SourceSpec struct {
	Org                        int64 // 0 means the one of commands that run without a server
	Connector, Origin, Account string
	Resource                   int64 // the configured source that it is read for; 0 for none
}

// EnsureSource gives the source's id, and makes it the first time.
func (db *DB) EnsureSource(ctx context.Context, s SourceSpec) (id SourceID, err error) {
	if s.Org == 0 {
		s.Org = defaultOrg
	}
	err = db.change(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO source (org, connector, origin, account, resource) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (org, connector, origin, account) DO UPDATE SET resource = excluded.resource RETURNING id`,
			s.Org, s.Connector, s.Origin, s.Account, s.Resource).Scan(&id)
	})
	return id, err
}

// FindSource gives the source's id; CodeNotFound before EnsureSource made it.
func (db *DB) FindSource(ctx context.Context, s SourceSpec) (id SourceID, err error) {
	if s.Org == 0 {
		s.Org = defaultOrg
	}
	err = db.read.QueryRowContext(ctx, `SELECT id FROM source WHERE org = $1 AND connector = $2 AND origin = $3 AND account = $4`,
		s.Org, s.Connector, s.Origin, s.Account).Scan(&id)
	return id, db.explain(ctx, err)
}

// Lease is the right to read a source. Its epoch is in every commit; once
// somebody else has acquired the source, commits with this epoch are refused.
type Lease struct {
	Epoch   int64
	release func()
	once    sync.Once
}

// Release gives the source free. It may be called more than once.
func (l *Lease) Release() { l.once.Do(l.release) }

// AcquireSource makes owner the one live process that reads the source, with
// an epoch that nobody had before, and closes the run that a dead owner left.
// The operating system (SQLite: a file lock) or the database (Postgres: a
// session lock on a connection of its own) frees the source at once when its
// owner dies. A source that a live owner holds is CodeConflict, naming it.
func (db *DB) AcquireSource(ctx context.Context, id SourceID, owner string) (*Lease, error) {
	release, err := db.engine.lock(ctx, db.instance, fmt.Sprintf("source-%d", id))
	if errors.Is(err, errHeld) {
		return nil, db.held(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	l := &Lease{release: release}
	err = db.change(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `UPDATE source SET epoch = epoch + 1, owner = $2 WHERE id = $1 RETURNING epoch`, id, owner).Scan(&l.Epoch)
		if err != nil {
			return err
		}
		return (&Tx{db: db, tx: tx}).closeRuns(ctx, "source", int64(id), time.Now().UnixMicro(), "")
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
		return db.explain(ctx, err)
	}
	return &weir.Error{Code: weir.CodeConflict, Where: "source", Message: fmt.Sprintf("another run is reading it (%s)", owner), Remedy: "Wait until it is done, or stop it"}
}

// ReasonFenced marks the error of an owner that has been replaced.
const ReasonFenced = "fenced"

// fenced is what an owner meets that has been replaced.
func fenced(now, ours int64) error {
	return &weir.Error{Code: weir.CodeIntegrity, Reason: ReasonFenced, Where: "store",
		Message: fmt.Sprintf("another process has taken over this source (epoch %d, ours is %d); nothing was written", now, ours),
		Remedy:  "Let the other run finish"}
}
