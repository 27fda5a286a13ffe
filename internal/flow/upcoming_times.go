package flow

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/schedule"
)

// timing is when a source is due.
type timing struct {
	Schedule string
	Zone     string // "" for UTC
}

// Times are when the source is read.
func (t timing) Times() Times { return Times{Schedule: t.Schedule, Zone: t.Zone} }

// How far past a day the times of a schedule are worked out, of how many schedules
// they are kept, and how many of each at most: one that is due every minute has 1,500.
// Together they are no more than some 40 MB.
const (
	beyond        = time.Hour
	schedulesKept = 1_024
	timesKept     = 1_500
)

// dueTimes knows when schedules are due. What it worked out it keeps for an hour:
// pages ask for the same day again and again, and a tick costs 30 µs to find. It is
// safe for concurrent use.
type dueTimes struct {
	mu    sync.Mutex
	known map[timing]dueSpan
}

// dueSpan are all times of a schedule in (from, to].
type dueSpan struct {
	from, to time.Time
	times    []time.Time
}

// within gives the times in (from, to]. Nobody may change them. The error is that
// of a schedule that cannot be read.
func (d *dueTimes) within(t timing, from, to time.Time) ([]time.Time, error) {
	span, known := d.of(t)
	if !known || from.Before(span.from) || to.After(span.to) {
		span = dueSpan{from: from, to: to.Add(beyond)}
		var err error
		if span.times, err = t.within(span.from, span.to); err != nil {
			return nil, err
		}
		d.keep(t, span)
	}
	first, _ := slices.BinarySearchFunc(span.times, from, func(at, from time.Time) int { return cmp.Or(at.Compare(from), -1) })
	last, _ := slices.BinarySearchFunc(span.times, to, func(at, to time.Time) int { return cmp.Or(at.Compare(to), -1) })
	return span.times[first:last:last], nil
}

func (d *dueTimes) of(t timing) (span dueSpan, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	span, known = d.known[t]
	return span, known
}

// keep keeps a span in place of an older one, unless it is too long.
func (d *dueTimes) keep(t timing, span dueSpan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil || len(d.known) >= schedulesKept {
		d.known = map[timing]dueSpan{}
	}
	if delete(d.known, t); len(span.times) <= timesKept {
		d.known[t] = span
	}
}

// within works the times in (from, to] out.
func (t timing) within(from, to time.Time) (times []time.Time, err error) {
	when, err := schedule.Parse(t.Schedule, cmp.Or(t.Zone, "UTC"))
	if err != nil {
		return nil, err
	}
	for at, ok := when.Next(from); ok && !at.After(to); at, ok = when.Next(at) {
		times = append(times, at)
	}
	return times, nil
}
