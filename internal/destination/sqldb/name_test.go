package sqldb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/schema"
)

// hostile are parts of names that have broken other programs.
var hostile = []string{
	`"; DROP TABLE canary; --`, `'); DELETE FROM canary; --`, "\x00", "\u202e", "`", "select", "user", "table", "order", "_weir_hash", "_weir_positions", "id", "ID", "ıd", "İd",
	strings.Repeat("x", 70), strings.Repeat("é", 60), "$1", "%s", "\\", "\n", "", " ", ".", "a.b", "A b", "ａ", "position", "value", "oid", "ctid", "rowid", "xmin",
}

// Field names of every kind become columns; nothing else happens to the
// database.
func TestHostileNamesMakeTheExpectedTablesOnly(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		theirs := user(t, url)
		run(t, theirs, `CREATE TABLE canary (n int)`, `INSERT INTO canary VALUES (1)`)
		var want []string
		db := open(t, url)
		for i := range 12 {
			s, err := schema.New(schema.Spec{Dataset: fmt.Sprintf("t%d", i) + hostile[i], PrimaryKey: []string{"id"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			record := []byte(`{"id":"1"`)
			for j := range 80 {
				name := hostile[(i*7+j*3)%len(hostile)] + strings.Repeat(hostile[j%len(hostile)], j%3) + fmt.Sprint(j%20)
				value := `{"x":1}`
				if j%9 == 0 {
					value = `[{"x":1}]`
				}
				quoted, err := jsontext.AppendQuote(nil, name)
				if err != nil {
					t.Fatal(err)
				}
				record = fmt.Appendf(record, ",%s:%s", quoted, value)
			}
			r := weir.Record{Key: "1", Data: append(record, '}')}
			if _, err := s.Observe(r); err != nil {
				t.Fatal(err)
			}
			l := s.Layout(weir.ModeUpsert)
			c, reject := s.Change(r, 1, 0, "run", weir.ModeUpsert)
			if reject != nil {
				t.Fatal(reject.Reason)
			}
			got, err := db.Load(t.Context(), weir.Batch{Dataset: l.Tables[0].Name, Source: "s", Log: "l", Mode: weir.ModeUpsert, Layout: l, To: 1, RunID: "r", Epoch: 1, Changes: []weir.Change{c}})
			if err != nil || got.Rows != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			for _, table := range l.Tables {
				want = append(want, table.Name)
			}
		}
		list := `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')`
		if strings.HasPrefix(url, "sqlite") {
			list = `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')`
		} else if strings.HasPrefix(url, "mysql") {
			list = `SELECT table_name FROM information_schema.tables WHERE table_schema = database()`
		}
		rows, err := theirs.Query(list)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var got []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			got = append(got, name)
		}
		want = append(want, "canary", "_weir_tables", "_weir_positions", "_weir_quarantine")
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}
