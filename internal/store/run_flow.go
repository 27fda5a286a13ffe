package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// A run of a configured source is queued when it is asked for, running while
// it is read, and delivering while its destinations are filled from the log.
// Between two slices of its reading it belongs to nobody: its epoch is 0.

// FlowRuns gives the newest n runs of a configured source, newest first.
func (db *DB) FlowRuns(ctx context.Context, flow int64, n int) ([]Run, error) {
	return db.runs(ctx, `WHERE r.resource = $1 GROUP BY r.id ORDER BY r.queued DESC, r.id DESC LIMIT $2`, flow, n)
}

// FlowRun gives one run of the organization.
func (db *DB) FlowRun(ctx context.Context, org int64, id weir.RunID) (Run, error) {
	runs, err := db.runs(ctx, `WHERE r.id = $1 AND r.org = $2 AND r.resource <> 0 GROUP BY r.id`, string(id), org)
	if err == nil && len(runs) == 0 {
		err = &weir.Error{Code: weir.CodeNotFound, Where: "run", Message: "there is none with this id"}
	}
	if err != nil {
		return Run{}, err
	}
	return runs[0], nil
}

// OpenRun gives the run of a configured source that is queued or being read;
// CodeNotFound when there is none.
func (db *DB) OpenRun(ctx context.Context, flow int64) (Run, error) {
	runs, err := db.runs(ctx, `WHERE r.resource = $1 AND r.status IN ('queued', 'running') GROUP BY r.id ORDER BY r.queued DESC, r.id DESC LIMIT 1`, flow)
	if err == nil && len(runs) == 0 {
		err = &weir.Error{Code: weir.CodeNotFound, Where: "run", Message: "there is none under way"}
	}
	if err != nil {
		return Run{}, err
	}
	return runs[0], nil
}

