package simulator

import (
	"math/rand/v2"
	"time"
)

// Mutation is a set of changes to the data, as people make them. The same
// mutations in the same order change the same bookings in the same way.
type Mutation struct {
	Count     int    `json:"count"`     // changes of all kinds but the ones below
	Delete    int    `json:"delete"`    // bookings that vanish without a trace
	Bulk      int    `json:"bulk"`      // bookings that move to another place in one and the same millisecond
	EventType int    `json:"eventType"` // id of an event type that is deleted: its bookings' updatedAt does not move
	Seed      uint64 `json:"seed"`
}

// pendingChange is a change that a lagging replica does not show yet.
type pendingChange struct {
	visible time.Time
	apply   func(b *book)
}

// Mutate changes data now, or, with Options.ReplicaLag, makes the changes
// visible later. It never changes the organization's bookings, which no key
// but the organization's sees.
func (s *Simulator) Mutate(m Mutation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	random := rand.New(rand.NewPCG(s.options.Seed, mix(m.Seed)))
	for range m.Count {
		s.happen(func(b *book, at int64) { b.randomChange(random, at) })
	}
	if m.Bulk > 0 {
		s.happen(func(b *book, at int64) {
			b.pick(random, m.Bulk, func(r *row) bool { return r.seats == 0 }, func(i int32) {
				b.change(i, func(r *row) { r.traits |= newPlace; r.updated = at })
			})
		})
	}
	if m.EventType != 0 {
		s.happen(func(b *book, _ int64) {
			if e := b.dir.eventType(m.EventType); e != nil {
				e.deleted = true
			}
		})
	}
	if m.Delete > 0 {
		s.happen(func(b *book, _ int64) { b.pick(random, m.Delete, anyRow, b.erase) })
	}
}

// happen lets a change happen at the present time, the one it carries.
func (s *Simulator) happen(apply func(b *book, at int64)) {
	now := s.now()
	at := now.UnixMilli()
	if s.options.ReplicaLag == 0 {
		apply(s.book, at)
		return
	}
	s.pending = append(s.pending, pendingChange{now.Add(s.options.ReplicaLag), func(b *book) { apply(b, at) }})
}

// catchUp shows the changes whose lag is over.
func (s *Simulator) catchUp(now time.Time) {
	if s.options.ReplicaLag == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(now)
}

// settle is catchUp with the lock held.
func (s *Simulator) settle(now time.Time) {
	for len(s.pending) > 0 && !now.Before(s.pending[0].visible) {
		s.pending[0].apply(s.book)
		s.pending = s.pending[1:]
	}
}

// deleteChance is how many of a hundred drifts delete a booking.
const deleteChance = 12

// afterRequest drifts: a few changes after every so many requests.
func (s *Simulator) afterRequest(c *call) {
	every := s.drift.Load()
	if every <= 0 || c.number%uint64(every) != 0 {
		return
	}
	random := rand.New(rand.NewPCG(s.options.Seed+1, c.number))
	m := Mutation{Count: 1 + random.IntN(3), Seed: random.Uint64()}
	if random.IntN(100) < deleteChance {
		m.Delete = 1
	}
	s.Mutate(m)
}

func anyRow(*row) bool { return true }

// pick hands count different live bookings that fit to act, or fewer when
// there are not that many.
func (b *book) pick(random *rand.Rand, count int, fits func(*row) bool, act func(int32)) {
	taken := map[int32]bool{}
	for tries := 0; len(taken) < count && tries < 20*count+200; tries++ {
		if i, ok := b.try(random, fits); ok && !taken[i] {
			taken[i] = true
			act(i)
		}
	}
	for i := range b.rows { // the rest in order, when luck does not find them
		if len(taken) >= count {
			return
		}
		if r := &b.rows[i]; r.changes() && fits(r) && !taken[int32(i)] {
			taken[int32(i)] = true
			act(int32(i))
		}
	}
}

func (b *book) try(random *rand.Rand, fits func(*row) bool) (int32, bool) {
	if len(b.rows) == 0 {
		return 0, false
	}
	i := random.IntN(len(b.rows))
	r := &b.rows[i]
	return int32(i), r.changes() && fits(r)
}

// changes says whether a row may change at all.
func (r *row) changes() bool { return r.status != erased && r.user != orgmember }
