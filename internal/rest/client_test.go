package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/rest"
)

// purse is a Budget that writes down what it was told.
type purse struct {
	mu      sync.Mutex
	taken   []weir.Lane
	answers []weir.Answer
	err     error
}

func (p *purse) Take(_ context.Context, lane weir.Lane) (func(weir.Answer), error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	p.taken = append(p.taken, lane)
	return func(a weir.Answer) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answers = append(p.answers, a)
	}, nil
}

func (p *purse) returned() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.answers)
}

const theKey = "cal_live_0123456789abcdef0123456789abcdef"

// guarded is a client as the program has it, its budget and all that it logs.
func guarded(t *testing.T, origin string) (*rest.Client, *purse, *bytes.Buffer) {
	t.Helper()
	g, err := netguard.New(origin)
	if err != nil {
		t.Fatal(err)
	}
	p, log := &purse{}, &bytes.Buffer{}
	c, err := rest.NewClient(rest.ClientOptions{
		HTTP: g.Client(), Origin: origin, Key: weir.NewSecret(theKey), AuthHeader: "Authorization", AuthPrefix: "Bearer ", Budget: p,
		Hints:  map[weir.Code]string{weir.CodeAuth: "Keys of the EU are known at https://api.example.eu alone."},
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, p, log
}

// serve starts a server and gives its address.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// say answers with a status, a content type and a body.
func say(status int, kind, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const asJSON = "application/json; charset=utf-8"

func TestEveryAnswerHasTheClassThatSaysWhatToDoAboutIt(t *testing.T) {
	deep := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want weir.Code
		says string // in the error
	}{
		"good":                   {say(200, asJSON, `{"data":[]}`), "", ""},
		"good, other JSON type":  {say(201, "application/vnd.api+json", `{"data":[]}`), "", ""},
		"good, other status":     {say(299, asJSON, `{}`), "", ""},
		"good, with blanks":      {say(200, asJSON, " {\"data\":[]}\r\n\t "), "", ""},
		"depth 64":               {say(200, asJSON, deep[1:len(deep)-1]), "", ""},
		"names of other case":    {say(200, asJSON, `{"uid":1,"UID":2}`), "", ""},
		"JSON called html":       {say(200, "text/html", `{}`), weir.CodeCapability, "not JSON"},
		"no content type":        {say(200, "", `{}`), weir.CodeCapability, "not JSON"},
		"no content":             {say(204, "", ""), weir.CodeCapability, "not JSON"},
		"blanks alone":           {say(200, asJSON, "  \n"), weir.CodeTransient, "cut"},
		"name twice, escaped":    {say(200, asJSON, `{"uid":1,"u\u0069d":2}`), weir.CodeTransient, "not valid JSON"},
		"comma too many":         {say(200, asJSON, `{"a":1,}`), weir.CodeTransient, "byte"},
		"NaN":                    {say(200, asJSON, `{"a":NaN}`), weir.CodeTransient, "byte"},
		"control in string":      {say(200, asJSON, "{\"a\":\"\x01\"}"), weir.CodeTransient, "byte"},
		"depth 100,000":          {say(200, asJSON, strings.Repeat(`{"a":`, 100_000)), weir.CodeTransient, "deeper than 64"},
		"gzip twice":             {say(200, asJSON, "x", "Content-Encoding", "gzip, gzip"), weir.CodeCapability, "compressed"},
		"no gzip":                {say(200, asJSON, "{}", "Content-Encoding", "gzip"), weir.CodeTransient, "broke off"},
		"304":                    {say(304, "", ""), weir.CodeCapability, "304"},
		"400":                    {say(400, asJSON, `{"status":"error","error":{"code":"BadRequest","message":"take must be a number","details":{"errors":[{"target":{"secret":"canary"}}]}}}`), weir.CodeData, "400: take must be a number"},
		"400 without envelope":   {say(400, asJSON, `{"statusCode":400,"message":"Cancellation reason is required"}`), weir.CodeData, "reason is required"},
		"400, list of messages":  {say(400, asJSON, `{"message":["canary a","canary b"]}`), weir.CodeData, "400"},
		"400, details as string": {say(400, asJSON, `{"error":{"message":"no","details":"canary"}}`), weir.CodeData, "400: no"},
		"400, odd":               {say(400, asJSON, `"canary"`), weir.CodeData, "400"},
		"413":                    {say(413, asJSON, `{"statusCode":413,"message":"request entity too large"}`), weir.CodeData, "too large"},
		"422 as text":            {say(422, "text/plain", `canary`), weir.CodeData, "422"},
		"400 as html":            {say(400, "text/html; charset=UTF-8", `<h1>canary</h1>`), weir.CodeCapability, "not the API"},
		"401 without body":       {say(401, "", ""), weir.CodeAuth, "not accepted"},
		"403 as html":            {say(403, "text/html", `<h1>Just a moment</h1>`), weir.CodeCapability, "not the API"},
		"403 as html called no":  {say(403, "", "\n <!doctype html>"), weir.CodeCapability, "not the API"},
		"403":                    {say(403, asJSON, `{"error":{"message":"Forbidden resource"}}`), weir.CodeForbidden, "Forbidden resource"},
		"404":                    {say(404, asJSON, `{"error":{"code":"NotFoundException","message":"Cannot GET /v2/x"}}`), weir.CodeNotFound, "Cannot GET"},
		"404 without body":       {say(404, "", ""), weir.CodeNotFound, "404"},
		"404, packed badly":      {say(404, asJSON, "x", "Content-Encoding", "br"), weir.CodeNotFound, "404"},
		"408":                    {say(408, asJSON, `{}`), weir.CodeTransient, "408"},
		"429 as html":            {say(429, "text/html", `<h1>slow down</h1>`), weir.CodeThrottled, "429"},
		"502 as html":            {say(502, "text/html", `<h1>Bad gateway</h1>`), weir.CodeTransient, "502"},
		"503":                    {say(503, "", ``), weir.CodeTransient, "503"},
	} {
		origin := serve(t, c.h)
		client, p, log := guarded(t, origin)
		_, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: origin + "/v2/x?secret=canary", Lane: weir.LaneSweep})
		if weir.CodeOf(err) != c.want || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q (%v), want %q with %q", name, weir.CodeOf(err), err, c.want, c.says)
		}
		if said := fmt.Sprintf("%v %+v", err, err) + log.String(); strings.Contains(said, "canary") || strings.Contains(said, theKey) {
			t.Errorf("%s: leaks: %s", name, said)
		}
		if len(p.answers) != 1 || !p.answers[0].Sent || p.answers[0].Status == 0 || p.answers[0].Header == nil || p.taken[0] != weir.LaneSweep {
			t.Errorf("%s: the budget was told %+v", name, p.answers)
		}
	}
}

