// Package mysqltest gives tests a real MariaDB: the server that Debian
// installs, started on a Unix socket in a temporary directory. It is for tests
// only and never reaches the binary.
package mysqltest

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// required names the environment variables that turn a missing MariaDB from a
// skipped test into a failed one.
var required = []string{"CI", "WEIR_REQUIRE_MARIADB"}

// one server serves the whole test binary.
var start = sync.OnceValues(startServer)

// Database is an empty database of one test.
type Database struct {
	Name   string
	URL    string // as Weir takes it; needs no password
	Socket string
}

// New makes an empty database for the test. The server starts with the first
// call in a test binary and ends, with all its files, when the binary does,
// even by a kill. It does not sync to disk, so it is no place to measure
// commits or to cut the power.
//
// Where MariaDB is not installed the test is skipped, or fails if CI or
// WEIR_REQUIRE_MARIADB is set.
func New(t testing.TB) Database {
	t.Helper()
	if err := installed(); err != nil {
		for _, name := range required {
			if os.Getenv(name) != "" {
				t.Fatalf("MARIADB IS MISSING (%v), and %s is set: install Debian's mariadb-server", err, name)
			}
		}
		t.Skipf("NOT TESTED ON MARIADB: %v. Install Debian's mariadb-server to run this test", err)
	}
	server, err := start()
	if err != nil {
		t.Fatalf("starting MariaDB: %v", err)
	}
	name := "weir_" + strings.ToLower(rand.Text())
	if err := server.do("CREATE DATABASE " + name); err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() {
		if err := server.do("DROP DATABASE " + name); err != nil {
			t.Logf("dropping a database: %v", err)
		}
	})
	return Database{Name: name, Socket: server.socket, URL: fmt.Sprintf("mysql://%s@localhost/%s?socket=%s", server.user, name, server.socket)}
}

// Open opens the database as its user does, without Weir; options may be nil.
func (d Database) Open(t testing.TB, options func(*mysql.Config)) *sql.DB {
	t.Helper()
	c := d.config()
	if options != nil {
		options(c)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (d Database) config() *mysql.Config {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName, c.ParseTime = superuser, "unix", d.Socket, d.Name, true
	return c
}

// Listen gives a TCP address on loopback that leads to the server.
func (d Database) Listen(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", d.Socket)
			if err != nil {
				_ = near.Close()
				continue
			}
			go pipe(near, far)
			go pipe(far, near)
		}
	}()
	return listener.Addr().String()
}

func pipe(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}
