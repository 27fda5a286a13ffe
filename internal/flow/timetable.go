package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/schedule"
	"github.com/weirhq/weir/internal/store"
)

// checkTimes makes sure that a source's schedule can be kept. id is the
// source's own, 0 for a new one.
func (s *Service) checkTimes(ctx context.Context, org, id int64, spec *SourceSpec) error {
	if spec.SweepHours < 0 || spec.SweepHours > 24*366 {
		return refuse("sweep_hours", "it is not within 0 and a year", "Leave it out for a day")
	}
	if spec.Schedule != "" && spec.After != 0 {
		return refuse("run_after", "a source runs by its schedule or after another one, not both", "Leave one of them out")
	}
	if spec.Schedule != "" {
		_, err := schedule.Parse(spec.Schedule, spec.Zone)
		return err
	}
	for at, steps := spec.After, 0; at != 0; steps++ {
		if at == id || steps > mostSteps {
			return refuse("run_after", "the sources would run after each other without an end", "Name one that does not wait for this one")
		}
		before, err := s.Source(ctx, org, at)
		if err != nil {
			return about("run_after", err)
		}
		at = before.After
	}
	return nil
}

// mostSteps is how long a chain of sources that run after each other may be.
const mostSteps = 50

// timetable writes down when a source is read next: never, while it is not
// active.
func (s *Service) timetable(ctx context.Context, tx *store.Tx, src *Source) error {
	if src.Schedule == "" && src.After == 0 {
		return tx.DropSchedule(ctx, src.ID)
	}
	t := store.Schedule{Source: src.ID, Org: src.Org, Credential: src.Credential, Expression: src.Schedule, Zone: src.Zone, After: src.After, Active: Status(src.Status) == StatusActive}
	if t.Credential == 0 {
		var err error
		if t.Credential, err = tx.Target(ctx, src.ID, roleCredential); err != nil {
			return err
		}
	}
	if t.Active && src.Schedule != "" {
		if err := s.next(&t, s.Now()); err != nil {
			return err
		}
	}
	return tx.PutSchedule(ctx, t)
}

// next sets when a schedule is due after now. Ticks that were missed meanwhile
// are not: one run brings all that they would have.
func (s *Service) next(t *store.Schedule, now time.Time) error {
	when, err := schedule.Parse(t.Expression, t.Zone)
	if err != nil {
		return &weir.Error{Code: weir.CodeIntegrity, Where: fmt.Sprintf("schedule of source %d", t.Source), Message: "what is stored of it cannot be read", Err: err}
	}
	at, ok := when.Next(now)
	if !ok { // its last year is over
		t.Next, t.Due = 0, 0
		return nil
	}
	t.Next = at.UnixMicro()
	if t.Delay == 0 {
		t.Delay = s.jitter(t.Source, interval(when, at)).Microseconds()
	}
	t.Due = t.Next + t.Delay
	return nil
}

// interval is how long after a tick the next one is.
func interval(when schedule.Schedule, at time.Time) time.Duration {
	after, ok := when.Next(at)
	if !ok {
		return 0
	}
	return after.Sub(at)
}

// Timetable is when a source is read.
type Timetable struct {
	store.Schedule
	Interval time.Duration // between two ticks; 0 without a schedule
	// Share is the part of the key's places that all sources of the key with
	// a schedule take together; above 1 they cannot all be read so often.
	Share float64
}

// Timetable tells when a source is read; nil when it is read only when asked.
func (s *Service) Timetable(ctx context.Context, org, id int64) (*Timetable, error) {
	if _, err := s.Source(ctx, org, id); err != nil {
		return nil, err
	}
	row, err := s.Store.Schedule(ctx, id)
	if weir.CodeOf(err) == weir.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t := &Timetable{Schedule: row}
	if when, err := schedule.Parse(row.Expression, row.Zone); err == nil && row.Next > 0 {
		t.Interval = interval(when, time.UnixMicro(row.Next))
	}
	c, err := s.Credentials.Credential(ctx, org, row.Credential)
	if err != nil {
		return nil, err
	}
	all, err := s.Store.SchedulesOf(ctx, row.Credential)
	t.Share = share(all, c.Limit())
	return t, err
}