func TestARefusedKeyIsExplainedByWhatTheServerSaid(t *testing.T) {
	const eu = "Keys of the EU"
	for said, want := range map[string][]string{
		"CustomThrottlerGuard - Invalid API Key":                {"unknown here", eu},
		"ApiAuthStrategy - api key - Your api key is expired":   {"has expired", "Make a new one"},
		"ApiAuthStrategy - api key - Your api key is not valid": {"revoked or replaced"},
		"Invalid Access Token.":                                 {"not of this API's form"},
		"something new":                                         {"not accepted", eu},
	} {
		origin := serve(t, say(401, asJSON, `{"status":"error","error":{"code":"UnauthorizedException","message":"`+said+`"}}`))
		client, _, _ := guarded(t, origin)
		_, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: origin + "/v2/me"})
		for _, w := range want {
			if weir.CodeOf(err) != weir.CodeAuth || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: got %v, want %q", said, err, w)
			}
		}
	}
}

func TestWhatAServerSaysIsClippedCleanedAndWithoutTheKey(t *testing.T) {
	origin := serve(t, say(400, asJSON, `{"message":"a\u001b[31mb\u202ec\r\nd\u200b \u0000 `+theKey+` Bearer `+theKey+strings.Repeat("x", 9000)+`"}`))
	client, _, _ := guarded(t, origin)
	_, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: origin})
	if got := err.Error(); !strings.Contains(got, "a[31mbcd") || len(got) > 260 || strings.Contains(got, theKey[:20]) {
		t.Errorf("%q", got)
	}
}

