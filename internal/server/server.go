// Package server wires everything that `weir serve` is made of, in one
// function that reads from top to bottom, and runs it until it is told to stop.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/api"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/metrics"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/trace"
	"github.com/weirhq/weir/internal/vault"
	"github.com/weirhq/weir/internal/web"
)

// Config is what a server is made of.
type Config struct {
	Data       string         // directory of Weir's own files
	Database   string         // address of the store; "" for a SQLite file in Data
	Root       vault.Place    // where the root key lies
	Files      string         // directory in which file destinations may write; "" for Data/files
	NoLoopback bool           // users may not name this machine's own addresses
	CalcomURL  string         // the Cal.com API that credentials speak to when they name none; "" for the real one
	PublicURL  string         // how users reach the server: browsers get cookies for https if it says so, and identity providers are told it
	Proxies    []netip.Prefix // reverse proxies whose X-Forwarded-For is believed
	// DatabaseNetworks are where databases and object stores may be; nil is
	// anywhere but at link-local and metadata addresses.
	DatabaseNetworks []netip.Prefix
	Mail             *notify.MailServer // through which users are mailed; nil for none
	Networks         []netip.Prefix     // that notifications may go to though they are not public
	TLS              *tls.Config        // nil for plain HTTP
	Measured         net.Listener       // where metrics are read; nil for nowhere
	// Provider is an identity provider that users of the oldest organization sign
	// in with, besides those that owners store; nil for none.
	Provider     *identity.ProviderConfig
	ProviderName string
	PasswordCost identity.Cost // zero for the usual
	Limit        api.Limit     // how often one caller may ask; zero for the usual
	Role         Role          // "" for RoleAll
	Jobs         job.Options   // how jobs are done; Store, Logger and Works are the server's own
	Tracer       *trace.Tracer // nil for no traces
	Version      string
	Logger       *slog.Logger
	Now          func() time.Time
}

// Role is what a process does.
type Role string

// The roles. On SQLite there is one process, and it does everything.
const (
	RoleAll    Role = "all"
	RoleAPI    Role = "api"    // answers requests, and does no jobs
	RoleWorker Role = "worker" // does jobs, and answers only whether it is well
)

// Server is a wired server. Close it when it is not used any more.
type Server struct {
	config   Config
	store    *store.DB
	governor *governor.Governor
	identity *identity.Service
	alone    func() // gives a SQLite database back
	jobs     *job.Engine
	runner   *flow.Runner
	meter    *meter
	metrics  *metrics.Metrics
	notify   *notify.Service
	checks   []func(context.Context) error // that raise what time brings
	handler  http.Handler
	ready    readiness
	stopping chan struct{} // closed when Serve comes to its end
}

// New wires a server: the store is opened and brought up to date, the vault
// opened, the services put together. Nothing listens yet. A wrong root key is
// CodeConfig, and then nothing was written.
func New(ctx context.Context, c Config) (*Server, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Role == "" {
		c.Role = RoleAll
	}
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(c.Data, "weir.db")
	}
	if c.Files == "" {
		c.Files = filepath.Join(c.Data, "files")
	}
	s := &Server{config: c, metrics: metrics.New(c.Version, string(c.Role)), stopping: make(chan struct{})}
	if err := s.wire(ctx); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// wire puts everything together, from the store up.
