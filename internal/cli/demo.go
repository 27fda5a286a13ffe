package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/simulator"
)

type demoCommand struct {
	Bookings int    `default:"5000" help:"How many bookings the simulated account has."`
	Seed     uint64 `default:"1" help:"Same seed, same data."`
	Dir      string `placeholder:"DIR" help:"Keep the demo's files here (default: a new temporary directory)."`
}

// demoChanges is what happens in the simulated account between two syncs.
const demoChanges = 40

// Run plays the whole journey: read everything, change the source, read the
// changes, sweep, and show what lies in the tables.
func (c demoCommand) Run(s *session) error {
	if c.Bookings < 1 {
		return &weir.Error{Code: weir.CodeUsage, Where: "--bookings", Message: "must be at least 1"}
	}
	sim, err := simulator.New(simulator.Options{Bookings: c.Bookings, Seed: c.Seed, RateLimit: 120})
	if err != nil {
		return err
	}
	dir, err := c.dir()
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Message: "no port to be had on loopback: " + err.Error(), Err: err}
	}
	var served sync.WaitGroup
	ctx, stop := context.WithCancel(s.ctx)
	served.Go(func() { _ = serve(ctx, listener, sim) }) // ends when it is told to
	defer served.Wait()
	defer stop()
	d := &demo{session: s, sim: sim, dir: dir, base: "http://" + listener.Addr().String()}
	return d.play(c.Bookings)
}

func (c demoCommand) dir() (string, error) {
	if c.Dir == "" {
		return os.MkdirTemp("", "weir-demo-")
	}
	return filepath.Abs(c.Dir)
}

// demo is one play of the demo.
type demo struct {
	*session
	sim  *simulator.Simulator
	dir  string
	base string
}

func (d *demo) play(bookings int) error {
	d.say("A simulated Cal.com account with %d bookings answers on %s, 120 requests per minute.", bookings, d.base)
	d.say("\n1. Read everything the key can read into SQLite:")
	if err := d.sync(false); err != nil {
		return err
	}
	d.say("\n2. In the account, people book, move, cancel and miss meetings; two bookings are deleted. Read what changed:")
	d.sim.Mutate(simulator.Mutation{Count: demoChanges, Delete: 2, Seed: 7})
	if err := d.sync(false); err != nil {
		return err
	}
	d.say("\n3. Some changes never touch a booking's time of change. A sweep reads everything again and finds them:")
	if err := d.sync(true); err != nil {
		return err
	}
	path := filepath.Join(d.dir, "cal.db")
	d.say("\nWhat lies in %s now:", path)
	if err := showTables(d.ctx, d.Stdout, path); err != nil {
		return err
	}
	if err := showReport(d.ctx, d.Stdout, path); err != nil {
		return err
	}
	arrivals := d.sim.Arrivals()
	d.say("What it cost: %d requests over three syncs, at most %d in any 60 s of the key's 120, %d refused.",
		arrivals.Total, arrivals.MaxInWindow, arrivals.Refused)
	d.say("Look around: sqlite3 %s   With your own key: CAL_API_KEY=cal_live_… weir sync --to sqlite:cal.db", path)
	return nil
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Stdout, format+"\n", args...) }

// sync runs the very command a user would, with the simulator's key.
func (d *demo) sync(full bool) error {
	inside := *d.session
	inside.Getenv = func(name string) string {
		if name == keyVariable {
			return d.sim.Keys()[0].Key
		}
		return d.session.Getenv(name)
	}
	command := syncCommand{
		sourceFlags: sourceFlags{From: "calcom", BaseURL: d.base, RateLimit: 120, Data: filepath.Join(d.dir, "weir")},
		To:          "sqlite:" + filepath.Join(d.dir, "cal.db"), FullRefresh: full, Calm: !d.Interactive,
	}
	return command.Run(&inside)
}