func TestABodyThatIsCutAnywhereIsNeverTakenForWhole(t *testing.T) {
	whole := `{"status":"success","data":[{"uid":"a","n":12.5e3,"s":"é\u00e9"}],"pagination":{"totalItems":2}}`
	packed := pack(whole)
	var mode, body string
	var cut int
	origin := rawServer(t, func(c net.Conn) {
		head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		switch mode {
		case "length":
			fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body[:cut])
		case "close":
			fmt.Fprintf(c, "%sConnection: close\r\n\r\n%s", head, body[:cut])
		case "chunked":
			fmt.Fprintf(c, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", head, len(body), body[:cut])
		case "gzip":
			fmt.Fprintf(c, "%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body[:cut])
		case "gzip close":
			fmt.Fprintf(c, "%sContent-Encoding: gzip\r\nConnection: close\r\n\r\n%s", head, body[:cut])
		}
	})
	for _, mode = range []string{"length", "close", "chunked", "gzip", "gzip close"} {
		body = whole
		if strings.HasPrefix(mode, "gzip") {
			body = packed
		}
		for cut = range len(body) {
			client, p, _ := guarded(t, origin) // one that failed five times would send nothing
			if _, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: origin}); weir.CodeOf(err) != weir.CodeTransient {
				t.Fatalf("%s cut after %d of %d bytes: %v", mode, cut, len(body), err)
			}
			if p.returned() != 1 {
				t.Errorf("%s cut after %d of %d bytes: %d places given back", mode, cut, len(body), p.returned())
			}
		}
	}
}

func pack(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

// rawServer reads one request from each connection, answers with f and closes.
func rawServer(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			f(c)
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestCompressedBodiesAreInflatedWithinLimits(t *testing.T) {
	for name, c := range map[string]struct {
		body, encoding string
		want           weir.Code
	}{
		"small":             {pack(`{"data":[1]}`), "gzip", ""},
		"small, in capital": {pack(`{"data":[1]}`), "GZIP", ""},
		"small, repeating":  {pack(`{"a":"` + strings.Repeat("x", 500_000) + `"}`), "gzip", ""},
		"two members":       {pack(`{"a":`) + pack(`1}`), "gzip", ""},
		"bomb of members":   {strings.Repeat(pack(strings.Repeat(" ", 1<<20)), 40), "gzip", weir.CodeCapability},
	} {
		origin := serve(t, say(200, asJSON, c.body, "Content-Encoding", c.encoding))
		client, _, _ := guarded(t, origin)
		if _, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: origin}); weir.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARedirectIsAnErrorThatNamesTheHostAlone(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		for _, location := range []string{
			"https://evil.example/x?canary=1", "//evil.example/canary", "http://canary:pw@evil.example", "/canary", "?canary", "", "http://%zz", "javascript:canary",
		} {
			for _, method := range []string{"GET", "POST"} {
				origin := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Location"] = []string{location}
					w.WriteHeader(status)
				})
				client, _, log := guarded(t, origin)
				_, err := client.Exchange(t.Context(), rest.Request{Method: method, URL: origin + "/start", Body: map[string]string{"POST": "{}"}[method]})
				if weir.CodeOf(err) != weir.CodeCapability || strings.Contains(err.Error()+log.String(), "canary") {
					t.Errorf("%d to %q: %v", status, location, err)
				}
			}
		}
	}
}

func TestTheKeyGoesToItsOriginAlone(t *testing.T) {
	got := make(chan string, 1)
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Authorization")
		say(200, asJSON, `{}`)(w, r)
	})
	client, p, log := guarded(t, origin)
	if _, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: origin + "/v2/me", Headers: map[string]string{"Authorization": "Bearer other", "X-V": "1"}}); err != nil {
		t.Fatal(err)
	}
	if key := <-got; key != "Bearer "+theKey {
		t.Errorf("the server saw %q", key)
	}
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("another origin was reached") })
	for _, target := range []string{
		other, "https" + strings.TrimPrefix(origin, "http"), origin + "0/", "http://localhost" + origin[strings.LastIndex(origin, ":"):],
		strings.Replace(origin, "://", "://u@", 1), "//x", "", ":",
	} {
		if _, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: target}); weir.CodeOf(err) != weir.CodeCapability {
			t.Errorf("%q: %v", target, err)
		}
	}
	if len(p.taken) != 1 {
		t.Errorf("%d places taken", len(p.taken))
	}
	if strings.Contains(log.String(), theKey) {
		t.Error("the key is logged")
	}
}

