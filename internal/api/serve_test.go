package api

import (
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

func TestAPathThatIsNoneAndAMethodThatIsNoneAreToldApart(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/api", "/api/", "/api/" + planted, "/api/things/", "/api//things", "/api/things/../vendors", "/api/%2e%2e/" + planted, "/api/docs", "/api/schemas/Problem.json", "/api/openapi.yaml", "/" + planted, "/api/Vendors"} {
		g := w.call("GET", path, "ada", "")
		g.refused(http.StatusNotFound, "NOT_001")
		for name, values := range g.header {
			if strings.Contains(strings.Join(values, " "), planted) {
				t.Errorf("%s: %s", name, values)
			}
		}
	}
	for _, method := range []string{"POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "HACK"} {
		g := w.call(method, "/api/vendors", "ada", "")
		g.refused(http.StatusMethodNotAllowed, "VAL_005")
		if allow := g.header.Get("Allow"); allow != "GET, HEAD" {
			t.Errorf("%s: Allow %q", method, allow)
		}
	}
	if g := w.call("HEAD", "/api/vendors", "ada", ""); g.status != 200 || g.text != "" || g.header.Get("Content-Length") == "0" {
		t.Errorf("%+v", g)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/api/vendors", "/api/nothing", "/api/things/0", "/api/failing/panic", "/api/openapi.json"} {
		g := w.call("GET", path, "ada", "")
		for name, value := range guards {
			if g.header.Get(name) != value {
				t.Errorf("%s: %s is %q", path, name, g.header.Get(name))
			}
		}
	}
}

func TestARequestIdIsTheClientsOnlyIfItIsOne(t *testing.T) {
	w := newWorld(t)
	if g := w.call("GET", "/api/vendors", "ada", "", "X-Request-Id", "trace-0123_a.b"); g.header.Get("X-Request-Id") != "trace-0123_a.b" {
		t.Error(g.header)
	}
	seen := map[string]bool{}
	for _, id := range []string{"", "short", strings.Repeat("x", 65), "with blank and more", "<script>alert(1)"} {
		got := w.call("GET", "/api/vendors", "ada", "", "X-Request-Id", id).header.Get("X-Request-Id")
		if got == id || !goodID.MatchString(got) || seen[got] {
			t.Errorf("%q became %q", id, got)
		}
		seen[got] = true
	}
}

// What went well is for who looks for something, a fault for everybody.
func TestALineIsAsLoudAsItsAnswerIsGrave(t *testing.T) {
	for status, want := range map[int]slog.Level{200: slog.LevelDebug, 304: slog.LevelDebug, 400: slog.LevelDebug, 404: slog.LevelDebug, 429: slog.LevelDebug,
		401: slog.LevelInfo, 403: slog.LevelInfo, 500: slog.LevelError, 503: slog.LevelError} {
		if got := level(status); got != want {
			t.Errorf("%d is at %s, want %s", status, got, want)
		}
	}
	w := newWorld(t)
	w.call("GET", "/api/things/7", "bob", "")
	w.call("GET", "/api/things/7", "nobody", "")
	if text := w.log.String(); !strings.Contains(text, "level=DEBUG msg=request method=GET route=/things/{id} status=200") || !strings.Contains(text, "level=INFO msg=request method=GET route=/things/{id} status=401") {
		t.Error(text)
	}
}

func TestTheLogHasItsFieldsAndNothingElse(t *testing.T) {
	w := newWorld(t)
	w.call("GET", "/api/things/7?secret="+planted, "bob", "", "X-Request-Id", "request-1", "User-Agent", planted)
	w.call("GET", "/api/"+planted, planted, "")
	w.call("POST", "/api/things", "ada", `{"name":"`+planted+`"}`)
	text := w.log.String()
	if want := `msg=request method=GET route=/things/{id} status=200 bytes=49 ms=0 request_id=request-1 user=2` + "\n"; !strings.Contains(text, want) {
		t.Errorf("%s\nhas not %s", text, want)
	}
	if strings.Contains(text, planted) || !strings.Contains(text, `route="" status=404`) {
		t.Error(text)
	}
}

