package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// runCounts are the sums over what a run committed to its datasets, c.
const runCounts = `, CAST(coalesce(sum(c.fresh), 0) AS BIGINT), CAST(coalesce(sum(c.unchanged), 0) AS BIGINT),
	CAST(coalesce(sum(c.stale), 0) AS BIGINT), CAST(coalesce(sum(c.quarantined), 0) AS BIGINT)`

const runColumns = `r.id, r.org, coalesce(r.source, 0), r.epoch, r.started, r.ended, r.status, r.resource, r.number, r.records_read, r.written, r.unchanged, r.deleted, r.fresh, r.filtered,
	r.quarantined, r.requests, r.retries, r.bytes, r.failure, r.queued, r.job, r.wanted, r.attempts, r.retry_at, r.outcome, r.class, r.problem, r.progress`

// scanRun reads runColumns and what more there is.
func scanRun(rows interface{ Scan(...any) error }, more ...any) (r Run, err error) {
	t := &r.Totals
	err = rows.Scan(append([]any{&r.ID, &r.Org, &r.Source, &r.Epoch, &r.Started, &r.Ended, &r.Status, &r.Resource, &r.Number, &t.Read, &t.Written, &t.Unchanged,
		&t.Deleted, &t.Fresh, &t.Filtered, &t.Quarantined, &t.Requests, &t.Retries, &t.Bytes, &r.Failure,
		&r.Queued, &r.Job, &r.Wanted, &r.Attempts, &r.RetryAt, &r.Outcome, &r.Class, &r.Problem, &r.Progress}, more...)...)
	return r, err
}

// Runs gives the source's newest n runs, newest first, with their summaries.
func (db *DB) Runs(ctx context.Context, source SourceID, n int) ([]Run, error) {
	return db.runs(ctx, `WHERE r.source = $1 GROUP BY r.id ORDER BY r.started DESC, r.id DESC LIMIT $2`, source, n)
}

// runs reads runs with their summaries and what they committed.
func (db *DB) runs(ctx context.Context, rest string, args ...any) (runs []Run, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var summary []byte
		var c Counts
		r, err := scanRun(rows, &summary, &c.Fresh, &c.Unchanged, &c.Stale, &c.Quarantined)
		r.Summary, r.Counts = summary, c
		runs = append(runs, r)
		return err
	}, `SELECT `+runColumns+`, r.summary`+runCounts+` FROM run r LEFT JOIN run_dataset c ON c.run = r.id `+rest, args...)
	return runs, err
}

// RunFilter chooses runs of one organization's configured sources. Zero
// fields choose all.
type RunFilter struct {
	Org      int64
	Sources  []int64 // only of these; nil for all
	Status   string
	ID       string
	Number   int64
	From, To int64  // when they began, µs; To is excluded
	Whole    bool   // with the summary, stream by stream
	Sort     string // one of runOrders, after a - for the other way round; else newest first

	Page, Size int // from 1; how many on a page, 0 for all
}

// runOrders are the orders in which runs can be listed.
var runOrders = map[string]string{
	"started": "r.started", "status": "r.status", "fresh": "r.fresh", "written": "r.written", "filtered": "r.filtered", "gone": "r.deleted", "unchanged": "r.unchanged", "quarantined": "r.quarantined", "requests": "r.requests",
	"took": "CASE WHEN r.ended = 0 THEN 0 ELSE r.ended - r.started END",
}

func (f RunFilter) conditions() *conditions {
	c := &conditions{}
	c.and("r.org = %s", f.Org)
	if f.Sources != nil {
		c.and(amongIDs("r.resource", f.Sources))
	}
	switch f.Status {
	case "":
	case RunRunning: // as people see it: until its destinations have what it has read
		c.and("r.status IN ('running', 'delivering')")
	default:
		c.and("r.status = %s", f.Status)
	}
	if f.ID != "" {
		c.and("r.id = %s", f.ID)
	}
	if f.Number != 0 {
		c.and("r.number = %s", f.Number)
	}
	if f.From != 0 {
		c.and("r.started >= %s", f.From)
	}
	if f.To != 0 {
		c.and("r.started < %s", f.To)
	}
	return c
}

// ListRuns gives the filter's runs, newest first, and how many there are on
// all pages.
func (db *DB) ListRuns(ctx context.Context, f RunFilter) (runs []Run, total int, err error) {
	c := f.conditions()
	where := c.text.String()
	if f.Size > 0 {
		if total, err = db.countRuns(ctx, f); err != nil {
			return nil, 0, err
		}
	}
	columns := runColumns
	if f.Whole {
		columns += `, r.summary`
	}
	query := `SELECT ` + columns + ` FROM run r` + where
	limit, skip := f.Size, (f.Page-1)*f.Size
	order := orderOf(runOrders, f.Sort)
	fromTheEnd := order == "" && f.Size > 0 && skip > total/2 // the database walks over what it skips
	switch {
	case f.Size == 0:
		query += ` ORDER BY ` + order + `r.started DESC, r.id DESC`
	case fromTheEnd:
		limit = min(limit, total-skip)
		query += fmt.Sprintf(" ORDER BY r.started, r.id LIMIT %d OFFSET %d", max(limit, 0), max(total-skip-limit, 0))
	default:
		query += fmt.Sprintf(" ORDER BY %sr.started DESC, r.id DESC LIMIT %d OFFSET %d", order, limit, skip)
	}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var summary []byte
		var more []any
		if f.Whole {
			more = append(more, &summary)
		}
		r, err := scanRun(rows, more...)
		r.Summary = summary
		runs = append(runs, r)
		return err
	}, query, c.args...)
	if f.Size == 0 {
		total = len(runs)
	}
	if fromTheEnd {
		slices.Reverse(runs)
	}
	return runs, total, err
}

