//go:build unix

package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/weirhq/weir/internal/store"
)

// A link that somebody has put in place of a lock makes no file where it leads.
func TestALockThatMustBeThereMakesNoFileAndFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	elsewhere, link := filepath.Join(dir, "elsewhere"), filepath.Join(dir, "link")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{elsewhere, link} {
		if _, held, err := store.LockThere(path); err == nil || held {
			t.Errorf("%s: %v, %v", path, held, err)
		}
	}
	if _, err := os.Lstat(elsewhere); !os.IsNotExist(err) {
		t.Errorf("a file was made: %v", err)
	}
	if err := os.WriteFile(elsewhere, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.LockThere(link); err == nil {
		t.Error("a link was followed")
	}
	release, held, err := store.LockThere(elsewhere)
	if err != nil || held {
		t.Fatal(held, err)
	}
	release()
}
