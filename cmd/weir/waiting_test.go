package main

import (
	"bufio"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/simulator"
)

// A sync whose key has no room left says so, instead of looking as if it hung.
func TestASyncThatWaitsForItsBudgetSaysSo(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Options{Bookings: 300, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()
	ctx, kill := context.WithTimeout(t.Context(), time.Minute)
	defer kill()
	cmd := exec.CommandContext(ctx, os.Args[0], "sync", "--base-url", server.URL, "--data", t.TempDir(), "--to", "sqlite:"+filepath.Join(t.TempDir(), "cal.db"), "--rate-limit", "1") // #nosec G204 -- our own test binary
	cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "CAL_API_KEY="+sim.Keys()[0].Key)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		kill()
		_ = cmd.Wait() // it was killed
	}()
	waits := regexp.MustCompile(`^Waiting until about \d\d:\d\d:\d\d for room in the key's budget\.$`)
	lines := []string{}
	for all := bufio.NewScanner(said); all.Scan(); {
		lines = append(lines, all.Text())
		if waits.MatchString(all.Text()) {
			return
		}
	}
	t.Errorf("it said only %q", lines)
}
