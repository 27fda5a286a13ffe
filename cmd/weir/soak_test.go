package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/simulator"
)

// grown is what a process and its store take at a moment of a long time.
type grown struct {
	memory, store, rows, goroutines, files int64
}

// For as long as WEIR_SOAK_TIME says, a day before a release, one process runs
// flows of an account that changes all the time and fails in one request of a
// hundred in each of five ways: then memory, store, goroutines and files are
// what they were after the first tenth of the time, but for a line of history
// of each run, and nothing is lost.
func TestADayOfFaultsLeavesAProcessAsItWas(t *testing.T) {
	during, err := time.ParseDuration(os.Getenv("WEIR_SOAK_TIME"))
	if err != nil {
		t.Skip("done when WEIR_SOAK_TIME is set, such as to 24h")
	}
	const limit = 600
	f := newFleetOn(t, "", 0, 2000, limit)
	f.api.kill() // once more, with metrics
	f.extra = []string{"--metrics-address", "127.0.0.1:0"}
	f.api = f.start("api")
	f.workers = []*member{f.api}
	var faults []simulator.Fault
	for _, do := range []simulator.FaultAction{{Status: http.StatusInternalServerError}, {Status: http.StatusBadGateway}, {Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": "1"}}, {HTML: "<p>Bad gateway</p>"}, {WrongJSON: `{"status":"success"}`}} {
		faults = append(faults, simulator.Fault{Match: simulator.FaultMatch{Path: "/v2/bookings", Chance: 0.01}, Do: do})
	}
	if err := f.sim.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
	f.flows(8, 4, limit, "0/10 * * * * ? *")
	began := time.Now()
	var first, last grown
	for part := 1; part <= 10; part++ {
		f.changes(during/10, part)
		last = f.grown()
		if part == 1 {
			first = last
		}
		t.Logf("%s: %d MiB of memory, %d KiB of store with %d runs, %d goroutines, %d files", time.Since(began).Round(time.Second), last.memory>>20, last.store>>10, last.rows, last.goroutines, last.files)
	}
	if err := f.sim.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	f.settle(3*10*time.Second + 30*time.Second)
	f.whole()
	f.stuck()
	if last.memory > first.memory+first.memory/4 {
		t.Errorf("memory grew from %d to %d bytes", first.memory, last.memory)
	}
	if last.goroutines > first.goroutines+idle || last.files > first.files+idle {
		t.Errorf("goroutines and files grew from %d and %d to %d and %d", first.goroutines, first.files, last.goroutines, last.files)
	}
	// The log is tidied when half of it was replaced, finished jobs are kept for
	// an hour, and of each run some lines of history stay.
	if most := 2*first.store + 8<<20 + 4096*(last.rows-first.rows); last.store > most {
		t.Errorf("the store grew from %d to %d bytes, beyond %d for %d runs", first.store, last.store, most, last.rows-first.rows)
	}
}

// changes lets some bookings change every ten seconds.
func (f *fleet) changes(during time.Duration, part int) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	over := time.After(during)
	for seed := uint64(part) << 32; ; seed++ { // #nosec G115 -- one to ten
		select {
		case <-over:
			return
		case <-tick.C:
			f.sim.Mutate(simulator.Mutation{Count: 6, Seed: seed})
		}
	}
}

// grown asks the process, and looks at its store.
func (f *fleet) grown() (g grown) {
	f.Helper()
	metrics := f.metrics(f.api)
	lines := bufio.NewScanner(strings.NewReader(metrics))
	var memory float64
	for lines.Scan() {
		_, _ = fmt.Sscanf(lines.Text(), "process_resident_memory_bytes %g", &memory) // mostly it is another line
		_, _ = fmt.Sscanf(lines.Text(), "go_goroutines %d", &g.goroutines)
		_, _ = fmt.Sscanf(lines.Text(), "process_open_fds %d", &g.files)
	}
	g.memory = int64(memory)
	info, err := os.Stat(filepath.Join(f.data, "weir.db"))
	if err != nil || g.memory == 0 {
		f.Fatalf("%v, %s", err, metrics)
	}
	g.store = info.Size()
	db := f.look()
	defer func() { _ = db.Close() }() // only read
	if err := db.QueryRowContext(f.Context(), `SELECT count(*) FROM run`).Scan(&g.rows); err != nil {
		f.Fatal(err)
	}
	return g
}
