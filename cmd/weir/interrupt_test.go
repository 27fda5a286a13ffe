package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/simulator"
)

// Ctrl-C ends a sync with one message; the same command goes on from there
// and asks for no page twice.
func TestCtrlCStopsCleanlyAndTheNextRunGoesOn(t *testing.T) {
	sim, err := simulator.New(simulator.Options{Bookings: 4000, Seed: 3, RateLimit: 0, Latency: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	twelfth := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 12 {
			close(twelfth)
		}
		sim.ServeHTTP(w, r)
	}))
	defer server.Close()
	path, data := filepath.Join(t.TempDir(), "cal.db"), t.TempDir()
	command := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "sync", "--base-url", server.URL, "--data", data, "--to", "sqlite:"+path, "--streams", "bookings", "--rate-limit", "100000", "--quiet") // #nosec G204 -- our own test binary
		cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "CAL_API_KEY="+sim.Keys()[0].Key)
		return cmd
	}
	cmd := command()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-twelfth
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code says how it ended
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(said.String(), "stopped; what was read is kept. Run it again to go on from here") || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("exit code %d, %q", code, said.String())
	}
	if out, err := command().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// 17 pages and one to see the end; the key twice; what was on its way
	// when the signal came. From the beginning it would be 30 or more.
	if n := asked.Load(); n > 17+1+2+4 {
		t.Errorf("%d requests in all", n)
	}
	compare(t, truth(t, sim), statusesSQL(t, "sqlite", path))
}
