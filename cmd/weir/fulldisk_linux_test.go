package main

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/weirhq/weir/internal/simulator"
)

// smallDisk is a file system of half a megabyte; only root can make one.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("no file system can be mounted here (%v), so a full disk is not tested", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Whichever disk is full, the destination's or Weir's own: one message with
// the remedy, exit code 1, and with room the same command brings everything.
func TestAFullDiskLosesNothing(t *testing.T) {
	sim, err := simulator.New(simulator.Options{Bookings: 4000, Seed: 3, RateLimit: 0})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()
	sync := func(data, to string) (output string, code int) {
		cmd := exec.Command(os.Args[0], "sync", "--base-url", server.URL, "--data", data, "--to", to, "--streams", "bookings", "--rate-limit", "100000", "--quiet") // #nosec G204 -- our own test binary
		cmd.Env = append(os.Environ(), "WEIR_TEST_BE_WEIR=1", "CAL_API_KEY="+sim.Keys()[0].Key)
		out, _ := cmd.CombinedOutput() // the code says how it ended
		return string(out), cmd.ProcessState.ExitCode()
	}
	for name, full := range map[string]func(disk, room string) (data, to string){
		"of the destination": func(disk, room string) (data, to string) { return room, "sqlite:" + filepath.Join(disk, "cal.db") },
		"of the files":       func(disk, room string) (data, to string) { return room, "file://" + disk + "?format=parquet" },
		"of the store":       func(disk, room string) (data, to string) { return disk, "sqlite:" + filepath.Join(room, "cal.db") },
	} {
		t.Run(name, func(t *testing.T) {
			disk := smallDisk(t)
			data, to := full(disk, t.TempDir())
			out, code := sync(data, to)
			if code != 1 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "the disk is full. ") {
				t.Errorf("exit code %d, %q", code, out)
			}
			if err := syscall.Mount("", disk, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
				t.Fatal(err)
			}
			if out, code := sync(data, to); code != 0 {
				t.Fatalf("with room: exit code %d, %q", code, out)
			}
			if path, isSQLite := strings.CutPrefix(to, "sqlite:"); isSQLite {
				compare(t, truth(t, sim), statusesSQL(t, "sqlite", path))
				return
			}
			compare(t, truth(t, sim), statusesParquet(t, disk))
		})
	}
}
