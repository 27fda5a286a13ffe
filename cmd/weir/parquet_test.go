package main

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// statusesParquet reads the live bookings and their status out of all files
// of the table, as a person who globs them would; a doubled one fails.
func statusesParquet(t *testing.T, dir string) map[string]string {
	t.Helper()
	type row struct {
		UID       string `parquet:"uid"`
		Status    string `parquet:"status"`
		DeletedAt *int64 `parquet:"_weir_deleted_at,optional"`
	}
	out := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "bookings"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		rows, err := parquet.ReadFile[row](path)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if _, twice := out[r.UID]; twice {
				t.Errorf("doubled: %s", r.UID)
			}
			if r.DeletedAt == nil {
				out[r.UID] = r.Status
			} else {
				delete(out, r.UID)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
