// Package store is all SQL of Weir's own database, on SQLite and on Postgres:
// the record log, checkpoints, runs, quarantine, and the places of budgets.
// One text of each statement serves both engines; storetest is the suite that
// both pass. Nothing outside this package contains SQL of this database.
//
// Times are int64 microseconds since the Unix epoch, UTC. Every row carries
// its organization.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"

	"github.com/weirhq/weir"
)

// DB is Weir's own database. It is safe for concurrent use; several processes
// may have the same one open.
type DB struct {
	engine   engine
	write    *sql.DB // SQLite: the one writing connection
	read     *sql.DB // Postgres: the same pool as write
	instance string
	log      *slog.Logger
}

// Options are the choices an Open has.
type Options struct {
	Password weir.Secret  // for Postgres, when the URL has none
	Logger   *slog.Logger // nil discards
}

// Open opens the database at url, "sqlite:PATH" or "postgres://…", makes it
// when it is missing, and brings its tables up to date. A database that a
// newer Weir has changed is refused with CodeConfig, before anything is
// written.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	db := &DB{log: o.Logger}
	if err := db.connect(ctx, url, o.Password); err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// prepare migrates and makes the instance's id at the first start.
func (db *DB) prepare(ctx context.Context) error {
	if err := db.migrate(ctx); err != nil {
		return err
	}
	return db.change(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT id FROM instance`).Scan(&db.instance)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		db.instance = rand.Text()
		_, err = tx.ExecContext(ctx, `INSERT INTO instance (id) VALUES ($1)`, db.instance)
		return err
	})
}

// InstanceID is the random name this database got when it was made.
func (db *DB) InstanceID() string { return db.instance }

// Close closes the connections.
func (db *DB) Close() error {
	if db.read == db.write {
		return db.write.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// change runs f in one write transaction and commits it.
func (db *DB) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return db.explain(err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return db.explain(err)
	}
	return db.explain(tx.Commit())
}
