package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

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
