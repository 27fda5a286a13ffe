package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/weirhq/weir"
)

// lite is the SQLite engine: one connection, because SQLite has one writer.
type lite struct {
	standard
	db   *sql.DB
	path string
}

// openSQLite opens the file behind "sqlite:", and makes it when it is
// missing, for its owner alone.
func openSQLite(ctx context.Context, rest string) (engine, error) {
	path, err := sqlitePath(rest)
	if err != nil {
		return nil, err
	}
	if err := checkFile(path); err != nil {
		return nil, err
	}
	// FULL syncs each commit: NORMAL may lose the last ones when power fails.
	// legacy_alter_table lets a table be replaced under views that name it.
	source := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(16000)", "journal_size_limit(67108864)", "temp_store(MEMORY)", "cache_size(-10000)", "legacy_alter_table(1)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeLocal, Where: path, Message: weir.Clip(err.Error()), Err: err}
	}
	db.SetMaxOpenConns(1)
	l := &lite{db: db, path: path}
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, l.explain(err)
	}
	return l, nil
}

// sqlitePath is the file behind "sqlite:".
func sqlitePath(rest string) (string, error) {
	path := rest
	if trimmed := strings.TrimLeft(rest, "/"); len(trimmed) < len(rest) {
		path = "/" + trimmed // sqlite:/abs, sqlite:///abs
	}
	path, err := filepath.Abs(path)
	if err != nil || rest == "" || strings.ContainsRune(path, 0) {
		return "", &weir.Error{Code: weir.CodeConfig, Message: "the address names no SQLite file", Remedy: "Write it as sqlite:FILE or sqlite:///absolute/FILE", Err: err}
	}
	return path, nil
}

