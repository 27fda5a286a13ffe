package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	_ "modernc.org/sqlite"

	"github.com/weirhq/weir/internal/mysqltest"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/simulator"
)

// kills is how often each destination's writer is killed: 100, or what
// WEIR_KILLS says (make soak: 1,000).
func kills(t *testing.T) int {
	if text := os.Getenv("WEIR_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return 10
	}
	return 100
}

func TestKilledAnywhereNothingIsLostOrDoubledInSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cal.db")
	killedAnywhere(t, "sqlite:"+path, func(t *testing.T) map[string]string {
		return statusesSQL(t, "sqlite", path)
	})
}

func TestKilledAnywhereNothingIsLostOrDoubledInPostgres(t *testing.T) {
	url := pgtest.New(t)
	killedAnywhere(t, url, func(t *testing.T) map[string]string {
		return statusesSQL(t, "pgx", url)
	})
}

func TestKilledAnywhereNothingIsLostOrDoubledInParquet(t *testing.T) {
	dir := t.TempDir()
	killedAnywhere(t, "file://"+dir+"?format=parquet", func(t *testing.T) map[string]string {
		return statusesParquet(t, dir)
	})
}

func TestKilledAnywhereNothingIsLostOrDoubledInMySQL(t *testing.T) {
	db := mysqltest.New(t)
	killedAnywhere(t, db.URL, func(t *testing.T) map[string]string {
		return statusesSQL(t, "mysql", fmt.Sprintf("root@unix(%s)/%s", db.Socket, db.Name))
	})
}

func TestKilledAnywhereNothingIsLostOrDoubledInS3(t *testing.T) {
	backend := s3mem.New()
	if err := backend.CreateBucket("cal-data"); err != nil {
		t.Fatal(err)
	}
	store := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	defer store.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "very secret")
	killedAnywhere(t, "s3://cal-data/exports?format=parquet&endpoint="+store.URL, func(t *testing.T) map[string]string {
		return statusesParquet(t, downloaded(t, backend, "exports/"))
	})
}

// downloaded is a directory with the objects of a bucket under a prefix.
func downloaded(t *testing.T, backend gofakes3.Backend, prefix string) string {
	t.Helper()
	dir := t.TempDir()
	list, err := backend.ListBucket("cal-data", &gofakes3.Prefix{HasPrefix: true, Prefix: prefix}, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range list.Contents {
		got, err := backend.GetObject("cal-data", object.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(got.Contents)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(object.Key, prefix)))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// killedAnywhere runs `weir sync` against a drifting simulator, kills it at a
// random moment again and again, then lets it finish, and compares what lies
// in the destination with what the source has.
func killedAnywhere(t *testing.T, to string, rows func(*testing.T) map[string]string) {
	sim, err := simulator.New(simulator.Options{Bookings: 1500, Seed: 3, RateLimit: 0, Latency: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()
	data := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	sync := func(ctx context.Context, more ...string) error {
		args := append([]string{"sync", "--base-url", server.URL, "--to", to, "--data", data,
			"--streams", "bookings", "--rate-limit", "100000", "--quiet"}, more...)
		cmd := exec.CommandContext(ctx, os.Args[0], args...) // #nosec G204 -- our own test binary
		cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "CAL_API_KEY="+sim.Keys()[0].Key)
		out, err := cmd.CombinedOutput()
		if err != nil && ctx.Err() == nil { // not killed, as was meant
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	for i := range kills(t) {
		sim.Mutate(simulator.Mutation{Count: 5, Seed: uint64(i)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(250)+10)*time.Millisecond)
		var more []string
		if i%3 == 0 {
			more = []string{"--full-refresh"}
		}
		if err := sync(ctx, more...); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		cancel()
	}
	began := time.Now()
	if err := sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("the run after the last kill took %v", time.Since(began).Round(time.Millisecond))
	if err := sync(t.Context(), "--full-refresh"); err != nil {
		t.Fatal(err)
	}
	compare(t, truth(t, sim), rows(t))
}

// compare fails for every booking that is missing, extra or stale.
func compare(t *testing.T, want, got map[string]string) {
	t.Helper()
	for uid, status := range want {
		switch have, ok := got[uid]; {
		case !ok:
			t.Errorf("lost: %s", uid)
		case have != status:
			t.Errorf("stale: %s is %s, should be %s", uid, have, status)
		}
	}
	for uid := range got {
		if _, ok := want[uid]; !ok {
			t.Errorf("not in the source: %s", uid)
		}
	}
	if len(want) == 0 {
		t.Error("the source is empty, so this proves nothing")
	}
}

// statusesSQL reads the live bookings and their status; a doubled one fails.
func statusesSQL(t *testing.T, driver, dsn string) map[string]string {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT uid, status FROM bookings WHERE _weir_deleted_at IS NULL`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var uid, status string
		if err := rows.Scan(&uid, &status); err != nil {
			t.Fatal(err)
		}
		if _, twice := out[uid]; twice {
			t.Errorf("doubled: %s", uid)
		}
		out[uid] = status
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// truth is every booking of the simulated account and its status.
func truth(t *testing.T, sim *simulator.Simulator) map[string]string {
	t.Helper()
	out := map[string]string{}
	for uid, b := range sim.Truth() {
		out[uid] = b.Status
	}
	return out
}
