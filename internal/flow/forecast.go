package flow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/schedule"
	"github.com/weirhq/weir/internal/store"
)

// Draft is a source's times that are not stored yet.
type Draft struct {
	Times
	Source     int64 // whose they are to be; 0 for one that is not stored either
	Credential int64 // to read with
	PerRun     int   // requests of a run; 0 for what its last runs took
}

// Forecast is what times would cost.
type Forecast struct {
	PerRun   int           // requests; 0 when nobody knows
	Takes    time.Duration // a run, with the key to itself
	Due      []time.Time   // the next few ticks; none when no clock decides
	Interval time.Duration // from the first of them to the second
	Limit    int           // of the key: requests in a minute
	Share    float64       // of the key's places that this source would take
	KeyShare float64       // that all schedules of the key would take together
	Others   []OtherShare  // of the key, the greatest first
	Fits     string        // when it does not fit: the shortest plain interval that does, in words; "" for none
}

// OtherShare is what another source takes of the key's places.
type OtherShare struct {
	Source int64
	Share  float64
}

// mostPlanned is up to how many requests of a run are planned one by one: a key of
// 120 a minute is busy with them for a day.
const mostPlanned = 120 * 60 * 24

// ticksShown is how many of the next ticks a forecast names.
const ticksShown = 3

// Late reports whether the key's schedules together would want more than it may do.
func (f *Forecast) Late() bool { return f.KeyShare > 1 }

// Overruns reports whether a run would last beyond the next tick.
func (f *Forecast) Overruns() bool { return f.Interval > 0 && f.Takes > f.Interval }

// Forecast says what times would cost against the key, with the other schedules
// of the credential. Nothing is asked of any service.
func (s *Service) Forecast(ctx context.Context, org int64, d Draft) (*Forecast, error) {
	c, err := s.Credentials.Credential(ctx, org, d.Credential)
	if err != nil {
		return nil, err
	}
	out := &Forecast{PerRun: max(d.PerRun, 0), Limit: c.Limit()}
	if out.PerRun == 0 && d.Source != 0 {
		costs, err := s.Store.RunCosts(ctx, org, s.Now().Add(-learnedFrom).UnixMicro(), d.Source)
		if err != nil {
			return nil, err
		}
		out.PerRun = costs[d.Source]
	}
	if err := s.clocked(ctx, org, out, d.Times); err != nil {
		return nil, err
	}
	out.PerRun = min(out.PerRun, mostPlanned)
	plan := governor.PlanRequests(out.PerRun, governor.PlanOptions{Limit: out.Limit, Latency: latency, Concurrency: 4, Every: out.Interval})
	if out.Takes = plan.Duration; out.Interval > 0 {
		out.Share = plan.Share
	}
	all, err := s.Store.SchedulesOf(ctx, d.Credential)
	if err != nil {
		return nil, err
	}
	out.KeyShare = out.Share
	for _, t := range all {
		if t.Source == d.Source {
			continue
		}
		one := share([]store.Schedule{t}, out.Limit)
		out.KeyShare += one
		out.Others = append(out.Others, OtherShare{Source: t.Source, Share: one})
	}
	slices.SortStableFunc(out.Others, func(a, b OtherShare) int { return cmp.Compare(b.Share, a.Share) })
	if out.Late() || out.Overruns() {
		out.Fits = out.fitting()
	}
	return out, nil
}

// fitting is the shortest of some intervals at which a run is over before the
// next one, and the key has places for all.
func (f *Forecast) fitting() string {
	for _, every := range []schedule.Every{{Count: 15, Unit: schedule.UnitMinute}, {Count: 30, Unit: schedule.UnitMinute}, {Count: 1, Unit: schedule.UnitHour}, {Count: 2, Unit: schedule.UnitHour},
		{Count: 3, Unit: schedule.UnitHour}, {Count: 4, Unit: schedule.UnitHour}, {Count: 6, Unit: schedule.UnitHour}, {Count: 12, Unit: schedule.UnitHour}, {Count: 1, Unit: schedule.UnitDay}} {
		apart := time.Duration(every.Count) * map[schedule.Unit]time.Duration{schedule.UnitMinute: time.Minute, schedule.UnitHour: time.Hour, schedule.UnitDay: 24 * time.Hour}[every.Unit]
		own := float64(f.PerRun) / (float64(f.Limit) * apart.Minutes())
		if apart >= f.Takes && f.KeyShare-f.Share+own <= 1 {
			return every.Words()
		}
	}
	return ""
}

// clocked finds when times are due next. What follows another source is due with
// that one.
func (s *Service) clocked(ctx context.Context, org int64, f *Forecast, t Times) error {
	for steps := 0; t.After != 0 && steps <= mostSteps; steps++ {
		before, err := s.Source(ctx, org, t.After)
		if weir.CodeOf(err) == weir.CodeNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		t = before.Times()
	}
	if t.Schedule == "" {
		return nil
	}
	when, err := schedule.Parse(t.Schedule, t.Zone)
	if err != nil {
		return err
	}
	for at, ok := when.Next(s.Now()); ok && len(f.Due) < ticksShown; at, ok = when.Next(at) {
		f.Due = append(f.Due, at)
	}
	if len(f.Due) > 1 {
		f.Interval = f.Due[1].Sub(f.Due[0])
	}
	return nil
}
