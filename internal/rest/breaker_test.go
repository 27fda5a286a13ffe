package rest_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// host answers as it is told and counts.
type host struct {
	answer error
	asked  int
}

func (h *host) Exchange(context.Context, rest.Request) (rest.Response, error) {
	h.asked++
	return rest.Response{}, h.answer
}

func TestAHostThatKeepsFailingIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := &weir.Error{Code: weir.CodeTransient, Message: "the server answered 502"}
		h := &host{answer: down}
		ex := rest.Breaking(h)
		var err error
		for range 20 {
			_, err = ex.Exchange(t.Context(), rest.Request{})
		}
		if h.asked != 5 {
			t.Errorf("asked %d times, want 5", h.asked)
		}
		if !weir.CodeOf(err).Retryable() || !strings.Contains(err.Error(), "502 (5 times in a row") {
			t.Errorf("the last error is %v", err)
		}
		time.Sleep(11 * time.Second) // of the bubble's clock
		for range 20 {
			_, _ = ex.Exchange(t.Context(), rest.Request{})
		}
		if h.asked != 6 {
			t.Errorf("asked %d times after the pause, want one probe more", h.asked)
		}
		time.Sleep(11 * time.Second)
		h.answer = nil
		for range 20 {
			if _, err := ex.Exchange(t.Context(), rest.Request{}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestRefusalsAreNoReasonToLeaveAHostAlone(t *testing.T) {
	for _, code := range []weir.Code{weir.CodeThrottled, weir.CodeForbidden, weir.CodeNotFound, weir.CodeAuth, weir.CodeData} {
		h := &host{answer: &weir.Error{Code: code}}
		ex := rest.Breaking(h)
		for range 20 {
			_, _ = ex.Exchange(t.Context(), rest.Request{})
		}
		if h.asked != 20 {
			t.Errorf("%s: asked %d times", code, h.asked)
		}
	}
}
