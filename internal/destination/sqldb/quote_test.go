package sqldb

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir"
)

// FuzzQuote checks on a real database that a quoted name is one name.
func FuzzQuote(f *testing.F) {
	for _, name := range []string{`a`, `"`, `""; DROP TABLE canary; --`, "\x00\"", `'`, `]`, "`", "é\u202e", `$1`, "--", "/*"} {
		f.Add(name)
	}
	db, err := sql.Open("sqlite", filepath.Join(f.TempDir(), "q.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE canary (n int)`); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		want := strings.ReplaceAll(name, "\x00", "")
		var got string
		if err := db.QueryRow(`SELECT ` + "*" + ` FROM (SELECT 1 AS ` + quote(name) + `) LIMIT 0`).Scan(&got); err != sql.ErrNoRows {
			t.Fatalf("%q: %v", name, err)
		}
		rows, err := db.Query(`SELECT 1 AS ` + quote(name))
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		_ = rows.Close()
		if err != nil || len(columns) != 1 || columns[0] != want {
			t.Fatalf("%q became %q (%v)", name, columns, err)
		}
		if _, err := db.Exec(`SELECT n FROM canary`); err != nil {
			t.Fatal(err)
		}
	})
}

func TestALayoutWithOtherThanPlainNamesIsRefused(t *testing.T) {
	own := []weir.Column{{Name: weir.ColumnExtractedAt}, {Name: weir.ColumnRunID}, {Name: weir.ColumnDeletedAt}, {Name: weir.ColumnHash}}
	for _, name := range []string{"", "A", "a b", `a"`, "1a", strings.Repeat("a", 64), "_weir_positions", "sqlite_schema", "a\x00"} {
		table := weir.Table{Name: name, Key: []string{"id"}, Columns: append([]weir.Column{{Name: "id"}}, own...)}
		if err := checkLayout(weir.Layout{Tables: []weir.Table{table}}); weir.CodeOf(err) != weir.CodeInternal {
			t.Errorf("the table %q was taken", name)
		}
	}
	good := weir.Table{Name: "a", Key: []string{"id"}, Columns: append([]weir.Column{{Name: "id"}}, own...)}
	for _, l := range []weir.Layout{{}, {Tables: []weir.Table{good, good}}, {Tables: []weir.Table{{Name: "a", Key: []string{"x"}, Columns: own}}}, {Tables: []weir.Table{{Name: "a", Columns: own}}}} {
		if checkLayout(l) == nil {
			t.Errorf("%+v was taken", l)
		}
	}
	if err := checkLayout(weir.Layout{Tables: []weir.Table{good}}); err != nil {
		t.Error(err)
	}
}
