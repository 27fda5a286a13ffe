package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a running Postgres.
type server struct {
	user string
	dir  string         // the socket's directory
	hold io.WriteCloser // the server lives while this is open; a line restarts it
}

// binaries finds the newest installed server.
func binaries() (dir string, err error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	newest := -1
	for _, path := range found {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		if err == nil && version > newest {
			newest, dir = version, filepath.Dir(path)
		}
	}
	if dir == "" {
		return "", errors.New("there is no /usr/lib/postgresql/*/bin/postgres")
	}
	return dir, nil
}

// script makes a cluster and runs its server until standard input ends, which
// it does when the test binary ends in whatever way; then nothing is left.
const script = `
trap '' INT TERM HUP
"$1/initdb" -D "$2/data" -A trust -U "$3" -E UTF8 --locale=C --no-sync >"$2/log" 2>&1 || exit 1
up() {
	"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
		-c max_connections=200 -c shared_buffers=64MB -c log_min_messages=warning >>"$2/log" 2>&1 </dev/null &
}
up "$1" "$2"
while read -r _; do # a line is a wish for a restart
	kill -INT $!
	wait $!
	up "$1" "$2"
done
kill -QUIT $!
wait $!
rm -rf "$2"
`

// startServer starts Postgres as a user that it accepts: it refuses root.
func startServer() (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// Short, because the path of a socket has at most 107 bytes.
	dir, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		return nil, err
	}
	who, err := owner(dir)
	if err != nil {
		return nil, err
	}
	s := &server{user: "postgres", dir: dir}
	cmd := exec.Command("/bin/sh", "-c", script, "pgtest", bin, dir, s.user) // #nosec G204 -- installed binaries
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
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case err := <-ended:
			return fmt.Errorf("it ended before it answered: %w", err)
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// unprivileged is the user that Debian's package makes for the server.
func unprivileged() (uid, gid int, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}
