package file

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

// world is a dataset of bookings with attendees that changes from batch to
// batch, the same for the same seed, and remembers what it should look like.
type world struct {
	rand     *rand.Rand
	mode     weir.Mode
	log      string
	position weir.Position
	records  map[int64]record
	versions int // of all records, ever
	gone     int // deletions, ever
}

type record struct {
	title     string
	guests    []string
	deletedAt any
	version   weir.Position
}

func newWorld(seed uint64) *world {
	return &world{rand: rand.New(rand.NewPCG(seed, 7)), mode: weir.ModeUpsert, log: "log-a", records: map[int64]record{}}
}

var weirColumns = []weir.Column{
	{Name: weir.ColumnExtractedAt, Type: weir.TypeTime}, {Name: weir.ColumnRunID, Type: weir.TypeText},
	{Name: weir.ColumnDeletedAt, Type: weir.TypeTime}, {Name: weir.ColumnHash, Type: weir.TypeText},
}

func bookingsLayout() weir.Layout {
	return weir.Layout{Tables: []weir.Table{
		{Name: "bookings", Key: []string{"id"}, Columns: slices.Concat([]weir.Column{
			{Name: "id", Type: weir.TypeInt}, {Name: "title", Type: weir.TypeText}, {Name: "version", Type: weir.TypeInt},
			{Name: "start", Type: weir.TypeTime}, {Name: "metadata", Type: weir.TypeJSON},
		}, weirColumns)},
		{Name: "booking_attendees", Key: []string{"booking_id", "position"}, Parent: 1, Columns: slices.Concat([]weir.Column{
			{Name: "booking_id", Type: weir.TypeInt}, {Name: "position", Type: weir.TypeInt}, {Name: "name", Type: weir.TypeText},
		}, weirColumns)},
	}}
}

// extracted is the one time of extraction, in a month that is in every name.
var extracted = time.Date(2026, 11, 23, 9, 0, 0, 123000, time.UTC)

// next makes a batch of n changes and applies it to the world.
func (w *world) next(n int) weir.Batch {
	b := weir.Batch{Dataset: "bookings", Source: "calcom https://api.cal.com 7", Log: w.log, Mode: w.mode, Layout: bookingsLayout(),
		From: w.position, To: w.position + weir.Position(n), RunID: "run-1", Epoch: 1, ExtractedAt: extracted.UnixMicro()}
	used := map[int64]bool{}
	for i := range n {
		position := w.position + weir.Position(i) + 1
		id := int64(w.rand.IntN(len(w.records)*3/2 + n))
		if used[id] {
			continue
		}
		used[id] = true
		b.Changes = append(b.Changes, w.change(id, position))
	}
	w.position = b.To
	return b
}

func (w *world) change(id int64, position weir.Position) weir.Change {
	ch := weir.Change{Position: position, Key: fmt.Sprint(id), RootKey: []any{id}}
	had, ok := w.records[id]
	if ok && had.deletedAt == nil && w.rand.IntN(6) == 0 {
		ch.Deleted = true
		had.deletedAt = extracted
		w.records[id] = had
		w.gone++
		return ch
	}
	r := record{title: fmt.Sprintf("title %d of %d", position, id), version: position}
	own := []any{extracted, "run-1", nil, weir.HashOf([]byte(r.title))}
	own[3] = fmt.Sprintf("%x", own[3])
	ch.Rows = make([][][]any, 2)
	ch.Rows[0] = [][]any{slices.Concat([]any{id, r.title, int64(position), extracted, `{"a":1}`}, own)}
	for g := range w.rand.IntN(4) {
		name := fmt.Sprintf("guest %d-%d", position, g)
		r.guests = append(r.guests, name)
		ch.Rows[1] = append(ch.Rows[1], slices.Concat([]any{id, int64(g), name}, own))
	}
	w.versions++
	w.records[id] = r
	return ch
}

// expected is what the files should say after Finish: one line a row.
func (w *world) expected() []string {
	var out []string
	for id, r := range w.records {
		out = append(out, fmt.Sprintf("bookings %d %q %d %v", id, r.title, r.version, r.deletedAt))
		for i, g := range r.guests {
			out = append(out, fmt.Sprintf("booking_attendees %d %d %q %v", id, i, g, r.deletedAt))
		}
	}
	slices.Sort(out)
	return out
}

// found is what the files say to a reader who takes every file there is.
func found(t *testing.T, dir string, f Format) []string {
	t.Helper()
	var out []string
	l := bookingsLayout()
	for _, row := range readAll(t, dir, f, l.Tables[0], "id", "title", "version", weir.ColumnDeletedAt) {
		out = append(out, fmt.Sprintf("bookings %d %q %d %v", row[0], row[1], row[2], row[3]))
	}
	for _, row := range readAll(t, dir, f, l.Tables[1], "booking_id", "position", "name", weir.ColumnDeletedAt) {
		out = append(out, fmt.Sprintf("booking_attendees %d %d %q %v", row[0], row[1], row[2], row[3]))
	}
	slices.Sort(out)
	return out
}

// readAll reads columns of all of a table's files, by pattern and not by
// manifest.
func readAll(t *testing.T, dir string, f Format, table weir.Table, names ...string) [][]any {
	t.Helper()
	var rows [][]any
	for _, name := range dataFiles(t, dir) {
		if !strings.HasPrefix(name, table.Name+"/") {
			continue
		}
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := newReader(file, onDisk(table), names, Options{Format: f})
		if err != nil {
			t.Fatal(name, err)
		}
		for {
			row := make([]any, len(names))
			if err := r.Read(row); err != nil {
				if err.Error() != "EOF" {
					t.Fatal(name, err)
				}
				break
			}
			rows = append(rows, row)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	return rows
}

// dataFiles lists every file outside the manifests' directory.
func dataFiles(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.IsDir() && name == ownDir {
			return fs.SkipDir
		}
		if !d.IsDir() {
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// listed gives the files that the chain says are live, after checking that
// each is whole, and that nothing else lies in the directory.
func listed(t *testing.T, dir string, dataset string) []entry {
	t.Helper()
	c := &chain{dataset: dataset, dir: ownDir + "/" + dataset}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	c.volume = &disk{root: root, dir: dir}
	s, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range s.Live {
		if err := c.verify(e); err != nil {
			t.Error(err)
		}
		if e.Kind != kindDeletions {
			names[e.Name] = true
		}
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(names)), dataFiles(t, dir)); d != "" && len(names)+len(dataFiles(t, dir)) > 0 {
		t.Errorf("files listed and files there differ (-listed +there)\n%s", d)
	}
	return s.Live
}

func open(t testing.TB, dir string, opts Options) *Destination {
	t.Helper()
	d, err := Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func load(t testing.TB, d *Destination, b weir.Batch) weir.Loaded {
	t.Helper()
	loaded, err := d.Load(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func finish(t testing.TB, d *Destination, dataset string) {
	t.Helper()
	if err := d.Finish(t.Context(), dataset); err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code weir.Code) {
	t.Helper()
	if weir.CodeOf(err) != code {
		t.Errorf("error is %q (%v), want %q", weir.CodeOf(err), err, code)
	}
}

var formats = []Format{FormatParquet, FormatCSV, FormatJSONL}
