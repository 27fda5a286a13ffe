package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/simulator"
)

type simulateCommand struct {
	Calcom simulateCalcom `cmd:"" help:"Serve a simulated Cal.com API v2. Its flags: weir simulate calcom serve --help."`
}

type simulateCalcom struct {
	Serve simulateServe `cmd:"" default:"withargs" help:"Serve it, which also happens without this word."`
	Keys  simulateKeys  `cmd:"" help:"Issue, list and remove keys of a simulator that runs."`
}

type simulateServe struct {
	Listen      string        `default:"127.0.0.1:8085" help:"Address to serve on; loopback."`
	AllowRemote bool          `help:"Let --listen be an address that others reach. The generated keys can be computed by anybody."`
	Bookings    int           `default:"1302" help:"How many bookings there are."`
	Seed        uint64        `default:"1" help:"Same seed, same data."`
	Profile     string        `default:"open" enum:"open,hosted" help:"open: the open-source server, as observed; hosted: with what only api.cal.com has."`
	RateLimit   int           `default:"120" help:"Requests per minute and key; 0 for no limit."`
	Faults      string        `placeholder:"FILE" help:"YAML file of faults to inject."`
	Drift       int           `help:"Change data after every N requests; 0 for never."`
	Lag         time.Duration `help:"How long a change of the data stays invisible, as behind a lagging replica."`
	Latency     time.Duration `help:"Time each answer takes."`
}

// Run serves until it is interrupted.
func (c simulateServe) Run(s *session) error {
	sim, err := c.build()
	if err != nil {
		return err
	}
	open := listenLoopback
	if c.AllowRemote {
		open = listenAnywhere
	}
	listener, err := open(c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.data, "Simulated Cal.com API on http://%s with %d bookings. Its keys:\n", listener.Addr(), c.Bookings)
	for _, k := range sim.Keys() {
		fmt.Fprintf(s.data, "  %-16s %s  %s\n", k.Name, k.Key, k.Note)
	}
	fmt.Fprintf(s.data, "Try: CAL_API_KEY=%s weir sync --base-url http://%s --to sqlite:cal.db\n", sim.Keys()[0].Key, listener.Addr())
	fmt.Fprintf(s.data, "In a browser http://%s shows its keys, its data and what arrived.\n", listener.Addr())
	return serve(s.ctx, listener, sim)
}

func (c simulateServe) build() (*simulator.Simulator, error) {
	options := simulator.Options{
		Bookings: c.Bookings, Seed: c.Seed, Profile: c.Profile, RateLimit: c.RateLimit, DriftPerRequest: c.Drift, ReplicaLag: c.Lag, Latency: c.Latency,
		Deliver: deliverHere,
	}
	if c.Faults != "" {
		faults, err := simulator.LoadFaults(c.Faults)
		if err != nil {
			return nil, err
		}
		options.Faults = faults
	}
	return simulator.New(options)
}

// deliverHere sends a simulated webhook to a receiver on this machine. A
// simulation must not reach anybody else.
func deliverHere(r *http.Request) (*http.Response, error) {
	if host := r.URL.Hostname(); host != "localhost" && !isLoopback(host) {
		return nil, fmt.Errorf("%s is not on this machine", r.URL.Host)
	}
	r.Close = true // each has a client of its own
	guard, err := netguard.New(r.URL.Scheme + "://" + r.URL.Host)
	if err != nil {
		return nil, err
	}
	return guard.Client().Do(r) //nolint:gosec // the address was seen to be loopback, and the guard dials nothing else
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func refuseListen(message string, err error) error {
	return &weir.Error{Code: weir.CodeUsage, Where: "--listen", Message: message, Remedy: "Use 127.0.0.1:PORT", Err: err}
}

// listenLoopback opens a port that only this machine reaches: the simulator
// has keys that everybody may know.
func listenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, refuseListen("this is not host:port", err)
	}
	if host != "localhost" && !isLoopback(host) {
		return nil, refuseListen("the simulator listens on loopback only, unless --allow-remote is given", nil)
	}
	return listenAnywhere(address)
}

// listenAnywhere opens the port that was asked for.
func listenAnywhere(address string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, refuseListen("this is not host:port", err)
	}
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeLocal, Where: "--listen", Message: err.Error(), Remedy: "Choose another port", Err: err}
	}
	return l, nil
}

// serve answers on the listener until ctx ends, then drains for a moment.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 15 * time.Second, MaxHeaderBytes: 64 << 10}
	context.AfterFunc(ctx, func() {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(wait)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
