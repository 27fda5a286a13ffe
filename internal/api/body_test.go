package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func TestABadInputIsRefusedByItsFieldAndNeverRepeated(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat(planted, 1000)
	for body, field := range map[string]string{
		``:                                    "body",
		` `:                                   "body",
		`{}`:                                  "name",
		`[]`:                                  "body",
		`null`:                                "body",
		`"` + planted + `"`:                   "body",
		planted:                               "body",
		`{"name":"` + planted:                 "body",
		`{"name":"x"}` + planted:              "body",
		`{"name":"x"}{"name":"y"}`:            "body",
		"{\"name\":\"" + planted + "\xff\"}":  "body",
		`{"name":null}`:                       "name",
		`{"name":{"a":"` + planted + `"}}`:    "name",
		`{"name":["` + planted + `"]}`:        "name",
		`{"name":12}`:                         "name",
		`{"name":""}`:                         "name",
		`{"name":"   "}`:                      "name",
		`{"name":"` + planted + `\n"}`:        "name",
		`{"name":"` + planted + `\u0000"}`:    "name",
		`{"name":"` + planted + `\u001b[2J"}`: "name",
		`{"name":"` + planted + `\u2028"}`:    "name",
		`{"name":"` + long + `"}`:             "name",
		`{"name":"` + strings.Repeat("ä", 256) + `"}`:                                   "name",
		`{"name":"x","name":"` + planted + `"}`:                                         "name",
		`{"name":"x","NAME":"` + planted + `"}`:                                         "NAME",
		`{"name":"x","Notes":"` + planted + `"}`:                                        "Notes",
		`{"name":"x","api_key":"` + planted + `"}`:                                      "api_key",
		`{"name":"x","` + planted + `!":1}`:                                             "(a name that is not shown)",
		`{"name":"x","kind":"` + planted + `"}`:                                         "kind",
		`{"name":"x","kind":7}`:                                                         "kind",
		`{"name":"x","count":"` + planted + `"}`:                                        "count",
		`{"name":"x","count":-1}`:                                                       "count",
		`{"name":"x","count":10}`:                                                       "count",
		`{"name":"x","count":1.5}`:                                                      "count",
		`{"name":"x","count":1e999}`:                                                    "count",
		`{"name":"x","notes":"` + planted + `\u0007"}`:                                  "notes",
		`{"name":"x","notes":"` + strings.Repeat(planted, 700) + `"}`:                   "notes",
		`{"name":"x","config":"` + planted + `"}`:                                       "config",
		`{"name":"x","config":["` + planted + `"]}`:                                     "config",
		`{"name":"x","config":{"a":1,"a":"` + planted + `"}}`:                           "config.a",
		`{"name":"x","config":{"a":["` + planted + `\u0000"]}}`:                         "config.a.0",
		`{"name":"x","config":{"a":1e400}}`:                                             "config.a",
		`{"name":"x","inner":{"site":"http://%zz` + planted + `"}}`:                     "inner.site",
		`{"name":"x","inner":{"form":"urn:` + planted + strings.Repeat("x", 26) + `"}}`: "inner.form",
		`{"name":"x","inner":{"mail":"` + planted + `"}}`:                               "inner.mail",
		`{"name":"x","inner":{"wait":"` + planted + `"}}`:                               "inner.wait",
		`{"name":"x","inner":{"other":"` + planted + `"}}`:                              "inner.other",
	} {
		for _, request := range []struct{ method, path string }{{"POST", "/api/things"}, {"PUT", "/api/things/7"}, {"POST", "/api/open"}} {
			g := w.call(request.method, request.path, "ada", body)
			p := g.refused(http.StatusBadRequest, "VAL_001")
			if len(p.Details) == 0 || p.Details[0].Field != field || p.Details[0].Message == "" || p.Details[0].Remedy == "" {
				t.Errorf("%.60s: %+v, want %s", body, p.Details, field)
			}
		}
	}
	if strings.Contains(w.log.String(), planted) || w.made != 0 {
		t.Error("it was logged, or made")
	}
}

func TestABadQueryOrHeaderIsRefusedByItsName(t *testing.T) {
	w := newWorld(t)
	for query, field := range map[string]string{
		"page=0": "page", "page=-1": "page", "page=" + planted: "page", "page=1.5": "page", "page=99999999999999999999": "page",
		"per_page=0": "per_page", "per_page=1001": "per_page", "per_page=-5": "per_page",
		"live=" + planted: "live", "live=yes": "live", "live=TRUE": "live", "kind=" + planted: "kind",
		"kind=%00": "kind", "kind=%ff": "kind", "kind=%zz" + planted: "query", "a;b=" + planted: "query", planted + "%20x=%01": "(a name that is not shown)",
	} {
		p := w.call("GET", "/api/things?"+query, "ada", "").refused(http.StatusBadRequest, "VAL_001")
		if len(p.Details) == 0 || p.Details[0].Field != field {
			t.Errorf("%s: %+v, want %s", query, p.Details, field)
		}
	}
	p := w.call("GET", "/api/things", "ada", "", "X-Kind", planted).refused(http.StatusBadRequest, "VAL_001")
	if p.Details[0].Field != "X-Kind" {
		t.Error(p.Details)
	}
}

