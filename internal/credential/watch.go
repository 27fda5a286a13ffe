package credential

import (
	"context"
	"net/http/httptrace"
)

// Step is what a validation has reached, so that who waits sees it.
type Step string

// The steps, in their order. A kind that asks no API has none.
const (
	StepHost    Step = "host"    // a connection to the host stands
	StepKey     Step = "key"     // the service has accepted the key
	StepAccount Step = "account" // and said whose it is
)

type watchKey struct{}

// watched lets validations under the context tell what they reach.
func watched(ctx context.Context, watch func(Step)) context.Context {
	if watch == nil {
		return ctx
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { watch(StepHost) }})
	return context.WithValue(ctx, watchKey{}, watch)
}

// reached tells whoever watches.
func reached(ctx context.Context, steps ...Step) {
	watch, ok := ctx.Value(watchKey{}).(func(Step))
	if !ok {
		return
	}
	for _, s := range steps {
		watch(s)
	}
}
