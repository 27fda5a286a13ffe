package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/weirhq/weir"
)

// Both engines have the same tables with the same columns, so a database can
// be carried from one to the other row by row. A backup is always a SQLite
// file, whatever it was made of.

// table is one of our tables, as SQLite describes it.
type table struct {
	name    string
	columns []string
	binary  []bool // the column holds bytes
	needs   []string
}

// quoted is a name of ours in SQL.
func quoted(name string) string { return `"` + name + `"` }

func (t table) list() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = quoted(c)
	}
	return strings.Join(names, ", ")
}

// eachRow hands each row of a reading statement to scan.
func eachRow(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// tablesOf gives a SQLite database's tables, each after those that it refers
// to. Goose's own and those of the job queue are not among them: each database has
// its own, and a job of one is nothing in another.
func tablesOf(ctx context.Context, q querier) ([]table, error) {
	var all []table
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var t table
		err := rows.Scan(&t.name)
		all = append(all, t)
		return err
	}, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' AND name NOT LIKE 'river%' ORDER BY name`)
	for i := range all {
		if err == nil {
			err = all[i].describe(ctx, q)
		}
	}
	if err != nil {
		return nil, err
	}
	var ordered []table
	done := map[string]bool{}
	for len(all) > 0 {
		i := slices.IndexFunc(all, func(t table) bool {
			return !slices.ContainsFunc(t.needs, func(need string) bool { return need != t.name && !done[need] })
		})
		if i < 0 {
			return nil, &weir.Error{Code: weir.CodeInternal, Where: "store", Message: "the tables refer to each other in a circle"}
		}
		ordered, done[all[i].name] = append(ordered, all[i]), true
		all = slices.Delete(all, i, i+1)
	}
	return ordered, nil
}

func (t *table) describe(ctx context.Context, q querier) error {
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var name, kind string
		err := rows.Scan(&name, &kind)
		t.columns, t.binary = append(t.columns, name), append(t.binary, kind == "BLOB")
		return err
	}, `SELECT name, type FROM pragma_table_info($1) ORDER BY cid`, t.name)
	if err != nil {
		return err
	}
	return eachRow(ctx, q, func(rows *sql.Rows) error {
		var need string
		err := rows.Scan(&need)
		t.needs = append(t.needs, need)
		return err
	}, `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`, t.name)
}

// scanRow reads a row as values that both drivers take.
func (t table) scanRow(rows *sql.Rows) ([]any, error) {
	values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, v := range values {
		switch v := v.(type) {
		case string:
			if t.binary[i] {
				values[i] = []byte(v)
			}
		case []byte: // an empty one comes as nil, which is no NULL
			values[i] = append([]byte{}, v...)
			if !t.binary[i] {
				values[i] = string(v)
			}
		}
	}
	return values, nil
}

// snapshot copies the tables, all as they are at one instant, into a SQLite
// file. A transaction of this kind waits for nobody, and nobody for it.
func (e *postgresEngine) snapshot(ctx context.Context, read *sql.DB, path string) error {
	copied, err := Open(ctx, "sqlite:"+path, Options{})
	if err != nil {
		return err
	}
	defer func() { _ = copied.Close() }() // again, when something failed
	from, err := read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = from.Rollback() }() // it only reads
	err = copied.change(ctx, func(to *sql.Tx) error {
		if _, err := to.ExecContext(ctx, `DELETE FROM audit_head; DELETE FROM instance`); err != nil {
			return err
		}
		tables, err := tablesOf(ctx, to)
		for _, t := range tables {
			if err == nil {
				err = t.copyToSQLite(ctx, from, to)
			}
		}
		if err != nil {
			return err
		}
		return copyCountersToSQLite(ctx, from, to)
	})
	if err != nil {
		return err
	}
	return copied.Close()
}

func (t table) copyToSQLite(ctx context.Context, from, to *sql.Tx) error {
	insert, err := to.PrepareContext(ctx, `INSERT INTO `+quoted(t.name)+` (`+t.list()+`) VALUES (?`+strings.Repeat(",?", len(t.columns)-1)+`)`) // #nosec G202 -- names of our own tables
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }() // its transaction ends it
	return eachRow(ctx, from, func(rows *sql.Rows) error {
		values, err := t.scanRow(rows)
		if err != nil {
			return err
		}
		_, err = insert.ExecContext(ctx, values...)
		return err
	}, `SELECT `+t.list()+` FROM `+quoted(t.name)) // #nosec G202 -- names of our own tables
}

// counters are Postgres's sequences of ids, by table. An id is never used
// twice, so a copy counts on from there, whatever was deleted.
const counters = `SELECT c.table_name, coalesce(s.last_value, 0) FROM information_schema.columns c
	JOIN pg_sequences s ON s.schemaname = c.table_schema AND s.schemaname || '.' || s.sequencename = replace(pg_get_serial_sequence(quote_ident(c.table_schema) || '.' || quote_ident(c.table_name), c.column_name), '"', '')
	WHERE c.table_schema = current_schema() AND c.is_identity = 'YES' AND c.table_name NOT LIKE 'goose%'`

