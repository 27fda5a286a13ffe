package governor

import "time"

// jumpTolerance is how far the wall clock may run ahead of the monotonic one
// between two looks before it counts as a jump; ordinary slewing stays under it.
const jumpTolerance = time.Second

// timepiece reads both clocks of a process: the monotonic one as the time
// since start, and the wall clock in milliseconds.
type timepiece struct {
	monotonic func() time.Duration
	wall      func() int64
}

func newTimepiece(now func() time.Time) timepiece {
	start := now().Add(-time.Second) // instant 0 lies in the past and means "never yet"
	return timepiece{
		monotonic: func() time.Duration { return now().Sub(start) },
		wall:      func() int64 { return now().UnixMilli() },
	}
}

// ledgerClock relates a ledger document's time (Unix milliseconds that never
// go back) to this process's monotonic time.
type ledgerClock struct {
	timepiece
	read      bool
	ledger    int64 // of the last look
	wallThen  int64
	monotonic time.Duration
}

// look is one moment on both scales.
type look struct {
	now    time.Duration // monotonic
	ledger int64         // milliseconds
	jumped bool          // the wall clock ran ahead of the monotonic one since the last look
}

// look relates the scales now, given the newest stamp in the document.
func (c *ledgerClock) look(newest int64) look {
	now, wall := c.timepiece.monotonic(), c.timepiece.wall()
	l := look{now: now, ledger: max(wall, newest)}
	if c.read {
		elapsed := (now - c.monotonic).Milliseconds()
		l.ledger = max(l.ledger, c.ledger+elapsed)
		l.jumped = wall-(c.wallThen+elapsed) > jumpTolerance.Milliseconds()
	}
	c.read, c.ledger, c.wallThen, c.monotonic = true, l.ledger, wall, now
	return l
}

// stamp turns a monotonic instant into ledger time, rounded up: late is safe.
func (l look) stamp(t time.Duration) int64 {
	d := t - l.now
	ms := d.Milliseconds()
	if d > 0 && d%time.Millisecond != 0 {
		ms++
	}
	return l.ledger + ms
}

// instant turns ledger time into a monotonic instant.
func (l look) instant(stamp int64) time.Duration {
	return l.now + time.Duration(stamp-l.ledger)*time.Millisecond
}