// checkFile makes the file when it is missing and refuses one that holds
// something else: SQLite itself would take a short one for empty.
func checkFile(path string) error {
	local := func(err error) error {
		return &weir.Error{Code: weir.CodeLocal, Where: path, Message: errors.Unwrap(err).Error(), Remedy: "Name a file in a directory that exists and that Weir may write", Err: err}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- the user names the file
	if err != nil {
		return local(err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	switch n, err := io.ReadFull(f, head); {
	case n == 0 && err == io.EOF, string(head[:n]) == magic:
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return &weir.Error{Code: weir.CodeLocal, Where: path, Message: "the file cannot be read", Remedy: "Name a file that Weir may read and write", Err: err}
	}
	return &weir.Error{Code: weir.CodeConflict, Where: path, Message: "this file is not a SQLite database, and it is left alone", Remedy: "Name another file"}
}

func (l *lite) where() string            { return "sqlite:" + l.path }
func (l *lite) close() error             { return l.db.Close() }
func (l *lite) table(name string) string { return "main." + quote(name) }
func (l *lite) stage(name string) string { return "temp." + quote(name) }
func (l *lite) stageEnd() string         { return "" }
func (l *lite) checkKey(string) string   { return "" }
func (l *lite) definition(t weir.Table, c weir.Column, name string) string {
	return quote(name) + " " + l.columnType(t, c)
}
func (l *lite) makeTables(tables []weir.Table) []string { return createTables(l, tables) }
func (l *lite) mayWrite(context.Context, string) error  { return nil } // the file is this user's

func (l *lite) columnType(_ weir.Table, c weir.Column) string {
	switch c.Type {
	case weir.TypeBool:
		return "BOOLEAN"
	case weir.TypeInt:
		return "INTEGER"
	case weir.TypeFloat:
		return "REAL"
	}
	return "TEXT"
}

func (l *lite) value(v any, _ weir.Type) (any, int) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(timeForm), 0
	case string:
		return validUTF8(v)
	}
	return v, 0
}

func (l *lite) begin(ctx context.Context) (tx, error) {
	t, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &liteTx{Tx: t}, nil
}

// describe reads what there is; SQLite's names are the same in any case.
func (l *lite) describe(ctx context.Context, tx tx, names []string) (map[string]actual, error) {
	found := map[string]actual{}
	for _, name := range names {
		a := actual{columns: map[string]string{}}
		there := false
		var key []string
		err := tx.query(ctx, `SELECT type = 'view' FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name = $1 COLLATE NOCASE`, []any{name},
			func(scan func(...any) error) error { there = true; return scan(&a.view) })
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		err = tx.query(ctx, `SELECT lower(name), upper(type), pk > 0 FROM pragma_table_info($1, 'main')`, []any{name}, func(scan func(...any) error) error {
			var column, declared string
			var inKey bool
			err := scan(&column, &declared, &inKey)
			if a.columns[column] = declared; inKey {
				key = append(key, column)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if a.unique, err = l.unique(ctx, tx, name); err != nil {
			return nil, err
		}
		if len(key) > 0 { // an INTEGER PRIMARY KEY has no index of its own
			a.unique = append(a.unique, key)
		}
		found[name] = a
	}
	return found, nil
}

func (l *lite) unique(ctx context.Context, tx tx, table string) ([][]string, error) {
	var out [][]string
	index := map[string]int{}
	err := tx.query(ctx, `SELECT i.name, lower(coalesce(c.name, '')) FROM pragma_index_list($1, 'main') AS i, pragma_index_info(i.name, 'main') AS c WHERE i."unique" AND NOT i.partial`,
		[]any{table}, func(scan func(...any) error) error {
			var name, column string
			if err := scan(&name, &column); err != nil {
				return err
			}
			if _, ok := index[name]; !ok {
				index[name] = len(out)
				out = append(out, nil)
			}
			out[index[name]] = append(out[index[name]], column)
			return nil
		})
	return out, err
}

// liteTx is a transaction that holds SQLite's one write lock from the start.
type liteTx struct{ *sql.Tx }

func (t *liteTx) lock(context.Context, string) error { return nil }

func (t *liteTx) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	r, err := t.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *liteTx) query(ctx context.Context, statement string, args []any, each func(func(...any) error) error) error {
	rows, err := t.QueryContext(ctx, statement, args...) //nolint:rowserrcheck // eachRow does
	if err != nil {
		return err
	}
	defer rows.Close()
	return eachRow(rows, each)
}

// How many values and rows one INSERT carries. SQLite allows 32,766 values;
// beyond about a hundred rows a longer statement brings nothing.
const (
	valuesPerInsert = 30_000
	rowsPerInsert   = 100
)

func (t *liteTx) fill(ctx context.Context, stage string, columns []weir.Column, rows [][]any) error {
	n := max(1, min(rowsPerInsert, valuesPerInsert/len(columns)))
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	prepare := func(n int) (*sql.Stmt, error) {
		return t.PrepareContext(ctx, fmt.Sprintf("INSERT INTO temp.%s VALUES %s", quote(stage), strings.TrimSuffix(strings.Repeat(one+", ", n), ", ")))
	}
	insert := func(s *sql.Stmt, rows [][]any) error {
		args := make([]any, 0, len(rows)*len(columns))
		for _, r := range rows {
			args = append(args, r...)
		}
		_, err := s.ExecContext(ctx, args...)
		return err
	}
	if len(rows) >= n {
		s, err := prepare(n)
		if err != nil {
			return err
		}
		defer s.Close()
		for ; len(rows) >= n; rows = rows[n:] {
			if err := insert(s, rows[:n]); err != nil {
				return err
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	s, err := prepare(len(rows))
	if err != nil {
		return err
	}
	defer s.Close()
	return insert(s, rows)
}

func (t *liteTx) commit(context.Context) error {
	err := t.Commit()
	if err != nil && !errors.Is(err, sql.ErrTxDone) && primary(err) != sqliteBusy && primary(err) != sqliteFull {
		return unknownOutcome{err}
	}
	return err
}

func (t *liteTx) rollback() { _ = t.Rollback() } // nothing to roll back after a commit
