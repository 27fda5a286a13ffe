package flow

import (
	"context"
	"time"

	"github.com/weirhq/weir"
)

// Rules that somebody only looks at run while the page or the client waits. How
// many such looks there are at once, and how long one takes with its wait, so
// that they leave the processors to runs.
const (
	looksAtOnce = 2
	ruleTime    = 10 * time.Second
)

// looks let few looks at what rules make run at once.
type looks chan struct{}

func newLooks() looks { return make(looks, looksAtOnce) }

// within waits for a place and calls f with a context that ends in time. It is
// CodeThrottled when there is none, or when f does not end in time. f must not
// look once more: it would wait for itself.
func (l looks) within(ctx context.Context, f func(context.Context) error) error {
	timed, cancel := context.WithTimeout(ctx, ruleTime)
	defer cancel()
	select {
	case l <- struct{}{}:
		defer func() { <-l }()
	case <-timed.Done():
		if ctx.Err() != nil {
			return lookStopped(ctx)
		}
		return &weir.Error{Code: weir.CodeThrottled, Where: fieldTransform, Message: "too many people are trying rules at this moment", Remedy: "Try again in a few seconds"}
	}
	err := f(timed)
	switch {
	case err == nil || timed.Err() == nil:
		return err
	case ctx.Err() != nil:
		return lookStopped(ctx)
	}
	return &weir.Error{Code: weir.CodeThrottled, Where: fieldTransform, Message: "the rules take longer than " + ruleTime.String() + " for these records",
		Remedy: "Look at fewer records, or divide the rules among several datasets"}
}

func lookStopped(ctx context.Context) error {
	return &weir.Error{Code: weir.CodeCancelled, Message: "stopped", Err: ctx.Err()}
}