// countRuns counts the filter's runs. All runs of an organization are very many,
// and are never deleted: those that began before an hour ago are counted once.
func (db *DB) countRuns(ctx context.Context, f RunFilter) (n int, err error) {
	all := f.Sources == nil && f.Status == "" && f.ID == "" && f.Number == 0 && f.From == 0 && f.To == 0
	if all {
		was := db.counted.before(f.Org)
		if f.From = was.until; f.From == 0 {
			f.From = 1 // of all times
		}
		defer func() { n += was.runs }()
	}
	c := f.conditions()
	err = db.read.QueryRowContext(ctx, `SELECT count(*) FROM run r`+c.text.String(), c.args...).Scan(&n)
	if err == nil && all {
		err = db.countOld(ctx, f)
	}
	return n, db.explain(ctx, err)
}

// recount is how many new runs it takes until the old ones are counted again.
const recount = 1000

// countOld moves the line between old and new runs when there are many new
// ones; an hour is more than clocks of processes differ.
func (db *DB) countOld(ctx context.Context, f RunFilter) error {
	var newest, n int64
	if err := db.read.QueryRowContext(ctx, `SELECT coalesce(max(started), 0) FROM run WHERE org = $1`, f.Org).Scan(&newest); err != nil {
		return err
	}
	was := db.counted.before(f.Org)
	until := newest - time.Hour.Microseconds()
	if until <= was.until+time.Hour.Microseconds() {
		return nil
	}
	err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM run WHERE org = $1 AND started >= $2 AND started < $3`, f.Org, was.until, until).Scan(&n)
	if err != nil || n < recount {
		return err
	}
	db.counted.set(f.Org, oldRuns{until: until, runs: was.runs + int(n)}, was)
	return nil
}

// oldRuns is how many runs of an organization began before a time.
type oldRuns struct {
	until int64 // µs, excluded
	runs  int
}

// counted keeps the counts of old runs, by organization.
type counted struct {
	mu    sync.Mutex
	byOrg map[int64]oldRuns
}

func (c *counted) before(org int64) oldRuns {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byOrg[org]
}

// set replaces a count, unless somebody else has meanwhile.
func (c *counted) set(org int64, now, was oldRuns) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byOrg == nil {
		c.byOrg = map[int64]oldRuns{}
	}
	if c.byOrg[org] == was {
		c.byOrg[org] = now
	}
}

// RecentRuns gives when the newest n runs of each source began and what they
// read, newest first, by source: one statement for all of them.
func (db *DB) RecentRuns(ctx context.Context, n int, sources ...int64) (map[int64][]Run, error) {
	out := map[int64][]Run{}
	if len(sources) == 0 {
		return out, nil
	}
	c := &conditions{}
	c.and(amongIDs("s.id", sources))
	c.args = append(c.args, n)
	return out, db.each(ctx, func(rows *sql.Rows) error {
		var r Run
		t := &r.Totals
		err := rows.Scan(&r.Resource, &r.ID, &r.Number, &r.Started, &t.Read, &t.Fresh, &t.Unchanged, &t.Quarantined, &t.Bytes)
		out[r.Resource] = append(out[r.Resource], r)
		return err
	}, `SELECT r.resource, r.id, r.number, r.started, r.records_read, r.fresh, r.unchanged, r.quarantined, r.bytes FROM resource s JOIN `+db.engine.newestRuns(fmt.Sprintf("$%d", len(c.args)))+c.text.String()+
		` ORDER BY r.resource, r.started DESC, r.id DESC`, c.args...)
}

// costRuns is of how many runs the mean is taken that tells what the next will cost.
const costRuns = 10

// RunCosts gives how many requests a run of each source took that succeeded
// since then, µs: the mean of the newest ten, rounded up. So many are read of each
// source and no more, however often it runs. Without sources it is of all.
func (db *DB) RunCosts(ctx context.Context, org, since int64, sources ...int64) (map[int64]int, error) {
	out, among := map[int64]int{}, ""
	if len(sources) > 0 {
		among = " AND " + amongIDs("s.id", sources)
	}
	return out, db.each(ctx, func(rows *sql.Rows) error {
		var source int64
		var mean float64
		err := rows.Scan(&source, &mean)
		out[source] = int(math.Ceil(mean))
		return err
	}, `SELECT c.id, CAST(c.mean AS DOUBLE PRECISION) FROM (SELECT s.id, (SELECT avg(n.requests) FROM (SELECT r.requests FROM run r
			WHERE r.resource = s.id AND r.started >= $2 AND r.status = 'succeeded' AND r.requests > 0 ORDER BY r.started DESC LIMIT `+strconv.Itoa(costRuns)+`) n) AS mean
		FROM resource s WHERE s.org = $1 AND s.kind = 'source' AND s.deleted = 0`+among+`) c WHERE c.mean IS NOT NULL`, org, since)
}

// OpenRuns tells which of the sources have a run that is not over.
func (db *DB) OpenRuns(ctx context.Context, org int64, sources ...int64) (map[int64]bool, error) {
	open := map[int64]bool{}
	return open, db.each(ctx, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		open[id] = true
		return err
	}, `SELECT DISTINCT resource FROM run WHERE status IN ('queued', 'running', 'delivering') AND org = $1 AND `+amongIDs("resource", sources), org)
}
