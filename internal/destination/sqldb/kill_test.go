package sqldb_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
	"github.com/weirhq/weir/internal/destination/sqldb"
)

// What the loader that is killed loads.
const (
	killSeed    = 23
	killRecords = 40 // a batch
)

// TestMain makes the test binary a loader when it is asked to be one.
func TestMain(m *testing.M) {
	if url := os.Getenv("WEIR_TEST_LOAD"); url != "" {
		if err := loadForever(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// loadForever goes on with the world from where the database is.
func loadForever(url string) error {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, url, sqldb.Options{})
	if err != nil {
		return err
	}
	at, err := db.Position(ctx, "log-a", "bookings")
	if err != nil {
		return err
	}
	for w := destinationtest.NewWorld(killSeed); ; {
		b := w.Next(killRecords)
		if b.From < at {
			continue
		}
		if _, err := db.Load(ctx, b); err != nil {
			return err
		}
	}
}

func TestKilledAnywhereTheTablesAreThoseOfThePosition(t *testing.T) {
	onAll(t, func(t *testing.T, url string) {
		random := rand.New(rand.NewPCG(3, 5))
		var at weir.Position
		longest := 160 // milliseconds, until something is loaded within
		for i := 0; i < kills(t) || at == 0 && i < 10*kills(t); i++ {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(40+random.IntN(longest))*time.Millisecond)
			cmd := exec.CommandContext(ctx, os.Args[0]) // #nosec G204 -- our own test binary
			cmd.Env = append(os.Environ(), "WEIR_TEST_LOAD="+url)
			out, err := cmd.CombinedOutput()
			if ctx.Err() == nil {
				t.Fatalf("the loader ended by itself: %v: %s", err, out)
			}
			cancel()
			if i%5 == 4 || i >= kills(t)-1 {
				if at = compareAtPosition(t, url); at == 0 {
					longest *= 2
				}
			}
		}
		t.Logf("killed %d times, %d records", kills(t), at)
		if at == 0 {
			t.Error("nothing was ever loaded, so this proves nothing")
		}
	})
}

// compareAtPosition compares the tables with the world at the position that
// the database says.
func compareAtPosition(t *testing.T, url string) weir.Position {
	t.Helper()
	db := open(t, url)
	defer db.Close()
	// Postgres may still be committing for a client that is dead. A batch that
	// is nothing waits for the dataset's lock, and so for the end of that.
	if _, err := db.Load(t.Context(), destinationtest.NewWorld(killSeed).Next(0)); err != nil {
		t.Fatal(err)
	}
	at, err := db.Position(t.Context(), "log-a", "bookings")
	if err != nil {
		t.Fatal(err)
	}
	w := destinationtest.NewWorld(killSeed)
	for w.Position() < at {
		w.Next(killRecords)
	}
	w.Check(t, place(url))
	return at
}
