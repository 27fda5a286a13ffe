package server_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/trace"
)

// receiver takes spans as a collector does.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*otlp.Span
	raw   []byte
	auth  string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		var m collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &m); err != nil || q.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", q.URL.Path, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw, r.auth = append(r.raw, body...), q.Header.Get("Authorization")
		for _, resource := range m.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// named gives the spans of a name in the trace of another.
func (r *receiver) named(name string, of *otlp.Span) (all []*otlp.Span) {
	for _, s := range r.spans {
		if s.Name == name && (of == nil || bytes.Equal(s.TraceId, of.TraceId)) {
			all = append(all, s)
		}
	}
	return all
}

// tracer sends spans to the receiver, as a process of a role.
func (r *receiver) tracer(t *testing.T, role server.Role) *trace.Tracer {
	t.Helper()
	variables := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": r.URL + "/", "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20collector"}
	tracer, err := trace.Open(trace.Options{Getenv: func(name string) string { return variables[name] }, HTTP: r.Client(), Version: "test", Role: string(role), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

// flushed lets the tracers send what they have, and looks at it.
func (r *receiver) flushed(t *testing.T, tracers ...*trace.Tracer) {
	t.Helper()
	for _, tracer := range tracers {
		if err := tracer.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	r.mu.Lock()
	t.Cleanup(r.mu.Unlock)
}

func TestARunIsOneTraceFromTheRequestToItsDeliveries(t *testing.T) {
	r := newReceiver(t)
	all := r.tracer(t, server.RoleAll)
	deliver(configuredWorld(t, 30, func(c *server.Config) { c.Tracer = all }))
	r.flushed(t, all)
	r.mustBeOne(t)
}

func TestATraceGoesOnInTheProcessThatDoesTheRun(t *testing.T) {
	r := newReceiver(t)
	asks, works := r.tracer(t, server.RoleAPI), r.tracer(t, server.RoleWorker)
	w := &world{TB: t, dir: t.TempDir(), log: &lines{}, limit: 1_000_000, database: jobtest.Fresh.Postgres(t)}
	w.change = func(c *server.Config) { c.Role, c.Tracer = server.RoleAPI, asks }
	w.built(30)
	c := w.config
	c.Role, c.Tracer = server.RoleWorker, works
	worker, err := server.New(t.Context(), c)
	w.must(err)
	deliver(w)
	w.must(worker.Close(context.Background()))
	r.flushed(t, asks, works)
	r.mustBeOne(t)
}

// mustBeOne fails unless the run that deliver makes is one trace.
func (r *receiver) mustBeOne(t *testing.T) {
	t.Helper()
	request := r.named("PUT /api/data_sources/{id}/activate", nil)
	if len(request) != 1 {
		t.Fatalf("%d requests", len(request))
	}
	for name, parent := range map[string]string{"run": request[0].Name, "ingest": "run", "source request": "ingest", "deliver": "run", "batch": "deliver"} {
		spans := r.named(name, request[0])
		if len(spans) == 0 {
			t.Errorf("there is no %s in the trace", name)
			continue
		}
		for _, above := range r.named(parent, request[0]) {
			if hex.EncodeToString(above.SpanId) == hex.EncodeToString(spans[0].ParentSpanId) {
				parent = ""
			}
		}
		if parent != "" {
			t.Errorf("%s is not under %s", name, parent)
		}
	}
	if r.auth != "Bearer collector" {
		t.Errorf("the collector saw %q", r.auth)
	}
}

func TestSpansCarryIDsAndNoSecretAddressOrName(t *testing.T) {
	r := newReceiver(t)
	all := r.tracer(t, server.RoleAll)
	w := configuredWorld(t, 30, func(c *server.Config) { c.Tracer = all })
	d := deliver(w)
	w.raw(404, "GET", "/data_sources/999?key=planted_in_a_query", nil)
	w.raw(404, "GET", "/planted_in_a_path", nil)
	key := w.sim.Keys()[0]
	w.sim.RemoveKey(key.Name)
	w.call(200, "POST", "/data_sources/"+id(d.src)+"/run_now", nil)
	w.finished(d.src)
	w.stop()
	r.flushed(t, all)
	failed := false
	for _, s := range r.named("source request", nil) {
		found := map[string]bool{}
		for _, a := range s.Attributes {
			found[a.Key] = true
		}
		for _, key := range []string{"weir.run", "weir.org", "weir.source", "weir.credential"} {
			if !found[key] {
				t.Errorf("a request has no %s", key)
			}
		}
		failed = failed || s.Status.Code == otlp.Status_STATUS_CODE_ERROR
	}
	if !failed {
		t.Error("no request was refused: nothing was tried")
	}
	for _, secret := range []string{key.Key, w.token, w.simURL, "planted", "Bookings", "cal.db", "ada@example.com", "limit="} {
		if bytes.Contains(r.raw, []byte(secret)) {
			t.Errorf("%q is in the spans", secret)
		}
	}
}

func TestWithoutAnAddressThereAreNoTraces(t *testing.T) {
	tracer, err := trace.Open(trace.Options{Getenv: func(string) string { return "" }})
	if tracer != nil || err != nil {
		t.Fatal(tracer, err)
	}
	if allocated := testing.AllocsPerRun(100, func() {
		ctx, span := tracer.Start(t.Context(), "run", trace.IDs{Org: 1})
		span.Count("requests", 1)
		span.End(nil)
		_ = tracer.Follow(ctx, span.Parent())
	}); allocated > 1 { // the test's own context
		t.Errorf("%.0f allocations for nothing", allocated)
	}
}
