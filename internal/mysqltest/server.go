package mysqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// superuser is who the server's tests are; it has no password.
const superuser = "root"

// The programs of Debian's packages.
const (
	daemon  = "/usr/sbin/mariadbd"
	install = "/usr/bin/mariadb-install-db"
)

// server is a running MariaDB.
type server struct {
	user   string
	socket string
	hold   io.Closer // the server lives while this is open
}

// installed reports what is missing.
func installed() error {
	for _, path := range []string{daemon, install} {
		if _, err := os.Stat(path); err != nil {
			return errors.New("there is no " + path)
		}
	}
	return nil
}

// script makes a data directory and runs its server until standard input
// ends, which it does when the test binary ends in whatever way; then nothing
// is left.
const script = `
trap '' INT TERM HUP
"$2" --no-defaults --datadir="$3/data" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve >"$3/log" 2>&1 || exit 1
"$1" --no-defaults --datadir="$3/data" --socket="$3/s" --pid-file="$3/pid" --tmpdir="$3" --skip-networking --skip-log-bin \
	--innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M --innodb-log-file-size=32M --max-connections=200 \
	--performance-schema=OFF --innodb-flush-method=nosync --sync-frm=0 --innodb-doublewrite=0 >>"$3/log" 2>&1 </dev/null &
read -r _
kill -KILL $!
wait $!
rm -rf "$3"
`

// startServer starts MariaDB as a user that it accepts: it refuses root.
func startServer() (*server, error) {
	// Short, because the path of a socket has at most 107 bytes.
	dir, err := os.MkdirTemp("/tmp", "mysqltest")
	if err != nil {
		return nil, err
	}
	who, err := owner(dir)
	if err != nil {
		return nil, err
	}
	s := &server{user: superuser, socket: filepath.Join(dir, "s")}
	cmd := exec.Command("/bin/sh", "-c", script, "mysqltest", daemon, install, dir) // #nosec G204 -- installed binaries
	cmd.Dir = dir
	cmd.SysProcAttr = who
	if s.hold, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := s.await(ended); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // #nosec G304 -- our own directory
		_ = s.hold.Close()
		return nil, fmt.Errorf("%w\n%s", err, log)
	}
	return s, nil
}

// await returns when the server answers.
func (s *server) await(ended <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if _, err := os.Stat(s.socket); err == nil {
			if err := s.do("DO 1"); err == nil {
				return nil
			}
		}
		select {
		case err := <-ended:
			return fmt.Errorf("it ended before it answered: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
	}
}

// do runs a statement that must stand alone.
func (s *server) do(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := Database{Socket: s.socket}.config()
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// unprivileged is the user that Debian's package makes for the server.
func unprivileged() (uid, gid int, err error) {
	u, err := user.Lookup("mysql")
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}
