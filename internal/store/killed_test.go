package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// killer ends this process at the n-th statement that it hands to the
// database: before it, or some time after it began.
type killer struct {
	n     int // how many are left
	after time.Duration
	count int
}

func (k *killer) step() {
	k.count++
	if k.n--; k.n != 0 {
		return
	}
	die := func() {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			_ = self.Kill()
		}
		<-make(chan struct{}) // no step further
	}
	if k.after == 0 {
		die()
	}
	time.AfterFunc(k.after, die)
}

// killing are connections that a killer watches.
type killing struct {
	driver.Connector
	k *killer
}

func (c killing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	return killingConn{conn, c.k}, err
}

type killingConn struct {
	driver.Conn
	k *killer
}

func (c killingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.k.step()
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c killingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c killingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return killingTx{tx, c.k}, err
}

type killingTx struct {
	driver.Tx
	k *killer
}

func (t killingTx) Commit() error {
	t.k.step()
	return t.Tx.Commit()
}

// connector makes a pool's connections again.
type connector struct {
	driver driver.Driver
	dsn    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

// migrateKilled migrates the database at url, and dies on the way. It returns
// how many statements there were when it did not.
func migrateKilled(url string, n int, after time.Duration) (statements int, err error) {
	ctx := context.Background()
	db := &DB{}
	if db.engine, err = engineOf(url); err != nil {
		return 0, err
	}
	release, err := db.engine.startUp(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	real, _, err := db.engine.connect()
	if err != nil {
		return 0, err
	}
	k := &killer{n: n, after: after}
	var c driver.Connector = connector{real.Driver(), url}
	if e, lite := db.engine.(*sqliteEngine); lite {
		c = connector{real.Driver(), "file:" + e.path + "?_busy_timeout=60000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_txlock=immediate"}
	}
	db.write = sql.OpenDB(killing{c, k})
	db.write.SetMaxOpenConns(2)
	if _, lite := db.engine.(*sqliteEngine); lite {
		db.write.SetMaxOpenConns(1)
	}
	db.read = db.write
	db.log = slog.New(slog.DiscardHandler)
	err = db.migrate(ctx)
	return k.count, err
}

// BeKilledMigrating is what a child does: it migrates, and dies at the
// statement that it was told.
func BeKilledMigrating(url, at string) {
	var n, after int
	_, err := fmt.Sscanf(at, "%d/%d", &n, &after)
	if err == nil {
		n, err = migrateKilled(url, n, time.Duration(after)*time.Microsecond)
	}
	fmt.Println(n, err)
	os.Exit(0)
}

// migrateInChild lets a child migrate; at 0 it lives, and says how many
// statements it took.
func migrateInChild(t *testing.T, url string, at int, after time.Duration) (statements int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) // #nosec G204 -- ourselves
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD=migrate", "STORE_TEST_URL="+url, fmt.Sprintf("STORE_TEST_AT=%d/%d", at, after.Microseconds()))
	out, err := cmd.CombinedOutput()
	switch killed := len(out) == 0 && !cmd.ProcessState.Success(); {
	case killed && at > 0:
		return 0
	case at > 0 && after == 0:
		t.Fatalf("the child was not killed at statement %d: %v %s", at, err, out)
	}
	if _, err := fmt.Sscanf(string(out), "%d <nil>", &statements); err != nil {
		t.Fatalf("the child says %s", out)
	}
	return statements
}

// shapeOf is every table with its columns, and every index.
func shapeOf(t *testing.T, db *DB) (shape []string) {
	t.Helper()
	query := `SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1`
	if _, pg := db.engine.(*postgresEngine); pg {
		query = `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`
	}
	err := db.each(t.Context(), func(rows *sql.Rows) error {
		var line string
		err := rows.Scan(&line)
		shape = append(shape, line)
		return err
	}, query)
	if err != nil {
		t.Fatal(err)
	}
	return shape
}

// Every statement of every migration is one to die at: just before it, while
// it runs, and soon after. The short form takes some of them.
func TestKilledAtEachStatementOfAMigrationTheNextStartCompletesIt(t *testing.T) {
	times, every := []time.Duration{0, 30 * time.Microsecond, 400 * time.Microsecond}, 1
	if os.Getenv("WEIR_KILLS") == "" {
		times, every = times[:1], 7
	}
	for name, newURL := range urls(t) {
		t.Run(name, func(t *testing.T) {
			whole := newURL(t)
			statements := migrateInChild(t, whole, 0, 0)
			want := shapeOf(t, mustOpen(t, whole))
			if statements < 70 || len(want) < 40 {
				t.Fatalf("%d statements make %d things: not all are seen", statements, len(want))
			}
			kills := 0
			for at := 1; at <= statements; at += every {
				for _, after := range times {
					url := newURL(t)
					migrateInChild(t, url, at, after)
					db := mustOpen(t, url)
					if diff := cmp.Diff(want, shapeOf(t, db)); diff != "" {
						t.Fatalf("killed at statement %d (after %v): %s", at, after, diff)
					}
					lived(t, db)
					if err := db.Close(); err != nil {
						t.Fatal(err)
					}
					kills++
				}
			}
			t.Logf("%d kills at %d statements", kills, statements)
		})
	}
}
