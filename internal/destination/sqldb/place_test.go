package sqldb_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/mysqltest"
	"github.com/weirhq/weir/internal/pgtest"
)

// engines are the databases: each gives the URL of an empty one.
var engines = []struct {
	name string
	url  func(t testing.TB) string
}{
	{"SQLite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "dest.db") }},
	{"Postgres", pgtest.New},
	{"MariaDB", func(t testing.TB) string { return mysqltest.New(t).URL }},
}

// onAll runs a test on all of them.
func onAll(t *testing.T, test func(t *testing.T, url string)) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { test(t, e.url(t)) })
	}
}

func open(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), url, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func look(t testing.TB, url string) *sqldb.Glance {
	t.Helper()
	at, err := sqldb.Look(t.Context(), url, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func place(url string) destinationtest.Place {
	return destinationtest.Place{History: true, Marks: true,
		Open: func(t testing.TB) destinationtest.Destination { return open(t, url) },
		Look: func(t testing.TB) destinationtest.Glance { return look(t, url) },
		Rows: func(t testing.TB, table weir.Table) []map[string]any { return rows(t, url, table) },
	}
}

// user opens the database as its user does, without Weir.
func user(t testing.TB, address string) *sql.DB {
	t.Helper()
	if u, err := url.Parse(address); err == nil && u.Scheme == "mysql" {
		return mysqltest.Database{Name: u.Path[1:], Socket: u.Query().Get("socket")}.Open(t, func(c *mysql.Config) {
			c.Params = map[string]string{"sql_mode": "'ANSI_QUOTES,STRICT_ALL_TABLES'"}
		})
	}
	driver, dsn := "pgx", address
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(20000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// rows reads a table as its user sees it, by the table's types.
func rows(t testing.TB, url string, table weir.Table) []map[string]any {
	t.Helper()
	db := user(t, url)
	defer db.Close()
	got, err := db.Query(fmt.Sprintf(`SELECT * FROM "%s"`, table.Name))
	if err != nil {
		if strings.Contains(err.Error(), "no such table") || strings.Contains(err.Error(), "does not exist") || strings.Contains(err.Error(), "doesn't exist") {
			return nil
		}
		t.Fatal(err)
	}
	defer got.Close()
	names, err := got.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for got.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(any)
		}
		if err := got.Scan(values...); err != nil {
			t.Fatal(err)
		}
		row := map[string]any{}
		for i, name := range names {
			row[name] = value(t, *values[i].(*any), typeOf(table, name))
		}
		out = append(out, row)
	}
	if err := got.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func typeOf(table weir.Table, column string) weir.Type {
	for _, c := range table.Columns {
		if c.Name == column {
			return c.Type
		}
	}
	return ""
}

// value gives what a driver reads the type that the column was made with.
func value(t testing.TB, v any, columnType weir.Type) any {
	switch v := v.(type) {
	case []byte:
		return value(t, string(v), columnType)
	case int64:
		if columnType == weir.TypeBool {
			return v != 0
		}
	case time.Time:
		return v.UTC()
	case string:
		if columnType != weir.TypeTime {
			return v
		}
		at, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			t.Errorf("%q is not a time: %v", v, err)
		}
		return at.UTC()
	}
	return v
}

func TestConformance(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			destinationtest.Run(t, func(t *testing.T) destinationtest.Place { return place(e.url(t)) })
		})
	}
}
