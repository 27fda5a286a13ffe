package server_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/pacetest"
)

// A thousand tries a second over HTTP, at the full cost of a password, from
// tens of thousands of addresses, at many accounts and at the owner's. The
// owner's own browser, behind an address that attacks as well, signs in all
// the while. WEIR_FLOOD says for how long: 10m in `make soak`. Without it there are
// three seconds of 100 tries each, which a server under the race detector answers
// beside other tests, and counts must hold; in a long form times and the rate must,
// too, as far as the machine has time for them.
func TestAFloodOverHTTPKeepsNobodyWithAKnownBrowserOut(t *testing.T) {
	if testing.Short() {
		t.Skip("it floods for three seconds")
	}
	last, rate, workers := 3*time.Second, 100.0, 64
	if text := os.Getenv("WEIR_FLOOD"); text != "" {
		var err error
		if last, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
		rate, workers = 1000, 3000
	}
	const home = "203.0.113.7"
	w := newWorld(t, 1)
	w.config.Logger, w.config.PasswordCost = slog.New(slog.DiscardHandler), identity.Cost{}
	w.config.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	w.restart()
	owner := w.browser()
	owner.headers["X-Forwarded-For"] = home
	owner.signInAs("ada@example.com", adasPassword)
	calm := slowestSignIn(owner) // what it takes here without a flood: the machine may be busy with others

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers, MaxConnsPerHost: workers}}
	var sent, compared, atOwner, failed atomic.Int64
	try := func(n int64) {
		email, address := "ada@example.com", home
		if n%2 == 0 {
			email = fmt.Sprintf("user%d@example.com", n)
		}
		if n%10 != 0 {
			address = fmt.Sprintf("10.%d.%d.1", n%250, n/250%250)
		}
		req, err := http.NewRequestWithContext(ctx, "POST", w.url+"/api/session", strings.NewReader(`{"email":"`+email+`","password":"wrong wrong wrong"}`))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", address)
		res, err := client.Do(req)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		sent.Add(1)
		switch {
		case res.StatusCode == http.StatusUnauthorized:
			compared.Add(1)
			if n%2 == 1 {
				atOwner.Add(1)
			}
		case res.StatusCode != http.StatusTooManyRequests:
			failed.Add(1)
		}
	}
	var group sync.WaitGroup
	begin, slower := time.Now(), pacetest.Watch(t)
	due := make(chan int64, int(rate))
	for range workers {
		group.Go(func() {
			for n := range due {
				try(n)
			}
		})
	}
	group.Go(func() { // what cannot be sent at its time waits, up to a second's worth
		defer close(due)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for n := int64(0); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for ; n < int64(time.Since(begin).Seconds()*rate); n++ {
				select {
				case due <- n:
				default:
				}
			}
		}
	})
	var waits []time.Duration
	for time.Since(begin) < last {
		one := time.Now()
		res, text := owner.do("POST", "/session", m{"email": "ada@example.com", "password": adasPassword})
		waits = append(waits, time.Since(one))
		if res.StatusCode != http.StatusOK {
			t.Errorf("the owner is answered %d: %s", res.StatusCode, text)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	took, times := time.Since(begin), slower()
	cancel()
	group.Wait()
	slices.Sort(waits)
	t.Logf("%v: %d tries (%.0f a second), %d compared, %d at the owner's account; the owner signed in %d times: median %v, 99th %v, longest %v; without a flood at most %v; the machine was %.1f times slower", took.Round(time.Second), sent.Load(),
		float64(sent.Load())/took.Seconds(), compared.Load(), atOwner.Load(), len(waits), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1], calm, times)
	if n := atOwner.Load(); n > 5*(1+int64(took/(15*time.Minute))) {
		t.Errorf("%d tries at the owner's password", n)
	}
	if failed.Load() > 0 {
		t.Errorf("%d answers that are neither refusal nor wait", failed.Load())
	}
	if longest := waits[len(waits)-1]; longest > max(10*time.Second, 10*calm) { // 2 s is the aim; a busy machine is no failure
		t.Errorf("the owner waited %v", longest)
	}
	if last < time.Minute {
		return
	}
	if n := sent.Load(); float64(n) < 0.95*rate*took.Seconds()/times {
		t.Errorf("only %d tries were answered", n)
	}
	if usual := waits[len(waits)*99/100]; usual > time.Duration(times*float64(2*time.Second)) {
		t.Errorf("the owner waited %v", usual)
	}
}

// slowestSignIn is the longest of five sign-ins of the owner.
func slowestSignIn(owner *browser) (slowest time.Duration) {
	for range 5 {
		one := time.Now()
		owner.signInAs("ada@example.com", adasPassword)
		slowest = max(slowest, time.Since(one))
	}
	return slowest
}
