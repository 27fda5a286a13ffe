package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weirhq/weir"
)

// requests are the metrics of what is asked of sources.
type requests struct {
	sent         *prometheus.CounterVec
	waited, took *prometheus.HistogramVec
}

func newRequests() requests {
	r := requests{
		sent:   counters("weir_source_requests_total", "Requests to sources, by the class of their answer (none: there was no answer) and the lane of the key's budget.", []string{"class", "lane"}),
		waited: histogram("weir_source_request_wait_seconds", "How long a request waited for a place in its key's budget.", seconds, "lane"),
		took:   histogram("weir_source_request_duration_seconds", "From a request's place to its answer.", seconds),
	}
	// There from the start: what begins at one has not grown, and would alert nobody.
	for lane := weir.LaneInteractive; lane <= weir.LaneBackfill; lane++ {
		r.sent.WithLabelValues("429", lane.String())
	}
	return r
}

func (r requests) all() []prometheus.Collector {
	return []prometheus.Collector{r.sent, r.waited, r.took}
}

// Requested counts a request to a source; status is 0 without an answer.
func (m *Metrics) Requested(lane string, status int, waited, took time.Duration) {
	m.requests.sent.WithLabelValues(class(status), lane).Inc()
	m.requests.waited.WithLabelValues(lane).Observe(waited.Seconds())
	m.requests.took.WithLabelValues().Observe(took.Seconds())
}

// class is 2xx and so on; a 429 is told apart, because Weir is to cause none.
func class(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "429"
	case status < 100 || status > 599:
		return "none"
	}
	return strconv.Itoa(status/100) + "xx"
}

// served are the metrics of what is asked of this server.
type served struct {
	answers *prometheus.CounterVec
	took    *prometheus.HistogramVec
}

func newServed() served {
	return served{
		answers: counters("weir_http_requests_total", "Requests to this server, by route, as documents and code name it, and status.", []string{"route", "method", "code"}),
		took:    histogram("weir_http_request_duration_seconds", "How long this server took to answer, by route; streams take as long as somebody listens.", seconds, "route"),
	}
}

func (s served) all() []prometheus.Collector { return []prometheus.Collector{s.answers, s.took} }

// Served counts an answer of this server. The route is a pattern, "" when the
// request fits none.
func (m *Metrics) Served(route, method string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.served.answers.WithLabelValues(route, known(method), strconv.Itoa(status)).Inc()
	m.served.took.WithLabelValues(route).Observe(took.Seconds())
}

// known gives one of the methods that there are: clients may send any word.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
