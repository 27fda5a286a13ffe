package bench

import (
	"bufio"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/weirhq/weir/internal/mysqltest"
	"github.com/weirhq/weir/internal/pgtest"
)

// BenchmarkJourney reads all bookings of a simulated account, without a limit,
// as the program does it: processes of their own for simulator and sync, so
// that the memory is the sync's alone.
func BenchmarkJourney(b *testing.B) {
	weir := filepath.Join(b.TempDir(), "weir")
	if out, err := exec.Command("go", "build", "-o", weir, "../cmd/weir").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for _, n := range []int{100_000, 1_000_000} {
		url, key := simulate(b, weir, n)
		for _, kind := range []string{"sqlite", "postgres", "mysql", "parquet", "s3"} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) {
				for b.Loop() {
					journey(b, weir, url, key, destination(b, kind), n)
				}
			})
		}
	}
}

// destination is a fresh one of a kind.
func destination(b *testing.B, kind string) string {
	switch kind {
	case "sqlite":
		return "sqlite:" + filepath.Join(b.TempDir(), "cal.db")
	case "postgres":
		return pgtest.New(b)
	case "mysql":
		return mysqltest.New(b).URL
	case "s3":
		return bucket(b)
	}
	return "file://" + b.TempDir() + "?format=parquet"
}

// bucket is one of a store in this process.
func bucket(b *testing.B) string {
	backend := s3mem.New()
	if err := backend.CreateBucket("cal-data"); err != nil {
		b.Fatal(err)
	}
	store := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	b.Cleanup(store.Close)
	b.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "very secret")
	return "s3://cal-data?format=parquet&endpoint=" + store.URL
}

// journey runs one sync and reports what it took.
func journey(b *testing.B, weir, url, key, to string, n int) {
	cmd := exec.Command(weir, "sync", "--base-url", url, "--streams", "bookings", "--rate-limit", "1000000", "--quiet", "--to", to, "--data", b.TempDir())
	cmd.Env = append(os.Environ(), "CAL_API_KEY="+key)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	b.ReportMetric(float64(n)/cpu.Seconds(), "rows/s/core")
	b.ReportMetric(float64(usage.Maxrss)/1024, "peak-MB")
}

// simulate starts the simulator and reads its address and key.
func simulate(b *testing.B, weir string, n int) (url, key string) {
	cmd := exec.Command(weir, "simulate", "calcom", "--listen", "127.0.0.1:0", "--rate-limit", "0", "--bookings", fmt.Sprint(n))
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		if at := strings.Index(line, "http://127"); at >= 0 && url == "" {
			url = strings.Fields(line[at:])[0]
		}
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "owner" {
			return url, fields[1]
		}
	}
	b.Fatal("the simulator did not start")
	return "", ""
}
