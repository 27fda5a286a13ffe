package rest

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/weirhq/weir"
)

// RetryPolicy says how often and how patiently an exchange is repeated. The
// zero value is what reads want.
type RetryPolicy struct {
	Attempts int           // 8 when 0
	First    time.Duration // before the second attempt, 1 s when 0; doubles
	Longest  time.Duration // 5 min when 0

	// Waits hears of each failure before the exchange is repeated: how many tries
	// there were so far, of at most how many, and how long the pause is. nil is
	// nobody. It must not block.
	Waits func(failed error, tries, most int, pause time.Duration)
}

// Retrying repeats reads (GET) whose failure may pass: nothing sent, 5xx, cut
// bodies, 429. The budget makes a throttled key wait; each attempt takes a
// place of its own. Other methods are passed on once.
func Retrying(ex Exchanger, p RetryPolicy) Exchanger {
	if p.Attempts == 0 {
		p.Attempts = 8
	}
	if p.First == 0 {
		p.First = time.Second
	}
	if p.Longest == 0 {
		p.Longest = 5 * time.Minute
	}
	if p.Waits == nil {
		p.Waits = func(error, int, int, time.Duration) {}
	}
	again := retrypolicy.NewBuilder[Response]().
		OnRetryScheduled(func(e failsafe.ExecutionScheduledEvent[Response]) {
			p.Waits(e.LastError(), e.Attempts(), p.Attempts, e.Delay)
		}).
		HandleIf(func(_ Response, err error) bool { return weir.CodeOf(err).Retryable() }).
		WithBackoff(p.First, p.Longest).WithJitterFactor(0.5).
		WithMaxAttempts(p.Attempts).ReturnLastFailure().Build()
	return retrying{ex, failsafe.With(again)}
}

type retrying struct {
	next   Exchanger
	policy failsafe.Executor[Response]
}

// Exchange implements Exchanger.
func (r retrying) Exchange(ctx context.Context, req Request) (Response, error) {
	if req.Method != "GET" {
		return r.next.Exchange(ctx, req)
	}
	return r.policy.WithContext(ctx).Get(func() (Response, error) { return r.next.Exchange(ctx, req) })
}
