package pipeline_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
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
// request in a hundred fails in each way, memory and disk stay as they are
// after the first days, and in the end the table equals the account.
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
	var heap, disk, endHeap, endDisk int64
	for day := range days {
		a.sim.Mutate(simulator.Mutation{Count: 6, Seed: uint64(day + 1)})
		for range each {
			a.now = a.now.Add(24 * time.Hour / time.Duration(each))
			if result, err := pipeline.Run(t.Context(), a.flow); err != nil || result.Status != pipeline.StatusSucceeded {
				failed++
			}
		}
		switch nowHeap, nowDisk := used(), a.stored(); {
		case day < settled: // what is needed all the time comes to be
			heap, disk = max(heap, nowHeap), max(disk, nowDisk)
		default:
			endHeap, endDisk = nowHeap, nowDisk
		}
	}
	if err := a.sim.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	a.now = a.now.Add(25 * time.Hour)
	a.run("bookings")
	a.equalsSource(9)
	t.Logf("%d runs, %d failed; memory %d KiB, then %d; disk %d KiB, then %d", days*each, failed, heap>>10, endHeap>>10, disk>>10, endDisk>>10)
	if endHeap > heap+heap/20+1<<20 {
		t.Errorf("memory grew from %d to %d bytes", heap, endHeap)
	}
	// Of each run a line is kept, and the log is tidied when half of it was replaced.
	if most := disk + disk/4 + int64(days*each)*2048; endDisk > most {
		t.Errorf("the store grew from %d to %d bytes, beyond %d", disk, endDisk, most)
	}
}

// used is the memory that is in use, after all garbage is gone.
func used() int64 {
	runtime.GC()
	runtime.GC() // pools are emptied in two steps
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) // #nosec G115 -- no machine has that much
}

// stored is how large the store is, apart from what waits to be brought into
// its file.
func (a *account) stored() int64 {
	a.Helper()
	path := filepath.Join(a.TempDir(), "copy.db")
	if err := a.flow.Store.Snapshot(a.Context(), path); err != nil {
		a.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		a.Fatal(err)
	}
	return info.Size()
}
