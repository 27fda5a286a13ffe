package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/trace"
	"github.com/weirhq/weir/internal/vault"
)

// serveCommand is `weir serve`.
type serveCommand struct {
	vaultFlags
	Listen         string        `default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Where to listen (default 127.0.0.1:8080). Other machines reach it only when told, such as :8080."`
	PublicURL      string        `name:"public-url" env:"WEIR_PUBLIC_URL" placeholder:"URL" help:"How users reach the server, when that is not where it listens."`
	Files          string        `placeholder:"DIR" help:"Directory in which SQLite and file destinations may write (default files in --data)."`
	CalcomURL      string        `name:"calcom-url" env:"WEIR_CALCOM_URL" placeholder:"URL" help:"The Cal.com API of credentials that name none (default https://api.cal.com)."`
	Loopback       bool          `name:"allow-loopback" help:"Let credentials name addresses of this machine, although users on others reach the server."`
	TLSCert        string        `name:"tls-cert" placeholder:"FILE" help:"Certificate, with its chain, to speak TLS."`
	TLSKey         string        `name:"tls-key" placeholder:"FILE" help:"The certificate's key."`
	Role           string        `enum:"all,api,worker" default:"all" placeholder:"ROLE" help:"What this process does: all, api (answer requests) or worker (run flows). Several share one Postgres (default all)."`
	Room           int           `name:"jobs" default:"32" placeholder:"N" help:"How many sources are read, and destinations filled, at once (default 32)."`
	Takeover       time.Duration `default:"30s" placeholder:"TIME" help:"How long a process may be silent before others take over what it does (default 30s)."`
	Metrics        string        `name:"metrics-address" placeholder:"ADDRESS" help:"Where Prometheus may read /metrics, such as 127.0.0.1:9464: whoever reaches it sees them (default nowhere)."`
	SetupTokenFile string        `name:"setup-token-file" placeholder:"FILE" help:"File with the setup token, which weir setup-token makes (default: a new one is printed at each start)."`
	mailFlags
	NotifyNetworks []string `name:"notify-networks" placeholder:"CIDR,…" help:"Networks that are not public and that users' notifications may go to (default none)."`
	Networks       []string `name:"database-networks" placeholder:"CIDR,…" help:"Networks in which databases and object stores may be (default any but link-local and metadata addresses)."`
	Proxies        []string `name:"trusted-proxies" placeholder:"CIDR,…" help:"Reverse proxies whose X-Forwarded-For is believed (default none)."`
	oidcFlags
}

// Run wires the server, says where it is and how to begin, and serves until
// the process is told to stop.
func (c serveCommand) Run(s *session) error {
	config, err := c.config(s)
	if err != nil {
		return err
	}
	listener, err := c.listen(s)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // Serve closes it, too
	config.NoLoopback = !c.Loopback && c.reachable(listener)
	address := c.address(listener)
	config.PublicURL = address
	if config.Measured, err = c.measured(s); err != nil {
		return err
	}
	if config.Measured != nil {
		defer func() { _ = config.Measured.Close() }() // Serve closes it, too
	}
	if config.Tracer, err = c.tracer(s); err != nil {
		return err
	}
	defer closing(s, "traces", func() error { return config.Tracer.Close(context.WithoutCancel(s.ctx)) })
	srv, err := server.New(s.ctx, config)
	if err != nil {
		return err
	}
	defer closing(s, "server", func() error { return srv.Close(s.ctx) })
	if config.Measured != nil {
		fmt.Fprintf(s.Stdout, "Metrics are at http://%s/metrics\n", config.Measured.Addr())
	}
	if c.Role == string(server.RoleWorker) {
		fmt.Fprintf(s.Stdout, "Weir works; it answers /healthz and /readyz on %s\n", address)
		return c.serve(s, srv, listener)
	}
	token, needed, err := c.offer(s, srv)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "Weir listens on %s\n", address)
	switch {
	case needed && c.SetupTokenFile != "":
		fmt.Fprintf(s.Stdout, "No user yet. Make the first one with the token in %s, in a browser at %s/setup, or with weir setup.\n", c.SetupTokenFile, address)
	case needed:
		// Straight to standard output: it is a secret that this one person must read.
		fmt.Fprintf(s.data, "No user yet. Make the first one with this token, which is good once and until the next start:\n  setup token: %s\nin a browser at %s/setup, or with\n  weir setup --server %s --email you@example.com --name \"You\"\n", token, address, address)
	}
	return c.serve(s, srv, listener)
}

// offer makes the token that the first user must show, or takes the operator's.
func (c serveCommand) offer(s *session, srv *server.Server) (token string, needed bool, err error) {
	if c.SetupTokenFile == "" {
		return srv.People().SetupToken(s.ctx)
	}
	// Once there is a user the file may be gone.
	if needed, err := srv.People().SetupNeeded(s.ctx); err != nil || !needed {
		return "", false, err
	}
	if token, err = c.setupToken(s); err != nil {
		return "", false, err
	}
	needed, err = srv.People().OfferSetupToken(s.ctx, token)
	return token, needed, weir.At("--setup-token-file", err)
}

