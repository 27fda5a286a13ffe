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

// Breaking spares a host that keeps failing, and the budget with it: after
// five failures in a row nothing is sent for ten seconds, then one request
// tries. A 429 is no such failure: the host is well. All readers of one origin
// share it.
func Breaking(ex Exchanger) Exchanger {
	return &breaking{next: ex, breaker: circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(breakAfter).WithDelay(breakDelay).WithSuccessThreshold(1).Build()}
}

type breaking struct {
	next    Exchanger
	breaker circuitbreaker.CircuitBreaker[any]
	last    atomic.Pointer[weir.Error] // the latest failure
}

// Exchange implements Exchanger.
func (b *breaking) Exchange(ctx context.Context, r Request) (Response, error) {
	if !b.breaker.TryAcquirePermit() {
		return Response{}, b.spared()
	}
	res, err := b.next.Exchange(ctx, r)
	var failure *weir.Error
	if errors.As(err, &failure) && (failure.Code == weir.CodeNotSent || failure.Code == weir.CodeTransient) {
		b.last.Store(failure)
		b.breaker.RecordFailure()
	} else {
		b.breaker.RecordSuccess() // or a cancelled one, which tells nothing: the permit goes back
	}
	return res, err
}

// spared is the error of a request that was not made: the failure that
// speaks for the host.
func (b *breaking) spared() error {
	e := weir.Error{Code: weir.CodeNotSent, Remedy: "Run again later; everything up to here is kept"}
	if last := b.last.Load(); last != nil {
		e = *last
	}
	e.Message = fmt.Sprintf("%s (%d times in a row; nothing is sent for a moment)", e.Message, breakAfter)
	return &e
}
