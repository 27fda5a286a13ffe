package flow

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/weirhq/weir"
)

func TestALookAtRulesThatTakesTooLongIsStoppedWithARemedy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := newLooks().within(t.Context(), func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		var e *weir.Error
		if !errors.As(err, &e) || e.Code != weir.CodeThrottled || e.Remedy == "" {
			t.Errorf("it ended with %v", err)
		}
	})
}

func TestOnlyTwoLookAtRulesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, done := newLooks(), make(chan struct{})
		var begun atomic.Int32
		one := func(context.Context) error {
			begun.Add(1)
			<-done
			return nil
		}
		for range looksAtOnce {
			go func() { _ = l.within(t.Context(), one) }()
		}
		synctest.Wait()
		if err := l.within(t.Context(), one); weir.CodeOf(err) != weir.CodeThrottled || begun.Load() != looksAtOnce {
			t.Errorf("the third ended with %v, and %d looked at once", err, begun.Load())
		}
		close(done)
		synctest.Wait()
		if err := l.within(t.Context(), one); err != nil {
			t.Errorf("after the others: %v", err)
		}
	})
}

func TestALookAtRulesEndsWithWhoAskedForIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := newLooks().within(ctx, func(ctx context.Context) error {
		cancel()
		return ctx.Err()
	})
	if weir.CodeOf(err) != weir.CodeCancelled {
		t.Errorf("it ended with %v", err)
	}
}
