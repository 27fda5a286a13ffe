package governor

import (
	"slices"
	"time"

	"github.com/weirhq/weir"
)

// laneCount is the number of lanes.
const laneCount = int(weir.LaneBackfill) + 1

// laneWeights are the shares of places when several lanes wait. Interactive
// requests have none: a person waits, they are few, they go first. A sweep
// gets at most a quarter against any other single lane, less against more.
var laneWeights = [laneCount]float64{
	weir.LaneHook: 6, weir.LaneIncremental: 6, weir.LaneSweep: 1, weir.LaneBackfill: 3,
}

// waiter is one Take that waits.
type waiter struct {
	lane    weir.Lane
	since   time.Duration
	granted chan grant // capacity 1: granting never blocks
}

// grant is what a waiter waits for: a place or the reason why there is none.
type grant struct {
	place *place
	err   error
}

// lanes are the waiting requests: first come first served within a lane,
// shares by weight between lanes. A lane that waits alone gets everything.
type lanes struct {
	queues [laneCount][]*waiter
	passed [laneCount]float64 // places given / weight: the lane with the least is next
	clock  float64            // passed of the lane served last
}

func (l *lanes) push(w *waiter) {
	if len(l.queues[w.lane]) == 0 { // having been absent earns no credit
		l.passed[w.lane] = max(l.passed[w.lane], l.clock)
	}
	l.queues[w.lane] = append(l.queues[w.lane], w)
}

// pop removes the waiter whose turn it is; nil when none waits.
func (l *lanes) pop() *waiter {
	lane := l.next()
	if lane < 0 {
		return nil
	}
	w := l.queues[lane][0]
	l.queues[lane] = slices.Delete(l.queues[lane], 0, 1)
	if weight := laneWeights[lane]; weight > 0 {
		l.clock = l.passed[lane]
		l.passed[lane] += 1 / weight
	}
	return w
}

func (l *lanes) next() int {
	if len(l.queues[weir.LaneInteractive]) > 0 {
		return int(weir.LaneInteractive)
	}
	next := -1
	for lane := range l.queues {
		if len(l.queues[lane]) > 0 && (next < 0 || l.passed[lane] < l.passed[next]) {
			next = lane
		}
	}
	return next
}

// remove takes back a waiter that gave up; false when it waits no more.
func (l *lanes) remove(w *waiter) bool {
	i := slices.Index(l.queues[w.lane], w)
	if i >= 0 {
		l.queues[w.lane] = slices.Delete(l.queues[w.lane], i, i+1)
	}
	return i >= 0
}

// waiting counts all waiters.
func (l *lanes) waiting() int {
	n := 0
	for _, q := range l.queues {
		n += len(q)
	}
	return n
}

// interactive counts the people waiting.
func (l *lanes) interactive() int { return len(l.queues[weir.LaneInteractive]) }
