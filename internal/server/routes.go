package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What those ask who look after processes.
const (
	HealthPath = "/healthz" // does it live
	ReadyPath  = "/readyz"  // can it do its work
)

// routes are all paths of the server: the pages, the REST API, and what a load
// balancer asks.
func (s *Server) routes(pages, rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	if s.config.Role != RoleWorker {
		mux.Handle("/", pages)
	}
	mux.HandleFunc("GET "+HealthPath, s.healthz)
	mux.HandleFunc("GET "+ReadyPath, s.readyz)
	if s.config.Role == RoleWorker {
		return mux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Not by the mux: it would send who writes /api//x to another path,
		// and every error of the API has one shape.
		if r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") {
			rest.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// readiness says whether the server can do its work.
type readiness struct {
	check    func(context.Context) error
	rekeyed  func(context.Context) (bool, error) // the vault was, and this server holds the keys from before
	stopping atomic.Bool
	told     sync.Once // that it was rekeyed
}

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok\n") }

// readyTimeout is how long the store may take to answer.
const readyTimeout = 2 * time.Second

// readyz says whether requests should be sent here: the store answers, nobody
// has asked the server to stop, and its keys are those of the database.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	switch {
	case s.ready.stopping.Load():
		say(w, http.StatusServiceUnavailable, "stopping\n")
	case s.ready.check(ctx) != nil:
		say(w, http.StatusServiceUnavailable, "the database does not answer\n")
	case s.stale(ctx):
		say(w, http.StatusServiceUnavailable, "the vault was rekeyed: restart this server\n")
	default:
		say(w, http.StatusOK, "ready\n")
	}
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // a client that has gone needs no answer
}

// stale reports whether the vault was rekeyed, after which nobody gets in until
// the server is started anew; the log says so once. That it cannot be found out is
// no reason to stop.
func (s *Server) stale(ctx context.Context) bool {
	rekeyed, err := s.ready.rekeyed(ctx)
	if err != nil || !rekeyed {
		return false
	}
	s.ready.told.Do(func() {
		s.config.Logger.ErrorContext(ctx, "the vault was rekeyed, and this server knows the keys from before: nobody gets in until it is restarted")
	})
	return true
}

// noticeRekey looks whether the vault was rekeyed, where nobody asks whether the
// server is ready.
func (s *Server) noticeRekey(ctx context.Context) error {
	s.stale(ctx)
	return nil
}
