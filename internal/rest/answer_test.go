package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/rest"
)

// ask makes one exchange with a server over the network, as the program does.
func ask(t *testing.T, url string) (rest.Response, error) {
	t.Helper()
	g, err := netguard.New(url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rest.NewClient(rest.ClientOptions{HTTP: g.Client(), Origin: url, Key: weir.NewSecret("cal_live_planted"), AuthHeader: "Authorization", AuthPrefix: "Bearer ", Budget: free{}})
	if err != nil {
		t.Fatal(err)
	}
	return c.Exchange(t.Context(), rest.Request{Method: "GET", URL: url + "/v2/me?planted=query"})
}

func TestBadAnswersAreClassified(t *testing.T) {
	const isJSON = "application/json"
	bomb := &bytes.Buffer{}
	z := gzip.NewWriter(bomb)
	_, _ = z.Write(make([]byte, 64<<20))
	_ = z.Close()
	for name, c := range map[string]struct {
		status     int
		kind, body string
		header     [2]string
		code       weir.Code
		says       string
	}{
		"unknown key":       {401, isJSON, `{"error":{"message":"CustomThrottlerGuard - Invalid API Key"}}`, [2]string{}, weir.CodeAuth, "unknown here"},
		"expired key":       {401, isJSON, `{"error":{"message":"ApiAuthStrategy - api key - Your api key is expired"}}`, [2]string{}, weir.CodeAuth, "expired"},
		"revoked key":       {401, isJSON, `{"error":{"message":"ApiAuthStrategy - api key - Your api key is not valid"}}`, [2]string{}, weir.CodeAuth, "revoked"},
		"forbidden":         {403, isJSON, `{"error":{"message":"no"}}`, [2]string{}, weir.CodeForbidden, "403"},
		"not found":         {404, isJSON, `{"message":"Cannot GET"}`, [2]string{}, weir.CodeNotFound, "404"},
		"throttled":         {429, isJSON, `{}`, [2]string{}, weir.CodeThrottled, "429"},
		"server error":      {500, "text/html", `<h1>oops</h1>`, [2]string{}, weir.CodeTransient, "500"},
		"bad request":       {400, isJSON, `{"error":{"message":"take must not be greater than 250"}}`, [2]string{}, weir.CodeData, "take must"},
		"a web page":        {200, "text/html", `<html></html>`, [2]string{}, weir.CodeCapability, "not JSON"},
		"a web page, 404":   {404, "text/html", `<html></html>`, [2]string{}, weir.CodeCapability, "not the API"},
		"JSON as text":      {200, "text/plain", `{}`, [2]string{}, weir.CodeCapability, "not JSON"},
		"redirect":          {302, "", ``, [2]string{"Location", "https://evil.example/x?planted=query"}, weir.CodeCapability, "evil.example"},
		"empty":             {200, isJSON, ``, [2]string{}, weir.CodeTransient, "empty or cut"},
		"two values":        {200, isJSON, `{} {}`, [2]string{}, weir.CodeTransient, "more follows"},
		"garbage behind":    {200, isJSON, `{}x`, [2]string{}, weir.CodeTransient, "more follows"},
		"a byte order mark": {200, isJSON, "\ufeff{}", [2]string{}, weir.CodeTransient, "not valid JSON"},
		"a name twice":      {200, isJSON, `{"a":1,"a":2}`, [2]string{}, weir.CodeTransient, "not valid JSON"},
		"too deep":          {200, isJSON, strings.Repeat("[", 70) + strings.Repeat("]", 70), [2]string{}, weir.CodeTransient, "deeper"},
		"a bomb":            {200, isJSON, bomb.String(), [2]string{"Content-Encoding", "gzip"}, weir.CodeCapability, "inflates"},
		"unasked encoding":  {200, isJSON, `{}`, [2]string{"Content-Encoding", "br"}, weir.CodeCapability, "compressed"},
		"too large":         {200, isJSON, `"` + strings.Repeat("x", 33<<20) + `"`, [2]string{}, weir.CodeCapability, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				if c.header[0] != "" {
					w.Header().Set(c.header[0], c.header[1])
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			_, err := ask(t, server.URL)
			if weir.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %s %v, want %s with %q", weir.CodeOf(err), err, c.code, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "planted") {
				t.Errorf("the key or the query is in %v", err)
			}
		})
	}
}

