// Package sqldb loads batches into SQLite and Postgres: rows and position in
// one transaction, so that after any crash the tables equal "each version
// applied once, newest wins".
//
// Weir's own tables in a destination begin with _weir_: which tables it made,
// how far each dataset has come, and what the database would not take. A
// table that Weir did not make is never touched.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"

	"github.com/weirhq/weir"
)

// DB is an open destination. It is safe for concurrent use by loads of
// different datasets.
type DB struct {
	pool *sql.DB
	kind dialect
	log  *slog.Logger
}

// Options are the choices an Open has.
type Options struct {
	Password weir.Secret  // for Postgres, when the URL has none
	Logger   *slog.Logger // nil discards
}

// Open opens "sqlite:PATH" or "postgres://user@host/db[?schema=NAME]" and
// makes Weir's own tables in it. A file that is no SQLite database, or is
// Weir's own store, is CodeConflict; a server that cannot be reached is
// CodeLocal; a refused password CodeConfig.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	db := &DB{log: o.Logger}
	var err error
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		err = db.openSQLite(ctx, path)
	} else {
		err = db.openPostgres(ctx, url, o.Password)
	}
	if err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// Close closes the connections.
func (db *DB) Close() error { return db.pool.Close() }

// ownTables are the tables in which a destination remembers.
var ownTables = []string{
	`CREATE TABLE IF NOT EXISTS _weir_tables (name TEXT PRIMARY KEY, dataset TEXT NOT NULL, source TEXT NOT NULL, columns TEXT NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS _weir_positions (dataset TEXT PRIMARY KEY, source TEXT NOT NULL, log TEXT NOT NULL, position BIGINT NOT NULL,
		epoch BIGINT NOT NULL, run TEXT NOT NULL, committed_at TEXT NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS _weir_quarantine (dataset TEXT NOT NULL, log TEXT NOT NULL, position BIGINT NOT NULL, key TEXT NOT NULL,
		reason TEXT NOT NULL, run TEXT NOT NULL, PRIMARY KEY (dataset, log, position))`,
}

func (db *DB) prepare(ctx context.Context) error {
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return db.kind.explain(err)
	}
	defer func() { _ = tx.Rollback() }() // a no-op after the commit
	if err := db.kind.guard(ctx, tx); err != nil {
		return err
	}
	for _, text := range ownTables {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return db.kind.explain(err)
		}
	}
	return db.kind.explain(tx.Commit())
}

// Position says how far the dataset has come in that log: 0 in a log that
// this destination has never seen.
func (db *DB) Position(ctx context.Context, log, dataset string) (at weir.Position, err error) {
	err = db.pool.QueryRowContext(ctx, `SELECT position FROM _weir_positions WHERE dataset = $1 AND log = $2`, dataset, log).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return at, db.kind.explain(err)
}
