package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/simulator"
)

type simulateCommand struct {
	Calcom simulateCalcom `cmd:"" help:"Serve a simulated Cal.com API v2."`
}

type simulateCalcom struct {
	Listen    string        `default:"127.0.0.1:8085" help:"Address to serve on; loopback."`
	Bookings  int           `default:"1302" help:"How many bookings there are."`
	Seed      uint64        `default:"1" help:"Same seed, same data."`
	RateLimit int           `default:"120" help:"Requests per minute and key; 0 for no limit."`
	Faults    string        `placeholder:"FILE" help:"YAML file of faults to inject."`
	Drift     int           `help:"Change data after every N requests; 0 for never."`
	Latency   time.Duration `help:"Time each answer takes."`
}

// Run serves until it is interrupted.
func (c simulateCalcom) Run(s *session) error {
	sim, err := c.build()
	if err != nil {
		return err
	}
	listener, err := listenLoopback(c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.data, "Simulated Cal.com API on http://%s with %d bookings. Its keys:\n", listener.Addr(), c.Bookings)
	for _, k := range sim.Keys() {
		fmt.Fprintf(s.data, "  %-16s %s  %s\n", k.Name, k.Key, k.Note)
	}
	fmt.Fprintf(s.data, "Try: CAL_API_KEY=%s weir sync --base-url http://%s --to sqlite:cal.db\n", sim.Keys()[0].Key, listener.Addr())
	return serve(s.ctx, listener, sim)
}

func (c simulateCalcom) build() (*simulator.Simulator, error) {
	options := simulator.Options{Bookings: c.Bookings, Seed: c.Seed, RateLimit: c.RateLimit, DriftPerRequest: c.Drift, Latency: c.Latency}
	if c.Faults != "" {
		faults, err := simulator.LoadFaults(c.Faults)
		if err != nil {
			return nil, err
		}
		options.Faults = faults
	}
	return simulator.New(options)
}

// listenLoopback opens a port that only this machine reaches: the simulator
// has keys that everybody may know.
func listenLoopback(address string) (net.Listener, error) {
	refuse := func(message string, err error) error {
		return &weir.Error{Code: weir.CodeUsage, Where: "--listen", Message: message, Remedy: "Use 127.0.0.1:PORT", Err: err}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, refuse("this is not host:port", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, refuse("the simulator listens on loopback only", nil)
	}
	l, err := net.Listen("tcp", address)
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