func TestABodyThatIsCutIsNeverTakenForWhole(t *testing.T) {
	const whole = `{"data":[{"id":1},{"id":2}],"x":"y"}`
	for n := range len(whole) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			// Without a length the end of the connection is the end of the body.
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n%s", whole[:n])
			_ = c.Close()
		}()
		if _, err := ask(t, "http://"+l.Addr().String()); weir.CodeOf(err) != weir.CodeTransient {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
		_ = l.Close()
	}
}

func TestAHostThatIsNotThereIsNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := ask(t, "http://"+l.Addr().String()); weir.CodeOf(err) != weir.CodeNotSent {
		t.Errorf("got %v", err)
	}
}

func read(t *testing.T, body string) (weir.Page, error) {
	t.Helper()
	c := rest.Config{BaseURL: "http://127.0.0.1", PrimaryKey: []string{"uid"}, VersionField: "updatedAt", Steps: []rest.Step{
		{Key: "records", Iteration: rest.IterateStatic, Method: "GET", URL: "/v2/bookings", DataPath: "$.data[*]", Require: []string{"pagination"}}}}
	s, err := rest.NewSource(c, client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}), "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	var all weir.Page
	err = s.Read(t.Context(), rest.ReadRequest{}, func(_ context.Context, p weir.Page) error {
		all.Records, all.Rejects = append(all.Records, p.Records...), append(all.Rejects, p.Rejects...)
		return nil
	})
	return all, err
}

func TestRecordsKeepEveryDigitAndTheirCase(t *testing.T) {
	p, err := read(t, `{"pagination":{},"data":[{"UID":"evil","uid":"good","n":9007199254740993,"x":1e400,"z":-0,"a":1.10}]}`)
	if err != nil || len(p.Records) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if got, want := string(p.Records[0].Data), `{"UID":"evil","a":1.10,"n":9007199254740993,"uid":"good","x":1e400,"z":-0}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if p.Records[0].Key != "good" {
		t.Errorf("key %q", p.Records[0].Key)
	}
}

func TestARecordThatIsNoneGoesToQuarantineAndTheRestIsTaken(t *testing.T) {
	p, err := read(t, `{"pagination":{},"data":[{"uid":"a"},{"uid":null},{},7,{"uid":{"x":1}},{"uid":"b","updatedAt":"yesterday"},{"uid":"c","updatedAt":null}]}`)
	if err != nil || len(p.Records) != 2 || len(p.Rejects) != 5 {
		t.Fatalf("%d records, %d rejects, %v", len(p.Records), len(p.Rejects), err)
	}
	for _, r := range p.Rejects {
		if r.Reason == "" || len(r.Original) == 0 {
			t.Errorf("a reject without reason or original: %+v", r)
		}
	}
}

// The real server answers 200 in an older shape when the version header is
// missing or unknown (observed 2026-11-23).
func TestAnAnswerOfAnotherVersionIsRefused(t *testing.T) {
	for _, body := range []string{`{"data":{"bookings":[]}}`, `{"pagination":{},"data":{"bookings":[]}}`, `{"pagination":{}}`, `{"data":[]}`} {
		if _, err := read(t, body); weir.CodeOf(err) != weir.CodeCapability {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzAnAnswerNeverPanics(f *testing.F) {
	f.Add(`{"pagination":{},"data":[{"uid":"a"}]}`)
	f.Add(`{"data":[[[[{}]]]]}`)
	f.Fuzz(func(t *testing.T, body string) { _, _ = read(t, body) })
}