func (s *Server) wire(ctx context.Context) (err error) {
	c := s.config
	if s.store, err = store.Open(ctx, c.Database, store.Options{Logger: c.Logger, Ended: s.runEnded}); err != nil {
		return err
	}
	if s.alone, err = s.store.Alone(ctx); err != nil {
		return err
	}
	if s.store.SQLite() != nil && c.Role != RoleAll {
		return &weir.Error{Code: weir.CodeConfig, Where: "--role", Message: "a SQLite database has one server, which does everything", Remedy: "Leave --role out, or give --database-url postgres://… for many"}
	}
	sealed, err := vault.Init(ctx, vault.Options{Place: c.Root, Store: s.store, Now: c.Now, Logger: c.Logger})
	if err != nil {
		return err
	}
	restored, err := s.store.Restored(ctx)
	if err != nil {
		return err
	}
	log := audit.New(s.store, sealed.Derive("audit"), c.Now, sealed.DeriveEarlier("audit")...)
	if err := s.tellRestored(ctx, log, restored); err != nil {
		return err
	}
	s.governor = governor.New(s.store, governor.Options{MaxRequest: netguard.TotalTimeout, FullAt: restored.Time(), Seen: s.requested})
	intake := notify.NewIntake(c.Now)
	s.identity, err = identity.New(s.store, identity.Options{
		Audit: log, MACKey: sealed.Derive("rows"), Pepper: sealed.Derive("pepper"), EarlierPeppers: sealed.DeriveEarlier("pepper"), Now: c.Now, Logger: c.Logger,
		Notifier: intake, KeysBefore: restored.KeysBefore, Cost: c.PasswordCost,
		Ways: identity.Ways{Sealer: sealed, PublicURL: c.PublicURL, Reach: netguard.Roam, Server: c.Provider, ServerName: c.ProviderName},
	})
	if err != nil {
		return err
	}
	if err := s.identity.Guard(ctx); err != nil {
		return err
	}
	credentials, err := credential.New(credential.Options{
		Store: s.store, Vault: sealed, Audit: log, Governor: s.governor, Files: c.Files, BaseURL: c.CalcomURL, NoLoopback: c.NoLoopback, Storage: netguard.NewStorage(c.DatabaseNetworks...), Logger: c.Logger, Now: c.Now,
		Notifier: intake,
	})
	if err != nil {
		return err
	}
	flows := flow.New(flow.Options{
		Store: s.store, Credentials: credentials, Audit: log, Notifier: intake, Meter: s.metrics, Tracer: c.Tracer, Logger: c.Logger, Now: c.Now,
		MayUse: func(ctx context.Context, org, user, id int64) error {
			return s.identity.MayOperate(ctx, org, user, store.KindCredential, id)
		},
	})
	c.Jobs.Store, c.Jobs.Logger, c.Jobs.Works, c.Jobs.Begins = s.store, c.Logger, c.Role != RoleAPI, s.metrics.JobBegins
	if s.jobs, err = job.Open(ctx, c.Jobs); err != nil {
		return err
	}
	s.runner = flow.NewRunner(flows, s.jobs)
	s.startMeter(credentials)
	s.notify = notify.New(notify.Options{
		Store: s.store, Vault: sealed, Audit: log, People: s.identity, Intake: intake, Mail: c.Mail, Networks: c.Networks, PublicURL: c.PublicURL, Logger: c.Logger, Now: c.Now,
	})
	s.checks = append(s.checks, credentials.Announce, s.noticeRekey)
	calcom, err := connector.Builtin("calcom")
	if err != nil {
		return err
	}
	cookies := identity.Cookies{HTTPS: c.TLS != nil || strings.HasPrefix(c.PublicURL, "https://")}
	rest, err := api.New(api.Options{
		Identity: s.identity, Answers: s.store, Connectors: []*connector.Definition{calcom},
		People: s.identity, Credentials: credentials, Flows: flows, Runner: s.runner, Notify: s.notify, Store: s.store,
		Logger: c.Logger, Now: c.Now, Version: c.Version, Address: c.address, Limit: c.Limit, Cookies: cookies, Stopping: s.stopping,
	})
	if err != nil {
		return err
	}
	pages, err := web.New(web.Options{
		People: s.identity, Credentials: credentials, Flows: flows, Runner: s.runner, Notify: s.notify, Store: s.store, Vault: sealed,
		Connectors: []*connector.Definition{calcom}, Logger: c.Logger, Now: c.Now, Version: c.Version, Data: c.Data, Postgres: !strings.HasPrefix(c.Database, "sqlite:"), Address: c.address, Cookies: cookies, Stopping: s.stopping,
	})
	if err != nil {
		return err
	}
	s.ready.check, s.ready.rekeyed = s.store.Ping, sealed.Rekeyed
	s.handler = s.observed(s.routes(pages, rest))
	s.metrics.Watch(c.Now, s.state)
	if err := s.jobs.Start(ctx); err != nil {
		return err
	}
	s.runner.Begin(c.Jobs.Works)
	return nil
}

// Handler is everything that the server answers.
func (s *Server) Handler() http.Handler { return s.handler }

// Metrics answers metrics.Path, for a listener that users do not reach.
func (s *Server) Metrics() http.Handler { return s.metrics.Handler() }

// People is who may use the server.
func (s *Server) People() *identity.Service { return s.identity }

// Notify is what tells people what happened.
func (s *Server) Notify() *notify.Service { return s.notify }

// How long a request and a stop may take.
const (
	headerTimeout = 15 * time.Second
	bodyTimeout   = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	headerBytes   = 64 << 10
	drainTimeout  = 20 * time.Second
)

// Serve answers on the listener until ctx ends. Then it takes no more, lets
// requests end, and stops runs after the page under way.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug), TLSConfig: s.config.TLS,
	}
	told := s.notify.Start(s.checks...)
	failed := make(chan error, 2)
	if s.config.Measured != nil {
		measured := s.metricsServer()
		defer func() { _ = measured.Close() }() // nobody waits for a last look
		go func() { failed <- measured.Serve(s.config.Measured) }()
	}
	go func() {
		if s.config.TLS != nil {
			failed <- server.ServeTLS(l, "", "")
		} else {
			failed <- server.Serve(l)
		}
	}()
	select {
	case err := <-failed:
		return errors.Join(&weir.Error{Code: weir.CodeLocal, Where: "serve", Message: "the listener failed: " + err.Error(), Err: err}, told.Stop(ctx))
	case <-ctx.Done():
	}
	s.ready.stopping.Store(true)
	close(s.stopping) // or the end would wait for every page that lies open
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	s.runner.Close()
	stopped := make(chan error, 1)
	go func() { stopped <- s.jobs.Stop(wait) }()
	return errors.Join(server.Shutdown(wait), <-stopped, told.Stop(wait))
}

// Close gives everything back that New took. It is called once, after Serve.
func (s *Server) Close(ctx context.Context) error {
	var errs []error
	if s.runner != nil {
		s.runner.Close()
	}
	if s.jobs != nil {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		errs = append(errs, s.jobs.Stop(wait))
	}
	if s.meter != nil {
		errs = append(errs, s.meter.end(context.WithoutCancel(ctx)))
	}
	if s.governor != nil {
		errs = append(errs, s.governor.Close())
	}
	if s.identity != nil {
		errs = append(errs, s.identity.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.alone != nil {
		s.alone()
	}
	return errors.Join(errs...)
}
