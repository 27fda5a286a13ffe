package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/weirhq/weir"
)

// sqliteEngine is a file of our own.
type sqliteEngine struct{ path string }

// newSQLite resolves the path and makes directory and file, so that nobody
// else can read them even for a moment.
func newSQLite(path string) (*sqliteEngine, error) {
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		path = rest
		if !strings.HasPrefix(path, "/") {
			path = ""
		}
	}
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.ContainsRune(path, 0) {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "store", Message: "the address names no file", Remedy: "Write it as sqlite:/path/to/weir.db"}
	}
	refuse := func(err error) error {
		return &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Remedy: "Name a file in a directory that Weir may write", Err: err}
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, refuse(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, refuse(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, refuse(err)
	}
	if err := f.Close(); err != nil {
		return nil, refuse(err)
	}
	// Locks lie beside the real file, by whatever link it was named.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, refuse(err)
	}
	return &sqliteEngine{path: path}, nil
}

// startUp waits for other starters: making a database and turning it to WAL
// answer "locked" at once, whatever the busy timeout.
func (e *sqliteEngine) startUp(ctx context.Context) (func(), error) {
	return waitLock(ctx, e.path+".lock")
}

// connect opens one writing connection and a few reading ones. FULL syncs
// each commit: NORMAL may lose the last ones when power fails.
func (e *sqliteEngine) connect() (write, read *sql.DB, err error) {
	source := func(more url.Values) string {
		more.Set("_busy_timeout", "60000") // SQLite is not fair: who writes without a pause lets nobody in for long
		more.Set("_journal_mode", "WAL")
		more.Set("_synchronous", "FULL")
		more.Set("_foreign_keys", "1")
		return "file:" + (&url.URL{Path: e.path}).EscapedPath() + "?" + more.Encode()
	}
	write, err = sql.Open("sqlite", source(url.Values{"_txlock": {"immediate"}, "_pragma": {"cache_size(-6000)", "journal_size_limit(67108864)", "wal_autocheckpoint(4000)"}}))
	if err != nil {
		return nil, nil, e.explain(err)
	}
	write.SetMaxOpenConns(1)
	read, err = sql.Open("sqlite", source(url.Values{"_query_only": {"1"}, "_pragma": {"cache_size(-500)"}}))
	if err != nil {
		return nil, nil, errors.Join(e.explain(err), write.Close())
	}
	read.SetMaxOpenConns(4)
	read.SetMaxIdleConns(4)
	return write, read, nil
}

func (e *sqliteEngine) migrations() (string, goose.Dialect, []goose.ProviderOption, error) {
	return "sqlite", goose.DialectSQLite3, nil, nil
}

func (e *sqliteEngine) tables() string {
	return `SELECT count(*), count(CASE WHEN name = 'goose_db_version' THEN 1 END) FROM sqlite_master WHERE type = 'table'`
}

func (e *sqliteEngine) strangers() bool { return false }

// Every write transaction holds the whole file.

func (e *sqliteEngine) forUpdate() string      { return "" }
func (e *sqliteEngine) updating(string) string { return "" }
func (e *sqliteEngine) holding() string        { return "" }
func (e *sqliteEngine) forShare() string       { return "" }
func (e *sqliteEngine) skipLocked() string     { return "" }

func (e *sqliteEngine) clock() string {
	return `CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)`
}

func (e *sqliteEngine) micros(column string) string {
	return `CAST(unixepoch(` + column + `, 'subsec') * 1000000 AS INTEGER)`
}

func (e *sqliteEngine) hasName(column, name string) string {
	return `EXISTS (SELECT 1 FROM json_each(CAST(` + column + ` AS TEXT)) WHERE key = ` + name + `)`
}

func (e *sqliteEngine) orphans() string {
	return `UPDATE river_job SET state = 'available', attempt = max(attempt - 1, 0), scheduled_at = CURRENT_TIMESTAMP WHERE state = 'running'
		AND NOT EXISTS (SELECT 1 FROM process p WHERE p.id = (SELECT value FROM json_each(attempted_by) ORDER BY key DESC LIMIT 1) AND p.seen > ` + e.clock() + ` - $1)`
}

func (e *sqliteEngine) jobsBefore() string {
	return `strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || $1 || ' seconds')`
}

func (e *sqliteEngine) lock(_ context.Context, _, name string) (func(), error) {
	return lockFile(e.path+"."+name+".lock", makeLock)
}

