package rest_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// host answers with a status and counts.
type host struct {
	mu     sync.Mutex
	status int
	asked  int
}

func (h *host) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(h.status)
	_, _ = w.Write([]byte(`{"message":"so it is"}`))
}

// exchanges makes n of them, one after the other, and gives the last error.
func exchanges(ctx context.Context, ex rest.Exchanger, n int) (err error) {
	for range n {
		_, err = ex.Exchange(ctx, rest.Request{Method: "GET", URL: "http://127.0.0.1/v2/me"})
	}
	return err
}

func TestAHostThatKeepsFailingIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{status: http.StatusBadGateway}
		c := client(t, h, "cal_test")
		err := exchanges(t.Context(), c, 20)
		if h.asked != 5 {
			t.Errorf("asked %d times, want 5", h.asked)
		}
		if !weir.CodeOf(err).Retryable() || !strings.Contains(err.Error(), "502") || !strings.Contains(err.Error(), "5 times in a row") {
			t.Errorf("the last error is %v", err)
		}
		time.Sleep(11 * time.Second) // of the bubble's clock
		if _ = exchanges(t.Context(), c, 20); h.asked != 6 {
			t.Errorf("asked %d times after the pause, want one trial more", h.asked)
		}
		time.Sleep(11 * time.Second)
		h.status = http.StatusOK
		if err := exchanges(t.Context(), c, 20); err != nil || h.asked != 26 {
			t.Errorf("asked %d times once it was well, %v", h.asked, err)
		}
	})
}

func TestRefusalsAreNoReasonToLeaveAHostAlone(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 429} {
		h := &host{status: status}
		if _ = exchanges(t.Context(), client(t, h, "cal_test"), 20); h.asked != 20 {
			t.Errorf("%d: asked %d times", status, h.asked)
		}
	}
}

// turnstile is a budget whose places come when the test says so.
type turnstile struct{ places chan struct{} }

func (b turnstile) Take(ctx context.Context, _ weir.Lane) (func(weir.Answer), error) {
	select {
	case <-b.places:
		return func(weir.Answer) {}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestWhoWaitsForAPlaceWhileAHostFailsIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{status: http.StatusBadGateway}
		b := turnstile{make(chan struct{})}
		c, err := rest.NewClient(rest.ClientOptions{HTTP: &http.Client{Transport: direct{h}}, Origin: "http://127.0.0.1", Key: weir.NewSecret("cal_test"), AuthHeader: "Authorization", Budget: b})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			go func() { _ = exchanges(t.Context(), c, 1) }()
		}
		synctest.Wait()
		for range 20 {
			b.places <- struct{}{}
			synctest.Wait()
		}
		if h.asked != 5 {
			t.Errorf("asked %d times, want 5", h.asked)
		}
	})
}
