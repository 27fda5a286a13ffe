package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/weirhq/weir"
)

// engine is what differs between the two databases beyond their drivers.
type engine struct {
	name      string // "sqlite" or "postgres": also the folder of its migrations
	forUpdate string // appended to a SELECT that must hold its row
	path      string // SQLite: the file
}

// connect opens the pools that url asks for.
func (db *DB) connect(ctx context.Context, url string, password weir.Secret) error {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return db.connectSQLite(ctx, rest)
	case "postgres", "postgresql":
		return db.connectPostgres(ctx, url, password)
	}
	return &weir.Error{Code: weir.CodeConfig, Message: "the store is neither sqlite:PATH nor postgres://…"}
}

// connectSQLite opens one writing connection and a few reading ones. FULL
// syncs each commit: NORMAL may lose the last ones when power fails.
func (db *DB) connectSQLite(ctx context.Context, path string) error {
	db.engine = engine{name: "sqlite", path: path}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Remedy: "Name a directory that Weir may write", Err: err}
	}
	// Made here, so that nobody else can read it even for a moment.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- the operator names the file
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Remedy: "Name a file that Weir may write", Err: err}
	}
	if err := f.Close(); err != nil {
		return err
	}
	source := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-16000)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
	if db.write, err = sql.Open("sqlite", source); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	if db.read, err = sql.Open("sqlite", source); err != nil {
		return err
	}
	db.read.SetMaxOpenConns(4)
	return db.explain(db.write.PingContext(ctx))
}

// connectPostgres opens one pool for both.
func (db *DB) connectPostgres(ctx context.Context, url string, password weir.Secret) error {
	db.engine = engine{name: "postgres", forUpdate: " FOR UPDATE"}
	config, err := pgx.ParseConfig(url)
	if err != nil { // its text repeats the URL, password included
		return &weir.Error{Code: weir.CodeConfig, Message: "the Postgres address cannot be read", Remedy: "Write it as postgres://user@host:5432/database"}
	}
	if !password.IsZero() && config.Password == "" {
		config.Password = password.Expose()
	}
	db.write = stdlib.OpenDB(*config)
	db.write.SetMaxOpenConns(16)
	db.read = db.write
	return db.explain(db.write.PingContext(ctx))
}

// SQLite's primary result codes that a user can do something about.
const (
	sqliteBusy    = 5
	sqliteNoMem   = 7
	sqliteIOErr   = 10
	sqliteCorrupt = 11
	sqliteFull    = 13
	sqliteCantOpn = 14
	sqliteNotADB  = 26
)

// explain turns a driver's error into one with a class and a remedy.
func (db *DB) explain(err error) error {
	var known *weir.Error
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &lite):
		return db.explainSQLite(lite)
	case errors.As(err, &pg):
		return &weir.Error{Code: weir.CodeLocal, Where: "store", Message: fmt.Sprintf("Postgres said %s: %s", pg.Code, pg.Message), Err: err}
	case errors.As(err, &connect):
		return &weir.Error{Code: weir.CodeLocal, Where: "store", Message: "Postgres cannot be reached", Remedy: "Check that it runs, and the host, user and password", Err: err}
	}
	return &weir.Error{Code: weir.CodeLocal, Where: "store", Message: err.Error(), Err: err}
}

func (db *DB) explainSQLite(err *sqlite.Error) error {
	e := &weir.Error{Code: weir.CodeLocal, Where: db.engine.path, Message: err.Error(), Err: err}
	switch err.Code() & 0xff {
	case sqliteFull:
		e.Message, e.Remedy = "the disk is full", "Make room and run again; everything up to here is kept"
	case sqliteBusy:
		e.Message, e.Remedy = "another process holds the database", "Wait for it, or stop it"
	case sqliteNotADB:
		e.Code, e.Message, e.Remedy = weir.CodeConfig, "this file is not a database", "Name another place for Weir's store"
	case sqliteCorrupt:
		e.Code, e.Message, e.Remedy = weir.CodeIntegrity, "the database is damaged", "Restore a backup, or remove it and read everything again"
	case sqliteIOErr, sqliteCantOpn, sqliteNoMem:
		e.Remedy = "Check the disk and the permissions"
	}
	return e
}