func (e *sqliteEngine) snapshot(ctx context.Context, read *sql.DB, path string) error {
	conn, err := read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back into the pool
	// The connection only reads; writing another file is no change of this one.
	if _, err := conn.ExecContext(ctx, `PRAGMA query_only = 0`); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `VACUUM INTO $1`, path)
	_, undo := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA query_only = 1`)
	return errors.Join(err, undo)
}

// fill is not needed: the file itself is put in its place.
func (e *sqliteEngine) fill(context.Context, *sql.DB, *DB) error {
	return &weir.Error{Code: weir.CodeInternal, Where: "store", Message: "a SQLite store is restored by putting its file in place"}
}

func (e *sqliteEngine) check(ctx context.Context, read *sql.DB) error {
	for _, question := range []string{`SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 1`, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`} {
		var wrong string
		err := read.QueryRowContext(ctx, question).Scan(&wrong)
		if err == nil {
			return &weir.Error{Code: weir.CodeIntegrity, Where: e.path, Message: "the database is damaged: " + wrong, Remedy: "Restore a backup"}
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

// newestRuns lets the few ids of each source lead to the rows.
func (e *sqliteEngine) newestRuns(n string) string {
	return `run r ON r.id IN (SELECT n.id FROM run n WHERE n.resource = s.id ORDER BY n.started DESC, n.id DESC LIMIT ` + n + `)`
}

// most stays below SQLite's 32,766 parameters of a statement.
func (e *sqliteEngine) most() int { return 500 }

// Both bulk statements use "?": SQLite looks "$1" up by name, which makes
// the time of a statement grow with the square of its parameters (observed
// with modernc.org/sqlite 1.61.1: five times slower at 500 rows).

func (e *sqliteEngine) lookUp(d DatasetID, keys [][]byte) (string, []any) {
	args := make([]any, 1, len(keys)+1)
	args[0] = int64(d)
	for _, k := range keys {
		args = append(args, k)
	}
	return `SELECT ` + entryColumns + ` FROM record_key WHERE dataset = ? AND key IN (?` + strings.Repeat(",?", len(keys)-1) + `)`, args
}

func (e *sqliteEngine) save(d DatasetID, org int64, entries []entry) (string, []any) {
	row := "(" + strconv.FormatInt(int64(d), 10) + "," + strconv.FormatInt(org, 10) + ",?,?,?,?,?,?,?)"
	args := make([]any, 0, len(entries)*7)
	for i := range entries {
		r := &entries[i]
		args = append(args, []byte(r.key), r.hash[:], r.version, int64(r.position), r.sweep, r.missedAt, deletedColumn(r.deleted))
	}
	return saveColumns + `VALUES ` + row + strings.Repeat(","+row, len(entries)-1) + saveConflict, args
}

// givenUp is never true: a transaction that has begun is the only one, and
// nothing comes between it and its commit. Whoever waits to begin one does so
// for the busy timeout, which is the trying again.
func (e *sqliteEngine) givenUp(error) bool { return false }

// SQLite's primary result codes that a user can do something about.
const (
	sqlitePerm       = 3
	sqliteBusy       = 5
	sqliteNoMem      = 7
	sqliteReadOnly   = 8
	sqliteIOErr      = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteConstraint = 19
	sqliteNotADB     = 26
)

// sqliteIOErrShmSize is the extended code of a disk without room for the index
// of the write-ahead log.
const sqliteIOErrShmSize = 19<<8 | sqliteIOErr

func (e *sqliteEngine) explain(err error) error {
	out := &weir.Error{Code: weir.CodeLocal, Where: e.path, Message: err.Error(), Err: err}
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return out
	}
	code := lite.Code() & 0xff
	if lite.Code() == sqliteIOErrShmSize {
		code = sqliteFull
	}
	switch code {
	case sqliteFull:
		out.Message, out.Remedy = "the disk is full", "Make room and run again; everything up to here is kept"
	case sqliteBusy:
		out.Message, out.Remedy = "another process holds the database", "Wait for it, or stop it"
	case sqliteNotADB:
		out.Message, out.Remedy = "this file is not a SQLite database", "Name another file for Weir's database"
	case sqliteCorrupt:
		out.Code, out.Message, out.Remedy = weir.CodeIntegrity, "the database is damaged", "Restore a backup, or remove it and read everything again"
	case sqlitePerm, sqliteReadOnly, sqliteCantOpen:
		out.Message, out.Remedy = "Weir may not write this file or its directory", "Change their permissions, or name another file"
	case sqliteIOErr, sqliteNoMem:
		out.Remedy = "Check the disk and the memory of this machine"
	case sqliteConstraint:
		out.Code = weir.CodeInternal
	}
	return out
}
