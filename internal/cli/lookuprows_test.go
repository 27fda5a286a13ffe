package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func TestRowsGoInPartsThatOneRequestCarries(t *testing.T) {
	for name, c := range map[string]struct{ rows, width int }{"many": {12_001, 1}, "wide": {1_000, 3_000}, "few": {3, 1}, "none": {0, 1}} {
		path := filepath.Join(t.TempDir(), "rows.csv")
		text := []byte("code,text\n")
		for i := range c.rows {
			text = fmt.Appendf(text, "%d,%s\n", i, strings.Repeat("x", c.width))
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		parts, err := readRows(path)
		if err != nil {
			t.Fatal(err)
		}
		next := 0
		for _, rows := range parts {
			b, err := json.Marshal(rows)
			if err != nil || len(rows) == 0 || len(rows) > rowsAtOnce || len(b) > 1<<20-1024 {
				t.Errorf("%s: a part of %d rows and %d bytes, %v", name, len(rows), len(b), err)
			}
			for _, row := range rows {
				if string(row["code"]) != fmt.Sprintf("%q", fmt.Sprint(next)) {
					t.Fatalf("%s: row %d is %s", name, next, row["code"])
				}
				next++
			}
		}
		if next != c.rows {
			t.Errorf("%s: %d rows of %d", name, next, c.rows)
		}
	}
}

func TestAFileThatHoldsNoRowsIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"a.json": `{"code": 1}`, "b.json": `[1]`, "c.json": `[{"code": 1}] x`, "d.jsonl": "{\"code\": 1}\n[]\n", "e.csv": "", "f.csv": "code,code\n1,2\n", "g.csv": "code,city\n1\n", "h.xlsx": "",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if rows, err := readRows(path); err == nil {
			t.Errorf("%s: %v", name, rows)
		}
	}
}
