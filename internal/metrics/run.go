package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// runs are the metrics of flows at work.
type runs struct {
	began                             prometheus.Counter
	delay, took                       *prometheus.HistogramVec
	ended                             *prometheus.CounterVec
	read, unchanged, written, deleted prometheus.Counter
	quarantined                       *prometheus.CounterVec
	deliveries                        *prometheus.CounterVec
	jobs                              *prometheus.CounterVec
	working                           *prometheus.GaugeVec
}

func newRuns() runs {
	return runs{
		began:       counter("weir_runs_started_total", "Runs that this process has begun to read."),
		delay:       histogram("weir_run_start_delay_seconds", "From when a run was due or asked for to its first step.", []float64{0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800}),
		took:        histogram("weir_run_duration_seconds", "From a run's first step to its last delivery.", []float64{1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600}),
		ended:       counters("weir_runs_ended_total", "Runs that this process has ended, by outcome.", []string{"outcome"}, "succeeded", "partial", "failed", "cancelled", "interrupted"),
		read:        counter("weir_records_read_total", "Records that sources have sent, with those sent again."),
		unchanged:   counter("weir_records_unchanged_total", "Of those read, the ones that Weir had already as they are."),
		written:     counter("weir_records_written_total", "Rows that destinations have inserted, updated or marked deleted."),
		deleted:     counter("weir_records_deleted_total", "Records that were proved gone from their source."),
		quarantined: counters("weir_records_quarantined_total", "Records that were set aside, by who refused them.", []string{"stage"}, "reading", "delivery"),
		deliveries:  counters("weir_deliveries_total", "Times that a destination was brought to the end of its log, or was not.", []string{"outcome"}, "arrived", "failed"),
		jobs:        counters("weir_job_attempts_total", "Attempts at jobs that are over: done, to go on later, failed, or given up.", []string{"kind", "outcome"}),
		working: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "weir_process_jobs_working", Help: "Jobs that this process is doing."},
			[]string{"kind"}),
	}
}

func (r runs) all() []prometheus.Collector {
	return []prometheus.Collector{r.began, r.delay, r.took, r.ended, r.read, r.unchanged, r.written, r.deleted, r.quarantined, r.deliveries, r.jobs, r.working}
}

// RunBegan counts a run that this process begins, after a wait.
func (m *Metrics) RunBegan(waited time.Duration) {
	m.runs.began.Inc()
	m.runs.delay.WithLabelValues().Observe(max(0, waited.Seconds()))
}

// RunEnded counts a run that is over.
func (m *Metrics) RunEnded(outcome string, took time.Duration) {
	m.runs.ended.WithLabelValues(outcome).Inc()
	m.runs.took.WithLabelValues().Observe(took.Seconds())
}

// Read counts what a reading has done to records.
func (m *Metrics) Read(read, unchanged, deleted, quarantined int) {
	add(m.runs.read, read)
	add(m.runs.unchanged, unchanged)
	add(m.runs.deleted, deleted)
	add(m.runs.quarantined.WithLabelValues("reading"), quarantined)
}

// Loaded counts what a destination took and refused.
func (m *Metrics) Loaded(written, quarantined int) {
	add(m.runs.written, written)
	add(m.runs.quarantined.WithLabelValues("delivery"), quarantined)
}

// add adds; a count that was taken back is left as it was, since a counter
// only grows.
func add(c prometheus.Counter, n int) { c.Add(float64(max(0, n))) }

// Delivered counts an attempt to bring a destination to the end of its log.
func (m *Metrics) Delivered(good bool) {
	outcome := "failed"
	if good {
		outcome = "arrived"
	}
	m.runs.deliveries.WithLabelValues(outcome).Inc()
}

// JobBegins counts a job that this process does now; over is called with what
// became of it.
func (m *Metrics) JobBegins(kind string) (over func(outcome string)) {
	working := m.runs.working.WithLabelValues(kind)
	working.Inc()
	return func(outcome string) {
		working.Dec()
		m.runs.jobs.WithLabelValues(kind, outcome).Inc()
	}
}
