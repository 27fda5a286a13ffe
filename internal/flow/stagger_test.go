package flow

import (
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

func TestSourcesOfOneKeyThatDoNotFitIntoItsWindowFollowOneAnother(t *testing.T) {
	s := New(Options{})
	tick := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC).UnixMicro()
	var all []store.Schedule
	for id := range int64(6) {
		all = append(all, store.Schedule{Source: id + 1, Expression: "0 0 * * * ? *", Next: tick, Cost: 60})
	}
	delays := s.stagger(all, 120)
	for id, want := range map[int64]time.Duration{1: 0, 2: 0, 3: time.Minute, 4: time.Minute, 5: 2 * time.Minute, 6: 2 * time.Minute} {
		// A minute is the window's, a little more is the requests' own time.
		if got := delays[id]; got < want-45*time.Second || got > want+40*time.Second {
			t.Errorf("source %d begins %s after the tick, want about %s", id, got, want)
		}
	}
	if delays[5] <= delays[3] {
		t.Errorf("%v", delays)
	}
	for i := range all {
		all[i].Cost = 10
	}
	for id, delay := range s.stagger(all, 120) {
		if delay > mostJitter {
			t.Errorf("source %d waits %s though all fit", id, delay)
		}
	}
	if got := share(all, 120); got < 0.008 || got > 0.009 { // 60 of 7,200 requests in an hour
		t.Errorf("they take %.4f of the key", got)
	}
}

func TestVeryManySchedulesAreSpreadWiderAndStayWithinTheirInterval(t *testing.T) {
	s := New(Options{})
	s.crowd.Store(10_000)
	seen := map[time.Duration]int{}
	for id := range int64(10_000) {
		d := s.jitter(id, time.Hour)
		if d > 10*time.Minute {
			t.Fatalf("source %d waits %s", id, d)
		}
		seen[d.Truncate(time.Second)]++
	}
	for at, n := range seen {
		if n > 50 {
			t.Errorf("%d begin in the second after %s", n, at)
		}
	}
	if d := s.jitter(7, time.Minute); d > 15*time.Second {
		t.Errorf("a source of every minute waits %s", d)
	}
}
