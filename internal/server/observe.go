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
		"read", n.Read, "written", n.Written, "deleted", n.Deleted, "quarantined", n.Quarantined, "fresh", n.Fresh, "unchanged", n.Unchanged, "filtered", n.Filtered, "requests", n.Requests)
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
	if err := s.destinations(ctx, &out); err != nil {
		return out, err
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

// destinations adds how all destinations stand.
func (s *Server) destinations(ctx context.Context, out *metrics.State) error {
	g, err := s.store.DestinationGauges(ctx)
	out.Destinations = g.Number
	since := func(us int64) time.Duration {
		if us == 0 {
			return 0
		}
		return max(0, s.config.Now().Sub(time.UnixMicro(us)))
	}
	out.Failing, out.Behind = since(g.Failing), since(g.Lacks)
	return err
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
