package pipeline_test

import (
	"math"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/simulator"
)

// runsADay is how often the account is read in each of thirty virtual days:
// seldom, because every failure waits in real time.
func runsADay(t *testing.T) int {
	text := os.Getenv("WEIR_RUNS_A_DAY")
	if text == "" {
		return 2
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Through a month in which the account changes a little each day and one
// request in a hundred fails in each way, memory stays as it is after the first
// days, the store grows by the same for each run, and in the end the table
// equals the account.
func TestAMonthOfFaultsLeavesMemoryAndDiskAsTheyWere(t *testing.T) {
	const days, settled = 30, 10
	a := newAccount(t, simulator.Options{Bookings: 300, Seed: 9}, "bookings")
	faults := []simulator.Fault{}
	for _, do := range []simulator.FaultAction{{Status: http.StatusInternalServerError}, {Status: http.StatusBadGateway}, {Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": "1"}}, {HTML: "<p>Bad gateway</p>"}, {WrongJSON: `{"status":"success"}`}} {
		faults = append(faults, simulator.Fault{Match: simulator.FaultMatch{Path: "/v2/bookings", Chance: 0.01}, Do: do})
	}
	if err := a.sim.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
	failed, each := 0, runsADay(t)
	var live, disk []float64 // bytes after each day
	for day := range days {
		a.sim.Mutate(simulator.Mutation{Count: 6, Seed: uint64(day + 1)})
		for range each {
			a.now = a.now.Add(24 * time.Hour / time.Duration(each))
			if result, err := pipeline.Run(t.Context(), a.flow); err != nil || result.Status != pipeline.StatusSucceeded {
				failed++
			}
		}
		live, disk = append(live, used()), append(disk, a.stored())
	}
	if err := a.sim.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	a.now = a.now.Add(25 * time.Hour)
	a.run("bookings")
	a.equalsSource(9)
	slope, held := perDay(live[settled:]), held()
	t.Logf("%d runs, %d failed; memory grew by %.1f KiB a day, which is %.3f %% of the %.0f MiB held (the simulated account grows in it too)", days*each, failed, slope/1024, 100*slope/held, held/(1<<20))
	if slope > held/1000 {
		t.Errorf("memory grows by %.0f bytes a day, more than 0.1 %% of %.0f: %.0f", slope, held, live)
	}
	// Of each run a line is kept. What the last ten days added is what the ten before did.
	early, late := disk[19]-disk[9], disk[29]-disk[19]
	t.Logf("the store grew by %.2f KiB a run, then by %.2f, to %.0f KiB", early/float64(10*each)/1024, late/float64(10*each)/1024, disk[29]/1024)
	if most := slices.Max(disk[:settled])*1.25 + float64(days*each)*2048; disk[29] > most { // the log is tidied when half of it was replaced
		t.Errorf("the store grew to %.0f bytes, beyond %.0f", disk[29], most)
	}
	if off := math.Abs(late - early); off > disk[29]/50 {
		t.Errorf("the store grew by %.0f bytes in ten days and by %.0f in the ten after, which is off by more than 2 %% of it: %.0f", early, late, disk)
	}
}

// perDay is by how much a figure of each day grows a day: the slope of the line
// that fits best.
func perDay(figures []float64) float64 {
	middle, mean := float64(len(figures)-1)/2, 0.0
	for _, f := range figures {
		mean += f / float64(len(figures))
	}
	var up, across float64
	for i, f := range figures {
		x := float64(i) - middle
		up, across = up+x*(f-mean), across+x*x
	}
	return up / across
}

// used is the memory that is in use, after all garbage is gone.
func used() float64 {
	runtime.GC()
	runtime.GC() // pools are emptied in two steps
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// held is the memory that the process has of the system.
func held() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys - m.HeapReleased)
}

// stored is how large the store is, apart from what waits to be brought into
// its file.
func (a *account) stored() float64 {
	a.Helper()
	path := filepath.Join(a.TempDir(), "copy.db")
	if err := a.flow.Store.Snapshot(a.Context(), path); err != nil {
		a.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		a.Fatal(err)
	}
	return float64(info.Size())
}
