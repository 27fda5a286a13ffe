package store

import (
	"context"
	"database/sql"
	"time"
)

// JobGauge is how many jobs of a kind stand in one place.
type JobGauge struct {
	Kind   string
	State  string // JobsWaiting, JobsLater or JobsWorking
	Number int64
	Oldest time.Duration // of JobsWaiting: for how long the one has waited that has waited longest
}

// The places where a job stands that is not over.
const (
	JobsWaiting = "waiting" // for somebody who does it
	JobsLater   = "later"   // for its time, or for the next attempt
	JobsWorking = "working"
)

// JobGauges counts the jobs that are not over, in all processes together. The
// queue's tables must be there.
func (db *DB) JobGauges(ctx context.Context) (all []JobGauge, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var g JobGauge
		var oldest int64 // µs
		err := rows.Scan(&g.Kind, &g.State, &g.Number, &oldest)
		if g.State == JobsWaiting {
			g.Oldest = max(0, time.Duration(oldest)*time.Microsecond)
		}
		all = append(all, g)
		return err
	}, `SELECT kind, CASE state WHEN 'available' THEN 'waiting' WHEN 'running' THEN 'working' ELSE 'later' END, count(*), `+db.engine.clock()+` - `+db.engine.micros("min(scheduled_at)")+
		` FROM river_job WHERE state IN ('available', 'running', 'pending', 'retryable', 'scheduled') GROUP BY 1, 2 ORDER BY 1, 2`) // #nosec G202 -- words of ours
	return all, err
}

// Gauges are what stands in the database at one moment, whoever asks.
type Gauges struct {
	Due       int64            // µs: when the schedule is due that is due first; 0 without one
	Open      map[string]int64 // runs that are not over, by status
	Flows     map[Health]int64 // by how their newest run ended
	Waiting   int64            // messages of notifications that are on their way
	GivenUp   int64            // and that nobody tries any more
	Processes int64            // that said a moment ago that they live
}

// Gauges counts. A process that has said nothing for as long as silent lives no
// more, whether or not anybody is there to take its row away.
func (db *DB) Gauges(ctx context.Context, silent time.Duration) (g Gauges, err error) {
	if g.Due, err = db.NextDue(ctx); err != nil {
		return g, err
	}
	g.Open, g.Flows = map[string]int64{}, map[Health]int64{}
	for _, one := range []struct {
		query string
		take  func(name string, n int64)
		args  []any
	}{
		{`SELECT status, count(*) FROM run WHERE status IN ('queued', 'running', 'delivering') AND resource <> 0 GROUP BY status`, func(s string, n int64) { g.Open[s] = n }, nil},
		{`SELECT h.health, count(*) FROM flow_health h JOIN resource r ON r.id = h.resource WHERE r.deleted = 0 GROUP BY h.health`, func(s string, n int64) { g.Flows[Health(s)] = n }, nil},
		{`SELECT status, count(*) FROM dispatch WHERE status IN ('waiting', 'given_up') GROUP BY status`, func(s string, n int64) {
			if s == DispatchWaiting {
				g.Waiting = n
			} else {
				g.GivenUp = n
			}
		}, nil},
		{`SELECT '', count(*) FROM process WHERE seen > ` + db.engine.clock() + ` - $1`, func(_ string, n int64) { g.Processes = n }, []any{silent.Microseconds()}},
	} {
		err := db.each(ctx, func(rows *sql.Rows) error {
			var name string
			var n int64
			err := rows.Scan(&name, &n)
			one.take(name, n)
			return err
		}, one.query, one.args...)
		if err != nil {
			return g, err
		}
	}
	return g, nil
}

// BudgetOwners says of each budget which living credential has it: of several
// the first.
func (db *DB) BudgetOwners(ctx context.Context, budgets ...string) (map[string]int64, error) {
	owners := map[string]int64{}
	if len(budgets) == 0 {
		return owners, nil
	}
	c := &conditions{}
	c.and(among(c, "b.budget", budgets))
	c.and("r.deleted = 0")
	return owners, db.each(ctx, func(rows *sql.Rows) error {
		var budget string
		var credential int64
		err := rows.Scan(&budget, &credential)
		owners[budget] = credential
		return err
	}, `SELECT b.budget, min(b.credential) FROM credential_budget b JOIN resource r ON r.id = b.credential`+c.text.String()+` GROUP BY b.budget`, c.args...)
}
