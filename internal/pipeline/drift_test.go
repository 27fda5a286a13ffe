package pipeline_test

import (
	"database/sql"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/simulator"
)

// histories is how many seeded histories the drift test plays: few, because
// internal/rest plays many without the databases.
func histories(t *testing.T) int {
	if text := os.Getenv("WEIR_HISTORIES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 5
}

// In every history the account changes while it is read: bookings are made,
// moved, cancelled, confirmed and deleted between the requests. After a quiet
// sweep the table equals the account.
func TestNothingIsMissingStaleOrDoubledWhileTheSourceMoves(t *testing.T) {
	for seed := range histories(t) {
		a := newAccount(t, simulator.Options{Bookings: 600, Seed: uint64(seed + 1), DriftPerRequest: 1}, "bookings")
		a.flow.AllowDelete = true // hundreds of requests later many are gone
		a.run("bookings")
		a.run("bookings")
		a.sim.SetDrift(0)
		a.run("bookings")
		a.now = a.now.Add(25 * time.Hour) // a sweep is due
		a.run("bookings")
		a.equalsSource(seed)
	}
}

// equalsSource compares each live row's status and time of change with the
// account's own.
func (a *account) equalsSource(seed int) {
	a.Helper()
	db, err := sql.Open("sqlite", a.path)
	if err != nil {
		a.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT uid, status FROM bookings WHERE _weir_deleted_at IS NULL")
	if err != nil {
		a.Fatal(err)
	}
	defer rows.Close()
	left := a.sim.Truth()
	for rows.Next() {
		var uid, status string
		if err := rows.Scan(&uid, &status); err != nil {
			a.Fatal(err)
		}
		want, ok := left[uid]
		if !ok {
			a.Errorf("seed %d: %s is not in the account, or twice in the table", seed, uid)
		} else if got := want.Status; got != status {
			a.Errorf("seed %d: %s is stale: %s, want %s", seed, uid, status, got)
		}
		delete(left, uid)
	}
	for uid := range left {
		a.Errorf("seed %d: %s is missing", seed, uid)
	}
}
