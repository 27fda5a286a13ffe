package main

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/weirhq/weir/internal/simulator"
)

// A store from an older copy numbers new records with positions that the
// destination already has; taken for delivered, they would be lost for good.
func TestAStoreRestoredFromAnOlderCopyLosesNothing(t *testing.T) {
	sim, err := simulator.New(simulator.Options{Bookings: 300, Seed: 3, RateLimit: 0})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()
	dir := t.TempDir()
	data, older, path := filepath.Join(dir, "data"), filepath.Join(dir, "older"), filepath.Join(dir, "cal.db")
	sync := func() {
		t.Helper()
		cmd := exec.Command(os.Args[0], "sync", "--base-url", server.URL, "--data", data, "--to", "sqlite:"+path, "--streams", "bookings", "--rate-limit", "100000", "--quiet", "--full-refresh") // #nosec G204 -- our own test binary
		cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "CAL_API_KEY="+sim.Keys()[0].Key)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	sync()
	if err := os.CopyFS(older, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	sim.Mutate(simulator.Mutation{Count: 200, Seed: 1})
	sync()
	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(older, data); err != nil {
		t.Fatal(err)
	}
	sim.Mutate(simulator.Mutation{Count: 50, Seed: 2})
	sync()
	sync()
	compare(t, truth(t, sim), statusesSQL(t, "sqlite", path))
}
