package flow

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// pausing is a service that notes its pauses instead of waiting.
func pausing(pauses *[]time.Duration) *Service {
	return New(Options{Pause: func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}})
}

func TestWhatOthersComeBetweenIsTriedAgainAfterAPause(t *testing.T) {
	var pauses []time.Duration
	tries := 0
	between := store.Changed(&store.Resource{Kind: store.KindDestination, ID: 1})
	_, err := again(t.Context(), pausing(&pauses), func() (int, error) {
		tries++
		return 0, between
	})
	if !errors.Is(err, between) || tries != mostAgain || len(pauses) != mostAgain-1 {
		t.Errorf("%d tries, %d pauses, %v", tries, len(pauses), err)
	}
	for n, d := range pauses {
		if d < 0 || d >= min(againPause<<n, longestAgain) {
			t.Errorf("pause %d is %v", n, d)
		}
	}
}

func TestWhatNoRepetitionMendsIsNotTriedAgain(t *testing.T) {
	changed := store.Changed(&store.Resource{Kind: store.KindDestination, ID: 1})
	for name, failed := range map[string]error{"another error": &weir.Error{Code: weir.CodeData}, "what the caller has read is old": asRead(changed)} {
		var pauses []time.Duration
		tries := 0
		_, err := again(t.Context(), pausing(&pauses), func() (int, error) {
			tries++
			return 0, failed
		})
		if err == nil || tries != 1 || len(pauses) > 0 {
			t.Errorf("%s: %d tries, %d pauses, %v", name, tries, len(pauses), err)
		}
		if errors.As(err, &stale{}) {
			t.Errorf("%s: the caller gets the mark", name)
		}
	}
}

func TestWhoeverLeavesWaitsForNoFurtherTry(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	tries := 0
	_, err := again(ctx, New(Options{}), func() (int, error) {
		tries++
		leave()
		return 0, store.Changed(&store.Resource{})
	})
	if !errors.Is(err, context.Canceled) || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}
