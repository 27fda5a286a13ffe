package rest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/weirhq/weir"
)

// How a host that keeps failing is left alone.
const (
	breakAfter = 5 // failures in a row, of whichever streams
	breakDelay = 10 * time.Second
)

// breaker spares a host that keeps failing, and the budget with it: after five
// failures in a row nothing is sent for ten seconds, then one request tries. A
// 429 is no such failure: the host is well.
type breaker struct {
	circuit circuitbreaker.CircuitBreaker[any]
	last    atomic.Pointer[weir.Error] // the latest failure
}

func newBreaker() *breaker {
	return &breaker{circuit: circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(breakAfter).WithDelay(breakDelay).WithSuccessThreshold(1).Build()}
}

// enter lets a request through that is about to be sent. Each that it lets
// through must leave.
func (b *breaker) enter() error {
	if b.circuit.TryAcquirePermit() {
		return nil
	}
	e := weir.Error{Code: weir.CodeNotSent, Remedy: "Run again later; everything up to here is kept"}
	if last := b.last.Load(); last != nil {
		e.Where, e.Message, e.Remedy = last.Where, last.Message, last.Remedy
	}
	e.Message = fmt.Sprintf("%s (%d times in a row; nothing is sent for a moment)", e.Message, breakAfter)
	return &e
}

// leave tells how the request ended.
func (b *breaker) leave(ctx context.Context, err error) {
	var failure *weir.Error
	switch {
	case errors.As(err, &failure) && (failure.Code == weir.CodeNotSent || failure.Code == weir.CodeTransient):
		b.last.Store(failure)
		b.circuit.RecordFailure()
	case ctx.Err() != nil && b.circuit.IsHalfOpen():
		b.circuit.RecordFailure() // it tried nothing
	default:
		b.circuit.RecordSuccess()
	}
}
