package main

import (
	"context"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/simulator"
)

// budgetTime is how long real processes compete for one key: 20 seconds, or
// what WEIR_BUDGET_TIME says (make soak: an hour).
func budgetTime(t *testing.T) time.Duration {
	if text := os.Getenv("WEIR_BUDGET_TIME"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return 20 * time.Second
}

// Two processes use one key at a time: one reads a list that never ends, the
// other asks what a run would cost. Both are killed again and again. The
// simulator, which enforces the limit as Cal.com does, refuses nothing.
func TestProcessesThatAreKilledNeverExceedTheKeysLimit(t *testing.T) {
	sim, err := simulator.New(simulator.Options{Bookings: 300_000, Seed: 3, RateLimit: 120})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()
	data, long := t.TempDir(), budgetTime(t)
	ctx, stop := context.WithTimeout(t.Context(), long)
	defer stop()
	live := func(seed uint64, args ...string) (kills int) {
		random := rand.New(rand.NewPCG(seed, 2))
		for ctx.Err() == nil {
			// About a hundred kills an hour, and a few in the short form.
			life := time.Second + time.Duration(random.Int64N(int64(max(long/50, 3*time.Second))))
			alive, kill := context.WithTimeout(ctx, life)
			cmd := exec.CommandContext(alive, os.Args[0], append(args, "--base-url", server.URL, "--data", data)...) // #nosec G204 -- our own test binary
			cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "CAL_API_KEY="+sim.Keys()[0].Key)
			out, err := cmd.CombinedOutput()
			if alive.Err() == nil && err != nil {
				t.Errorf("%v: %s", err, out)
				kill()
				return kills
			}
			if alive.Err() != nil {
				kills++
			}
			kill()
		}
		return kills
	}
	var both sync.WaitGroup
	var killed [2]int
	both.Go(func() {
		killed[0] = live(1, "sync", "--streams", "bookings", "--quiet", "--to", "sqlite:"+filepath.Join(data, "cal.db"))
	})
	both.Go(func() { killed[1] = live(2, "plan") })
	both.Wait()
	a := sim.Arrivals()
	t.Logf("%d arrivals in %v, %.1f a minute; at most %d in a minute; %d and %d kills", a.Total, long, float64(a.Total)/long.Minutes(), a.MaxInWindow, killed[0], killed[1])
	if a.Refused > 0 || a.MaxInWindow > 120 {
		t.Errorf("%d refused, %d in one minute", a.Refused, a.MaxInWindow)
	}
	if killed[0] == 0 || a.Total < 10 {
		t.Errorf("%d kills, %d arrivals: that proves nothing", killed[0], a.Total)
	}
}

// A sync beside a server on one directory, with one key: each waits for the places
// that the other has taken, and the server shows what the sync has used.
func TestASyncBesideAServerSharesItsBudget(t *testing.T) {
	t.Parallel()
	const limit = 120
	s := newService(t, 40_000) // more pages for each than the key has places
	s.setup()
	s.weir([]string{"CAL_API_KEY=" + s.key()}, "credentials", "add", "Ours")
	s.weir(nil, "sources", "add", "Bookings", "--credential", "1", "--endpoint", "bookings")
	s.weir(nil, "sources", "run", "2", "--no-wait")
	beside := s.command("sync", "--streams", "bookings", "--quiet", "--base-url", s.simURL, "--data", s.dir, "--to", "sqlite:"+filepath.Join(t.TempDir(), "beside.db"))
	beside.Env = append(beside.Env, "CAL_API_KEY="+s.key())
	if err := beside.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = beside.Process.Kill()
		_ = beside.Wait() // it was killed
	}()
	session := s.signedIn()
	budget := func() (b struct {
		Used    int `json:"used"`
		LastDay struct {
			Requests int `json:"requests"`
		} `json:"last_day"`
	}) {
		var all []jsontext.Value
		if err := json.Unmarshal(s.ask("GET", "/budgets", "Bearer "+session), &all); err != nil || len(all) != 1 {
			t.Fatalf("%d budgets, %v", len(all), err)
		}
		if err := json.Unmarshal(all[0], &b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for end := time.Now().Add(2 * time.Minute); s.sim.Arrivals().Total < limit && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(5 * time.Second) // for requests that should not be
	a := s.sim.Arrivals()
	if a.Refused > 0 || a.MaxInWindow > limit || a.Total < limit {
		t.Errorf("%d requests arrived, %d of them in one minute, %d were refused", a.Total, a.MaxInWindow, a.Refused)
	}
	if b := budget(); b.Used < limit*9/10 || b.LastDay.Requests > b.Used-limit/10 {
		t.Errorf("of %d places %d are said to be used, and %d by the server itself", limit, b.Used, b.LastDay.Requests)
	}
}
