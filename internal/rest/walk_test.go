package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// shows is what a Read has shown so far, as a store would keep it.
type shows struct {
	*testing.T
	source     *rest.Source
	keys       map[string]int
	emitted    int
	checkpoint weir.Checkpoint
	complete   bool
	kill       func() bool // before a page is durable
}

var errKilled = &weir.Error{Code: weir.CodeLocal, Message: "killed"}

func watch(t *testing.T, c rest.Config, h http.Handler) *shows {
	t.Helper()
	s, err := rest.NewSource(c, client(t, h, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	return &shows{T: t, source: s, keys: map[string]int{}}
}

func (s *shows) try(r rest.ReadRequest) error {
	r.Checkpoint, s.complete = s.checkpoint, false
	return s.source.Read(s.Context(), r, func(_ context.Context, p weir.Page) error {
		if s.kill != nil && s.kill() {
			return errKilled
		}
		for _, r := range p.Records {
			s.keys[r.Key]++
			s.emitted++
		}
		s.checkpoint, s.complete = p.Checkpoint, p.Complete
		return nil
	})
}

func (s *shows) read(r rest.ReadRequest) {
	s.Helper()
	if err := s.try(r); err != nil {
		s.Fatal(err)
	}
}

// through reads until it is not killed any more.
func (s *shows) through(r rest.ReadRequest) {
	s.Helper()
	for n := 0; ; n++ {
		err := s.try(r)
		if err == nil {
			return
		}
		if weir.CodeOf(err) != weir.CodeLocal || n > 1000 {
			s.Fatal(err)
		}
	}
}

func TestASweepShowsEachRowOnceAndCostsLittleMoreThanItsPages(t *testing.T) {
	for _, n := range []int{0, 1, 2, 9, 10, 11, 19, 20, 95, 1000} {
		l := &list{rows: rowsOf(n)}
		s := watch(t, small(), l)
		s.read(rest.ReadRequest{})
		if len(s.keys) != n || s.emitted != n || !s.complete {
			t.Errorf("%d rows: %d shown, %d times, complete %v", n, len(s.keys), s.emitted, s.complete)
		}
		if limit := (n+8)/9 + 2; l.requests > limit {
			t.Errorf("%d rows cost %d requests, want at most %d", n, l.requests, limit)
		}
	}
}

// bounds notes a parameter of every request.
func bounds(l *list, param string) func() []string {
	var seen []string
	l.before = func(q url.Values) { seen = append(seen, q.Get(param)) }
	return func() []string { return seen }
}

func TestAnIncrementLooksBackAsFarAsItIsTold(t *testing.T) {
	for told, want := range map[int]time.Duration{0: 10 * time.Minute, 120: 2 * time.Minute, 3600: time.Hour} {
		c := small()
		c.Steps[0].Keyset.LookbackSeconds = told
		l := &list{rows: rowsOf(25)}
		s := watch(t, c, l)
		began := time.Now()
		s.read(rest.ReadRequest{})
		from := bounds(l, "afterUpdatedAt")
		s.read(rest.ReadRequest{Mode: rest.ModeIncremental})
		at, err := time.Parse(time.RFC3339Nano, from()[0])
		if back := began.Sub(at); err != nil || back < want-5*time.Second || back > want+5*time.Second {
			t.Errorf("told %d s: it looks back %v, %v", told, back, err)
		}
	}
}

func TestAnIncrementThatWasKilledReadsTheSameWindowToItsEnd(t *testing.T) {
	l := &list{rows: rowsOf(95)}
	s := watch(t, small(), l)
	s.read(rest.ReadRequest{})
	for i := range l.rows {
		l.rows[i].updated = time.Now().Add(-time.Duration(300-i) * time.Second)
	}
	to := bounds(l, "beforeUpdatedAt")
	pages := 0
	s.kill = func() bool { pages++; return pages == 4 }
	s.keys = map[string]int{}
	s.through(rest.ReadRequest{Mode: rest.ModeIncremental})
	if len(s.keys) != 95 {
		t.Errorf("%d of 95 shown", len(s.keys))
	}
	if bounds := slices.Compact(slices.DeleteFunc(to(), func(b string) bool { return b == "" })); len(bounds) != 1 {
		t.Errorf("the window moved while it was read: %v", bounds)
	}
}

func TestAKillWhileATieIsReadLosesNothing(t *testing.T) {
	for at := range 12 {
		l := &list{rows: rowsOf(20)}
		for i := range 60 {
			l.rows = append(l.rows, row{fmt.Sprintf("tied%d", i), day.Add(time.Hour), day.Add(2 * time.Hour)})
		}
		s := watch(t, small(), l)
		n := 0
		s.kill = func() bool { n++; return n == at+1 }
		for _, mode := range []rest.Mode{rest.ModeSweep, rest.ModeIncremental} {
			s.through(rest.ReadRequest{Mode: mode})
		}
		if len(s.keys) != 80 {
			t.Errorf("killed at page %d: %d of 80 shown", at, len(s.keys))
		}
	}
}

func TestAServerWithSmallerPagesThanItWasAskedForIsReadWhole(t *testing.T) {
	for _, ties := range []int{1, 25, 40, 140} {
		l := &list{rows: rowsOf(33), cap: 20}
		for i := range ties {
			l.rows = append(l.rows, row{fmt.Sprintf("tied%d", i), day.Add(50 * time.Hour), day.Add(51 * time.Hour)})
		}
		c := small()
		c.Steps[0].Keyset.Size = 30
		s := watch(t, c, l)
		s.read(rest.ReadRequest{})
		if len(s.keys) != len(l.rows) || !s.complete {
			t.Errorf("%d ties: %d of %d shown", ties, len(s.keys), len(l.rows))
		}
	}
}

func TestAServerThatIgnoresSkipInsideATieIsNoticed(t *testing.T) {
	l := &list{ignore: func(p string) bool { return p == "skip" }}
	for i := range 30 {
		l.rows = append(l.rows, row{fmt.Sprintf("tied%02d", i), day, day})
	}
	s := watch(t, small(), l)
	if err := s.try(rest.ReadRequest{}); weir.CodeOf(err) != weir.CodeCapability || l.requests > 500 {
		t.Errorf("%v after %d requests", err, l.requests)
	}
}

// Like a link that is signed anew each time somebody looks.
func TestARecordThatDiffersAtEveryLookDoesNotKeepTheWalkFromEnding(t *testing.T) {
	l := &list{rows: rowsOf(25)}
	l.note = func() string { return fmt.Sprint(l.requests) }
	s := watch(t, small(), l)
	s.read(rest.ReadRequest{})
	if len(s.keys) != 25 || l.requests > 6 {
		t.Errorf("%d shown in %d requests", len(s.keys), l.requests)
	}
}

func TestARowThatMovesWhileTheServerAnswersIsReadOnTheNextTry(t *testing.T) {
	l := &list{rows: rowsOf(95)}
	l.cut = func(page []row) []row {
		if l.requests%3 == 0 || len(page) < 3 {
			return page
		}
		page = slices.Clone(page)
		page[0], page[1] = page[1], page[0]
		return page
	}
	s := watch(t, small(), l)
	s.read(rest.ReadRequest{})
	if len(s.keys) != 95 || !s.complete {
		t.Errorf("%d of 95 shown", len(s.keys))
	}
}

func TestSinceCutsASweepOffWhichIsThenNotComplete(t *testing.T) {
	l := &list{rows: rowsOf(95)}
	last := l.rows[94].created
	s := watch(t, small(), l)
	pages := 0
	s.kill = func() bool { pages++; return pages == 2 }
	if err := s.try(rest.ReadRequest{Since: last.Add(-30 * time.Minute)}); weir.CodeOf(err) != weir.CodeLocal {
		t.Fatal(err)
	}
	s.kill = nil
	s.read(rest.ReadRequest{Since: last.Add(-40 * time.Minute)})
	if len(s.keys) != 41 || s.complete {
		t.Errorf("an earlier bound after a kill: %d shown, complete %v", len(s.keys), s.complete)
	}
	s.read(rest.ReadRequest{})
	if len(s.keys) != 95 || !s.complete {
		t.Errorf("without a bound: %d shown, complete %v", len(s.keys), s.complete)
	}
}

func TestAServerThatDoesNotTellItsTimeIsReadWithoutLoss(t *testing.T) {
	l := &list{rows: rowsOf(25), noDate: true}
	l.rows[3].updated = time.Now().AddDate(1, 0, 0) // somebody's clock is wrong
	s := watch(t, small(), l)
	s.read(rest.ReadRequest{Mode: rest.ModeSweep})
	s.read(rest.ReadRequest{Mode: rest.ModeIncremental})
	s.keys = map[string]int{}
	l.rows[7].updated = time.Now()
	s.read(rest.ReadRequest{Mode: rest.ModeIncremental})
	if s.keys["u7"] == 0 {
		t.Errorf("the change is not shown: %v", s.keys)
	}
}

func TestWithoutAColumnOfChangesEverythingIsRead(t *testing.T) {
	c := small()
	c.Steps[0].Keyset.Incremental = rest.Walk{}
	s := watch(t, c, &list{rows: rowsOf(25)})
	for range 2 {
		s.emitted = 0
		s.read(rest.ReadRequest{Mode: rest.ModeIncremental})
		if s.emitted != 25 || !s.complete {
			t.Errorf("%d shown, complete %v", s.emitted, s.complete)
		}
	}
}

// teams serves a list for each team, and refuses one.
func teams(lists map[string]*list, forbidden *string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		team := strings.Split(r.URL.Path, "/")[3]
		if team == *forbidden {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			return
		}
		lists[team].ServeHTTP(w, r)
	})
}

