package file

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

func TestAFinishedRunLeavesOneRowARecord(t *testing.T) {
	for _, f := range formats {
		t.Run(string(f), func(t *testing.T) {
			dir, w := t.TempDir(), newWorld(1)
			d := open(t, dir, Options{Format: f})
			for run := range 4 {
				for range 6 {
					load(t, d, w.next(40))
					listed(t, dir, "bookings")
				}
				finish(t, d, "bookings")
				live := listed(t, dir, "bookings")
				if len(live) != 2 {
					t.Errorf("run %d left %d files, want one a table", run, len(live))
				}
				if diff := cmp.Diff(w.expected(), found(t, dir, f)); diff != "" {
					t.Fatalf("run %d (-want +got)\n%s", run, diff)
				}
			}
			if w.gone == 0 {
				t.Error("the world deleted nothing")
			}
		})
	}
}

func TestLargeDatasetsAreMergedInPartsWithTheSameOutcome(t *testing.T) {
	dir, w := t.TempDir(), newWorld(2)
	d := open(t, dir, Options{Format: FormatJSONL, MaxKeys: 37, MaxFileBytes: 4000})
	for range 12 {
		load(t, d, w.next(60))
	}
	finish(t, d, "bookings")
	if live := listed(t, dir, "bookings"); len(live) < 4 {
		t.Errorf("%d files, want each table in parts", len(live))
	}
	if diff := cmp.Diff(w.expected(), found(t, dir, FormatJSONL)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFinishRewritesNothingWhenNothingChanged(t *testing.T) {
	dir, w := t.TempDir(), newWorld(3)
	d := open(t, dir, Options{})
	for range 3 {
		load(t, d, w.next(30))
	}
	finish(t, d, "bookings")
	before := dataFiles(t, dir)
	finish(t, d, "bookings")
	finish(t, d, "never-loaded")
	if diff := cmp.Diff(before, dataFiles(t, dir)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	// New records do not rewrite old ones.
	b := w.next(0)
	b.To++
	b.Changes = []weir.Change{w.change(1e9, b.To)}
	load(t, d, b)
	finish(t, d, "bookings")
	after := dataFiles(t, dir)
	for _, name := range before {
		if !slices.Contains(after, name) {
			t.Errorf("%s was rewritten for a new record", name)
		}
	}
	if diff := cmp.Diff(w.expected(), found(t, dir, FormatParquet)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestABatchIsAppliedOnceAndOnlyInOrder(t *testing.T) {
	dir, w := t.TempDir(), newWorld(4)
	d := open(t, dir, Options{Format: FormatCSV})
	first, second := w.next(10), w.next(10)
	load(t, d, first)
	before := dataFiles(t, dir)
	if got := load(t, d, first); got.Rows != 0 {
		t.Errorf("the same batch again loaded %d rows", got.Rows)
	}
	if diff := cmp.Diff(before, dataFiles(t, dir)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	gap := second
	gap.From++
	_, err := d.Load(t.Context(), gap)
	wantCode(t, err, weir.CodeIntegrity)
	straddle := second
	straddle.From -= 3
	_, err = d.Load(t.Context(), straddle)
	wantCode(t, err, weir.CodeIntegrity)
	load(t, d, second)
	at, err := d.Position(t.Context(), w.log, "bookings")
	if err != nil || at != 20 {
		t.Errorf("position %d, %v", at, err)
	}
	at, err = d.Position(t.Context(), "another log", "bookings")
	if err != nil || at != 0 {
		t.Errorf("position in a log never seen: %d, %v", at, err)
	}
}

func TestAnOldOwnerIsRefused(t *testing.T) {
	w := newWorld(5)
	d := open(t, t.TempDir(), Options{})
	b := w.next(5)
	b.Epoch = 4
	load(t, d, b)
	late := w.next(5)
	late.Epoch = 3
	_, err := d.Load(t.Context(), late)
	wantCode(t, err, weir.CodeIntegrity)
	fresh := late
	fresh.Epoch, fresh.Log, fresh.From, fresh.Changes, fresh.To = 1, "log-b", 0, nil, 5
	if _, err := d.Load(t.Context(), fresh); err != nil {
		t.Errorf("a new log has its own epochs: %v", err)
	}
}

func TestFilesOfSomebodyElseAreAConflict(t *testing.T) {
	dir, w := t.TempDir(), newWorld(6)
	d := open(t, dir, Options{})
	load(t, d, w.next(5))
	next := w.next(5)
	for name, change := range map[string]func(*weir.Batch){
		"source": func(b *weir.Batch) { b.Source = "calcom https://api.cal.com 8" },
		"mode":   func(b *weir.Batch) { b.Mode = weir.ModeHistory },
		"key":    func(b *weir.Batch) { b.Layout.Tables[0].Key = []string{"id", "version"} },
	} {
		b := next
		b.Layout = bookingsLayout()
		change(&b)
		if _, err := d.Load(t.Context(), b); weir.CodeOf(err) != weir.CodeConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := open(t, dir, Options{Format: FormatCSV})
	_, err := other.Load(t.Context(), next)
	wantCode(t, err, weir.CodeConflict)
	_, err = other.Position(t.Context(), w.log, "bookings")
	wantCode(t, err, weir.CodeConflict)
	load(t, d, next)
}

func TestEveryValueComesBackAsItWas(t *testing.T) {
	columns := []weir.Column{{Name: "k", Type: weir.TypeText}, {Name: "z_bool", Type: weir.TypeBool}, {Name: "y_int", Type: weir.TypeInt},
		{Name: "x_float", Type: weir.TypeFloat}, {Name: "w_text", Type: weir.TypeText}, {Name: "v_time", Type: weir.TypeTime}, {Name: "a_json", Type: weir.TypeJSON}}
	table := weir.Table{Name: "values", Key: []string{"k"}, Columns: slices.Concat(columns, weirColumns)}
	texts := []string{"", "plain", "a,b", "\"", "\r\n", "a\rb", " lead", "trail ", "naïve 日本語 🎉", "NULL", "\x00", "'", "''=1", "=1+1", strings.Repeat("x", 100_000)}
	var rows [][]any
	for i, s := range texts {
		rows = append(rows, []any{string(rune('a' + i)), i%2 == 0, int64(math.MaxInt64) - int64(i), math.MaxFloat64 / float64(i+1), s,
			time.Date(i*600+1, 2, 3, 4, 5, 6, 7000, time.UTC), `{"a":[` + strings.Repeat("1,", i) + `null]}`})
	}
	rows = append(rows, []any{"nulls", nil, nil, nil, nil, nil, nil}, []any{"least", false, int64(math.MinInt64), math.SmallestNonzeroFloat64, "\ufeff", time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), `-1`})
	for _, f := range formats {
		t.Run(string(f), func(t *testing.T) {
			dir := t.TempDir()
			d := open(t, dir, Options{Format: f})
			b := weir.Batch{Dataset: "values", Source: "s", Log: "l", Mode: weir.ModeUpsert, Layout: weir.Layout{Tables: []weir.Table{table}}, To: weir.Position(len(rows)), Epoch: 1}
			for i, row := range rows {
				b.Changes = append(b.Changes, weir.Change{Position: weir.Position(i + 1), Key: row[0].(string), Rows: [][][]any{{append(slices.Clone(row), extracted, "r", nil, "h")}}})
			}
			if got := load(t, d, b); len(got.Refused) > 0 || got.Rows != len(rows) {
				t.Fatalf("%+v", got)
			}
			var names []string
			for _, c := range columns {
				names = append(names, c.Name)
			}
			if diff := cmp.Diff(rows, readAll(t, dir, f, table, names...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatFilesCannotHoldIsRefusedAndTheRestKept(t *testing.T) {
	for _, f := range formats {
		dir, w := t.TempDir(), newWorld(7)
		d := open(t, dir, Options{Format: f})
		good := w.change(1, 9)
		bad := func(at weir.Position, column int, v any) weir.Change {
			ch := w.change(1000+int64(at), at)
			ch.Rows[0][0][column] = v
			return ch
		}
		b := w.next(0)
		b.To, b.Changes = 10, []weir.Change{
			bad(1, 1, "\xff"), bad(2, 2, math.NaN()), bad(3, 3, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), bad(4, 4, "{"),
			bad(5, 0, nil), bad(6, 2, "not a number"),
			{Position: 7, Key: "7", RootKey: []any{nil}, Deleted: true}, {Position: 8, Key: "8"}, good,
		}
		got := load(t, d, b)
		var keys []string
		for _, r := range got.Refused {
			keys = append(keys, r.Key)
			if strings.Contains(r.Reason, "not a number") || r.Stage != "load" {
				t.Errorf("%+v", r)
			}
		}
		if diff := cmp.Diff([]string{"1001", "1002", "1003", "1004", "1005", "1006", "7", "8"}, keys); diff != "" || got.Rows != 1 {
			t.Errorf("%s: %d rows, refused (-want +got)\n%s", f, got.Rows, diff)
		}
		if rows := readAll(t, dir, f, bookingsLayout().Tables[0], "id"); len(rows) != 1 {
			t.Errorf("%s: %d rows", f, len(rows))
		}
	}
}

func TestNamesCannotLeaveTheDirectory(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "out")
	d := open(t, dir, Options{})
	w := newWorld(8)
	for _, name := range []string{"", ".", "..", "../x", "a/b", `..\x`, `a\b`, "/etc", "c:", "a\x00b", "con", "nul", "com1", "lpt9", "x.", "x ", "_weir", "Bookings", "b\u2024\u2024", strings.Repeat("a", 200)} {
		b := w.next(1)
		b.From, b.To = 0, 1
		b.Dataset = name
		_, err := d.Load(t.Context(), b)
		wantCode(t, err, weir.CodeConfig)
		_, err = d.Position(t.Context(), "l", name)
		wantCode(t, err, weir.CodeConfig)
		b.Dataset, b.Layout.Tables[1].Name = "fine", name
		_, err = d.Load(t.Context(), b)
		wantCode(t, err, weir.CodeConfig)
	}
	if files := dataFiles(t, parent); slices.ContainsFunc(files, func(n string) bool { return !strings.HasPrefix(n, "out/_weir/fine/") }) {
		t.Errorf("files were written: %q", files)
	}
}

func TestASymbolicLinkOutOfTheDirectoryIsNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "bookings")); err != nil {
		t.Skip(err)
	}
	d := open(t, dir, Options{})
	_, err := d.Load(t.Context(), newWorld(9).next(5))
	wantCode(t, err, weir.CodeLocal)
	if files := dataFiles(t, outside); len(files) > 0 {
		t.Errorf("written outside: %q", files)
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir, w := t.TempDir(), newWorld(10)
	foreign := []string{"README.txt", "bookings/notes.parquet", "bookings/2026/11/mine.parquet", "bookings/2026/11/mine.parquet.tmp", "_weir/other/WRITING"}
	for _, name := range foreign {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := open(t, dir, Options{})
	load(t, d, w.next(20))
	load(t, d, w.next(20))
	finish(t, d, "bookings")
	for _, name := range foreign {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != name {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	// Somebody's file with the very name of the next batch's.
	b := w.next(20)
	c, _ := d.chain("bookings")
	m := c.state.follow()
	m.Highest = int64(b.To)
	taken := filepath.Join(dir, plan(b, m, b.Changes, d.opts, "").entries[0].Name)
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := d.Load(t.Context(), b)
	wantCode(t, err, weir.CodeConflict)
	if got, _ := os.ReadFile(taken); string(got) != "mine" {
		t.Errorf("overwritten: %q", got)
	}
}