func (c serveCommand) serve(s *session, srv *server.Server, l net.Listener) error {
	time.AfterFunc(5*time.Second, debug.FreeOSMemory) // what only the start needed, such as migrations
	if err := srv.Serve(s.ctx, l); err != nil {
		return err
	}
	fmt.Fprintln(s.Stdout, "Stopped; what was read is kept.")
	return nil
}

// config reads the flags.
func (c serveCommand) config(s *session) (config server.Config, err error) {
	config = server.Config{Database: c.Database, Files: c.Files, Role: server.Role(c.Role), Jobs: job.Options{Silence: c.Takeover, Room: c.Room}, Version: versionText(), Logger: s.log, Now: time.Now}
	if config.Data, err = dataDir(c.Data, s.Getenv); err != nil {
		return config, err
	}
	if c.CalcomURL != "" {
		if config.CalcomURL, err = netguard.ParseOrigin(c.CalcomURL); err != nil {
			return config, weir.At("--calcom-url", err)
		}
	}
	var warning string
	if config.Root, warning, err = vault.FindRoot(s.ctx, vault.Search{File: c.RootKeyFile, Data: config.Data, Getenv: s.Getenv}); err != nil {
		return config, err
	}
	if warning != "" {
		s.log.Warn(warning)
	}
	if c.Room < 1 || c.Room > 10_000 {
		return config, &weir.Error{Code: weir.CodeUsage, Where: "--jobs", Message: "it is not within 1 and 10000", Remedy: "Leave it out for 32"}
	}
	if c.Takeover < time.Second || c.Takeover > time.Hour {
		return config, &weir.Error{Code: weir.CodeUsage, Where: "--takeover", Message: "it is not within a second and an hour", Remedy: "Write it as 30s"}
	}
	if config.Proxies, err = networks("--trusted-proxies", c.Proxies); err != nil {
		return config, err
	}
	if config.DatabaseNetworks, err = networks("--database-networks", c.Networks); err != nil {
		return config, err
	}
	if config.Networks, err = networks("--notify-networks", c.NotifyNetworks); err != nil {
		return config, err
	}
	if config.Mail, err = c.mail(s); err != nil {
		return config, err
	}
	if config.Provider, config.ProviderName, err = c.provider(s); err != nil {
		return config, err
	}
	config.TLS, err = c.tls()
	return config, err
}

// networks reads a flag's networks.
func networks(flag string, texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, &weir.Error{Code: weir.CodeUsage, Where: flag, Message: "this is no network: " + text, Remedy: "Write it as 10.0.0.0/8"}
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}

// tls loads the certificate; nil without one.
func (c serveCommand) tls() (*tls.Config, error) {
	if c.TLSCert == "" && c.TLSKey == "" {
		return nil, nil
	}
	for flag, file := range map[string]string{"--tls-cert": c.TLSCert, "--tls-key": c.TLSKey} {
		if file == "" {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: flag, Message: "it is missing", Remedy: "Give both, the certificate and its key, to speak TLS; or neither"}
		}
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "--tls-cert", Message: "certificate and key cannot be loaded: " + err.Error(), Remedy: "Name a PEM file for each, of one pair", Err: err}
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

func (c serveCommand) listen(s *session) (net.Listener, error) {
	l, err := listenAnywhere(c.Listen)
	if err != nil {
		return nil, err
	}
	if !onLoopback(l) && c.TLSCert == "" {
		s.log.Warn("other machines reach this server, and it speaks no TLS: keys that are pasted into it can be read on the way. Give --tls-cert and --tls-key, or listen on loopback behind a proxy that does")
	}
	return l, nil
}

// tracer sends traces where the standard variables of OpenTelemetry say; nil
// when they do not.
func (c serveCommand) tracer(s *session) (*trace.Tracer, error) {
	plain := strings.HasPrefix(s.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")+s.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://")
	return trace.Open(trace.Options{Getenv: s.Getenv, HTTP: netguard.NewStorage().Client(plain), Version: versionText(), Role: c.Role, Logger: s.log})
}

// measured listens where metrics are read; nil for nowhere.
func (c serveCommand) measured(s *session) (net.Listener, error) {
	if c.Metrics == "" {
		return nil, nil
	}
	l, err := listenAnywhere(c.Metrics)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeOf(err), Where: "--metrics-address", Message: "nobody can listen there", Remedy: "Write it as 127.0.0.1:9464, with a port that is free", Err: err}
	}
	if !onLoopback(l) {
		s.log.Warn("other machines may read this server's metrics: numbers, routes and ids of credentials; let only Prometheus reach this port", "address", l.Addr().String())
	}
	return l, nil
}

func onLoopback(l net.Listener) bool {
	host, _, _ := net.SplitHostPort(l.Addr().String())
	return isLoopback(host)
}

// reachable reports whether users on other machines reach the server, directly
// or through a proxy.
func (c serveCommand) reachable(l net.Listener) bool {
	return !onLoopback(l) || c.PublicURL != "" || len(c.Proxies) > 0
}

// address is how the server is reached.
func (c serveCommand) address(l net.Listener) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + l.Addr().String()
}
