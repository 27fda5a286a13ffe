// Package store is all SQL of Weir's own database, on SQLite and on Postgres:
// the record log, checkpoints, runs, quarantine, and the places of budgets.
// One text of each statement serves both engines, but for the two bulk
// statements on the key index (sqlite.go, postgres.go); storetest is the suite
// that both pass. Nothing outside this package contains SQL of this database.
//
// Times are int64 microseconds since the Unix epoch, UTC. Every row carries
// its organization, except the database's own id and the budgets: a key's
// budget is one, whoever uses the key.
//
// Errors are *weir.Error: CodeLocal when the database cannot do it now (disk,
// permission, connection), CodeConfig when this Weir must not use it,
// CodeIntegrity when something durable is not as it was written or a fenced
// owner writes, CodeConflict when a live process holds what is asked for,
// CodeNotFound for an id that does not exist. A cancelled context gives
// CodeCancelled. No text holds a password.
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
	codec    *codec
	instance string
	log      *slog.Logger
	ended    func(RunOver) // nil tells nobody
	guard    Guard         // nil checks nothing
	counted  counted       // runs

	listeners listeners
}

// Options are the choices an Open has.
type Options struct {
	Logger *slog.Logger // nil discards
	// Ended hears of each run of a configured source that this process has
	// ended, once that is committed; nil for nobody. It must not block.
	Ended func(RunOver)
}

// Open opens the database at url, "sqlite:PATH" or "postgres://…", makes it
// when it is missing (directory 0700, file 0600), and brings its tables up to
// date. A database that a newer Weir has changed, and a file that holds
// somebody else's tables, are refused with CodeConfig.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	db := &DB{log: o.Logger, ended: o.Ended}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if db.engine, err = engineOf(url); err != nil {
		return nil, err
	}
	if db.codec, err = newCodec(); err != nil {
		return nil, err
	}
	alone, err := db.engine.startUp(ctx)
	if err != nil {
		return nil, err
	}
	defer alone()
	if db.write, db.read, err = db.engine.connect(); err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, err
	}
	return db, nil
}

// prepare migrates, and names the database when it is new.
func (db *DB) prepare(ctx context.Context) error {
	if err := db.write.PingContext(ctx); err != nil {
		return db.explain(ctx, err)
	}
	if err := db.migrate(ctx); err != nil {
		return err
	}
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO instance (one, id) VALUES (1, $1) ON CONFLICT (one) DO NOTHING`, rand.Text())
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT id FROM instance`).Scan(&db.instance)
	})
}

// InstanceID is the random name this database got when it was made.
func (db *DB) InstanceID() string { return db.instance }

// Close closes the connections. Leases stay held until they are released.
func (db *DB) Close() error {
	if db.read == db.write {
		return db.write.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// change runs f in one write transaction and commits it, as Change does: f may
// be called again, and on SQLite it holds the only writing connection.
func (db *DB) change(ctx context.Context, f func(*sql.Tx) error) error {
	return db.again(ctx, func() error { return db.plainOnce(ctx, f) })
}

// plainOnce is one try of change.
func (db *DB) plainOnce(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return db.explain(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := f(tx); err != nil {
		return db.explain(ctx, err)
	}
	return db.explain(ctx, tx.Commit())
}

// each runs a reading statement and hands its rows to scan, one by one. No
// connection is held when it returns.
func (db *DB) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return db.explain(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return db.explain(ctx, err)
		}
	}
	return db.explain(ctx, rows.Err())
}

// isNoRows reports that a SELECT found nothing.
func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// explain turns a driver's error into one with a class and a remedy.
func (db *DB) explain(ctx context.Context, err error) error {
	var known *weir.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		return &weir.Error{Code: weir.CodeCancelled, Where: "store", Message: "stopped; what was committed is kept", Err: ctx.Err()}
	case ctx.Err() != nil:
		return &weir.Error{Code: weir.CodeLocal, Where: "store", Message: "the database did not answer in time", Remedy: "See what keeps it busy", Err: ctx.Err()}
	case isNoRows(err):
		return &weir.Error{Code: weir.CodeNotFound, Where: "store", Message: "there is no such row", Err: err}
	}
	return fault(db.engine.explain(err), err)
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.explain(ctx, db.read.PingContext(ctx))
}
