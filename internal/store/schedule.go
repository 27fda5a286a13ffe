package store

import (
	"context"
	"database/sql"
)

// Schedule is when a configured source is read.
type Schedule struct {
	Source     int64
	Org        int64
	Credential int64
	Expression string // Quartz's seven fields; "" for a source that is read when asked
	Zone       string // IANA name
	After      int64  // the source after whose runs this one is read; 0 for none
	Active     bool
	Next       int64 // µs: the next tick; 0 when there is none
	Due        int64 // µs: the next tick and Delay; 0 for never
	Delay      int64 // µs after a tick
	Last       int64 // µs: the tick of the last run
	Cost       int   // requests of the last run; 0 when nobody knows
}

const scheduleColumns = `source, org, credential, expression, zone, after, active, next, due, delay, last, cost`

func scanSchedule(row interface{ Scan(...any) error }) (s Schedule, err error) {
	var active int
	err = row.Scan(&s.Source, &s.Org, &s.Credential, &s.Expression, &s.Zone, &s.After, &active, &s.Next, &s.Due, &s.Delay, &s.Last, &s.Cost)
	s.Active = active != 0
	return s, err
}

// PutSchedule writes a source's schedule, new or changed. What was learned of
// its runs stays.
func (t *Tx) PutSchedule(ctx context.Context, s Schedule) error {
	active := 0
	if s.Active {
		active = 1
	}
	_, err := t.tx.ExecContext(ctx, `INSERT INTO schedule (source, org, credential, expression, zone, after, active, next, due, delay) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (source) DO UPDATE SET credential = excluded.credential, expression = excluded.expression, zone = excluded.zone, after = excluded.after,
			active = excluded.active, next = excluded.next, due = excluded.due, delay = excluded.delay`,
		s.Source, s.Org, s.Credential, s.Expression, s.Zone, s.After, active, s.Next, s.Due, s.Delay)
	return err
}

// DropSchedule forgets a source's schedule.
func (t *Tx) DropSchedule(ctx context.Context, source int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM schedule WHERE source = $1`, source)
	return err
}

// Schedule gives a source's schedule; CodeNotFound when it has none.
func (db *DB) Schedule(ctx context.Context, source int64) (Schedule, error) {
	s, err := scanSchedule(db.read.QueryRowContext(ctx, `SELECT `+scheduleColumns+` FROM schedule WHERE source = $1`, source))
	return s, db.explain(ctx, err)
}

// SchedulesOf gives the active schedules of sources that use a credential.
func (db *DB) SchedulesOf(ctx context.Context, credential int64) (all []Schedule, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		s, err := scanSchedule(rows)
		all = append(all, s)
		return err
	}, `SELECT `+scheduleColumns+` FROM schedule WHERE credential = $1 AND active = 1 ORDER BY source`, credential)
	return all, err
}

// DueSchedules gives the schedules that are due at, the longest due first, at
// most n, and holds them; those that another process holds are left to it.
func (t *Tx) DueSchedules(ctx context.Context, at int64, n int) (all []Schedule, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		s, err := scanSchedule(rows)
		all = append(all, s)
		return err
	}, `SELECT `+scheduleColumns+` FROM schedule WHERE due > 0 AND due <= $1 ORDER BY due LIMIT $2`+t.db.engine.skipLocked(), at, n)
	return all, err
}

// SchedulesAfter gives the active schedules that follow a source's runs.
func (t *Tx) SchedulesAfter(ctx context.Context, source int64) (all []Schedule, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		s, err := scanSchedule(rows)
		all = append(all, s)
		return err
	}, `SELECT `+scheduleColumns+` FROM schedule WHERE after > 0 AND after = $1 AND active = 1 ORDER BY source`, source)
	return all, err
}

// Advance sets when a source was last due, and is next.
func (t *Tx) Advance(ctx context.Context, s Schedule) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE schedule SET next = $2, due = $3, delay = $4, last = $5 WHERE source = $1`, s.Source, s.Next, s.Due, s.Delay, s.Last)
	return err
}

// SetCost notes how many requests a run took.
func (t *Tx) SetCost(ctx context.Context, source int64, requests int) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE schedule SET cost = $2 WHERE source = $1 AND cost <> $2`, source, requests)
	return err
}

// NextDue is when a schedule is due next, 0 when none is.
func (db *DB) NextDue(ctx context.Context) (at int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT coalesce(min(due), 0) FROM schedule WHERE due > 0`).Scan(&at)
	return at, db.explain(ctx, err)
}

// LivingResources gives the living resources of a kind of all organizations
// whose id is above after, in order, at most n, but for those that Weir has not
// written: for upkeep.
func (db *DB) LivingResources(ctx context.Context, kind Kind, after int64, n int) (all []Resource, err error) {
	for len(all) < n {
		read := 0
		err = db.each(ctx, func(rows *sql.Rows) error {
			r, err := scanResource(rows)
			if read++; err == nil && db.genuine(r) {
				all = append(all, r)
			}
			after = r.ID
			return err
		}, `SELECT `+resourceColumns+fromResource+` WHERE r.kind = $1 AND r.deleted = 0 AND r.id > $2 ORDER BY r.id LIMIT $3`, kind, after, n-len(all))
		if err != nil || read == 0 {
			break
		}
	}
	return all, err
}

// DueAfter gives the schedules that are due after a time, and holds them.
func (t *Tx) DueAfter(ctx context.Context, at int64) (all []Schedule, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		s, err := scanSchedule(rows)
		all = append(all, s)
		return err
	}, `SELECT `+scheduleColumns+` FROM schedule WHERE due > $1 ORDER BY source`+t.db.engine.forUpdate(), at)
	return all, err
}

// Delay sets how long after its ticks a source is read, from the next one on.
func (t *Tx) Delay(ctx context.Context, source, delay int64) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE schedule SET delay = $2, due = CASE WHEN due > 0 THEN next + $2 ELSE 0 END WHERE source = $1`, source, delay)
	return err
}

// Target gives what a resource uses in a role; 0 for nothing.
func (t *Tx) Target(ctx context.Context, resource int64, role string) (target int64, err error) {
	err = t.tx.QueryRowContext(ctx, `SELECT target FROM reference WHERE resource = $1 AND role = $2`, resource, role).Scan(&target)
	if isNoRows(err) {
		err = nil
	}
	return target, err
}

// CountSchedules counts the schedules that are due at some time.
func (db *DB) CountSchedules(ctx context.Context) (n int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT count(*) FROM schedule WHERE due > 0`).Scan(&n)
	return n, db.explain(ctx, err)
}