func copyCountersToSQLite(ctx context.Context, from, to *sql.Tx) error {
	last := map[string]int64{}
	err := eachRow(ctx, from, func(rows *sql.Rows) error {
		var name string
		var n int64
		err := rows.Scan(&name, &n)
		last[name] = n
		return err
	}, counters)
	if err != nil {
		return err
	}
	counting := []string{} // SQLite counts for some tables only
	err = eachRow(ctx, to, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		counting = append(counting, name)
		return err
	}, `SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' AND name NOT LIKE 'goose%'`)
	for _, name := range counting {
		if err == nil {
			_, err = to.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = $1`, name)
		}
		if err == nil {
			_, err = to.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`, name, last[name])
		}
	}
	return err
}

// fill fills an empty database with the rows of a SQLite copy, in one
// transaction.
func (e *postgresEngine) fill(ctx context.Context, write *sql.DB, from *DB) error {
	tables, err := tablesOf(ctx, from.read)
	if err != nil {
		return err
	}
	conn, err := write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back into the pool
	return conn.Raw(func(driver any) error {
		return pgx.BeginFunc(ctx, driver.(*stdlib.Conn).Conn(), func(to pgx.Tx) error {
			if err := refuseFull(ctx, to, tables); err != nil {
				return err
			}
			if _, err := to.Exec(ctx, `DELETE FROM audit_head; DELETE FROM instance`); err != nil {
				return err
			}
			for _, t := range tables {
				if err := t.copyToPostgres(ctx, from.read, to); err != nil {
					return fmt.Errorf("table %s: %w", t.name, err)
				}
			}
			return copyCountersToPostgres(ctx, from.read, to)
		})
	})
}

// refuseFull refuses a database that has anything but its own name. Nobody
// else gets in until the transaction ends.
func refuseFull(ctx context.Context, to pgx.Tx, tables []table) error {
	for _, t := range tables {
		if _, err := to.Exec(ctx, `LOCK TABLE `+quoted(t.name)+` IN ACCESS EXCLUSIVE MODE`); err != nil {
			return err
		}
		where := ""
		switch t.name {
		case "instance":
			continue
		case "audit_head":
			where = ` WHERE seq > 0`
		}
		var full bool
		if err := to.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM `+quoted(t.name)+where+`)`).Scan(&full); err != nil {
			return err
		}
		if full {
			return &weir.Error{Code: weir.CodeUsage, Where: "store", Message: "this database holds a store already; nothing was written", Remedy: "Name an empty database"}
		}
	}
	return nil
}

// rowsSource hands rows of SQLite to COPY.
type rowsSource struct {
	table
	rows   *sql.Rows
	values []any
	err    error
}

// Next implements pgx.CopyFromSource.
func (s *rowsSource) Next() bool {
	if !s.rows.Next() {
		s.err = s.rows.Err()
		return false
	}
	s.values, s.err = s.scanRow(s.rows)
	return s.err == nil
}

// Values implements pgx.CopyFromSource.
func (s *rowsSource) Values() ([]any, error) { return s.values, s.err }

// Err implements pgx.CopyFromSource.
func (s *rowsSource) Err() error { return s.err }

func (t table) copyToPostgres(ctx context.Context, from *sql.DB, to pgx.Tx) error {
	rows, err := from.QueryContext(ctx, `SELECT `+t.list()+` FROM `+quoted(t.name)) // #nosec G202 -- names of our own tables
	if err != nil {
		return err
	}
	defer rows.Close()
	if _, err = to.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, &rowsSource{table: t, rows: rows}); err != nil {
		return err
	}
	return rows.Err()
}

func copyCountersToPostgres(ctx context.Context, from *sql.DB, to pgx.Tx) error {
	last := map[string]int64{}
	err := eachRow(ctx, from, func(rows *sql.Rows) error {
		var name string
		var n int64
		err := rows.Scan(&name, &n)
		last[name] = n
		return err
	}, `SELECT name, seq FROM sqlite_sequence`)
	if err != nil {
		return err
	}
	rows, err := to.Query(ctx, `SELECT table_name, column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_identity = 'YES' AND table_name NOT LIKE 'goose%'`)
	if err != nil {
		return err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Table, Column string }])
	for _, c := range columns {
		if err == nil {
			_, err = to.Exec(ctx, `SELECT setval(pg_get_serial_sequence($1, $2), greatest(n, 1), n > 0)
				FROM (SELECT greatest(coalesce(max(`+quoted(c.Column)+`), 0), $3::bigint) AS n FROM `+quoted(c.Table)+`) AS most`, quoted(c.Table), c.Column, last[c.Table])
		}
	}
	return err
}
