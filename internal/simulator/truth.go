package simulator

import (
	"iter"
	"time"
)

// Booking is one booking as the API would show it to the owner's key.
type Booking struct {
	Status    string    // "accepted", "cancelled", "pending" or "rejected"
	CreatedAt time.Time // UTC, milliseconds
	UpdatedAt time.Time // UTC, milliseconds; zero for null
	JSON      []byte    // one element of data, version 2024-08-13
}

// Truth is what the owner's key can list at this moment, by uid. The map and
// what is in it belong to the caller. It takes about 2 kB for each booking:
// for very many see Bookings.
func (s *Simulator) Truth() map[string]Booking {
	truth := map[string]Booking{}
	for uid, b := range s.Bookings() {
		truth[uid] = b
	}
	return truth
}

// Bookings goes through what Truth holds, in the order in which the bookings
// were made. The simulator serves no changes meanwhile, and the body of the
// loop must not call it.
func (s *Simulator) Bookings() iter.Seq2[string, Booking] {
	return func(yield func(string, Booking) bool) {
		s.catchUp(s.now())
		s.mu.RLock()
		defer s.mu.RUnlock()
		q := &bookingQuery{users: s.dir.visible(alice), guest: s.dir.user(alice).email, now: s.now().UnixMilli()}
		for i := range s.book.rows {
			r := &s.book.rows[i]
			if r.status == erased || !s.book.shows(q, int32(i), r.user) {
				continue
			}
			w := writer{book: s.book}
			w.booking(int32(i))
			b := Booking{Status: statusNames[r.status], CreatedAt: time.UnixMilli(r.created).UTC(), JSON: w.out}
			if r.updated != noTime {
				b.UpdatedAt = time.UnixMilli(r.updated).UTC()
			}
			if !yield(uidOf(r.tag), b) {
				return
			}
		}
	}
}
