// Package pgtest gives tests a real Postgres: one server per test binary, a
// fresh database per test. Only tests import it.
package pgtest

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes the databases
)

// server is the binary's one Postgres.
var server struct {
	once   sync.Once
	port   int
	failed error
	made   int
	mu     sync.Mutex
}

// New gives the address of an empty database. Without Postgres on the machine
// the test is skipped, or fails where WEIR_REQUIRE_POSTGRES or CI is set.
func New(t testing.TB) string {
	t.Helper()
	server.once.Do(func() { server.port, server.failed = start() })
	if server.failed != nil {
		if os.Getenv("CI") != "" || os.Getenv("WEIR_REQUIRE_POSTGRES") != "" {
			t.Fatalf("Postgres is required here: %v", server.failed)
		}
		t.Skipf("SKIPPED, the promises about Postgres are not checked: %v", server.failed)
	}
	server.mu.Lock()
	server.made++
	name := fmt.Sprintf("test%d", server.made)
	server.mu.Unlock()
	db, err := sql.Open("pgx", address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	return address(name)
}

func address(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", server.port, database)
}

// start makes a cluster in a directory of its own and starts it. The server
// ends with the test binary: it is told to by the kernel.
func start() (port int, err error) {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		return 0, fmt.Errorf("no /usr/lib/postgresql/*/bin: install the package postgresql")
	}
	slices.Sort(bins)
	bin := bins[len(bins)-1]
	dir, err := os.MkdirTemp("/tmp", "weir-pg-")
	if err != nil {
		return 0, err
	}
	identity, err := unprivileged(dir)
	if err != nil {
		return 0, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-A", "trust", "-U", "postgres", "-D", data, "--no-sync") // #nosec G204
	initdb.SysProcAttr, initdb.Dir = &syscall.SysProcAttr{Credential: identity}, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("initdb: %w: %s", err, out)
	}
	if port, err = freePort(); err != nil {
		return 0, err
	}
	run := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-k", dir, // #nosec G204
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=100")
	run.SysProcAttr, run.Dir = &syscall.SysProcAttr{Credential: identity, Pdeathsig: syscall.SIGQUIT}, dir
	if err := run.Start(); err != nil {
		return 0, err
	}
	return port, ready(port)
}

// ready waits until the server answers.
func ready(port int) error {
	db, err := sql.Open("pgx", fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err = db.Ping(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// unprivileged is who the server runs as: Postgres refuses to be root.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
