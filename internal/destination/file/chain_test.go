package file

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

func TestOfSeveralWritersOneWinsEachBatch(t *testing.T) {
	dir := t.TempDir()
	var batches []weir.Batch
	w := newWorld(20)
	for range 8 {
		batches = append(batches, w.next(20))
	}
	won := make([]int, len(batches))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		d := open(t, dir, Options{Format: FormatJSONL})
		wg.Go(func() {
			for i, b := range batches {
				loaded, err := d.Load(t.Context(), b)
				if err != nil {
					t.Errorf("batch %d: %v", i, err)
				}
				if loaded.Rows > 0 {
					mu.Lock()
					won[i]++
					mu.Unlock()
				}
				if i%3 == 2 {
					if err := d.Finish(t.Context(), b.Dataset); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for i, n := range won {
		if n != 1 {
			t.Errorf("batch %d was loaded %d times", i, n)
		}
	}
	finish(t, open(t, dir, Options{Format: FormatJSONL}), "bookings")
	listed(t, dir, "bookings")
	if diff := cmp.Diff(w.expected(), found(t, dir, FormatJSONL)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Where the lock does not hold (another machine, a broken network file
// system), the manifest's number still goes to one writer.
func TestWithoutTheLockTheManifestGoesToOneWriter(t *testing.T) {
	dir, w := t.TempDir(), newWorld(21)
	d := open(t, dir, Options{Format: FormatCSV})
	load(t, d, w.next(5))
	b := w.next(5)
	d.volume.(*disk).before = func(step, name string) error {
		if step == "link" && strings.HasSuffix(name, manifestName(2)) {
			return os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o600)
		}
		return nil
	}
	_, err := d.Load(t.Context(), b)
	wantCode(t, err, weir.CodeConflict)
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	dir, w := t.TempDir(), newWorld(22)
	d := open(t, dir, Options{})
	load(t, d, w.next(1))
	f, err := os.Open(filepath.Join(dir, "_weir/bookings/LOCK"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if got, err := tryLock(f); !got || err != nil {
		t.Fatal(got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = d.Load(ctx, w.next(1))
	wantCode(t, err, weir.CodeCancelled)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestACancelledLoadLeavesNothing(t *testing.T) {
	dir, w := t.TempDir(), newWorld(23)
	d := open(t, dir, Options{})
	load(t, d, w.next(50))
	b := w.next(50)
	ctx, cancel := context.WithCancel(t.Context())
	d.volume.(*disk).before = func(step, name string) error {
		if step == "create" && strings.HasPrefix(name, "bookings/") {
			cancel()
		}
		return nil
	}
	_, err := d.Load(ctx, b)
	wantCode(t, err, weir.CodeCancelled)
	listed(t, dir, "bookings")
	load(t, d, b)
}

func TestChangedOrMissingFilesAreFound(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"manifest changed": func(t *testing.T, dir string) { replaceIn(t, dir+"/_weir/bookings/"+manifestName(2), "run-1", "run-2") },
		"older manifest changed": func(t *testing.T, dir string) {
			replaceIn(t, dir+"/_weir/bookings/"+manifestName(1), "run-1", "run-2")
		},
		"manifest missing": func(t *testing.T, dir string) { remove(t, dir+"/_weir/bookings/"+manifestName(1)) },
		"CURRENT garbled":  func(t *testing.T, dir string) { replaceIn(t, dir+"/_weir/bookings/CURRENT", "MANIFEST", "../../etc") },
	} {
		t.Run(name, func(t *testing.T) {
			dir, w := t.TempDir(), newWorld(24)
			d := open(t, dir, Options{Format: FormatCSV})
			load(t, d, w.next(20))
			load(t, d, w.next(20))
			damage(t, dir)
			_, err := open(t, dir, Options{Format: FormatCSV}).Position(t.Context(), w.log, "bookings")
			wantCode(t, err, weir.CodeIntegrity)
		})
	}
	for name, damage := range map[string]func(t *testing.T, file string){
		"file changed": func(t *testing.T, file string) { replaceIn(t, file, "title", "tItle") },
		"file cut":     func(t *testing.T, file string) { must(t, os.Truncate(file, 500)) },
		"file missing": remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir, w := t.TempDir(), newWorld(25)
			d := open(t, dir, Options{Format: FormatCSV})
			load(t, d, w.next(20))
			load(t, d, w.next(20))
			files := dataFiles(t, dir)
			damage(t, filepath.Join(dir, files[len(files)-1]))
			err := d.Finish(t.Context(), "bookings")
			wantCode(t, err, weir.CodeIntegrity)
			if _, err := d.Position(t.Context(), w.log, "bookings"); err != nil {
				t.Error(err)
			}
		})
	}
}

func remove(t *testing.T, name string) { t.Helper(); must(t, os.Remove(name)) }

func replaceIn(t *testing.T, name, before, after string) {
	t.Helper()
	b, err := os.ReadFile(name)
	must(t, err)
	if !strings.Contains(string(b), before) {
		t.Fatalf("%s has no %q", name, before)
	}
	must(t, os.WriteFile(name, []byte(strings.ReplaceAll(string(b), before, after)), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLongChainsStayShortToRead(t *testing.T) {
	dir, w := t.TempDir(), newWorld(26)
	w.mode = weir.ModeHistory
	d := open(t, dir, Options{Format: FormatJSONL})
	for range 3*fullEvery + 5 {
		load(t, d, w.next(1))
	}
	names, err := os.ReadDir(dir + "/_weir/bookings")
	must(t, err)
	if len(names) > 2*fullEvery+10 {
		t.Errorf("%d files of its own for one dataset", len(names))
	}
	live := listed(t, dir, "bookings")
	if at, err := open(t, dir, Options{Format: FormatJSONL}).Position(t.Context(), w.log, "bookings"); err != nil || at != 3*fullEvery+5 {
		t.Errorf("position %d of %d files, %v", at, len(live), err)
	}
}

func TestTheSameBatchesGiveTheSameBytes(t *testing.T) {
	for _, f := range formats {
		var seen [2]map[string]string
		for i := range seen {
			dir, w := t.TempDir(), newWorld(27)
			d := open(t, dir, Options{Format: f})
			for range 3 {
				load(t, d, w.next(30))
			}
			finish(t, d, "bookings")
			seen[i] = map[string]string{}
			for _, e := range listed(t, dir, "bookings") {
				seen[i][e.Name] = e.SHA256
			}
		}
		if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
			t.Errorf("%s\n%s", f, diff)
		}
	}
}

func TestALogThatStartsOverReplacesWhatTheOldOneBrought(t *testing.T) {
	dir, w := t.TempDir(), newWorld(28)
	d := open(t, dir, Options{})
	load(t, d, w.next(100))
	load(t, d, w.next(100))
	for i, log := range []string{"log-b", "log-a2", "log-b2"} {
		w.log, w.position = log, 0
		load(t, d, w.next(30))
		if i == 1 {
			continue // the next log comes before Finish
		}
		finish(t, d, "bookings")
		listed(t, dir, "bookings")
		if diff := cmp.Diff(w.expected(), found(t, dir, FormatParquet)); diff != "" {
			t.Fatalf("%s (-want +got)\n%s", log, diff)
		}
	}
}

func TestColumnsThatCameAndWidenedAreInTheMergedFiles(t *testing.T) {
	for _, f := range formats {
		t.Run(string(f), func(t *testing.T) {
			dir := t.TempDir()
			d := open(t, dir, Options{Format: f})
			table := func(columns ...weir.Column) weir.Layout {
				return weir.Layout{Tables: []weir.Table{{Name: "wide", Key: []string{"id"}, Columns: slices.Concat(columns, weirColumns)}}}
			}
			own := []any{extracted, "r", nil, "h"}
			send := func(at weir.Position, l weir.Layout, row ...any) {
				t.Helper()
				load(t, d, weir.Batch{Dataset: "wide", Source: "s", Log: "l", Mode: weir.ModeUpsert, Layout: l, From: at - 1, To: at, Epoch: 1,
					Changes: []weir.Change{{Position: at, Key: "k", Rows: [][][]any{{append(row, own...)}}}}})
			}
			col := func(name string, t weir.Type) weir.Column { return weir.Column{Name: name, Type: t} }
			send(1, table(col("id", weir.TypeInt), col("n", weir.TypeInt), col("x", weir.TypeBool), col("old", weir.TypeText)), int64(1), int64(7), true, "kept")
			send(2, table(col("id", weir.TypeInt), col("n", weir.TypeInt)), int64(2), int64(8))
			send(3, table(col("id", weir.TypeText), col("new", weir.TypeText), col("n", weir.TypeFloat), col("x", weir.TypeJSON)), "2", "fresh", 8.5, `{"a":1}`)
			finish(t, d, "wide")
			c, _ := d.chain("wide")
			var names []string
			for _, x := range c.state.layout().Tables[0].Columns {
				names = append(names, x.Name+":"+string(x.Type))
			}
			if diff := cmp.Diff("id:text new:text n:float x:json old:text", strings.Join(names[:5], " ")); diff != "" {
				t.Error(diff)
			}
			got := readAll(t, dir, f, c.state.layout().Tables[0], "id", "new", "n", "x", "old")
			want := [][]any{{"1", nil, 7.0, "true", "kept"}, {"2", "fresh", 8.5, `{"a":1}`, nil}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestHistoryKeepsEveryVersionAndSaysWhenRecordsWent(t *testing.T) {
	for _, f := range formats {
		dir, w := t.TempDir(), newWorld(29)
		w.mode = weir.ModeHistory
		d := open(t, dir, Options{Format: f})
		count := func() (versions, deletions int) {
			for _, row := range readAll(t, dir, f, bookingsLayout().Tables[0], weir.ColumnHash, weir.ColumnDeletedAt, columnPosition) {
				if row[0] == nil && row[1] == extracted {
					deletions++
				} else {
					versions++
				}
			}
			return versions, deletions
		}
		var batches []weir.Batch
		for range 5 {
			b := w.next(50)
			for i := range b.Layout.Tables {
				b.Layout.Tables[i].Key = append(b.Layout.Tables[i].Key, weir.ColumnHash, weir.ColumnExtractedAt)
			}
			batches = append(batches, b)
			load(t, d, b)
			finish(t, d, "bookings")
		}
		if v, g := count(); v != w.versions || g != w.gone || g == 0 {
			t.Errorf("%s: %d versions and %d deletions, want %d and %d", f, v, g, w.versions, w.gone)
		}
		// A new log tells what the source has now: no version is there twice.
		newest := map[string]weir.Change{}
		for _, b := range batches {
			for _, ch := range b.Changes {
				newest[ch.Key] = ch
			}
		}
		b := batches[4]
		b.Log, b.From, b.To, b.Changes = "log-b", 0, 0, nil
		for _, key := range slices.Sorted(maps.Keys(newest)) {
			b.To++
			if ch := newest[key]; !ch.Deleted {
				ch.Position = b.To
				b.Changes = append(b.Changes, ch)
			}
		}
		load(t, d, b)
		finish(t, d, "bookings")
		listed(t, dir, "bookings")
		if v, g := count(); v != w.versions || g != w.gone {
			t.Errorf("%s, loaded again: %d versions and %d deletions, want %d and %d", f, v, g, w.versions, w.gone)
		}
	}
}
