package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/weirhq/weir"
)

// Totals are what a run did to all its streams together. Of the records that
// were read, each is new or changed (Fresh), unchanged, or refused; docs/runs.md
// has what each word means.
type Totals struct {
	Read, Fresh, Unchanged, Deleted int
	Written, Filtered               int // at all destinations together
	Quarantined                     int // refused when read, or by a destination
	Requests, Retries               int
	Bytes                           int64 // of answers
}

// Words say it in one line, with the words that lists have above their columns.
func (t Totals) Words() string {
	return fmt.Sprintf("%d read, %d new or changed, %d unchanged, %d gone, %d written, %d filtered, %d quarantined, %d requests",
		t.Read, t.Fresh, t.Unchanged, t.Deleted, t.Written, t.Filtered, t.Quarantined, t.Requests)
}

// Health is how a flow stands since its newest run ended.
type Health string

// The healths.
const (
	HealthGood     Health = "healthy"
	HealthDegraded Health = "degraded" // something was left out, or set aside
	HealthFailing  Health = "failing"
)

// RunPart is what a run did to one part of its flow.
type RunPart struct {
	Part    int64 // its resource
	Kind    Kind
	Records int
	Bytes   int64
	Errors  int
}

// RunEnd is how a run ended, with what lists, metrics and health show of it.
type RunEnd struct {
	ID      weir.RunID
	At      int64 // µs
	Status  string
	Summary []byte // JSON
	Totals  Totals
	Failure []byte // JSON; nil when nothing failed
	Parts   []RunPart
	Lines   []RunLine
	Health  Health // "" leaves the flow's as it is
	Problem string // in words; "" for none
}

// FinishRun is EndRun for a run of which no more is known.
func (db *DB) FinishRun(ctx context.Context, id weir.RunID, at int64, status string, summary []byte) error {
	return db.EndRun(ctx, RunEnd{ID: id, At: at, Status: status, Summary: summary})
}

// EndRun writes down how a run ended: its row, its parts, its log and its
// flow's health in one transaction. A run that a later owner has already closed
// stays as it is, and the answer is CodeIntegrity.
func (db *DB) EndRun(ctx context.Context, e RunEnd) error {
	return db.change(ctx, func(tx *sql.Tx) error { return db.endRun(ctx, tx, e) })
}

func (db *DB) endRun(ctx context.Context, tx *sql.Tx, e RunEnd) error {
	r := Run{ID: e.ID}
	t := e.Totals
	err := tx.QueryRowContext(ctx, `UPDATE run SET ended = $2, status = $3, summary = $4, records_read = $6, written = $7, unchanged = $8, deleted = $9,
		quarantined = $10, requests = $11, retries = $12, bytes = $13, failure = $14, fresh = $15, filtered = $16 WHERE id = $1 AND status = $5 RETURNING org, resource, number, started`,
		string(e.ID), e.At, e.Status, nullable(e.Summary), RunRunning, t.Read, t.Written, t.Unchanged, t.Deleted, t.Quarantined, t.Requests, t.Retries, t.Bytes,
		nullable(e.Failure), t.Fresh, t.Filtered).Scan(&r.Org, &r.Resource, &r.Number, &r.Started)
	if isNoRows(err) {
		return &weir.Error{Code: weir.CodeIntegrity, Where: "run " + string(e.ID), Message: "it is not running, so it cannot end", Remedy: "Another process may have taken over its source; look at the newest run"}
	}
	if err != nil || r.Resource == 0 {
		return err
	}
	return e.account(ctx, tx, &r)
}

// account writes what lists, metrics and health show of a run.
func (e *RunEnd) account(ctx context.Context, tx *sql.Tx, r *Run) error {
	for _, p := range e.Parts {
		if err := addPart(ctx, tx, r, p); err != nil {
			return err
		}
	}
	if err := say(ctx, tx, r, e.Lines...); err != nil {
		return err
	}
	if e.Health == "" {
		return nil
	}
	return saveHealth(ctx, tx, r, e.Health, e.Totals.Fresh, e.errors(), e.Problem, e.At)
}

// errors counts what went wrong, as the source's part has it.
func (e *RunEnd) errors() int {
	for _, p := range e.Parts {
		if p.Kind == KindSource {
			return p.Errors
		}
	}
	return e.Totals.Quarantined
}

