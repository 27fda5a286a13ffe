package simulator

import (
	"math/rand/v2"
	"time"
)

// observedBookings is how many bookings the observed server had; how many of
// each oddity there are is scaled from there.
const observedBookings = 1302

const (
	minute = int64(time.Minute / time.Millisecond)
	hour   = 60 * minute
	day    = 24 * hour
)

// generator makes the first rows of a book.
type generator struct {
	*book
	*rand.Rand
	n      int
	today  int64 // midnight, so that one day's data are the same all day
	shared int64 // the time of change that about 5 % share
}

// generate makes n bookings that the owner sees, and a few more of others.
func generate(dir *directory, n int, seed uint64, now time.Time) *book {
	others := min(n/20, 25)
	today := now.UTC().Truncate(24 * time.Hour).UnixMilli()
	g := &generator{book: newBook(dir, seed, n+others), Rand: rand.New(rand.NewPCG(seed, 1)), n: n, today: today}
	g.shared = today - 10*day + 6*hour + 7*minute + 17_000
	g.recurring()
	g.rescheduled()
	g.special(g.quota(15), g.seated)
	g.special(g.quota(8), func(r *row) { r.event, r.minutes = oldTypeID, 30 })
	g.special(g.quota(5), func(r *row) { r.event, r.minutes, r.traits = 1, 30, r.traits&listsGuests|oddMetadata })
	g.cancelledTogether()
	g.special(n-len(g.rows), func(*row) {})
	for range others {
		r := g.ordinary()
		r.user, r.event, r.minutes, r.traits = orgmember, 15, 30, listsGuests
		g.draft(r)
	}
	g.index()
	return g.book
}

// quota scales a number of oddities from the observed server's size.
func (g *generator) quota(of int) int { return (of*g.n + observedBookings/2) / observedBookings }

func (g *generator) chance(percent float64) bool { return g.Float64()*100 < percent }

// special adds count ordinary bookings, each with a twist.
func (g *generator) special(count int, twist func(*row)) {
	for range count {
		r := g.ordinary()
		twist(&r)
		g.draft(r)
	}
}

// ordinary makes one booking, from a year ago to four months ahead.
func (g *generator) ordinary() row {
	r := row{from: none, to: none, series: none, person: uint32(g.IntN(g.n/3 + 50))}
	quarters := g.IntN(40)
	if g.chance(50) {
		quarters = 8 * g.IntN(4) // popular times, so that many share a start
	}
	r.start = g.today + int64(g.IntN(485)-365)*day + 7*hour + int64(quarters)*15*minute
	g.host(&r)
	g.times(&r)
	g.outcome(&r)
	if g.chance(80) {
		r.traits |= listsGuests
	}
	if g.chance(25) {
		r.traits |= campaign
	}
	if g.chance(28) {
		r.guests = uint8(1 + g.IntN(3))
	}
	return r
}

// host picks whose booking it is and of which type.
func (g *generator) host(r *row) {
	switch p := g.IntN(100); {
	case p < 92:
		r.user, r.event = alice, [...]uint32{1, 2, 6, 9, 9, 1, 2, 6, 4}[g.IntN(9)]
	case p < 95:
		r.user, r.event = bob, [...]uint32{10, 11}[g.IntN(2)]
	case p < 97:
		r.user, r.event = carol, 11
	default:
		r.user, r.event = erin, 14
	}
	e := g.dir.event(r)
	r.minutes = uint16(e.length)
	if e.lengths != nil {
		r.minutes = uint16(e.lengths[g.IntN(len(e.lengths))])
		if g.chance(30) {
			r.traits |= nameInParts
		}
	}
	if e.place == placePhone && g.chance(60) {
		r.traits |= byPhone
	}
}

// times sets when the booking was made and changed, never later than today's
// midnight. About 2 % have no time of change and 5 % share one.
func (g *generator) times(r *row) {
	ago := func(span int64) int64 { return 1 + g.Int64N(span) }
	r.created = min(r.start-ago(20*day), g.today-ago(30*day))
	switch {
	case g.chance(2):
		r.updated = noTime
	case g.chance(5.5) && r.created <= g.shared:
		r.updated = g.shared
	case g.chance(30):
		r.updated = r.created
	default:
		r.updated = min(r.created+ago(20*day), g.today-ago(day))
		r.updated = max(r.updated, r.created)
	}
}

func (g *generator) outcome(r *row) {
	switch p := g.IntN(100); {
	case p < 55:
		r.status = accepted
	case p < 77:
		r.status = cancelled
		if g.chance(50) {
			r.reason = uint8(1 + g.IntN(3))
		}
		if g.chance(45) {
			r.traits |= cancelledByHost
		}
	case p < 89:
		r.status = pending
	default:
		r.status = rejected
	}
	if r.status != accepted || r.end() > g.today {
		return
	}
	if g.chance(7) {
		r.traits |= hostAbsent
	}
	if g.chance(7) {
		r.absent = 1
	}
	if g.chance(9) {
		r.rating = uint8(1 + g.IntN(5))
	}
}

// recurring makes weekly series of six; the last three of some are cancelled.
func (g *generator) recurring() {
	for range g.quota(10) {
		r := g.ordinary()
		r.user, r.event, r.minutes, r.status, r.traits, r.guests = alice, 3, 45, accepted, r.traits&listsGuests, 0
		r.rating, r.absent, r.series = 0, 0, int32(len(g.series))
		stops := g.chance(30)
		var rows []int32
		for week := range 6 {
			one := r
			one.start += int64(week) * 7 * day
			one.created += int64(week) * (40 + g.Int64N(90))
			if one.updated != noTime {
				one.updated = max(one.updated, one.created)
			}
			if stops && week >= 3 {
				one.status, one.reason = cancelled, 4
			}
			rows = append(rows, g.draft(one))
		}
		g.series = append(g.series, rows)
	}
}

// rescheduled makes pairs: a cancelled booking and the one that replaced it.
func (g *generator) rescheduled() {
	for range g.quota(30) {
		r := g.ordinary()
		r.user, r.event, r.minutes, r.status = alice, 1, 30, cancelled
		r.traits, r.reason, r.rating = r.traits&listsGuests, 0, 0
		if g.chance(50) {
			r.traits |= movedByHost
		}
		i := g.draft(r)
		next := r
		next.status, next.from = accepted, i
		next.start += int64(1+g.IntN(14)) * day
		if r.updated != noTime {
			next.created, next.updated = r.updated, r.updated
		}
		if g.chance(60) {
			next.traits |= hasMoveReason
		}
		g.rows[i].to = g.draft(next)
	}
}

func (g *generator) seated(r *row) {
	r.user, r.event, r.minutes, r.status = alice, 5, 60, accepted
	r.traits, r.guests, r.reason, r.seats = 0, 0, 0, uint8(1+g.IntN(4))
}

// cancelledTogether makes groups of twenty that were cancelled at one start.
func (g *generator) cancelledTogether() {
	var start int64
	for i := range g.quota(20) {
		r := g.ordinary()
		if i%20 == 0 {
			start = r.start
		}
		r.user, r.event, r.minutes, r.status = alice, 1, 30, cancelled
		r.start, r.rating, r.absent = start, 0, 0
		r.traits &= listsGuests | campaign | cancelledByHost
		r.created = min(r.created, start-hour)
		if r.updated != noTime {
			r.updated = max(r.updated, r.created)
		}
		g.draft(r)
	}
}
