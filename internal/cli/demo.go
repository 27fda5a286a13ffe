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

// demoCommand is `weir demo`: the product on simulated data, for whoever has
// neither an account nor much time.
type demoCommand struct {
	Bookings  int    `default:"5000" help:"How many bookings the simulated account has (default 5000)."`
	Seed      uint64 `default:"1" help:"Same seed, same data."`
	Dir       string `placeholder:"DIR" help:"Put the demo's files here and keep them: a new or an empty directory (default: a temporary one, removed in the end)."`
	Keep      bool   `help:"Keep the temporary directory."`
	Listen    string `default:"127.0.0.1:0" placeholder:"ADDRESS" help:"Where the pages are; loopback (default: a free port)."`
	NoBrowser bool   `name:"no-browser" help:"Do not open the browser. Without a terminal none is opened anyway."`
	Once      bool   `help:"For scripts: play the journey with weir sync, start no server, and end."`
}

// demoChanges is what happens in the simulated account between two readings.
var demoChanges = simulator.Mutation{Count: 40, Delete: 2, Seed: 7}

// Run serves the simulated account while the demo goes on.
func (c demoCommand) Run(s *session) error {
	if c.Bookings < 1 {
		return &weir.Error{Code: weir.CodeUsage, Where: "--bookings", Message: "must be at least 1"}
	}
	sim, err := simulator.New(simulator.Options{Bookings: c.Bookings, Seed: c.Seed, RateLimit: 120, Deliver: deliverHere})
	if err != nil {
		return err
	}
	dir, release, err := c.dir(s)
	if err != nil {
		return err
	}
	defer release()
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Message: "no port to be had on loopback: " + err.Error(), Err: err}
	}
	var served sync.WaitGroup
	ctx, stop := context.WithCancel(context.WithoutCancel(s.ctx)) // a run that is stopped ends its request first
	served.Go(func() { _ = serve(ctx, listener, sim) })           // ends when it is told to
	defer served.Wait()
	defer stop()
	d := &demo{session: s, sim: sim, dir: dir, base: "http://" + listener.Addr().String()}
	d.say("A simulated Cal.com account with %d bookings answers on %s, 120 requests per minute.", c.Bookings, d.base)
	if c.Once {
		return d.story()
	}
	defer c.tidy(d, release)
	return d.pages(c.Listen, c.opens(s))
}

// dir is where the demo's files go. A temporary directory is this demo's until
// release is called.
func (c demoCommand) dir(s *session) (dir string, release func(), err error) {
	if c.Dir == "" {
		clearDemos(s)
		return demoDir(c.Keep || c.Once) // what the story of scripts shows stays
	}
	dir, err = c.named()
	return dir, func() {}, err
}

// named is the directory that the flag names.
func (c demoCommand) named() (string, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil || c.Once {
		return dir, err
	}
	found, err := os.ReadDir(dir)
	if len(found) > 0 {
		return "", &weir.Error{Code: weir.CodeUsage, Where: "--dir", Message: dir + " is not empty", Remedy: "Name a new directory. What an earlier demo left is shown by weir serve --data " + filepath.Join(dir, demoData)}
	}
	if err != nil && !os.IsNotExist(err) {
		return "", &weir.Error{Code: weir.CodeLocal, Where: "--dir", Message: err.Error(), Remedy: "Name a directory that Weir may write", Err: err}
	}
	return dir, nil
}

// tidy removes the temporary directory, or says where everything is.
func (c demoCommand) tidy(d *demo, release func()) {
	if c.Dir != "" || c.Keep {
		d.say("The demo's files are in %s. See them again: weir serve --data %s", d.dir, filepath.Join(d.dir, demoData))
		return
	}
	release() // some systems remove no file that is open
	if err := os.RemoveAll(d.dir); err != nil {
		d.log.Warn("the demo's files are left", "directory", d.dir, "error", err)
		return
	}
	d.say("The demo's files are removed.")
}

// opens reports whether a browser shall be opened: where a person is, and did
// not say otherwise.
func (c demoCommand) opens(s *session) bool {
	return !c.NoBrowser && s.Interactive && s.Getenv("CI") == ""
}

// demo is one play of the demo.
type demo struct {
	*session
	sim  *simulator.Simulator
	dir  string
	base string // of the simulated account's API
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Stdout, format+"\n", args...) }

// cost says what the readings asked of the account.
func (d *demo) cost(readings string) {
	a := d.sim.Arrivals()
	d.say("What it cost: %d requests over %s, at most %d in any 60 s of the key's 120, %d refused.", a.Total, readings, a.MaxInWindow, a.Refused)
}