// QueueRun writes down that a run was asked for.
func (t *Tx) QueueRun(ctx context.Context, org int64, r Run) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO run (id, org, epoch, started, status, resource, number, queued, job, wanted) VALUES ($1, $2, 0, $5, $3, $4, $8, $5, $6, $7)`,
		string(r.ID), org, RunQueued, r.Resource, r.Queued, r.Job, r.Wanted, r.Number)
	if err != nil {
		return err
	}
	return t.AnnounceRun(ctx, org, r.Resource, r.ID)
}

// AnnounceRun tells everybody that something about a run has changed.
func (t *Tx) AnnounceRun(ctx context.Context, org, flow int64, id weir.RunID) error {
	return t.Announce(ctx, fmt.Sprintf("run %d %d %s", org, flow, id))
}

// BeginSlice makes the holder of a lease on source the one that the open run
// of a configured source belongs to, and gives that run. A run that still
// belongs to an earlier owner has been interrupted: it is closed as that, and
// next takes its place, with what it wanted; unless it was cancelled, then it is
// the holder's to end. Others that are open were left behind, and are closed as
// well. When no run is open, next is one.
func (db *DB) BeginSlice(ctx context.Context, org, flow int64, source SourceID, epoch, at int64, next Run) (Run, error) {
	var id weir.RunID
	err := db.Change(ctx, func(tx *Tx) error {
		if err := holdEpoch(ctx, tx, leaseSource, int64(source), epoch); err != nil {
			return err
		}
		open, err := tx.holdOpenRun(ctx, flow)
		if err != nil {
			return err
		}
		id = next.ID
		status := open.Status
		if status == RunQueued || open.ID != "" && (open.Epoch == 0 || open.Cancelled()) {
			id = open.ID
		}
		if err := tx.closeRuns(ctx, "resource", flow, at, id); err != nil {
			return err
		}
		if id == open.ID {
			_, err = tx.tx.ExecContext(ctx, `UPDATE run SET status = $2, source = $3, epoch = $4, job = CASE WHEN $6 <> 0 THEN $6 ELSE job END, started = CASE WHEN status = 'queued' THEN $5 ELSE started END,
				attempts = attempts + CASE WHEN status = 'queued' OR retry_at <> 0 THEN 1 ELSE 0 END, retry_at = 0 WHERE id = $1`, string(id), RunRunning, source, epoch, at, next.Job)
		} else {
			wanted := next.Wanted
			if open.Job != 0 { // a replay has none, and what it wanted is its own
				wanted = open.Wanted
			}
			_, err = tx.tx.ExecContext(ctx, `INSERT INTO run (id, org, source, epoch, started, status, resource, number, queued, job, wanted, attempts) VALUES ($1, $2, $3, $4, $5, $6, $7, $10, $5, $8, $9, 1)`,
				string(next.ID), org, source, epoch, at, RunRunning, flow, next.Job, wanted, next.Number)
		}
		if err != nil {
			return err
		}
		if id == next.ID || status == RunQueued {
			began := Run{ID: id, Org: org, Resource: flow}
			if err := tx.tx.QueryRowContext(ctx, `SELECT number FROM run WHERE id = $1`, string(id)).Scan(&began.Number); err != nil {
				return err
			}
			if err := say(ctx, tx.tx, &began, RunLine{At: at, Part: flow, Kind: KindSource, Severity: SeverityInfo, Type: LineLog, Text: "Run " + string(id) + " began."}); err != nil {
				return err
			}
		}
		return tx.AnnounceRun(ctx, org, flow, id)
	})
	if err != nil {
		return Run{}, err
	}
	return db.FlowRun(ctx, org, id)
}

// Slice is where a run stands at the end of a slice, or on the way.
type Slice struct {
	Org, Flow int64
	Run       weir.RunID
	Epoch     int64
	Progress  []byte
	RetryAt   int64  // µs: when it is tried again after a failure; 0 without one
	Class     string // of that failure
	Problem   string
	Requests  int // so far, and so on: a run that is cut short has cost them
	Retries   int
	Bytes     int64
	Release   bool // the slice is over: the run belongs to nobody
}

// SaveSlice writes down where a run stands. A run that is not the owner's any
// more stays as it is, and the answer is CodeIntegrity with ReasonFenced. One
// that somebody has cancelled stays the owner's, who ends it: CodeCancelled.
func (db *DB) SaveSlice(ctx context.Context, s Slice) error {
	next := s.Epoch
	if s.Release {
		next = 0
	}
	return db.Change(ctx, func(tx *Tx) error {
		var r Run
		err := tx.tx.QueryRowContext(ctx, `UPDATE run SET progress = $3, retry_at = $4, class = CASE class WHEN $8 THEN class ELSE $5 END, problem = $6, requests = $9, retries = $10, bytes = $11, epoch = CASE class WHEN $8 THEN epoch ELSE $7 END
			WHERE id = $1 AND epoch = $2 AND status = 'running' RETURNING class`,
			string(s.Run), s.Epoch, nullable(s.Progress), s.RetryAt, s.Class, printable(s.Problem), next, classCancelled, s.Requests, s.Retries, s.Bytes).Scan(&r.Class)
		if isNoRows(err) {
			return notOurs(s.Run)
		}
		if err != nil {
			return err
		}
		if r.Cancelled() {
			return &weir.Error{Code: weir.CodeCancelled, Where: "run " + string(s.Run), Message: "somebody cancelled it; what was read is kept", Remedy: "Start it again to go on from here"}
		}
		return tx.AnnounceRun(ctx, s.Org, s.Flow, s.Run)
	})
}

func notOurs(run weir.RunID) error {
	return &weir.Error{Code: weir.CodeIntegrity, Reason: ReasonFenced, Where: "run " + string(run), Message: "it is another process's now, or over; nothing was written", Remedy: "Look at the newest run"}
}

// Reading is how the reading of a run ended: what it did, in RunEnd, whose
// Status is the outcome.
type Reading struct {
	RunEnd
	Org, Flow int64
	Epoch     int64  // 0 for a run that nobody reads
	Class     string // of the error, "" without one
	Error     string
}

// EndReading writes down how the reading of a run ended. The run is over
// unless Await was told of destinations that lack what it has read. A run that
// is not the owner's any more is CodeIntegrity with ReasonFenced.
func (t *Tx) EndReading(ctx context.Context, e Reading) error {
	r, n := Run{ID: e.ID}, e.Totals
	err := t.tx.QueryRowContext(ctx, `UPDATE run SET status = 'delivering', outcome = $3, summary = $4, class = $5, problem = $6, retry_at = 0, progress = NULL,
		records_read = $7, written = $8, unchanged = $9, deleted = $10, quarantined = $11, requests = $12, retries = $13, bytes = $14, failure = $15, fresh = $16
		WHERE id = $1 AND epoch = $2 AND status IN ('queued', 'running') RETURNING org, resource, number, started`,
		string(e.ID), e.Epoch, e.Status, nullable(e.Summary), e.Class, printable(e.Error), n.Read, n.Written, n.Unchanged, n.Deleted, n.Quarantined, n.Requests, n.Retries, n.Bytes,
		nullable(e.Failure), n.Fresh).Scan(&r.Org, &r.Resource, &r.Number, &r.Started)
	if isNoRows(err) {
		return notOurs(e.ID)
	}
	if err != nil {
		return err
	}
	if err := e.account(ctx, t.tx, &r); err != nil {
		return err
	}
	if err := t.endRuns(ctx, e.Flow, e.At); err != nil {
		return err
	}
	return t.AnnounceRun(ctx, e.Org, e.Flow, e.ID)
}

// endRuns ends the runs of a configured source that wait for no destination,
// with what their destinations took. They are held first: of two destinations
// that come to their end at the same time, the second sees that the first has.
func (t *Tx) endRuns(ctx context.Context, flow, at int64) error {
	if err := t.holdRuns(ctx, `resource = $1 AND status = 'delivering'`, flow); err != nil {
		return err
	}
	var over []Run
	err := t.each(ctx, func(rows *sql.Rows) error {
		var r Run
		n := &r.Totals
		err := rows.Scan(&r.ID, &r.Org, &r.Resource, &r.Number, &r.Started, &r.Status, &n.Read, &n.Fresh, &n.Unchanged, &n.Deleted, &n.Written, &n.Filtered, &n.Quarantined, &n.Requests)
		over = append(over, r)
		return err
	}, `UPDATE run SET ended = $2, status = CASE
			WHEN outcome = 'succeeded' AND EXISTS (SELECT 1 FROM run_delivery d WHERE d.run = run.id AND d.status = 'failed') THEN 'partial' ELSE outcome END,
			written = coalesce((SELECT sum(d.written) FROM run_delivery d WHERE d.run = run.id), 0),
			filtered = coalesce((SELECT sum(d.filtered) FROM run_delivery d WHERE d.run = run.id), 0),
			quarantined = quarantined + coalesce((SELECT sum(d.quarantined) FROM run_delivery d WHERE d.run = run.id), 0)
		WHERE resource = $1 AND status = 'delivering' AND NOT EXISTS (SELECT 1 FROM run_delivery d WHERE d.run = run.id AND d.status = 'pending')
		RETURNING id, org, resource, number, started, status, records_read, fresh, unchanged, deleted, written, filtered, quarantined, requests`, flow, at)
	if err != nil {
		return err
	}
	for i := range over {
		if err := t.delivered(ctx, &over[i], at); err != nil {
			return err
		}
		if err := say(ctx, t.tx, &over[i], over[i].summary(at)); err != nil {
			return err
		}
		if err := t.ended(ctx, over[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// summary is the last line of a run that came to its end.
func (r *Run) summary(at int64) RunLine {
	severity := SeverityWarning
	switch {
	case r.Status == "failed":
		severity = SeverityError
	case r.Status == "succeeded" && r.Totals.Quarantined == 0:
		severity = SeverityInfo
	}
	return RunLine{At: at, Part: r.Resource, Kind: KindSource, Severity: severity, Type: LineSummary, Text: fmt.Sprintf("Run %s %s: %s.", r.ID, r.Status, r.Totals.Words())}
}

// holdRuns keeps the runs that the condition chooses as they are until the
// transaction ends: what destinations took is counted after that.
func (t *Tx) holdRuns(ctx context.Context, which string, args ...any) error {
	none := func(*sql.Rows) error { return nil }
	return t.each(ctx, none, `SELECT id FROM run WHERE `+which+` ORDER BY id`+t.db.engine.forUpdate(), args...) // #nosec G202 -- words of ours
}

// holdOpenRun gives the run of a configured source that is queued or being read,
// and keeps it so until the transaction ends; a zero one when there is none.
func (t *Tx) holdOpenRun(ctx context.Context, flow int64) (r Run, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT id, epoch, status, class, job, wanted FROM run WHERE resource = $1 AND status IN ('queued', 'running') ORDER BY queued DESC, id DESC LIMIT 1`+t.db.engine.forUpdate(), flow).
		Scan(&r.ID, &r.Epoch, &r.Status, &r.Class, &r.Job, &r.Wanted)
	if isNoRows(err) {
		err = nil
	}
	return r, err
}

