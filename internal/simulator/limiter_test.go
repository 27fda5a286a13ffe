package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestThe121stRequestIsRefusedAndBlocksForAMinuteFromThere(t *testing.T) {
	at := &clock{noon}
	s := newTest(t, Options{RateLimit: 120, Now: at.now})
	key := s.Keys()[0].Key
	me := func() (int, string, string) {
		w := ask(s, "/v2/me", "Authorization", key)
		return w.Code, w.Header().Get("X-RateLimit-Remaining-Default"), w.Header().Get("X-RateLimit-Reset-Default")
	}
	for i := range 120 {
		if code, left, reset := me(); code != 200 || left != strconv.Itoa(119-i) || reset != "60" {
			t.Fatalf("request %d: %d, remaining %s, reset %s", i+1, code, left, reset)
		}
	}
	at.advance(10 * time.Second)
	if code, left, reset := me(); code != 429 || left != "0" || reset != "60" {
		t.Fatalf("the 121st: %d, remaining %s, reset %s", code, left, reset)
	}
	if code := ask(s, "/v2/teams", "Authorization", key).Code; code != 429 {
		t.Errorf("another endpoint: %d", code)
	}
	if code := ask(s, "/v2/me", "Authorization", s.named(t, "member")).Code; code != 200 {
		t.Errorf("another key: %d", code)
	}
	at.advance(30 * time.Second)
	if code, _, reset := me(); code != 429 || reset != "30" {
		t.Errorf("half way: %d, reset %s", code, reset)
	}
	at.advance(29*time.Second + 500*time.Millisecond)
	if code, _, reset := me(); code != 429 || reset != "1" {
		t.Errorf("nearly over: %d, reset %s", code, reset)
	}
	at.advance(500 * time.Millisecond)
	if code, left, _ := me(); code != 200 || left == "0" {
		t.Errorf("over: %d, remaining %s", code, left)
	}
}

func TestARefusalHasTheObservedBody(t *testing.T) {
	s := newTest(t, Options{RateLimit: 1})
	ask(s, "/v2/me", "Authorization", s.Keys()[0].Key)
	w := ask(s, "/v2/me?x=1", "Authorization", s.Keys()[0].Key)
	want := `{"status":"error","timestamp":"2026-11-23T12:00:00.000Z","path":"/v2/me?x=1","error":{"code":"ThrottlerException",` +
		`"message":"CustomThrottlerGuard - Too many requests. Please try again later.","details":"CustomThrottlerGuard - Too many requests. Please try again later."}}`
	if w.Code != http.StatusTooManyRequests || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w.Header().Get("Retry-After") != "" {
		t.Error("the real server sends no Retry-After")
	}
}

func TestTheWindowIsFixedFromTheFirstRequest(t *testing.T) {
	at := &clock{noon}
	s := newTest(t, Options{RateLimit: 2, Window: time.Second, Now: at.now})
	me := func() int { return ask(s, "/v2/me", "Authorization", s.Keys()[0].Key).Code }
	me()
	at.advance(900 * time.Millisecond)
	me()
	at.advance(100 * time.Millisecond)
	if got := []int{me(), me(), me()}; got[0] != 200 || got[1] != 200 || got[2] != 429 {
		t.Errorf("after the window: %v", got)
	}
}

func TestAKeyWithOwnLimitsIsRefusedOnlyWhenAllAreExceeded(t *testing.T) {
	s := newTest(t, Options{RateLimit: 120})
	key := s.named(t, "limits")
	for i := range 21 {
		w := ask(s, "/v2/me", "Authorization", key)
		want := 200
		if i == 20 {
			want = 429
		}
		h := w.Header()
		if w.Code != want || h.Get("X-RateLimit-Limit-Short") != "5" || h.Get("X-RateLimit-Limit-Long") != "20" || h.Get("X-RateLimit-Limit-Default") != "" {
			t.Fatalf("request %d: %d %v", i+1, w.Code, h)
		}
		if left := h.Get("X-RateLimit-Remaining-Short"); left != strconv.Itoa(max(0, 4-i)) {
			t.Errorf("request %d: %s left of the short one", i+1, left)
		}
	}
}

func TestWithoutALimitNothingIsRefusedButArrivalsAreCounted(t *testing.T) {
	s := newTest(t, Options{})
	for range 1000 {
		if w := ask(s, "/v2/me", "Authorization", s.Keys()[0].Key); w.Code != 200 || w.Header().Get("X-RateLimit-Limit-Default") != "" {
			t.Fatal(w.Code, w.Header())
		}
	}
	if a := s.Arrivals(); a.Total != 1000 || a.MaxInWindow != 1000 || a.Refused != 0 {
		t.Errorf("%+v", a.Keys)
	}
}

func TestTheGreatestWindowOfArrivalsIsFoundAcrossFixedWindows(t *testing.T) {
	at := &clock{noon}
	s := newTest(t, Options{RateLimit: 10, Now: at.now, ArrivalLog: 8})
	arrive := func(n int) {
		for range n {
			ask(s, "/v2/me?apiKey=hidden", "Authorization", s.Keys()[0].Key)
		}
	}
	arrive(1)
	at.advance(59 * time.Second)
	arrive(9)
	at.advance(time.Second) // a new fixed window, but the nine are a second old
	arrive(10)
	a := s.Arrivals()
	if a.Total != 20 || a.MaxInWindow != 19 || a.Refused != 0 {
		t.Errorf("total %d, greatest window %d, refused %d", a.Total, a.MaxInWindow, a.Refused)
	}
	if len(a.Log) != 8 || a.Log[0].Time.After(a.Log[7].Time) {
		t.Errorf("the log holds %d", len(a.Log))
	}
	for _, one := range a.Log {
		if one.Path != "/v2/me" || one.Status != 200 || strings.Contains(s.Keys()[0].Key, one.Key) {
			t.Errorf("%+v", one)
		}
	}
	arrive(1)
	if a := s.Arrivals(); a.Refused != 1 {
		t.Errorf("%d refused", a.Refused)
	}
}
