// Package pgtest gives tests a real Postgres: the server that Debian installs,
// started on a Unix socket in a temporary directory. It is for tests only and
// never reaches the binary.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// required names the environment variables that turn a missing Postgres from
// a skipped test into a failed one.
var required = []string{"CI", "WEIR_REQUIRE_POSTGRES"}

// one server serves the whole test binary.
var start = sync.OnceValues(startServer)

// New makes an empty database for the test and returns its URL, which needs
// no password. The server starts with the first call in a test binary and
// ends, with all its files, when the binary does, even by a kill. It does not
// sync to disk, so it is no place to measure commits or to cut the power.
//
// Where Postgres is not installed the test is skipped, or fails if CI or
// WEIR_REQUIRE_POSTGRES is set.
func New(t testing.TB) string {
	t.Helper()
	return running(t).create(t, "")
}

// running is the one server of the test binary.
func running(t testing.TB) *server {
	t.Helper()
	if _, err := binaries(); err != nil {
		for _, name := range required {
			if os.Getenv(name) != "" {
				t.Fatalf("POSTGRES IS MISSING (%v), and %s is set: install Debian's postgresql", err, name)
			}
		}
		t.Skipf("NOT TESTED ON POSTGRES: %v. Install Debian's postgresql to run this test", err)
	}
	s, err := start()
	if err != nil {
		t.Fatalf("starting Postgres: %v", err)
	}
	return s
}

// create makes a database that ends with the test.
func (s *server) create(t testing.TB, how string) (url string) {
	t.Helper()
	name := newName()
	if err := s.do(`CREATE DATABASE ` + name + how); err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.do(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil {
			t.Logf("dropping a database: %v", err)
		}
	})
	return s.url(name)
}

// do runs a statement that must stand alone.
func (s *server) do(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	if closing := conn.Close(ctx); err == nil {
		err = closing
	}
	return err
}

func (s *server) url(database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s&sslmode=disable", s.user, database, s.dir)
}

// Restart stops the server as an administrator in a hurry does, which cuts all
// connections, starts it again, and returns when it answers. It is for the one
// test of a binary that runs at that time.
func Restart(t testing.TB) {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	before := s.started()
	if _, err := s.hold.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if now := s.started(); now != "" && now != before {
			return
		}
	}
	t.Fatal("Postgres did not start again")
}

// started is when the server was started; "" when it does not answer.
func (s *server) started() (at string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close(ctx) }() // only read
	if err := conn.QueryRow(ctx, `SELECT pg_postmaster_start_time()::text`).Scan(&at); err != nil {
		return ""
	}
	return at
}
