package metrics

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is what stands in the database at one moment, and what this process
// knows of keys' budgets.
type State struct {
	Jobs      []Jobs
	Runs      map[string]int64 // that are not over, by status
	Flows     map[string]int64 // by health
	Lag       time.Duration    // of the schedule that is behind most
	Waiting   int64            // messages of notifications
	GivenUp   int64
	Processes int64
	Budgets   []Budget

	Destinations map[string]int64 // that are active, by state
	Failing      time.Duration    // for how long the one fails that has failed longest; 0 for none
	Behind       time.Duration    // for how long a change has been on its way that a destination lacks which does not fail
}

// Jobs are the jobs of a kind in one place of the queue.
type Jobs struct {
	Kind, State string
	Number      int64
	Waits       bool          // Oldest means something
	Oldest      time.Duration // for how long the first of them has waited
}

// Budget is a key's budget, by the id of the first credential that holds the key.
type Budget struct {
	Credential           int64
	Limit, Used, Waiting int
}

// mostBudgets is of how many keys there are metrics: those that are used most.
const mostBudgets = 500

// fresh is how long what was read is good for: whoever reads metrics more
// often than that costs the database nothing.
const fresh = 5 * time.Second

// lookTime is how long the database may take to answer.
const lookTime = 3 * time.Second

// Watch lets look tell what stands in the database whenever metrics are read.
// Its error means that the database does not answer.
func (m *Metrics) Watch(now func() time.Time, look func(context.Context) (State, error)) {
	m.registry.MustRegister(&state{now: now, look: look})
}

// state reads the database when Prometheus reads it.
type state struct {
	now  func() time.Time
	look func(context.Context) (State, error)

	mu   sync.Mutex
	at   time.Time
	seen State
	err  error
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	databaseUp    = desc("weir_database_up", "1 when Weir's own database answers, else 0.")
	jobs          = desc("weir_jobs", "Jobs that are not over, in all processes: waiting for somebody, later, or being worked on.", "kind", "state")
	jobAge        = desc("weir_job_oldest_waiting_seconds", "For how long the job has waited that has waited longest for somebody to do it.", "kind")
	openRuns      = desc("weir_runs_open", "Runs that are not over, by status.", "status")
	flows         = desc("weir_flows", "Flows by how their newest run ended.", "health")
	lag           = desc("weir_schedule_lag_seconds", "By how much the schedule is behind that is behind most; 0 when none is.")
	waiting       = desc("weir_notifications_waiting", "Messages that are on their way to people.")
	givenUp       = desc("weir_notifications_given_up", "Messages that were not delivered, and that nobody tries any more.")
	destinations  = desc("weir_destinations", "Active destinations by how they stand: current, behind, failing, waiting.", "state")
	failing       = desc("weir_destination_failing_seconds", "For how long the destination has taken nothing that has failed longest; 0 when none fails.")
	behind        = desc("weir_destination_behind_seconds", "How long ago the oldest change was read that a destination lacks which does not fail; 0 when none lacks any.")
	processes     = desc("weir_processes", "Processes on this database that say that they live and do jobs.")
	budgetLimit   = desc("weir_budget_limit_requests", "Requests per window that a key's budget is kept to.", "credential")
	budgetUsed    = desc("weir_budget_used_requests", "Places of the window that are taken, by all processes.", "credential")
	budgetWaiting = desc("weir_budget_waiting_requests", "Requests of this process that wait for a place.", "credential")
)

// Describe implements prometheus.Collector.
func (s *state) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{databaseUp, jobs, jobAge, openRuns, flows, lag, waiting, givenUp, destinations, failing, behind, processes, budgetLimit, budgetUsed, budgetWaiting} {
		to <- d
	}
}

// Collect implements prometheus.Collector. When the database does not answer,
// that is all that is told: an old number would look like a good one.
func (s *state) Collect(to chan<- prometheus.Metric) {
	seen, err := s.current()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if err != nil {
		gauge(databaseUp, 0)
		return
	}
	gauge(databaseUp, 1)
	for _, j := range seen.Jobs {
		gauge(jobs, float64(j.Number), j.Kind, j.State)
		if j.Waits {
			gauge(jobAge, j.Oldest.Seconds(), j.Kind)
		}
	}
	for _, by := range []struct {
		desc  *prometheus.Desc
		count map[string]int64
	}{{openRuns, seen.Runs}, {flows, seen.Flows}, {destinations, seen.Destinations}} {
		for _, name := range slices.Sorted(maps.Keys(by.count)) {
			gauge(by.desc, float64(by.count[name]), name)
		}
	}
	gauge(lag, seen.Lag.Seconds())
	gauge(waiting, float64(seen.Waiting))
	gauge(givenUp, float64(seen.GivenUp))
	gauge(failing, seen.Failing.Seconds())
	gauge(behind, seen.Behind.Seconds())
	gauge(processes, float64(seen.Processes))
	for _, b := range busiest(seen.Budgets) {
		id := strconv.FormatInt(b.Credential, 10)
		gauge(budgetLimit, float64(b.Limit), id)
		gauge(budgetUsed, float64(b.Used), id)
		gauge(budgetWaiting, float64(b.Waiting), id)
	}
}

// current looks, unless it has looked a moment ago.
func (s *state) current() (State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); s.at.IsZero() || now.Sub(s.at) >= fresh {
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		s.seen, s.err = s.look(ctx)
		s.at = now
	}
	return s.seen, s.err
}

// busiest are the budgets of which there are metrics.
func busiest(all []Budget) []Budget {
	if len(all) <= mostBudgets {
		return all
	}
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b Budget) int { return (b.Used + b.Waiting) - (a.Used + a.Waiting) })
	return sorted[:mostBudgets]
}
