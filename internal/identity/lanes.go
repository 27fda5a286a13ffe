package identity

import (
	"context"
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

// patience is how long a stranger waits before being sent away.
const patience = 10 * time.Second

// lanes let few computations run at once.
type lanes struct{ all, strangers, queue chan struct{} }

func newLanes() *lanes {
	return &lanes{all: make(chan struct{}, atOnce), strangers: make(chan struct{}, strangers), queue: make(chan struct{}, queue)}
}

// enter waits for a place; leave gives it back. Strangers find the door shut
// with CodeThrottled when too many wait, or for too long.
func (l *lanes) enter(ctx context.Context, known bool) (leave func(), err error) {
	mine := []chan struct{}{l.all}
	var tired <-chan time.Time // of a known browser: never
	if !known {
		select {
		case l.queue <- struct{}{}:
		default:
			return nil, crowded()
		}
		defer func() { <-l.queue }()
		timer := time.NewTimer(patience)
		defer timer.Stop()
		tired = timer.C
		mine = []chan struct{}{l.strangers, l.all}
	}
	for i, lane := range mine {
		select {
		case lane <- struct{}{}:
		case <-tired:
			free(mine[:i])
			return nil, crowded()
		case <-ctx.Done():
			free(mine[:i])
			return nil, &weir.Error{Code: weir.CodeCancelled, Where: "sign-in", Message: "stopped", Err: ctx.Err()}
		}
	}
	return func() { free(mine) }, nil
}

func crowded() error {
	return &weir.Error{Code: weir.CodeThrottled, Where: "sign-in", Message: "too many people are signing in at this moment", Remedy: "Try again in a few seconds"}
}

func free(lanes []chan struct{}) {
	for _, lane := range lanes {
		<-lane
	}
}