func TestARequestWithoutBodyMayNameAContentType(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{"application/json", "text/plain", "", "nonsense"} {
		w.call("GET", "/api/things", "ada", "", "Content-Type", kind).ok(&[]any{})
		w.call("PUT", "/api/things/7/activate", "ada", "", "Content-Type", kind).ok(&map[string]any{})
	}
	w.call("PUT", "/api/things/7/activate", "ada", " { } ").ok(&map[string]any{})
	w.call("PUT", "/api/things/7/activate", "ada", `{"x":1}`).refused(http.StatusBadRequest, "VAL_001")
	w.call("GET", "/api/things", "ada", `{"x":1}`).refused(http.StatusBadRequest, "VAL_001")
}

// Each pair of a content type and a body is refused for its type, or read by
// the one parser: none reaches a handler in another way.
func TestNoContentTypeLeadsPastTheParser(t *testing.T) {
	w := newWorld(t)
	good := map[string]bool{"application/json": true, "application/json; charset=utf-8": true, "APPLICATION/JSON;charset=\"UTF-8\"": true, nexlaJSON: true}
	types := []string{"", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16",
		"application/json, text/plain", "application/vnd.api+json", "application/jsonp", "application/xml", "application/octet-stream", "*/*"}
	for kind := range good {
		types = append(types, kind)
	}
	bodies := map[string]int{`{"name":"x"}`: 200, `name=x`: 400, "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nx\r\n--x--": 400,
		`<name>x</name>`: 400, `)]}',{"name":"x"}`: 400, "\xef\xbb\xbf{\"name\":\"x\"}": 400, "{\x00\"\x00n\x00": 400}
	for _, kind := range types {
		for body, status := range bodies {
			g := w.call("POST", "/api/things", "ada", body, "Content-Type", kind)
			if !good[kind] {
				g.refused(http.StatusUnsupportedMediaType, "VAL_003")
				continue
			}
			if g.status != status {
				t.Errorf("%q %q: %d, want %d", kind, body, g.status, status)
			}
		}
	}
	w.call("POST", "/api/things", "ada", `{"name":"x"}`, "Content-Encoding", "gzip").refused(http.StatusUnsupportedMediaType, "VAL_003")
	w.call("POST", "/api/things", "ada", `{"name":"x"}`, "Content-Encoding", "identity").ok(&thing{})
}

func TestABodyHasAMegabyteAndSixtyFourLevels(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/api/things", "ada", `{"name":"`+strings.Repeat("x", maxBody-11)+`"}`).refused(http.StatusBadRequest, "VAL_001")
	w.call("POST", "/api/things", "ada", `{"name":"`+strings.Repeat("x", maxBody-10)+`"}`).refused(http.StatusRequestEntityTooLarge, "VAL_004")
	w.call("POST", "/api/things", "ada", strings.Repeat(planted, 3<<20/len(planted))).refused(http.StatusRequestEntityTooLarge, "VAL_004")
	nested := func(n int) string {
		return `{"name":"x","config":{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}}`
	}
	w.call("POST", "/api/things", "ada", nested(62)).ok(&thing{})
	w.call("POST", "/api/things", "ada", nested(63)).refused(http.StatusBadRequest, "VAL_001")
	w.call("POST", "/api/things", "ada", nested(400_000)).refused(http.StatusBadRequest, "VAL_001")
}

func TestWhatIsAllowedArrivesAsItWasSent(t *testing.T) {
	w := newWorld(t)
	var made thing
	w.call("POST", "/api/things", "ada", `{"name":" Ünïcode 😀 <b>&'\"","kind":null,"notes":"a\n\tb","count":9,"config":{"x":[1,null,12345678901234567890]}}`).ok(&made)
	if made.Name != " Ünïcode 😀 <b>&'\"" || made.Notes != "a\n\tb" || made.Count != 9 {
		t.Errorf("%+v", made)
	}
	w.call("POST", "/api/things", "ada", `{"name":"`+strings.Repeat("ä", 255)+`"}`).ok(&made)
	for _, accept := range []string{"", "*/*", "text/html", "application/problem+json", nexlaJSON, planted} {
		g := w.call("GET", "/api/things/7", "ada", "", "Accept", accept)
		g.ok(&made)
		if g.header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: %q", accept, g.header.Get("Content-Type"))
		}
	}
}

// FuzzBody: whatever is sent, the answer is the thing or an error in the
// contract's shape, and soon.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"name":"x"}`, `{"name":"x","config":{"a":[{}]}}`, `{"name":"x","name":1}`, `[`, "\xff", `{"name":"\ud800"}`, `{"inner":{"site":":"}}`} {
		f.Add("application/json", []byte(seed))
	}
	f.Add("text/plain", []byte(`{}`))
	a, err := newAPI(Options{Identity: &people{}, Answers: none{}, Limit: Limit{Requests: 1 << 30, Per: time.Hour}})
	if err != nil {
		f.Fatal(err)
	}
	w := &world{api: a}
	if err := a.build([]func(){w.registerThings}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		r := httptest.NewRequest("POST", "/api/things", strings.NewReader(string(body)))
		r.Header.Set("Authorization", "Bearer ada")
		r.Header.Set("Content-Type", kind)
		out := httptest.NewRecorder()
		a.ServeHTTP(out, r)
		var p Problem
		switch out.Code {
		case 200:
			if !jsontext.Value(body).IsValid() {
				t.Errorf("%q was taken for JSON", body)
			}
		case 400, 413, 415:
			if err := json.Unmarshal(out.Body.Bytes(), &p); err != nil || p.Code == "" {
				t.Errorf("%v %s", err, out.Body)
			}
		default:
			t.Errorf("%d %s", out.Code, out.Body)
		}
	})
}
