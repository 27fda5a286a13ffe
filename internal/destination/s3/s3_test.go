package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
	"github.com/weirhq/weir/internal/destination/file"
	"github.com/weirhq/weir/internal/destination/jsonl"
	"github.com/weirhq/weir/internal/destination/s3"
)

// store starts an object store with one bucket, behind what a test puts in
// between.
func store(t testing.TB, between func(http.Handler) http.Handler) string {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("cal-data"); err != nil {
		t.Fatal(err)
	}
	handler := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	if between != nil {
		handler = between(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func options(endpoint string) s3.Options {
	return s3.Options{Bucket: "cal-data", Prefix: "exports/cal", Endpoint: endpoint, Key: "AKIAEXAMPLE", Secret: weir.NewSecret("very secret"), HTTP: &http.Client{}, Plain: &http.Client{}}
}

func open(t testing.TB, endpoint string) *s3.Bucket {
	t.Helper()
	b, err := s3.Open(t.Context(), options(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFilesInABucketKeepThePromisesOfEveryDestination(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) destinationtest.Place {
		endpoint := store(t, nil)
		return destinationtest.Place{History: true,
			Open: func(t testing.TB) destinationtest.Destination { return files(t, open(t, endpoint)) },
			Look: func(t testing.TB) destinationtest.Glance { return look(t, endpoint) },
			Rows: func(t testing.TB, table weir.Table) []map[string]any { return rows(t, open(t, endpoint), table) },
		}
	})
}

func look(t testing.TB, endpoint string) *file.Glance {
	t.Helper()
	b, err := s3.Look(options(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	at, err := file.LookBucket(b, file.Options{Format: file.FormatJSONL})
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func files(t testing.TB, b *s3.Bucket) *file.Destination {
	t.Helper()
	d, err := file.OpenBucket(b, file.Options{Format: file.FormatJSONL})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rows reads a table as a user does after a run: by the pattern of its names.
func rows(t testing.TB, b *s3.Bucket, table weir.Table) (out []map[string]any) {
	t.Helper()
	own, err := b.List(t.Context(), "_weir/", 0)
	if err != nil {
		t.Fatal(err)
	}
	d := files(t, b)
	for _, name := range own {
		if dataset, found := strings.CutSuffix(strings.TrimPrefix(name, "_weir/"), "/CURRENT"); found {
			if err := d.Finish(t.Context(), dataset); err != nil {
				t.Fatal(err)
			}
		}
	}
	names, err := b.List(t.Context(), table.Name+"/", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var content bytes.Buffer
		if err := b.Read(t.Context(), name, &content); err != nil {
			t.Fatal(err)
		}
		out = append(out, lines(t, &content, table)...)
	}
	return out
}

func lines(t testing.TB, content io.Reader, table weir.Table) (out []map[string]any) {
	t.Helper()
	all, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	var columns []weir.Column // that the file has
	for _, c := range table.Columns {
		if bytes.Contains(all, []byte(`"`+c.Name+`":`)) {
			columns = append(columns, c)
		}
	}
	r := jsonl.NewReader(bytes.NewReader(all), columns)
	for {
		values := make([]any, len(columns))
		if err := r.Read(values); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		row := map[string]any{}
		for i, c := range columns {
			row[c.Name] = values[i]
		}
		out = append(out, row)
	}
}

func TestANameThatIsTakenIsNotGivenTwice(t *testing.T) {
	b := open(t, store(t, nil))
	create := func(content string) error {
		return b.Create(t.Context(), "a", strings.NewReader(content), int64(len(content)))
	}
	if err := create("one"); err != nil {
		t.Fatal(err)
	}
	if err := create("two"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	var got bytes.Buffer
	if err := b.Read(t.Context(), "a", &got); err != nil || got.String() != "one" {
		t.Errorf("%q, %v", got.String(), err)
	}
}

// lossy loses the answers to writes that it has passed on.
func lossy(lose *atomic.Int32, name string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, name) || lose.Add(-1) < 0 {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.Close()
			}
		})
	}
}

func TestAWriteWhoseAnswerIsLostIsFoundToBeOurs(t *testing.T) {
	for _, lost := range []int32{1, 2, 50} { // the repetition is told that the name is taken; all answers are lost
		var lose atomic.Int32
		b := open(t, store(t, lossy(&lose, "/a")))
		lose.Store(lost)
		if err := b.Create(t.Context(), "a", strings.NewReader("one"), 3); err != nil {
			t.Errorf("%d answers lost: %v", lost, err)
		}
		if err := b.Create(t.Context(), "a", strings.NewReader("two"), 3); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%d answers lost, then another writer: %v", lost, err)
		}
	}
}

func TestAStoreThatIgnoresConditionsIsRefused(t *testing.T) {
	endpoint := store(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-None-Match")
			next.ServeHTTP(w, r)
		})
	})
	_, err := s3.Open(t.Context(), options(endpoint))
	reason(t, err, weir.CodeCapability, s3.ReasonConditional)
}

func reason(t *testing.T, err error, code weir.Code, reason string) {
	t.Helper()
	var e *weir.Error
	if !errors.As(err, &e) || e.Code != code || e.Reason != reason || e.Remedy == "" {
		t.Errorf("got %v, want the code %s and the reason %s", err, code, reason)
	}
}

func TestTheCheckLeavesNothingBehind(t *testing.T) {
	b := open(t, store(t, nil))
	if names, err := b.List(t.Context(), "", 0); err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestWhatIsWrongWithABucketIsToldApart(t *testing.T) {
	answer := func(status int, code string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(status)
			if r.Method != http.MethodHead {
				_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>`+code+`</Code><Message>AKIAEXAMPLE very secret</Message></Error>`)
			}
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	for _, c := range []struct {
		status int
		said   string
		code   weir.Code
		reason string
	}{
		{403, "InvalidAccessKeyId", weir.CodeAuth, s3.ReasonKey},
		{403, "SignatureDoesNotMatch", weir.CodeAuth, s3.ReasonSecret},
		{404, "NoSuchBucket", weir.CodeConfig, s3.ReasonBucket},
		{301, "PermanentRedirect", weir.CodeConfig, s3.ReasonRegion},
		{400, "AuthorizationHeaderMalformed", weir.CodeConfig, s3.ReasonRegion},
		{403, "AccessDenied", weir.CodeForbidden, s3.ReasonPermission},
		{501, "NotImplemented", weir.CodeCapability, s3.ReasonConditional},
	} {
		t.Run(c.said, func(t *testing.T) {
			_, err := s3.Open(t.Context(), options(answer(c.status, c.said)))
			reason(t, err, c.code, c.reason)
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "very secret") {
					t.Errorf("the secret is in %q", e)
				}
			}
		})
	}
	missing := options(store(t, nil))
	missing.Bucket = "not-there"
	_, err := s3.Open(t.Context(), missing)
	reason(t, err, weir.CodeConfig, s3.ReasonBucket)

	silent := options("http://127.0.0.1:1")
	_, err = s3.Open(t.Context(), silent)
	if weir.CodeOf(err) != weir.CodeTransient {
		t.Errorf("got %v", err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	_, err = s3.Open(t.Context(), options(strings.Replace(plain.URL, "http:", "https:", 1)))
	reason(t, err, weir.CodeConfig, s3.ReasonTLS)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(other.Close)
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(first.Close)
	if _, err := s3.Open(t.Context(), options(first.URL)); err == nil || reached.Load() > 0 {
		t.Errorf("%v, and the other host got %d requests", err, reached.Load())
	}
}

func TestWhatTheDialerRefusesIsToldInItsWords(t *testing.T) {
	refused := &weir.Error{Code: weir.CodeUsage, Message: "not there", Remedy: "elsewhere"}
	o := options(store(t, nil))
	o.Plain = &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, refused }}}
	_, err := s3.Open(t.Context(), o)
	if weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("got %v", err)
	}
}

func TestOddPlacesAreRefused(t *testing.T) {
	for _, change := range []func(*s3.Options){
		func(o *s3.Options) { o.Bucket = "" }, func(o *s3.Options) { o.Bucket = "Upper" }, func(o *s3.Options) { o.Bucket = "a/b" }, func(o *s3.Options) { o.Bucket = "a..b" },
		func(o *s3.Options) { o.Prefix = "a/../b" }, func(o *s3.Options) { o.Prefix = "a//b" }, func(o *s3.Options) { o.Prefix = "_weir" }, func(o *s3.Options) { o.Prefix = "a b" },
		func(o *s3.Options) { o.Endpoint = "ftp://h" }, func(o *s3.Options) { o.Endpoint = "https://u:p@h" }, func(o *s3.Options) { o.Endpoint = "https://h/path" }, func(o *s3.Options) { o.Endpoint = "h:9000" },
	} {
		o := options("http://127.0.0.1:1")
		change(&o)
		if _, err := s3.Open(t.Context(), o); weir.CodeOf(err) != weir.CodeConfig {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