func TestAPanicIsAnErrorThatSaysNothing(t *testing.T) {
	w := newWorld(t)
	p := w.call("GET", "/api/failing/panic", "ada", "").refused(http.StatusInternalServerError, "SRV_001")
	text := w.log.String()
	if !strings.Contains(text, p.RequestID) || !strings.Contains(text, "failing") || strings.Contains(text, planted) {
		t.Error(text)
	}
}

func TestARequestThatTakesTooLongIsStopped(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Timeout = 20 * time.Millisecond })
	w.call("GET", "/api/failing/slow", "ada", "").refused(http.StatusServiceUnavailable, "SRV_003")
	w.call("POST", "/api/failing/slow", "ada", "").refused(http.StatusInternalServerError, "SRV_003")
}

func TestEveryCodeHasAStatusAndALineInTheManual(t *testing.T) {
	w := newWorld(t)
	manual, err := os.ReadFile("../../docs/api.md")
	w.must(err)
	for code, c := range classes {
		g := w.call("GET", "/api/failing/"+string(code), "ada", "")
		p := g.refused(c.status, c.code)
		if code != weir.CodeInternal && p.Description != "here: it went wrong. Mend it" {
			t.Errorf("%s: %s", code, p.Description)
		}
		if !strings.Contains(string(manual), "| `"+c.code+"` | "+decimal(int64(c.status))+" |") {
			t.Errorf("%s %d is not in docs/api.md", c.code, c.status)
		}
		// The SDK sends everything again that gets one of these.
		if s := w.call("POST", "/api/failing/"+string(code), "ada", "").status; s == 502 || s == 503 || s == 504 {
			t.Errorf("%s: %d for a POST", code, s)
		}
	}
	w.call("GET", "/api/failing/foreign", "ada", "").refused(http.StatusInternalServerError, "SRV_001")
	w.call("GET", "/api/failing/key", "ada", "").refused(http.StatusForbidden, "UP_003")
	w.call("GET", "/api/failing/busy", "ada", "").refused(http.StatusBadGateway, "UP_001")
	w.call("GET", "/api/failing/old", "ada", "").refused(http.StatusForbidden, "AUTH_004")
	if p := w.call("GET", "/api/failing/wait", "ada", "").refused(http.StatusTooManyRequests, "RATE_001"); p.RetryAfter != 90 {
		t.Error(p)
	}
	for _, code := range []string{"UP_003", "AUTH_002", "AUTH_004", "VAL_003", "VAL_004", "VAL_005"} {
		if !strings.Contains(string(manual), "| `"+code+"` |") {
			t.Errorf("%s is not in docs/api.md", code)
		}
	}
}

func TestDeleteAnswersAnObject(t *testing.T) {
	w := newWorld(t)
	if g := w.call("DELETE", "/api/things/7", "ada", ""); g.status != 200 || g.text != `{"code":"200","message":"Ok"}` {
		t.Errorf("%d %s", g.status, g.text)
	}
}

func TestWhoAsksTooOftenWaits(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limit = Limit{Requests: 3, Per: time.Minute} })
	ask := func(token string) got { return w.call("GET", "/api/vendors", token, "") }
	for i, left := range []string{"2", "1", "0"} {
		g := ask("ada")
		if g.status != 200 || g.header.Get("RateLimit-Limit") != "3" || g.header.Get("RateLimit-Remaining") != left || g.header.Get("RateLimit-Reset") != decimal(int64(20*(i+1))) {
			t.Errorf("%d %v", g.status, g.header)
		}
	}
	g := ask("ada")
	p := g.refused(http.StatusTooManyRequests, "RATE_001")
	if g.header.Get("Retry-After") != "20" || p.RetryAfter != 20 {
		t.Error(g.header, p)
	}
	ask("bob").ok(&[]any{})
	for range 3 {
		ask(planted).refused(http.StatusUnauthorized, "AUTH_001")
	}
	ask(planted).refused(http.StatusTooManyRequests, "RATE_001")
	w.advance(20 * time.Second)
	ask("ada").ok(&[]any{})
	ask("ada").refused(http.StatusTooManyRequests, "RATE_001")
	w.advance(time.Hour)
	ask("bob").ok(&[]any{})
	if n := len(w.api.limiter.full); n != 1 {
		t.Errorf("%d callers remembered", n)
	}
}