// OpenRun is DB.OpenRun inside the transaction, and gives its id; "" when
// there is none.
func (t *Tx) OpenRun(ctx context.Context, flow int64) (id weir.RunID, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT id FROM run WHERE resource = $1 AND status IN ('queued', 'running') ORDER BY queued DESC, id DESC LIMIT 1`, flow).Scan(&id)
	if isNoRows(err) {
		err = nil
	}
	return id, err
}

// The class of a run that somebody has cancelled.
const classCancelled = string(weir.CodeCancelled)

// CancelRun ends the run of a configured source that is queued, or between two
// slices; one that is being read is marked, so that it ends whoever reads it.
// It gives the job that makes the run; 0 for none.
func (t *Tx) CancelRun(ctx context.Context, org, flow, at int64) (job int64, err error) {
	open, err := t.holdOpenRun(ctx, flow)
	if err != nil || open.ID == "" {
		return 0, err
	}
	_, err = t.tx.ExecContext(ctx, `UPDATE run SET class = $2 WHERE resource = $1 AND org = $3 AND status IN ('queued', 'running')`, flow, classCancelled, org)
	if err != nil {
		return 0, err
	}
	return open.Job, t.endUnread(ctx, org, flow, cancelled(at))
}

// FailRun ends the run of a configured source that cannot be read: one that is
// queued, or between two slices.
func (t *Tx) FailRun(ctx context.Context, org, flow, at int64, why error) error {
	return t.endUnread(ctx, org, flow, cut{"failed", weir.CodeOf(why), why.Error(), HealthFailing, at})
}

// endUnread ends the open runs of a configured source that nobody reads now.
func (t *Tx) endUnread(ctx context.Context, org, flow int64, c cut) error {
	if err := t.cutRuns(ctx, c, `resource = $1 AND org = $2 AND epoch = 0`, flow, org); err != nil {
		return err
	}
	return t.AnnounceRun(ctx, org, flow, "")
}

// Cancelled reports whether somebody has cancelled the run.
func (r Run) Cancelled() bool { return r.Class == classCancelled }
