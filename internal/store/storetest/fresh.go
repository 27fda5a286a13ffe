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
var Engines = migrated.Engines()

var migrated = NewTemplate(func(url string) error {
	db, err := store.Open(context.Background(), url, store.Options{})
	if err != nil {
		return err
	}
	return db.Close()
})

// SQLite makes a fresh store in a file.
func SQLite(t testing.TB) string { t.Helper(); return migrated.SQLite(t) }

// Postgres makes a fresh store in a database of its own, where pgtest has one.
func Postgres(t testing.TB) string { t.Helper(); return migrated.Postgres(t) }

// Template is a store that is filled once an engine in a test binary and copied
// for each test. It is safe for concurrent use.
type Template struct {
	file     func() ([]byte, error)
	database pgtest.Template
}

// NewTemplate is one that fill fills, which gets the address of a store and
// leaves none open.
func NewTemplate(fill func(url string) error) *Template {
	return &Template{
		file:     sync.OnceValues(func() ([]byte, error) { return filledFile(fill) }),
		database: pgtest.Template{Fill: fill},
	}
}

func filledFile(fill func(url string) error) ([]byte, error) {
	dir, err := os.MkdirTemp("", "weir-fresh")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "weir.db")
	if err := fill("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // #nosec G304 -- our own file
}

// SQLite makes a copy in a file of its own and returns its address.
func (m *Template) SQLite(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weir.db")
	m.CopyTo(t, path)
	return "sqlite:" + path
}

// Engines are the ways to make a copy, by the engine's name.
func (m *Template) Engines() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{"sqlite": m.SQLite, "postgres": m.Postgres}
}

// CopyTo makes a copy at a path.
func (m *Template) CopyTo(t testing.TB, path string) {
	t.Helper()
	filled, err := m.file()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, filled, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Postgres makes a copy in a database of its own, where pgtest has one, and
// returns its address.
func (m *Template) Postgres(t testing.TB) string {
	t.Helper()
	return m.database.New(t)
}
