package simulator

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// steer asks the control API.
func (s *Simulator) steer(method, name, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, ControlPrefix+name, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:4000", "127.0.0.1:8085"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestTheClockCanBeSetHeldAndMoved(t *testing.T) {
	under := &clock{noon}
	s := newTest(t, Options{Now: under.now})
	if w := s.steer("POST", "clock", `{"set":"2027-01-01T00:00:00Z","hold":true}`); w.Code != 200 {
		t.Fatal(w.Body)
	}
	under.advance(time.Hour)
	if got := s.Now().UTC().Format(time.RFC3339); got != "2027-01-01T00:00:00Z" {
		t.Errorf("held: %s", got)
	}
	s.steer("POST", "clock", `{"move":"90m"}`)
	if got := s.Now().UTC().Format(time.RFC3339); got != "2027-01-01T01:30:00Z" {
		t.Errorf("moved: %s", got)
	}
	s.steer("POST", "clock", `{"set":"2027-02-01T00:00:00Z"}`)
	under.advance(time.Minute)
	if got := s.Now().UTC().Format(time.RFC3339); got != "2027-02-01T00:01:00Z" {
		t.Errorf("running: %s", got)
	}
	if w := s.steer("POST", "clock", `{"move":"soon"}`); w.Code != 400 {
		t.Errorf("nonsense: %d", w.Code)
	}
}

func TestFaultsCanBeSetWhileTheSimulatorRuns(t *testing.T) {
	s := newTest(t, Options{})
	c := s.as(t, "owner")
	if w := s.steer("PUT", "faults", `[{"match":{"path":"/v2/me","method":"GET","requests":"2"},"do":{"status":503}}]`); w.Code != 200 {
		t.Fatal(w.Body)
	}
	for i, want := range []int{200, 503, 200} {
		if got := c.do("GET", "/v2/me", "").Code; got != want {
			t.Errorf("request %d: %d", i+1, got)
		}
	}
	if w := s.steer("GET", "faults", ""); !strings.Contains(w.Body.String(), `"seen":3,"struck":1`) {
		t.Errorf("%s", w.Body)
	}
	if w := s.steer("PUT", "faults", `[{"match":{"chance":7}}]`); w.Code != 400 || !strings.Contains(w.Body.String(), "fault 1: chance") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.steer("DELETE", "faults", "")
	if w := s.steer("GET", "faults", ""); w.Body.String() != "[]" {
		t.Errorf("%s", w.Body)
	}
}

func TestChanceFollowsFromTheSeed(t *testing.T) {
	struck := func(seed uint64) (codes string) {
		s := newTest(t, Options{Seed: seed, Faults: []Fault{{FaultMatch{Chance: 0.3}, FaultAction{Status: 502}}}})
		c := s.as(t, "owner")
		for range 200 {
			codes += map[int]string{200: ".", 502: "x"}[c.do("GET", "/v2/me", "").Code]
		}
		return codes
	}
	first := struck(1)
	if n := strings.Count(first, "x"); n < 40 || n > 80 {
		t.Errorf("%d of 200 struck", n)
	}
	if first != struck(1) || first == struck(2) {
		t.Error("the seed does not decide")
	}
}

func TestALostAnswerIsDoneAllTheSame(t *testing.T) {
	s := newTest(t, Options{Faults: []Fault{{FaultMatch{Method: "POST"}, FaultAction{LoseResponse: true}}}})
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Error("the connection was not broken")
			}
		}()
		s.as(t, "owner").do("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	}()
	if got := len(s.Truth()); got != 1 {
		t.Errorf("%d bookings", got)
	}
}

func TestALateWriteIsDoneAfterItsTimeout(t *testing.T) {
	clock := &clock{noon}
	s := newTest(t, Options{Now: clock.now, Faults: []Fault{{FaultMatch{Method: "POST"}, FaultAction{ApplyLate: 30 * time.Second}}}})
	c := s.as(t, "owner")
	if got := c.do("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z")).Code; got != 504 {
		t.Fatalf("answered %d", got)
	}
	for wait, want := range []int{0, 1} {
		clock.advance(time.Duration(wait) * 31 * time.Second)
		c.ok("GET", "/v2/me", "")
		if got := len(s.Truth()); got != want {
			t.Errorf("%d bookings, want %d", got, want)
		}
	}
}

func TestKeysAreIssuedAndRemovedThroughTheControlAPI(t *testing.T) {
	s := newTest(t, Options{})
	w := s.steer("POST", "keys", `{"name":"mine","user":"bob","expires":"never","limits":[{"name":"short","limit":5,"window":"10s"}]}`)
	var issued struct{ Key string }
	if err := json.Unmarshal(w.Body.Bytes(), &issued, json.MatchCaseInsensitiveNames(true)); err != nil || w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	c := client{t, s, issued.Key}
	if got := c.ok("GET", "/v2/me", "").text("username"); got != "bob" {
		t.Errorf("opens %s", got)
	}
	if w := s.steer("GET", "keyring", ""); !strings.Contains(w.Body.String(), `"mine"`) || strings.Contains(w.Body.String(), "cal_") {
		t.Errorf("%s", w.Body)
	}
	s.steer("DELETE", "keys?name=mine", "")
	c.refused(401, "GET", "/v2/me", "")
	for _, body := range []string{`{"name":"x","user":"nobody"}`, `{"name":"x","expires":"2d"}`, `{"nme":"x"}`, `{"name":"owner"}`} {
		if w := s.steer("POST", "keys", body); w.Code != 400 {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
}

func TestThePageShowsNoKeyAndOnlyBrowsersHereSeeIt(t *testing.T) {
	s := newTest(t, Options{Bookings: 50, Seed: 1})
	token, err := s.AddKey(NewKey{Name: "<mine>"})
	if err != nil {
		t.Fatal(err)
	}
	client{t, s, token}.ok("GET", "/v2/me", "")
	page := func(from, host, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host = from, host
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	w := page("127.0.0.1:4000", "localhost:8085", "text/html")
	text := w.Body.String()
	for _, want := range []string{"&lt;mine&gt;", "bookings, accepted", "GET /v2/me", "owner of a team"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(text, "cal_") || strings.Contains(w.Header().Get("Content-Security-Policy"), "script") {
		t.Error("the page shows a key, or runs scripts")
	}
	for _, other := range []*httptest.ResponseRecorder{
		page("192.0.2.7:4000", "localhost:8085", "text/html"), page("127.0.0.1:4000", "evil.example", "text/html"), page("127.0.0.1:4000", "localhost:8085", "application/json"),
	} {
		if other.Code != 404 || !strings.Contains(other.Body.String(), "Cannot GET /") {
			t.Errorf("%d %.100s", other.Code, other.Body)
		}
	}
}

func TestArrivalsCanBeForgotten(t *testing.T) {
	s := newTest(t, Options{ArrivalLog: 3})
	c := s.as(t, "owner")
	for range 5 {
		c.ok("GET", "/v2/me", "")
	}
	s.steer("DELETE", "arrivals", "")
	c.ok("GET", "/v2/me", "")
	if a := s.Arrivals(); a.Total != 1 || len(a.Log) != 1 || a.Log[0].Status != 200 {
		t.Errorf("%+v", a)
	}
}
