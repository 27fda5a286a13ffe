// Package metrics counts what a server does, for Prometheus.
//
//	metrics.go  the registry, and how it is read
//	run.go      runs, records, deliveries, jobs
//	request.go  requests to sources, and to this server
//	state.go    what stands in the database, asked for when somebody reads
//
// Labels are closed lists, route patterns and ids of credentials, never names,
// addresses or anything that a user typed: how many series there are does not
// grow with runs, sources or records. Counters are of one process, and are
// summed over processes; gauges of the database are the same in all of them,
// and the greatest counts (docs/metrics.md).
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Path is where metrics are read.
const Path = "/metrics"

// Metrics are all metrics of one process. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	runs     runs
	requests requests
	served   served
}

// New makes them; role is what the process does.
func New(version, role string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), runs: newRuns(), requests: newRequests(), served: newServed()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "weir_build_info", Help: "1, with the version and the role of this process.",
		ConstLabels: prometheus.Labels{"version": version, "role": role}})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, group := range [][]prometheus.Collector{m.runs.all(), m.requests.all(), m.served.all()} {
		m.registry.MustRegister(group...)
	}
	return m
}

// Handler answers Path, and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+Path, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return mux
}

// seconds are the bounds of what takes from milliseconds to minutes.
var seconds = []float64{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

// counters makes one counter for each combination of the labels' values that
// occurs; those of known are there, at 0, before they do.
func counters(name, help string, labels []string, known ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	for _, value := range known {
		c.WithLabelValues(value)
	}
	return c
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}
