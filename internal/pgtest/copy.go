package pgtest

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Template is a database that is filled once in a test binary and copied for
// each test, where filling takes longer than copying. It is safe for
// concurrent use.
type Template struct {
	Fill func(url string) error

	once sync.Once
	name string
	err  error
	copy sync.Mutex // Postgres copies a database for one at a time
}

// New makes a copy for the test and returns its URL, as the function New does.
func (m *Template) New(t testing.TB) string {
	t.Helper()
	s := running(t)
	m.once.Do(func() { m.name, m.err = s.filled(m.Fill) })
	if m.err != nil {
		t.Fatalf("filling a database: %v", m.err)
	}
	m.copy.Lock()
	defer m.copy.Unlock()
	return s.create(t, " TEMPLATE "+m.name)
}

// filled makes a database that outlives the test, and fills it.
func (s *server) filled(fill func(url string) error) (name string, err error) {
	name = newName()
	if err := s.do(`CREATE DATABASE ` + name); err != nil {
		return "", err
	}
	if err := fill(s.url(name)); err != nil {
		return "", err
	}
	return name, s.alone(name)
}

// alone ends who is still connected: Postgres copies no database in use.
func (s *server) alone(name string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1`, name)
	return err
}

func newName() string { return "weir_" + strings.ToLower(rand.Text()) }
