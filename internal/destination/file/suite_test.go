package file

import (
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
)

// The suite looks at a directory as its reader does after a run: merged, and
// by the manifest.
func TestFilesKeepThePromisesOfEveryDestination(t *testing.T) {
	for _, f := range formats {
		t.Run(string(f), func(t *testing.T) {
			destinationtest.Run(t, func(t *testing.T) destinationtest.Place {
				dir := t.TempDir()
				return destinationtest.Place{History: true,
					Open: func(t testing.TB) destinationtest.Destination { return open(t, dir, Options{Format: f}) },
					Look: func(t testing.TB) destinationtest.Glance { return look(t, dir, Options{Format: f}) },
					Rows: func(t testing.TB, table weir.Table) []map[string]any { return tableRows(t, dir, f, table) },
				}
			})
		})
	}
}

func look(t testing.TB, dir string, opts Options) *Glance {
	t.Helper()
	at, err := Look(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A look at a directory must not make it, nor anything in it.
func TestALookAtADirectoryLeavesNothingBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	b := weir.Batch{Dataset: "bookings", Source: "s", Mode: weir.ModeUpsert, Layout: weir.Layout{Tables: []weir.Table{{Name: "bookings"}}}}
	if err := look(t, dir, Options{}).Fits(t.Context(), b); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory was made (%v)", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := look(t, dir, Options{}).Fits(t.Context(), b); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v was left in it (%v)", left, err)
	}
}

// tableRows reads a table's live files.
func tableRows(t testing.TB, dir string, f Format, table weir.Table) (out []map[string]any) {
	t.Helper()
	datasets, err := os.ReadDir(filepath.Join(dir, ownDir))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, dataset := range datasets {
		if dataset.Name() == path.Base(claimsDir) {
			continue
		}
		finish(t, open(t, dir, Options{Format: f}), dataset.Name())
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		c := &chain{dataset: dataset.Name(), dir: ownDir + "/" + dataset.Name(), volume: &disk{root: root, dir: dir}}
		s, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range s.Live {
			if e.Table == table.Name && e.Kind != kindDeletions {
				written, _ := s.Known[e.Layout].Table(e.Table)
				out = append(out, fileRows(t, filepath.Join(dir, e.Name), f, written, table)...)
			}
		}
		_ = root.Close()
	}
	return out
}

// fileRows reads one file, with the types of a table that may be wider than
// the one it was written from.
func fileRows(t testing.TB, path string, f Format, written, table weir.Table) (out []map[string]any) {
	t.Helper()
	var names []string
	for _, c := range table.Columns {
		if written.Column(c.Name) >= 0 {
			names = append(names, c.Name)
		}
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := newReader(file, onDisk(written), names, Options{Format: f})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	from, to := typesOf(written, names), typesOf(table, names)
	for {
		values := make([]any, len(names))
		if err := r.Read(values); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		row := map[string]any{}
		for i, name := range names {
			row[name] = convert(values[i], from[i], to[i])
		}
		out = append(out, row)
	}
}
