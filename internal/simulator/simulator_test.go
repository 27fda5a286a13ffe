package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// noon is when the tests play, unless they say otherwise.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) advance(d time.Duration) { c.Time = c.Add(d) }

func newTest(t testing.TB, o Options) *Simulator {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Simulator) named(t testing.TB, name string) string {
	t.Helper()
	for _, k := range s.Keys() {
		if k.Name == name {
			return k.Key
		}
	}
	t.Fatalf("no key named %s", name)
	return ""
}

// ask sends a GET with headers given in pairs.
func ask(s *Simulator, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// askOwner sends a GET with the owner's key and the bookings' version.
func askOwner(s *Simulator, target string) *httptest.ResponseRecorder {
	return ask(s, target, "Authorization", "Bearer "+s.Keys()[0].Key, "cal-api-version", version20240813)
}

// booking is what the tests read of a booking.
type booking struct {
	UID       string  `json:"uid"`
	Status    string  `json:"status"`
	Start     string  `json:"start"`
	CreatedAt string  `json:"createdAt"`
	UpdatedAt *string `json:"updatedAt"`
}

type bookingPage struct {
	Data       []booking `json:"data"`
	Pagination struct {
		ReturnedItems   int  `json:"returnedItems"`
		TotalItems      int  `json:"totalItems"`
		ItemsPerPage    int  `json:"itemsPerPage"`
		RemainingItems  int  `json:"remainingItems"`
		CurrentPage     int  `json:"currentPage"`
		TotalPages      int  `json:"totalPages"`
		HasNextPage     bool `json:"hasNextPage"`
		HasPreviousPage bool `json:"hasPreviousPage"`
	} `json:"pagination"`
}

func read[T any](t testing.TB, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %.300s", err, w.Body)
	}
	return v
}

func (s *Simulator) page(t testing.TB, query string) bookingPage {
	t.Helper()
	return read[bookingPage](t, askOwner(s, "/v2/bookings?"+query))
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, o := range []Options{{Bookings: -1}, {RateLimit: -1}, {DriftPerRequest: -1}, {Release: "2030-01"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestTheOwnerSeesExactlyAsManyBookingsAsWereAskedFor(t *testing.T) {
	for _, n := range []int{0, 1, 2, 43, 44, 45, 87, 250, 300, 1302, 5000} {
		s := newTest(t, Options{Bookings: n, Seed: 1})
		if got := len(s.Truth()); got != n {
			t.Errorf("%d asked for, %d there", n, got)
		}
		if got := s.page(t, "take=1").Pagination.TotalItems; got != n {
			t.Errorf("%d asked for, total %d", n, got)
		}
	}
}

func TestTheSameSeedGivesTheSameDataAndAnotherSeedDoesNot(t *testing.T) {
	body := func(seed uint64) string {
		s := newTest(t, Options{Bookings: 500, Seed: seed})
		s.Mutate(Mutation{Count: 50, Delete: 2, Bulk: 5, Seed: 3})
		return askOwner(s, "/v2/bookings?take=250&sortCreated=desc").Body.String() + s.Keys()[0].Key
	}
	first := body(1)
	if first != body(1) {
		t.Error("one seed gave two answers")
	}
	if first == body(2) {
		t.Error("two seeds gave one answer")
	}
}

func TestKeysLookLikeKeys(t *testing.T) {
	for _, k := range newTest(t, Options{}).Keys() {
		if hex, ok := strings.CutPrefix(k.Key, "cal_live_"); !ok || len(hex) != 32 || strings.Trim(hex, "0123456789abcdef") != "" {
			t.Errorf("%s: %s", k.Name, k.Key)
		}
	}
}

func TestManyCallersAtOnceWhileDataChange(t *testing.T) {
	s, err := New(Options{Bookings: 600, Seed: 1, RateLimit: 100, DriftPerRequest: 2, ReplicaLag: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for n := range 8 {
		callers.Go(func() {
			for i := range 30 {
				askOwner(s, "/v2/bookings?take=250&sortUpdatedAt=desc")
				ask(s, "/v2/event-types?username=alice", "cal-api-version", version20240614)
				s.Mutate(Mutation{Count: 2, Seed: uint64(n*100 + i)})
				if i%10 == 0 {
					s.Truth()
				}
			}
		})
	}
	callers.Wait()
	s.mu.Lock()
	s.settle(time.Now().Add(time.Hour))
	s.mu.Unlock()
	s.checkIndexes(t)
	if a := s.Arrivals(); a.Total != 480 || a.Keys[0].Total != 240 || a.Refused != 280 {
		t.Errorf("%d arrived, %d refused, %+v", a.Total, a.Refused, a.Keys)
	}
}
