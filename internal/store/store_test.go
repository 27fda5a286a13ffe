package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// TestMain lets tests run this binary as another process that uses a database.
func TestMain(m *testing.M) {
	if os.Getenv("STORE_TEST_CHILD") == "migrate" {
		store.BeKilledMigrating(os.Getenv("STORE_TEST_URL"), os.Getenv("STORE_TEST_AT"))
	}
	if role := os.Getenv("STORE_TEST_CHILD"); role != "" {
		child(role, os.Getenv("STORE_TEST_URL"))
	}
	os.Exit(m.Run())
}

// engines are where every promise is kept.
var engines = map[string]func(*testing.T) string{
	"sqlite":   newSQLite,
	"postgres": func(t *testing.T) string { return pgtest.New(t) },
}

func newSQLite(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "weir.db") }

func TestEngineKeepsThePromises(t *testing.T) {
	for name, newURL := range storetest.Engines {
		t.Run(name, func(t *testing.T) { storetest.Run(t, newURL) })
	}
}
