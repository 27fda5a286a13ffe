package simulator

import "math/rand/v2"

// The kinds of changes, with what they do to updatedAt as observed on
// 2026-11-23: all move it but an attendee's absence and one more seat.

// kinds are drawn from by weight.
var kinds = []struct {
	weight int
	fits   func(*row) bool
	apply  func(b *book, i int32, random *rand.Rand, at int64)
}{
	{20, func(r *row) bool { return r.status == accepted && r.seats == 0 && r.series == none && r.to == none }, (*book).reschedule},
	{18, func(r *row) bool { return r.status == accepted }, (*book).cancel},
	{8, func(r *row) bool { return r.status == pending }, (*book).confirm},
	{4, func(r *row) bool { return r.status == pending }, (*book).decline},
	{14, func(r *row) bool { return r.status == accepted }, (*book).missAttendee},
	{5, func(r *row) bool { return r.status == accepted }, (*book).missHost},
	{8, func(r *row) bool { return r.status == accepted && r.seats == 0 && r.guests < 5 }, (*book).addGuest},
	{3, func(r *row) bool { return r.seats > 0 && r.seats < 5 }, (*book).addSeat},
}

// newWeight is how often, beside the kinds, a new booking is made.
const newWeight = 20

// randomChange makes one change; when nothing fits, a new booking.
func (b *book) randomChange(random *rand.Rand, at int64) {
	total := newWeight
	for _, k := range kinds {
		total += k.weight
	}
	draw := random.IntN(total)
	for _, k := range kinds {
		if draw -= k.weight; draw >= 0 {
			continue
		}
		for range 60 {
			if i, ok := b.try(random, k.fits); ok {
				k.apply(b, i, random, at)
				return
			}
		}
		break
	}
	b.bookNew(random, at)
}

// reschedule cancels a booking and makes another in its place.
func (b *book) reschedule(i int32, random *rand.Rand, at int64) {
	next := b.rows[i]
	next.from, next.to, next.created, next.updated = i, none, at, at
	next.start += int64(1+random.IntN(10)) * day
	next.absent, next.rating = 0, 0
	next.traits = next.traits&^(hostAbsent|movedByHost|hasMoveReason|cancelledByHost) | keepsCalendar
	by := traits(0)
	if random.IntN(2) == 0 {
		by = movedByHost
		next.traits |= movedByHost | hasMoveReason
	}
	to := b.add(next)
	b.change(i, func(r *row) {
		r.status, r.to, r.updated = cancelled, to, at
		r.traits = r.traits&^movedByHost | by
	})
}

// cancel leaves cancelledByEmail empty, as the API does.
func (b *book) cancel(i int32, random *rand.Rand, at int64) {
	b.change(i, func(r *row) { r.status, r.reason, r.updated = cancelled, uint8(random.IntN(4)), at })
}

func (b *book) confirm(i int32, _ *rand.Rand, at int64) {
	b.change(i, func(r *row) { r.status, r.updated = accepted, at })
}

func (b *book) decline(i int32, _ *rand.Rand, at int64) {
	b.change(i, func(r *row) { r.status, r.updated = rejected, at })
}

func (b *book) missAttendee(i int32, _ *rand.Rand, _ int64) {
	b.change(i, func(r *row) { r.absent ^= 1 })
}

func (b *book) missHost(i int32, _ *rand.Rand, at int64) {
	b.change(i, func(r *row) { r.traits ^= hostAbsent; r.updated = at })
}

func (b *book) addGuest(i int32, _ *rand.Rand, at int64) {
	b.change(i, func(r *row) { r.guests++; r.updated = at })
}

func (b *book) addSeat(i int32, _ *rand.Rand, _ int64) {
	b.change(i, func(r *row) { r.seats++ })
}

// bookNew makes a booking within the coming three months.
func (b *book) bookNew(random *rand.Rand, at int64) {
	midnight := at - at%day
	r := row{
		from: none, to: none, series: none, person: uint32(random.IntN(1000)), created: at, updated: at,
		start: midnight + int64(1+random.IntN(90))*day + 7*hour + int64(random.IntN(40))*15*minute,
		user:  alice, event: [...]uint32{1, 2, 4, 6}[random.IntN(4)],
	}
	e := b.dir.event(&r)
	r.minutes = uint16(e.length)
	if e.confirm {
		r.status = pending
	}
	if random.IntN(5) == 0 {
		r.guests = 1
	}
	b.add(r)
}
