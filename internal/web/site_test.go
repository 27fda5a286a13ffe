package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/vault"
)

// The first user of every site.
const (
	adaEmail    = "ada@example.com"
	adaPassword = "correct horse battery"
)

// site is a whole server with its pages, and a simulated Cal.com.
type site struct {
	testing.TB
	server *server.Server
	sim    *simulator.Simulator
	url    string
	simURL string
	dir    string
	log    *lines
}

// lines is a log that a test reads while the server writes it.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newSite starts a server that nobody has set up, with its configuration changed.
func newSite(t testing.TB, change ...func(*server.Config)) *site {
	t.Helper()
	return siteOf(t, simulator.Options{Bookings: 120, Seed: 1, RateLimit: 120}, nil, change...)
}

// siteOf is newSite with another account. Before is what stands before it, such as
// a witness of what it is asked; nil for nothing.
func siteOf(t testing.TB, account simulator.Options, before func(http.Handler) http.Handler, change ...func(*server.Config)) *site {
	t.Helper()
	s := &site{TB: t, log: &lines{}}
	var err error
	s.sim, err = simulator.New(account)
	s.must(err)
	answers := http.Handler(s.sim)
	if before != nil {
		answers = before(answers)
	}
	sim := httptest.NewServer(answers)
	t.Cleanup(sim.Close)
	s.simURL = sim.URL
	dir := t.TempDir()
	s.dir = dir
	jobtest.Fresh.CopyTo(t, filepath.Join(dir, "weir.db"))
	place, _, err := vault.FindRoot(t.Context(), vault.Search{Data: dir, Getenv: func(string) string { return "" }})
	s.must(err)
	config := server.Config{Data: dir, Root: place, CalcomURL: sim.URL, Version: "test", Now: time.Now, PasswordCost: identity.Cost{KiB: 64, Passes: 1},
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, c := range change {
		c(&config)
	}
	s.server, err = server.New(t.Context(), config)
	s.must(err)
	front := httptest.NewServer(s.server.Handler())
	s.url = front.URL
	t.Cleanup(func() {
		front.Close()
		s.must(s.server.Close(context.Background()))
	})
	return s
}

// settled is a site with its first user, Ada, who owns Acme.
func settled(t testing.TB) *site {
	t.Helper()
	s := newSite(t)
	s.setUp()
	return s
}

// setUp makes the first user without a browser.
func (s *site) setUp() identity.Session {
	s.Helper()
	session, err := s.server.People().Setup(s.Context(), s.setupToken(), identity.FirstUser{Organization: "Acme", Email: adaEmail, FullName: "Ada Lovelace",
		Password: weir.NewSecret(adaPassword), Client: identity.Client{Address: netip.MustParseAddr("127.0.0.1")}})
	s.must(err)
	return session
}

func (s *site) setupToken() string {
	s.Helper()
	token, needed, err := s.server.People().SetupToken(s.Context())
	s.must(err)
	if !needed {
		s.Fatal("there is a user already")
	}
	return token
}

// key is one that the simulated account takes.
func (s *site) key() string { return s.sim.Keys()[0].Key }

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}
