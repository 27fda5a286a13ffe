package pacetest

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// TestMain lets the test binary be a process that only computes.
func TestMain(m *testing.M) {
	if os.Getenv("WEIR_TEST_COMPUTE") == "1" {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		}
		return
	}
	os.Exit(m.Run())
}

func TestWorkIsSlowerBesideManyOthers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what a thread has had")
	}
	for range 3 * runtime.NumCPU() {
		other := exec.CommandContext(t.Context(), os.Args[0]) // #nosec G204 -- our own test binary
		other.Env = append(os.Environ(), "WEIR_TEST_COMPUTE=1", "GOMAXPROCS=1")
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.Wait() })
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if watch := ratio(); watch > 1.5 {
			return
		}
	}
	t.Error("not half as much slower beside three others a processor")
}

func TestAWatchThatEndsTellsAtLeastOne(t *testing.T) {
	if slower := Watch(t)(); slower < 1 {
		t.Errorf("%.2f", slower)
	}
}
