package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/store"
)

// Engines make the address of a fresh store that ends with the test. It is a
// copy of one that was opened before, so that not every test migrates anew; all
// of one engine in a test binary have the same instance id.
var Engines = map[string]func(testing.TB) string{"sqlite": SQLite, "postgres": Postgres}

// SQLite makes a fresh store in a file.
func SQLite(t testing.TB) string {
	t.Helper()
	empty, err := migratedFile()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "weir.db")
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// migratedFile is a store that has been opened and closed.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "weir-fresh")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "weir.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // #nosec G304 -- our own file
})

// Postgres makes a fresh store in a database of its own, where pgtest has one.
func Postgres(t testing.TB) string {
	t.Helper()
	return migratedDatabase.New(t)
}

var migratedDatabase = pgtest.Template{Fill: migrate}

func migrate(url string) error {
	db, err := store.Open(context.Background(), url, store.Options{})
	if err != nil {
		return err
	}
	return db.Close()
}
