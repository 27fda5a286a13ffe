package identity

import (
	"sync"
	"time"
)

// How long it is remembered that somebody must wait, and of how many subjects.
// It is short since another process may take a try back.
const (
	remembered     = time.Second
	mostRemembered = 10_000
)

// memory holds for a moment who must wait, as it was read. In a crowd it
// answers instead of the database; it never lets anybody in.
type memory struct {
	mu    sync.Mutex
	locks map[string]lock
	swept time.Time
}

// lock is until when a subject must wait, and when that was read.
type lock struct{ until, read time.Time }

func (l lock) holds(now time.Time) bool {
	age := now.Sub(l.read)
	return age >= 0 && age < remembered && l.until.After(now)
}

// keep remembers that the subject must wait. One too many is not remembered.
func (m *memory) keep(j subject, until, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks == nil || now.Sub(m.swept).Abs() >= remembered {
		m.sweep(now)
	}
	if len(m.locks) < mostRemembered {
		m.locks[string(j.key)] = lock{until: until, read: now}
	}
}

// sweep drops what holds no more.
func (m *memory) sweep(now time.Time) {
	held := map[string]lock{}
	for key, l := range m.locks {
		if l.holds(now) {
			held[key] = l
		}
	}
	m.locks, m.swept = held, now
}

// drop forgets subjects of which a try was taken back.
func (m *memory) drop(subjects []subject) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range subjects {
		delete(m.locks, string(j.key))
	}
}

// until is how long the subjects must wait at least, as far as is remembered:
// now for not at all.
func (m *memory) until(subjects []subject, now time.Time) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	until := now
	for _, j := range subjects {
		if l := m.locks[string(j.key)]; l.holds(now) && l.until.After(until) {
			until = l.until
		}
	}
	return until
}
