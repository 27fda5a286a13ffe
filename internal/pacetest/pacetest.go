// Package pacetest tells a test how busy the machine was meanwhile. What must be
// done within a second must be so on a machine that has time for it: where other
// work takes most of the processors, everything takes as many times longer.
package pacetest

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	every  = 100 * time.Millisecond
	effort = 4 * time.Millisecond // of a processor's time
	most   = 5                    // times slower: beyond it nothing is excused
)

// Watch looks now and then how long a thread takes for a bit of work. The function
// that it returns ends that and says how many times longer than alone it took,
// usually: 1 to 5, and 1 where the system does not tell a thread's own time. What the
// test itself computes hardly counts: it runs no more threads than there are processors.
func Watch(t testing.TB) (slower func() float64) {
	t.Helper()
	done, result := make(chan struct{}), make(chan float64, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		tick := time.NewTicker(every)
		defer tick.Stop()
		ratios := []float64{1}
		for {
			select {
			case <-done:
				slices.Sort(ratios)
				result <- min(ratios[len(ratios)/2], most)
				return
			case <-tick.C:
				ratios = append(ratios, ratio())
			}
		}
	}()
	end := sync.OnceFunc(func() { close(done) })
	t.Cleanup(end)
	return sync.OnceValue(func() float64 {
		end()
		return <-result
	})
}

// ratio is how many times longer than its own time a bit of work of this thread takes.
func ratio() float64 {
	begin, used := time.Now(), threadTime()
	if used == 0 { // the system does not tell
		return 1
	}
	for {
		if own := threadTime() - used; own >= effort {
			return max(1, float64(time.Since(begin))/float64(own))
		}
	}
}
