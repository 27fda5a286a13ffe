package simulator

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir"
)

func faulty(t *testing.T, text string, o Options) *Simulator {
	t.Helper()
	faults, err := ParseFaults([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o.Faults = faults
	return newTest(t, o)
}

func TestAFaultStrikesOnlyTheRequestsItNames(t *testing.T) {
	s := faulty(t, `
- match: {path: /v2/me, requests: "2-3"}
  do: {status: 503}
- match: {path: "/v2/tea*", key: member, requests: every 2}
  do: {status: 500}
`, Options{})
	codes := func(path, key string, n int) (all []int) {
		for range n {
			all = append(all, ask(s, path, "Authorization", s.named(t, key)).Code)
		}
		return all
	}
	for _, c := range []struct {
		got  []int
		want [4]int
	}{
		{codes("/v2/me", "owner", 4), [4]int{200, 503, 503, 200}},
		{codes("/v2/teams", "owner", 4), [4]int{200, 200, 200, 200}},
		{codes("/v2/teams", "member", 4), [4]int{200, 500, 200, 500}},
	} {
		if [4]int(c.got) != c.want {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}

func TestFaultsAnswerInThePlaceOfTheAPI(t *testing.T) {
	s := faulty(t, `
faults:
- match: {requests: "1"}
  do: {html: "<h1>Bad gateway</h1>", status: 502, headers: {Retry-After: "7"}}
- match: {requests: "1"}
  do: {wrong_json: '{"status":"success","data":['}
- match: {requests: "1"}
  do: {redirect: "https://elsewhere.example/v2/me"}
- match: {path: /v2/bookings, requests: "1"}
  do: {strip_version: true}
`, Options{Bookings: 30, Seed: 1, RateLimit: 1})
	w := askOwner(s, "/v2/bookings")
	if w.Code != 502 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Header().Get("Retry-After") != "7" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w = askOwner(s, "/v2/bookings"); w.Code != 200 || w.Body.String() != `{"status":"success","data":[` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w = askOwner(s, "/v2/bookings"); w.Code != 302 || w.Header().Get("Location") != "https://elsewhere.example/v2/me" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w = askOwner(s, "/v2/bookings"); w.Code != 200 || !strings.Contains(w.Body.String(), `"data":{"bookings":[`) {
		t.Errorf("%d %.100s", w.Code, w.Body)
	}
	if w = askOwner(s, "/v2/bookings"); w.Code != 429 {
		t.Errorf("%d: the faults took places of the limit, or the real answer took none", w.Code)
	}
}

func TestABodyIsCutAndAConnectionBroken(t *testing.T) {
	s := faulty(t, `
- match: {requests: "1"}
  do: {cut_body_after: 700}
- match: {requests: "1"}
  do: {cut_body_after: 0}
- match: {requests: "1"}
  do: {body_drip: 1ms}
`, Options{Bookings: 30, Seed: 1})
	server := httptest.NewServer(s)
	defer server.Close()
	get := func() ([]byte, error) {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/v2/bookings", nil)
		r.Header.Set("Authorization", s.Keys()[0].Key)
		r.Header.Set("Cal-Api-Version", version20240813)
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return io.ReadAll(resp.Body)
	}
	if body, err := get(); !errors.Is(err, io.ErrUnexpectedEOF) || len(body) != 700 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if body, err := get(); err == nil || len(body) != 0 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if body, err := get(); err != nil || len(body) < 10_000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestDelayAndLatencyAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Latency: time.Second, Faults: []Fault{{Do: FaultAction{Delay: 2 * time.Second}}}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		ask(s, "/v2/me", "Authorization", s.Keys()[0].Key)
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestAWrongFaultFileIsRefusedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"- match: {path: /v2}\n  do: {stauts: 500}":                        "line 2",
		"- match: {path: /v2}\n  do:\n    status: five":                    "line 3",
		"- match: {requests: often}\n  do: {status: 500}":                  "fault 1",
		"- match: {requests: \"5-3\"}":                                     "fault 1",
		"- do: {status: 99}":                                               "fault 1",
		"faults:\n- do: {status: 500}\nfault: 1":                           "line 3",
		"- match: {}\n  do: {delay: 1s}\n- match: {path: \"[\"}\n  do: {}": "fault 2",
	} {
		_, err := ParseFaults([]byte(text))
		var e *weir.Error
		if !errors.As(err, &e) || e.Code != weir.CodeConfig || e.Where != want {
			t.Errorf("%q: %v, want at %s", text, err, want)
		}
	}
	if _, err := LoadFaults(t.TempDir() + "/none.yaml"); weir.CodeOf(err) != weir.CodeConfig {
		t.Errorf("a missing file: %v", err)
	}
}

func FuzzParseFaults(f *testing.F) {
	f.Add("- match: {path: /v2/me, requests: \"2-3\"}\n  do: {status: 503, delay: 1s, cut_body_after: 3}")
	f.Add("faults:\n- do: {html: x}")
	f.Fuzz(func(t *testing.T, text string) {
		faults, err := ParseFaults([]byte(text))
		if err == nil {
			_, err = New(Options{Faults: faults})
		}
		if err != nil && weir.CodeOf(err) != weir.CodeConfig {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func FuzzUID(f *testing.F) {
	f.Add(uidOf(0), uint64(0))
	f.Add("zzzzzzzzzzzzzzzzzzzzzz", ^uint64(0))
	f.Fuzz(func(t *testing.T, uid string, tag uint64) {
		if got, ok := tagOf(uidOf(tag)); !ok || got != tag {
			t.Errorf("%d reads back as %d", tag, got)
		}
		if got, ok := tagOf(uid); ok && uidOf(got) != uid {
			t.Errorf("%q was taken for %d", uid, got)
		}
	})
}

func FuzzBookingQuery(f *testing.F) {
	for _, q := range []string{"take=10&skip=3", "status[]=past&status=upcoming", "afterUpdatedAt=2026-01-01T00:00:00%2B02:00&sortUpdatedAt=desc", "filters[status]=past&limit=3", "%zz=%"} {
		f.Add(q)
	}
	s := newTest(f, Options{Bookings: 60, Seed: 1})
	f.Fuzz(func(t *testing.T, text string) {
		for _, version := range []string{version20240813, version20240415} {
			r := httptest.NewRequest("GET", "/v2/bookings", nil)
			r.URL.RawQuery = text
			r.Header.Set("Authorization", s.Keys()[0].Key)
			r.Header.Set("Cal-Api-Version", version)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != 200 && w.Code != 400 {
				t.Errorf("%q: %d", text, w.Code)
			}
		}
	})
}
