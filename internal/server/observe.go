package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/metrics"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/trace"
)

// runEnded counts a run that is over, and says so.
func (s *Server) runEnded(r store.RunOver) {
	s.metrics.RunEnded(r.Status, r.Took())
	n := r.Totals
	s.config.Logger.Info("run ended", "run", r.ID, "org", r.Org, "source", r.Flow, "status", r.Status, "class", r.Class, "seconds", r.Took().Seconds(),
		"read", n.Read, "written", n.Written, "deleted", n.Deleted, "quarantined", n.Quarantined, "requests", n.Requests)
}

// metricsServer answers metrics on a listener of its own.
func (s *Server) metricsServer() *http.Server {
	return &http.Server{Handler: s.Metrics(), ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: bodyTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug)}
}

// requested counts a request to a source.
func (s *Server) requested(r governor.Sent) {
	s.metrics.Requested(r.Lane.String(), r.Status, r.Waited, r.Took)
}

// state is what metrics tell of the database and of keys' budgets.
func (s *Server) state(ctx context.Context) (metrics.State, error) {
	g, err := s.store.Gauges(ctx, 3*s.jobs.Silence)
	if err != nil {
		return metrics.State{}, err
	}
	out := metrics.State{Runs: g.Open, Flows: map[string]int64{}, Waiting: g.Waiting, GivenUp: g.GivenUp, Processes: g.Processes}
	for h, n := range g.Flows {
		out.Flows[string(h)] = n
	}
	if g.Due != 0 {
		out.Lag = max(0, s.config.Now().Sub(time.UnixMicro(g.Due)))
	}
	jobs, err := s.store.JobGauges(ctx)
	if err != nil {
		return out, err
	}
	for _, j := range jobs {
		out.Jobs = append(out.Jobs, metrics.Jobs{Kind: j.Kind, State: j.State, Number: j.Number, Waits: j.State == store.JobsWaiting, Oldest: j.Oldest})
	}
	out.Budgets, err = s.budgets(ctx)
	return out, err
}

// budgets are those that this process has used, each by the credential that
// users know it by.
func (s *Server) budgets(ctx context.Context) (all []metrics.Budget, err error) {
	used := s.governor.Budgets()
	names := make([]string, 0, len(used))
	for name := range used {
		names = append(names, name)
	}
	owners, err := s.store.BudgetOwners(ctx, names...)
	for name, id := range owners {
		b := used[name]
		all = append(all, metrics.Budget{Credential: id, Limit: b.Limit, Used: b.Used, Waiting: b.Waiting})
	}
	return all, err
}

// observed counts what next answers.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := s.config.Now()
		answer := newObserved(w)
		r, span := s.span(r)
		defer func() {
			s.metrics.Served(route(r), r.Method, answer.status, s.config.Now().Sub(begun))
			span.Route(r.Method, route(r), answer.status)
			span.End(nil)
		}()
		defer func() { _ = answer.control.SetWriteDeadline(time.Now().Add(unread)) }() // for what is still on its way
		next.ServeHTTP(answer, r)
	})
}

// span begins the span of a request. That of a caller is not gone on with:
// nobody knows who they are yet.
func (s *Server) span(r *http.Request) (*http.Request, *trace.Span) {
	if s.config.Tracer == nil || r.URL.Path == HealthPath || r.URL.Path == ReadyPath {
		return r, nil
	}
	ctx, span := s.config.Tracer.Serve(r.Context())
	return r.WithContext(ctx), span
}

// route is the pattern of the route that a request took, without its method;
// "" for none.
func route(r *http.Request) string {
	if r.Pattern == "/" { // where everything goes that is no page
		return ""
	}
	_, path, _ := strings.Cut(r.Pattern, "/")
	return strings.TrimSuffix("/"+path, "{$}")
}

// How long a client may leave a piece of an answer unread. Time that the answer
// takes to be made does not count: streams and long work are not cut. What a
// client leaves unread in all is as long as the answer is at a slow line's pace.
const (
	unread = 30 * time.Second
	piece  = 64 << 10
	pace   = 8 << 10 // bytes a second
)

// observed is an answer whose status is looked at, and that ends when nobody
// reads it: else whoever opens many and reads none takes all memory.
type observed struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	sent    bool
	own     bool          // the handler has set a deadline of its own
	bytes   int64         // that were written
	stood   time.Duration // for how long the client let us stand
}

func newObserved(w http.ResponseWriter) *observed {
	return &observed{ResponseWriter: w, control: http.NewResponseController(w), status: http.StatusOK}
}

// WriteHeader implements http.ResponseWriter.
func (o *observed) WriteHeader(status int) {
	if !o.sent {
		o.status, o.sent = status, status >= 200
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (o *observed) Write(b []byte) (n int, err error) {
	o.sent = true
	for first := true; first || len(b) > 0; first = false {
		part := b[:min(len(b), piece)]
		var m int
		err = o.patiently(func() (err error) {
			m, err = o.ResponseWriter.Write(part)
			return err
		})
		n, b, o.bytes = n+m, b[len(part):], o.bytes+int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// FlushError lets http.ResponseController send what was written.
func (o *observed) FlushError() error { return o.patiently(o.control.Flush) }

// SetWriteDeadline lets a handler be more or less patient than others; with no
// time it is as patient as they are.
func (o *observed) SetWriteDeadline(at time.Time) error {
	o.own = !at.IsZero()
	return o.control.SetWriteDeadline(at)
}

// patiently sends something while the client reads. Between pieces no deadline
// runs: over HTTP/2 one ends the answer though nothing waits to be sent.
func (o *observed) patiently(send func() error) error {
	if o.own {
		return send()
	}
	begun := time.Now()
	left := unread + time.Duration(o.bytes/pace)*time.Second - o.stood
	_ = o.control.SetWriteDeadline(begun.Add(min(unread, left))) // a writer without one belongs to a test
	err := send()
	o.stood += time.Since(begun)
	_ = o.control.SetWriteDeadline(time.Time{})
	return err
}

// Unwrap lets http.ResponseController reach what is below.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }
