package simulator

import (
	"fmt"
	"math"
	"sync"
)

// total is a count that holds while nothing changes and no booking ends.
type total struct {
	n       int
	version int
	from    int64 // since when it holds
	until   int64 // when the next booking ends
}

// totals remembers what filters were counted to: a walk through many pages
// counts once.
type totals struct {
	mu    sync.Mutex
	known map[string]total
}

// mostTotals bounds how many filters are remembered.
const mostTotals = 256

func (t *totals) find(key string, version int, now int64) (int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.known[key]
	return found.n, ok && found.version == version && now >= found.from && now <= found.until
}

func (t *totals) keep(key string, n total) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil || len(t.known) >= mostTotals {
		t.known = map[string]total{}
	}
	t.known[key] = n
}

// key names a filter. One by event type, team, attendee or uid is not
// remembered: it depends on more than bookings.
func (q *bookingQuery) key() (string, bool) {
	if len(q.events)+len(q.teams) > 0 || q.attendeeEmail+q.attendeeName+q.uid != "" {
		return "", false
	}
	at := func(ms *int64) int64 {
		if ms == nil {
			return math.MinInt64
		}
		return *ms
	}
	return fmt.Sprint(q.users, q.guest, q.statuses, at(q.afterStart), at(q.beforeEnd)), true
}

// nextEnd is when the first booking ends that has not ended yet.
func (b *book) nextEnd(now int64) int64 {
	next := int64(math.MaxInt64)
	b.indexes[byEnd].scan(now, math.MaxInt64, false, func(e entry) bool {
		next = e.key
		return false
	})
	return next
}