func TestEachSeedHasAWalkOfItsOwn(t *testing.T) {
	lists := map[string]*list{"1": {rows: rowsOf(47)}, "2": {rows: rowsOf(12)}, "3": {}}
	c := small()
	c.Steps[0].URL, c.Inject, c.PrimaryKey = "/v2/teams/{seed.team}/bookings", map[string]string{"teamId": "team"}, []string{"teamId", "uid"}
	forbidden := ""
	s := watch(t, c, teams(lists, &forbidden))
	seeds := func(yield func(rest.Seed, error) bool) {
		for _, team := range []string{"1", "2", "3"} {
			if !yield(rest.Seed{"team": team}, nil) {
				return
			}
		}
	}
	n := 0
	s.kill = func() bool { n++; return n%3 == 0 }
	s.through(rest.ReadRequest{Seeds: seeds})
	if len(s.keys) != 59 || s.keys[weir.KeyOf("2", "u1")] == 0 || !s.complete {
		t.Errorf("%d shown, complete %v", len(s.keys), s.complete)
	}
	s.kill, forbidden = nil, "2"
	var skipped []string
	s.read(rest.ReadRequest{Seeds: seeds, OnSkip: func(seed rest.Seed, _ error) { skipped = append(skipped, seed["team"]) }})
	if !slices.Equal(skipped, []string{"2"}) || s.complete {
		t.Errorf("skipped %v, complete %v", skipped, s.complete)
	}
	if err := s.try(rest.ReadRequest{Seeds: seeds}); weir.CodeOf(err) != weir.CodeForbidden {
		t.Errorf("with nobody to tell: %v", err)
	}
}

func TestAForeignCheckpointStopsAnIncrementAndNotASweep(t *testing.T) {
	for _, foreign := range []string{"{", `{"v":2}`, `[]`, "\xff"} {
		s := watch(t, small(), &list{rows: rowsOf(10)})
		s.checkpoint = weir.Checkpoint(foreign)
		if err := s.try(rest.ReadRequest{Mode: rest.ModeIncremental}); weir.CodeOf(err) != weir.CodeIntegrity {
			t.Errorf("%q: %v", foreign, err)
		}
		s.read(rest.ReadRequest{}) // what --full-refresh does, as the error advises
		if len(s.keys) != 10 {
			t.Errorf("%q: %d shown", foreign, len(s.keys))
		}
	}
}