func addPart(ctx context.Context, tx *sql.Tx, r *Run, p RunPart) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO run_part (run, part, kind, org, number, started, records, bytes, errors) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (part, run) DO UPDATE SET records = run_part.records + excluded.records, bytes = run_part.bytes + excluded.bytes, errors = run_part.errors + excluded.errors`,
		string(r.ID), p.Part, p.Kind, r.Org, r.Number, r.Started, p.Records, p.Bytes, p.Errors)
	return err
}

func saveHealth(ctx context.Context, tx *sql.Tx, r *Run, h Health, records, errors int, problem string, at int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO flow_health (resource, org, health, run, number, records, errors, summary, updated, part) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)
		ON CONFLICT (resource) DO UPDATE SET health = excluded.health, run = excluded.run, number = excluded.number, records = excluded.records,
			errors = excluded.errors, summary = excluded.summary, updated = excluded.updated, part = 0`,
		r.Resource, r.Org, h, string(r.ID), r.Number, records, errors, printable(problem), at)
	return err
}

// degradeHealth says that destinations did not take all of what a run read. The
// problem is in the words of one of them; 0 when it is in nobody's. What kept the run
// from reading all of it goes before.
func degradeHealth(ctx context.Context, tx *sql.Tx, r *Run, errors int, problem string, destination, at int64) error {
	const keeps = `health = $2 OR summary <> '' AND (SELECT outcome FROM run WHERE id = $7) <> 'succeeded'`
	_, err := tx.ExecContext(ctx, `UPDATE flow_health SET health = CASE health WHEN $2 THEN health ELSE $3 END, errors = errors + $4, summary = CASE WHEN `+keeps+` THEN summary ELSE $5 END,
		part = CASE WHEN `+keeps+` THEN part ELSE $8 END, updated = $6
		WHERE resource = $1 AND run = $7`, r.Resource, HealthFailing, HealthDegraded, errors, printable(problem), at, string(r.ID), destination)
	return err
}

// caughtUp says how a flow stands now that a destination has what it did not take
// before: whole again, when the run that its health is of left nothing else out. Of
// several that catch up at once each sees what the one before it has left.
func (t *Tx) caughtUp(ctx context.Context, flow, at int64) error {
	var run string
	err := t.tx.QueryRowContext(ctx, `SELECT run FROM flow_health WHERE resource = $1 AND health = $2`+t.db.engine.forUpdate(), flow, HealthDegraded).Scan(&run)
	if isNoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var whole bool // all was read
	var source, failed, aside int
	var problem string
	var destination int64 // whose words the problem is in
	err = t.tx.QueryRowContext(ctx, `SELECT r.outcome = 'succeeded',
			coalesce((SELECT sum(p.errors) FROM run_part p WHERE p.run = r.id AND p.kind = 'source'), 0),
			coalesce((SELECT sum(d.quarantined) FROM run_delivery d WHERE d.run = r.id), 0),
			(SELECT count(*) FROM run_delivery d WHERE d.run = r.id AND d.status = 'failed'),
			coalesce(f.problem, ''), coalesce(f.destination, 0)
		FROM run r LEFT JOIN run_delivery f ON f.run = r.id AND f.destination = (SELECT max(d.destination) FROM run_delivery d WHERE d.run = r.id AND d.status = 'failed')
		WHERE r.id = $1 AND r.ended <> 0`, run).Scan(&whole, &source, &aside, &failed, &problem, &destination)
	if isNoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	errors := source + failed + aside
	if !whole {
		_, err = t.tx.ExecContext(ctx, `UPDATE flow_health SET errors = $2, updated = $3 WHERE resource = $1`, flow, errors, at)
		return err
	}
	health := HealthDegraded
	if errors == 0 {
		health = HealthGood
	} else if failed == 0 {
		problem = asideWords(errors)
	}
	_, err = t.tx.ExecContext(ctx, `UPDATE flow_health SET health = $2, errors = $3, summary = $4, part = $5, updated = $6 WHERE resource = $1`, flow, health, errors, printable(problem), destination, at)
	return err
}

func asideWords(n int) string { return fmt.Sprintf("%d records were set aside", n) }

// cut is how a run ends that nobody brings to its end.
type cut struct {
	status  string
	code    weir.Code
	problem string
	health  Health // "" leaves the flow's as it is
	at      int64  // µs
}

// RunOver is a run that is over: read, delivered as far as it could be, and
// committed.
type RunOver struct {
	ID             weir.RunID
	Org            int64
	Flow           int64 // the configured source
	Status         string
	Class          string // of the error; "" without one
	Started, Ended int64  // µs
	Totals         Totals
}

// Took is how long the run was under way; one that never began, how long it waited.
func (r RunOver) Took() time.Duration {
	return time.Duration(max(0, r.Ended-r.Started)) * time.Microsecond
}

// tellOver says which runs a committed transaction has ended.
func (db *DB) tellOver(runs []RunOver) {
	for _, r := range runs {
		if db.ended != nil {
			db.ended(r)
		}
	}
}

