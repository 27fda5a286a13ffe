package destinationtest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

// World is a dataset of bookings that changes from batch to batch, the same
// for the same seed, and knows what its tables should look like. It is for
// upsert mode.
type World struct {
	rand     *rand.Rand
	position weir.Position
	bookings map[string]*remembered
}

// remembered is what a booking's rows should be.
type remembered struct {
	version int
	change  weir.Change
	deleted time.Time // zero while it is there
}

// NewWorld makes an empty one.
func NewWorld(seed uint64) *World {
	return &World{rand: rand.New(rand.NewPCG(seed, 41)), bookings: map[string]*remembered{}} // #nosec G404 -- a test's data
}

// Layout is how the world lies in tables.
func (w *World) Layout() weir.Layout { return layout() }

// Next makes the next batch of n records and remembers it. Some records are
// deleted, some come back, some are left out of the batch, as filtered ones
// are.
func (w *World) Next(n int) weir.Batch {
	used := map[string]bool{}
	b := batch(w.position)
	b.To += weir.Position(n)
	b.ExtractedAt = at(b.To).UnixMicro()
	for i := range n {
		id := fmt.Sprintf("booking-%d", w.rand.IntN(len(w.bookings)*3/2+n))
		kind := w.rand.IntN(10)
		if used[id] || kind == 0 {
			continue
		}
		used[id] = true
		c := w.change(id, kind == 1, at(b.To))
		c.Position = w.position + weir.Position(i) + 1
		b.Changes = append(b.Changes, c)
	}
	w.position = b.To
	return b
}

func (w *World) change(id string, remove bool, when time.Time) weir.Change {
	r := w.bookings[id]
	if remove {
		if r != nil && r.deleted.IsZero() {
			r.deleted = when
		}
		return deletion(id)
	}
	if r == nil {
		r = &remembered{}
		w.bookings[id] = r
	}
	r.version++
	var attendees []string
	for range w.rand.IntN(4) {
		attendees = append(attendees, fmt.Sprintf("guest %d", w.rand.IntN(1000)))
	}
	r.change, r.deleted = Booking(id, r.version, attendees...), time.Time{}
	return r.change
}

// Position is where the world's log ends.
func (w *World) Position() weir.Position { return w.position }

// Check compares a place with the world.
func (w *World) Check(t testing.TB, p Place) {
	t.Helper()
	w.check(t, p, layout())
}

func (w *World) check(t testing.TB, p Place, l weir.Layout) {
	t.Helper()
	var parts []map[string][]map[string]any
	for _, r := range w.bookings {
		rows := rowsOf(l, r.change)
		if !r.deleted.IsZero() {
			rows = marked(rows, r.deleted)
		}
		parts = append(parts, rows)
	}
	p.shows(t, l, together(parts...))
}
