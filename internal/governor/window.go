package governor

import (
	"slices"
	"time"
)

// window is the heart of the governor: the instants at which occupied places
// are free again, ascending. It knows neither clocks nor owners, so the
// planner runs it on virtual time. Instants are durations since an arbitrary
// origin.
type window struct {
	free []time.Duration
}

// occupy adds a place that is free again at the given instant.
func (w *window) occupy(until time.Duration) {
	i, _ := slices.BinarySearch(w.free, until)
	w.free = slices.Insert(w.free, i, until)
}

// expire forgets the places that are free at now.
func (w *window) expire(now time.Duration) {
	i, _ := slices.BinarySearch(w.free, now+1)
	w.free = slices.Delete(w.free, 0, i)
}

// usable is the earliest instant, not before now, from which one more place
// can be occupied without ever exceeding limit. It counts every place already
// in the window as occupied from now on, also those claimed for later: with
// n places it is the instant at which n-limit+1 of them have become free.
func (w *window) usable(now time.Duration, limit int) time.Duration {
	n := len(w.free)
	if n < limit {
		return now
	}
	return max(now, w.free[n-limit])
}

// occupied counts the places that are not free at now.
func (w *window) occupied(now time.Duration) int {
	i, _ := slices.BinarySearch(w.free, now+1)
	return len(w.free) - i
}
