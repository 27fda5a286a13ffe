package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/weirhq/weir"
)

// timeLayout sorts as text and is read by SQLite's own date functions.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// lite is SQLite.
type lite struct{ path string }

func (db *DB) openSQLite(ctx context.Context, path string) error {
	kind := lite{path}
	db.kind = kind
	if err := kind.check(); err != nil {
		return err
	}
	source := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
	var err error
	if db.pool, err = sql.Open("sqlite", source); err != nil {
		return err
	}
	db.pool.SetMaxOpenConns(1) // SQLite has one writer
	if err := db.pool.PingContext(ctx); err != nil {
		_ = db.pool.Close()
		return kind.explain(err)
	}
	return nil
}

// check makes the file when it is missing and refuses one that is something
// else, without opening it as a database.
func (k lite) check() error {
	f, err := os.OpenFile(k.path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- the user names the file
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Where: k.path, Message: "the file cannot be opened: " + errors.Unwrap(err).Error(), Remedy: "Name a file that can be written, in a directory that exists", Err: err}
	}
	defer func() { _ = f.Close() }() // nothing was written
	head := make([]byte, 16)
	n, _ := f.Read(head)
	if n > 0 && string(head[:n]) != "SQLite format 3\x00" {
		return &weir.Error{Code: weir.CodeConflict, Where: k.path, Message: "this file is not a SQLite database; it was not touched", Remedy: "Name another file"}
	}
	return nil
}

func (k lite) guard(ctx context.Context, tx *sql.Tx) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name IN ('record_batch', 'goose_db_version')`).Scan(&n)
	if err == nil && n == 2 {
		return &weir.Error{Code: weir.CodeConflict, Where: k.path, Message: "this is Weir's own store", Remedy: "Name another file for the data"}
	}
	return k.explain(err)
}

func (lite) columns(ctx context.Context, tx *sql.Tx, table string) (map[string]string, error) {
	return readColumns(tx.QueryContext(ctx, `SELECT name, type FROM pragma_table_info($1)`, table))
}

// readColumns reads pairs of name and type; nil when there are none.
func readColumns(rows *sql.Rows, err error) (map[string]string, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out map[string]string
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = kind
	}
	return out, rows.Err()
}

func (lite) columnType(t weir.Type) string {
	switch t {
	case weir.TypeBool:
		return "BOOLEAN"
	case weir.TypeInt:
		return "INTEGER"
	case weir.TypeFloat:
		return "REAL"
	}
	return "TEXT"
}

// retype is empty: a SQLite column takes values of any type.
func (lite) retype(string, weir.Column) string { return "" }

func (lite) value(v any, _ weir.Type) any {
	if at, ok := v.(time.Time); ok {
		return at.UTC().Format(timeLayout)
	}
	return v
}

func (lite) bulk(context.Context, *sql.Conn, *sql.Tx, weir.Table, [][]any) (string, error) {
	return "", nil
}

func (lite) forUpdate() string { return "" }

func (lite) again(error) bool { return false } // the one writer cannot lose against another

// SQLite's primary result codes that decide what becomes of an error.
const (
	sqliteBusy       = 5
	sqliteFull       = 13
	sqliteTooBig     = 18
	sqliteConstraint = 19
	sqliteMismatch   = 20
	sqliteNotADB     = 26
)

func (lite) refused(err error) (string, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return "", false
	}
	switch e.Code() & 0xff {
	case sqliteTooBig:
		return "a value is too large for SQLite", true
	case sqliteConstraint:
		return "a constraint of the table refuses it", true
	case sqliteMismatch:
		return "a value has the wrong type for its column", true
	}
	return "", false
}

func (k lite) explain(err error) error {
	var known *weir.Error
	var e *sqlite.Error
	if err == nil || errors.As(err, &known) || !errors.As(err, &e) {
		return err
	}
	out := &weir.Error{Code: weir.CodeLocal, Where: k.path, Message: strings.TrimSpace(e.Error()), Err: err}
	switch e.Code() & 0xff {
	case sqliteFull:
		out.Message, out.Remedy = "the disk is full", "Make room and run again; everything up to here is kept"
	case sqliteBusy:
		out.Code, out.Message, out.Remedy = weir.CodeTransient, "another program holds the database", "Close it there"
	case sqliteNotADB:
		out.Code, out.Message, out.Remedy = weir.CodeConflict, "this file is not a SQLite database", "Name another file"
	}
	return out
}
