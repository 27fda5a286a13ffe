package identity

import (
	"context"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// How many passwords are computed at once, each in its 64 MiB; how many of
// those may be strangers', so that known browsers need not wait behind an
// attack; and how many strangers wait before the next is sent away.
const (
	atOnce    = 2
	strangers = 1
	queue     = 16
)

// How many strangers are looked at side by side before that, and how many wait
// for it outside. A thousand tries a second are refused by two at a time; were
// all of them at it together, whoever computes would hardly get a turn.
const (
	doors   = 2
	outside = 1000
)

// patience is how long a stranger waits before being sent away.
const patience = 10 * time.Second

// longestYield is how long a stranger whose turn it is gives way to known browsers.
const longestYield = 2 * time.Second

// dwell is how long a stranger who came in a crowd and is refused is kept without
// an answer, at least, and until no known browser computes: whoever asks again at
// once asks less often then, and not while it matters. It holds nothing, and so
// many are kept at once at most.
const (
	dwell = 500 * time.Millisecond
	kept  = 2000
)

// lanes let few computations run at once, and few strangers in to be looked at.
type lanes struct {
	all, strangers, queue, door, outside, kept chan struct{}

	mu    sync.Mutex
	known int           // browsers that compute, or wait to
	quiet chan struct{} // closed while there are none
}

func newLanes() *lanes {
	l := &lanes{all: make(chan struct{}, atOnce), strangers: make(chan struct{}, strangers), queue: make(chan struct{}, queue),
		door: make(chan struct{}, doors), outside: make(chan struct{}, outside), kept: make(chan struct{}, kept), quiet: make(chan struct{})}
	close(l.quiet)
	return l
}

// knock waits for a place at which a stranger is looked at; leave gives it back,
// and may be called twice. In a crowd is who finds none free, or comes while a
// known browser computes: glance may turn them away, and so does CodeThrottled
// when too many wait, or for too long.
func (l *lanes) knock(ctx context.Context, glance func() error) (leave func(), crowd bool, err error) {
	leave = sync.OnceFunc(func() { <-l.door })
	if l.enterQuietly() {
		return leave, false, nil
	}
	if err := glance(); err != nil {
		return nil, true, err
	}
	select {
	case l.outside <- struct{}{}:
	default:
		return nil, true, crowded()
	}
	defer func() { <-l.outside }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	return leave, true, wait(ctx, l.door, timer.C)
}

// enterQuietly takes a free door, unless a known browser computes or waits to.
func (l *lanes) enterQuietly() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known > 0 {
		return false
	}
	select {
	case l.door <- struct{}{}:
		return true
	default:
		return false
	}
}

// keep keeps somebody without an answer for a while, unless too many are kept.
func (l *lanes) keep(ctx context.Context) {
	select {
	case l.kept <- struct{}{}:
	default:
		return
	}
	defer func() { <-l.kept }()
	timer := time.NewTimer(dwell)
	defer timer.Stop()
	select {
	case <-timer.C:
		l.giveWay(ctx, patience)
	case <-ctx.Done():
	}
}

// full says that a stranger would find the door shut.
func (l *lanes) full() bool { return len(l.queue) == cap(l.queue) }

// enter waits for a place; leave gives it back. Strangers find the door shut
// with CodeThrottled when too many wait, or for too long.
func (l *lanes) enter(ctx context.Context, known bool) (leave func(), err error) {
	if known {
		return l.enterKnown(ctx)
	}
	select {
	case l.queue <- struct{}{}:
	default:
		return nil, crowded()
	}
	defer func() { <-l.queue }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	if err := wait(ctx, l.strangers, timer.C); err != nil {
		return nil, err
	}
	l.giveWay(ctx, longestYield)
	if err := wait(ctx, l.all, timer.C); err != nil {
		<-l.strangers
		return nil, err
	}
	return func() { <-l.all; <-l.strangers }, nil
}

// enterKnown is enter for a known browser: it waits for others of its kind alone,
// as long as it takes, and no stranger begins meanwhile.
func (l *lanes) enterKnown(ctx context.Context) (leave func(), err error) {
	l.mu.Lock()
	if l.known++; l.known == 1 {
		l.quiet = make(chan struct{})
	}
	l.mu.Unlock()
	gone := func() {
		l.mu.Lock()
		if l.known--; l.known == 0 {
			close(l.quiet)
		}
		l.mu.Unlock()
	}
	if err := wait(ctx, l.all, nil); err != nil {
		gone()
		return nil, err
	}
	return func() { <-l.all; gone() }, nil
}

// giveWay waits until no known browser computes or waits to, but not for longer: those
// who have an account must not keep everybody else out.
func (l *lanes) giveWay(ctx context.Context, longest time.Duration) {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case <-l.untilQuiet():
	case <-timer.C:
	case <-ctx.Done():
	}
}

// untilQuiet is closed once no known browser computes or waits to.
func (l *lanes) untilQuiet() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.quiet
}

// wait waits for a place in a lane; CodeThrottled for who is tired before.
func wait(ctx context.Context, lane chan<- struct{}, tired <-chan time.Time) error {
	select {
	case lane <- struct{}{}:
		return nil
	case <-tired:
		return crowded()
	case <-ctx.Done():
		return &weir.Error{Code: weir.CodeCancelled, Where: "sign-in", Message: "stopped", Err: ctx.Err()}
	}
}

func crowded() error {
	return &weir.Error{Code: weir.CodeThrottled, Where: "sign-in", Message: "too many people are signing in at this moment", Remedy: "Try again in a few seconds"}
}