func TestThePlaceIsHeldUntilTheAnswerIsWhole(t *testing.T) {
	half, goOn := make(chan struct{}), make(chan struct{})
	origin := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", asJSON)
		_, _ = io.WriteString(w, `{"a"`)
		w.(http.Flusher).Flush()
		close(half)
		<-goOn
		_, _ = io.WriteString(w, `:1}`)
	})
	client, p, _ := guarded(t, origin)
	over := make(chan error)
	go func() {
		_, err := client.Exchange(context.Background(), rest.Request{Method: "GET", URL: origin})
		over <- err
	}()
	<-half
	before := p.returned()
	close(goOn)
	if err := <-over; err != nil || before != 0 || p.returned() != 1 {
		t.Errorf("%v, %d answers before the end, %d after", err, before, p.returned())
	}
}

func TestNotSentIsSaidOnlyWhenNothingWasWritten(t *testing.T) {
	for name, c := range map[string]struct {
		origin string
		code   weir.Code
		sent   bool
	}{
		"closed without an answer": {rawServer(t, func(net.Conn) {}), weir.CodeTransient, true},
		"no TLS there":             {"https" + serve(t, say(200, "", ""))[4:], weir.CodeNotSent, false},
		"nonsense":                 {rawServer(t, func(c net.Conn) { fmt.Fprint(c, "\x00 nonsense\r\n\r\n") }), weir.CodeTransient, true},
	} {
		client, p, _ := guarded(t, c.origin)
		_, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: c.origin + "/x?canary=1"})
		if weir.CodeOf(err) != c.code || len(p.answers) != 1 || p.answers[0].Sent != c.sent || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, %+v", name, err, p.answers)
		}
	}
}

func TestACancelledExchangeGivesItsPlaceBack(t *testing.T) {
	for _, begun := range []bool{false, true} {
		arrived := make(chan struct{})
		origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if begun {
				w.Header().Set("Content-Type", asJSON)
				_, _ = io.WriteString(w, `{"a"`)
				w.(http.Flusher).Flush()
			}
			close(arrived)
			<-r.Context().Done()
		})
		client, p, _ := guarded(t, origin)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		if _, err := client.Exchange(ctx, rest.Request{Method: "GET", URL: origin}); !errors.Is(err, context.Canceled) {
			t.Errorf("answer begun %v: %v", begun, err)
		}
		if p.returned() != 1 || !p.answers[0].Sent {
			t.Errorf("%+v", p.answers)
		}
		p.err = &weir.Error{Code: weir.CodeLocal, Message: "no ledger"}
		if _, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: origin}); weir.CodeOf(err) != weir.CodeLocal {
			t.Error(err)
		}
	}
}

func TestHeadersThatWouldBecomeOthersAreRefused(t *testing.T) {
	client, p, _ := guarded(t, "https://api.example")
	for name, value := range map[string]string{
		"A": "x\r\nB: y", "B": "x\ny", "C": "\x00", "D\r\nE": "x", "": "x", "a b": "x", "a:": "x", "Host": "evil", "host": "evil", "content-length": "3",
		"Transfer-Encoding": "chunked", "Idempotency-Key": "x", "x-idempotency-key": "x", "Accept-Encoding": "br", "Connection": "close", "É": "x",
	} {
		if _, err := client.Exchange(t.Context(), rest.Request{Method: "GET", URL: "https://api.example/", Headers: map[string]string{name: value}}); weir.CodeOf(err) != weir.CodeConfig {
			t.Errorf("%q: %q: %v", name, value, err)
		}
	}
	if len(p.taken) != 0 {
		t.Error("a place was taken")
	}
}
