package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func TestTheControlRoutesWorkFromThisMachineOnly(t *testing.T) {
	s := newTest(t, Options{Bookings: 50, Seed: 1})
	send := func(from, method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Host = "localhost"
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	const here, there = "127.0.0.1:4000", "192.0.2.7:4000"
	for _, path := range []string{"arrivals", "truth", "keys"} {
		if w := send(there, "GET", ControlPrefix+path, ""); w.Code != http.StatusForbidden {
			t.Errorf("%s from elsewhere: %d", path, w.Code)
		}
		if w := send("[::1]:4000", "GET", ControlPrefix+path, ""); w.Code != http.StatusOK {
			t.Errorf("%s from here: %d", path, w.Code)
		}
	}
	if w := send(here, "POST", ControlPrefix+"mutate", `{"count":3,"delete":10,"seed":1}`); w.Code != http.StatusOK {
		t.Errorf("mutate: %d %s", w.Code, w.Body)
	}
	if w := send(here, "POST", ControlPrefix+"mutate", `{"cuont":3}`); w.Code != http.StatusBadRequest {
		t.Errorf("a misspelt mutation: %d", w.Code)
	}
	var truth map[string]booking
	if err := json.Unmarshal(send(here, "GET", ControlPrefix+"truth", "").Body.Bytes(), &truth); err != nil {
		t.Fatal(err)
	}
	if want := s.Truth(); len(truth) != len(want) {
		t.Errorf("%d bookings over HTTP, %d in Go", len(truth), len(want))
	}
	askOwner(s, "/v2/me")
	if w := send(here, "GET", ControlPrefix+"arrivals", ""); !strings.Contains(w.Body.String(), `"total":1,"refused":0,"maxInWindow":1,"windowSeconds":60`) {
		t.Errorf("%s", w.Body)
	}
}
