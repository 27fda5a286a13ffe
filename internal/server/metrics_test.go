package server_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/metrics"
)

// measured gives what the server's metrics say now.
func (w *world) measured() string {
	w.Helper()
	answer := httptest.NewRecorder()
	w.server.Metrics().ServeHTTP(answer, httptest.NewRequestWithContext(w.Context(), http.MethodGet, metrics.Path, nil))
	if answer.Code != http.StatusOK {
		w.Fatalf("%d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// series finds one that matches and is not 0.
func (w *world) series(text, pattern string) {
	w.Helper()
	if !regexp.MustCompile(`(?m)^` + pattern + ` [1-9]`).MatchString(text) {
		w.Errorf("there is no %s in\n%s", pattern, text)
	}
}

func TestMetricsTellWhatARunDidAndHowTheServerStands(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w = w.inside(t)
		d := deliver(w)
		w.call(404, "GET", "/data_sources/999", nil)
		text := w.measured()
		for _, pattern := range []string{
			`weir_build_info\{role="all",version="test"\}`, `weir_database_up`, `weir_processes`,
			`weir_runs_started_total`, `weir_runs_ended_total\{outcome="succeeded"\}`, `weir_run_duration_seconds_count`, `weir_run_start_delay_seconds_count`,
			`weir_records_read_total`, `weir_records_written_total`, `weir_deliveries_total\{outcome="arrived"\}`,
			`weir_source_requests_total\{class="2xx",lane="backfill"\}`, `weir_source_request_wait_seconds_count\{lane="backfill"\}`,
			`weir_job_attempts_total\{kind="ingest",outcome="done"\}`, `weir_flows\{health="healthy"\}`,
			`weir_budget_limit_requests\{credential="` + id(d.cred) + `"\}`,
			`weir_http_requests_total\{code="404",method="GET",route="/api/data_sources/\{id\}"\}`,
			`go_goroutines`, `process_resident_memory_bytes`,
		} {
			w.series(text, pattern)
		}
		valid(t, text)
	})
}

// valid asks Prometheus' own checker.
func valid(t *testing.T, text string) {
	t.Helper()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: scripts/install-test-deps does so")
	}
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics") // #nosec G204
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestMetricsNameNobodyAndNoSecret(t *testing.T) {
	w := newWorld(t, 5)
	d := deliver(w)
	w.call(200, "PUT", "/data_sources/"+id(d.src), m{"name": "Very private name"})
	if answer, err := http.Get(w.url + "/a/path/that/nobody/has?key=cal_live_planted"); err == nil {
		answer.Body.Close()
	}
	w.raw(404, "GET", "/cal_live_planted", nil)
	text := w.measured()
	for _, secret := range []string{"cal_", "Very private", "planted", "a/path", "example.com", "127.0.0.1", "Acme"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the metrics", secret)
		}
	}
}

func TestMetricsSayThatTheDatabaseDoesNotAnswerAndNothingOld(t *testing.T) {
	w := newWorld(t, 5)
	w.stop()
	text := w.measured()
	if !strings.Contains(text, "\nweir_database_up 0\n") || strings.Contains(text, "weir_jobs") {
		t.Errorf("%s", text)
	}
}

func TestMetricsAreReadOnTheirOwnListenerAlone(t *testing.T) {
	w := newWorld(t, 5)
	if answer, err := http.Get(w.url + metrics.Path); err != nil || answer.StatusCode != http.StatusNotFound {
		t.Errorf("%v %v", answer, err)
	}
	main, own := listen(t), listen(t)
	c := w.config
	c.Measured = own
	w.configured = &c
	w.start()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.server.Serve(ctx, main) }()
	answer, err := http.Get("http://" + own.Addr().String() + metrics.Path)
	w.must(err)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%d", answer.StatusCode)
	}
	stop()
	w.must(<-ended)
	if _, err := http.Get("http://" + own.Addr().String() + metrics.Path); err == nil {
		t.Error("it answers after the end")
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestARunSaysWhenItBeginsAndEndsAndWhoseItIs(t *testing.T) {
	w := newWorld(t, 5)
	d := deliver(w)
	for _, line := range []string{`level=INFO msg="run began" run=\S+ org=1 source=` + id(d.src) + ` credential=` + id(d.cred) + ` why=activated`,
		`level=INFO msg="run ended" run=\S+ org=1 source=` + id(d.src) + ` status=succeeded .*read=\d+ written=\d+`} {
		if n := len(regexp.MustCompile(line).FindAllString(w.log.String(), -1)); n != 1 {
			t.Errorf("%d lines are %s", n, line)
		}
	}
}
