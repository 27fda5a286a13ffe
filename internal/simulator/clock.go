package simulator

import (
	"sync/atomic"
	"time"
)

// now is the simulator's time: that of Options.Now, moved or held still by
// SetClock and MoveClock.
func (s *Simulator) now() time.Time { return s.clock.read(s.options.Now) }

// SetClock sets the simulator's time. It goes on from there, or stands still
// there when hold is set.
func (s *Simulator) SetClock(t time.Time, hold bool) {
	if hold {
		s.clock.state.Store(&clockState{held: t})
		return
	}
	s.clock.state.Store(&clockState{ahead: t.Sub(s.options.Now())})
}

// MoveClock moves the simulator's time by d, forward or back.
func (s *Simulator) MoveClock(d time.Duration) {
	for {
		before := s.clock.state.Load()
		next := clockState{ahead: d}
		if before != nil {
			next = *before
			if next.held.IsZero() {
				next.ahead += d
			} else {
				next.held = next.held.Add(d)
			}
		}
		if s.clock.state.CompareAndSwap(before, &next) {
			return
		}
	}
}

// Now is the simulator's time.
func (s *Simulator) Now() time.Time { return s.now() }

type clockState struct {
	ahead time.Duration
	held  time.Time // zero when it runs
}

// movedClock is a clock on top of another.
type movedClock struct{ state atomic.Pointer[clockState] }

func (c *movedClock) read(under func() time.Time) time.Time {
	s := c.state.Load()
	switch {
	case s == nil:
		return under()
	case s.held.IsZero():
		return under().Add(s.ahead)
	}
	return s.held
}