// ended notes a run that is over, to be told once that is committed.
func (t *Tx) ended(ctx context.Context, id weir.RunID) error {
	if t.db.ended == nil {
		return nil
	}
	r := RunOver{ID: id}
	n := &r.Totals
	err := t.tx.QueryRowContext(ctx, `SELECT org, resource, status, class, started, ended, records_read, fresh, written, filtered, unchanged, deleted, quarantined, requests, retries, bytes FROM run WHERE id = $1`, string(id)).
		Scan(&r.Org, &r.Flow, &r.Status, &r.Class, &r.Started, &r.Ended, &n.Read, &n.Fresh, &n.Written, &n.Filtered, &n.Unchanged, &n.Deleted, &n.Quarantined, &n.Requests, &n.Retries, &n.Bytes)
	t.over = append(t.over, r)
	return err
}

func interrupted(at int64) cut {
	return cut{RunInterrupted, weir.CodeLocal, "its process ended before the run did; what was read is kept, and the next run goes on from there", HealthDegraded, at}
}

// closeRuns closes what a dead owner left open, with what it had committed by
// then: of a source of the log, or of a configured one (column resource). The
// run keep stays open; "" is none.
func (t *Tx) closeRuns(ctx context.Context, column string, id, at int64, keep weir.RunID) error {
	return t.cutRuns(ctx, interrupted(at), column+` = $1 AND id <> $2`, id, string(keep))
}

// cutRuns ends the open runs that the condition chooses.
func (t *Tx) cutRuns(ctx context.Context, c cut, which string, args ...any) error {
	if err := t.holdRuns(ctx, `status IN ('queued', 'running') AND `+which, args...); err != nil {
		return err
	}
	var left []Run
	err := t.each(ctx, func(rows *sql.Rows) error {
		var r Run
		err := rows.Scan(&r.ID, &r.Org, &r.Resource, &r.Number, &r.Started, &r.Counts.Fresh, &r.Counts.Unchanged, &r.Counts.Stale, &r.Counts.Quarantined)
		left = append(left, r)
		return err
	}, `SELECT r.id, r.org, r.resource, r.number, r.started`+runCounts+` FROM (SELECT * FROM run WHERE status IN ('queued', 'running') AND `+which+`) r
		LEFT JOIN run_dataset c ON c.run = r.id GROUP BY r.id, r.org, r.resource, r.number, r.started`, args...)
	if err != nil {
		return err
	}
	for i := range left {
		if err := t.cutShort(ctx, &left[i], c); err != nil {
			return err
		}
	}
	return nil
}

// cutShort ends one run with what it has committed, and what destinations took
// of that.
func (t *Tx) cutShort(ctx context.Context, r *Run, end cut) error {
	c := r.Counts
	_, err := t.tx.ExecContext(ctx, `UPDATE run SET status = $2, outcome = $2, ended = $3, records_read = $4, unchanged = $5, class = $7, problem = $8, fresh = $9,
		filtered = coalesce((SELECT sum(d.filtered) FROM run_delivery d WHERE d.run = run.id), 0),
		written = coalesce((SELECT sum(d.written) FROM run_delivery d WHERE d.run = run.id), 0),
		quarantined = $6 + coalesce((SELECT sum(d.quarantined) FROM run_delivery d WHERE d.run = run.id), 0) WHERE id = $1`,
		string(r.ID), end.status, end.at, c.Fresh+c.Unchanged+c.Stale+c.Quarantined, c.Unchanged+c.Stale, c.Quarantined, string(end.code), printable(end.problem), c.Fresh)
	if err != nil || r.Resource == 0 {
		return err
	}
	part := RunPart{Part: r.Resource, Kind: KindSource, Records: c.Fresh, Errors: c.Quarantined}
	if end.health != "" {
		part.Errors++
	}
	if err := addPart(ctx, t.tx, r, part); err != nil {
		return err
	}
	line := RunLine{At: end.at, Part: r.Resource, Kind: KindSource, Severity: SeverityWarning, Type: LineSummary,
		Text: fmt.Sprintf("Run %s ended as %s: %s. Committed by then: %d new or changed, %d unchanged, %d quarantined.", r.ID, end.status, end.problem, c.Fresh, c.Unchanged+c.Stale, c.Quarantined)}
	if err := say(ctx, t.tx, r, line); err != nil {
		return err
	}
	if end.health != "" {
		if err := saveHealth(ctx, t.tx, r, end.health, part.Records, part.Errors, end.problem, end.at); err != nil {
			return err
		}
	}
	if err := t.delivered(ctx, r, end.at); err != nil {
		return err
	}
	return t.ended(ctx, r.ID)
}
