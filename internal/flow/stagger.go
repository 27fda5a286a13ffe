package flow

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/schedule"
	"github.com/weirhq/weir/internal/store"
)

// Jitter keeps those who all chose the full hour from beginning in one
// instant: up to 20 s, and with very many schedules as long as it takes to
// begin one each 60 ms, but no more than a quarter of the interval.
const (
	jitterShare = 60 // a sixtieth of the interval ...
	mostJitter  = 20 * time.Second
	eachJitter  = 60 * time.Millisecond
	crowdShare  = 4
)

// jitter is a source's own small delay, the same each time.
func (s *Service) jitter(source int64, interval time.Duration) time.Duration {
	few := min(mostJitter, interval/jitterShare)
	many := min(time.Duration(s.crowd.Load())*eachJitter, interval/crowdShare)
	most := max(few, many)
	if most < time.Second {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.FormatInt(source, 10)))
	return time.Duration(h.Sum64() % uint64(most)) // #nosec G115 -- below most
}

// What the planner assumes of a source that was never read, and of a request.
const (
	unknownCost = 5
	latency     = 300 * time.Millisecond
)

// stagger says by how much each schedule of one key is delayed after its tick,
// so that sources which are due together and do not fit into one window of
// the key follow one another instead of all waiting for places.
func (s *Service) stagger(all []store.Schedule, limit int) map[int64]time.Duration {
	delays := map[int64]time.Duration{}
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b store.Schedule) int {
		return cmp.Or(cmp.Compare(a.Next, b.Next), cmp.Compare(a.Source, b.Source))
	})
	var began int64 // µs: the tick of the first of those who share a stretch of time
	spent := 0
	for _, t := range all {
		if t.Next == 0 {
			continue
		}
		// When the first request after all of these would be through.
		busy := governor.PlanRequests(spent+1, governor.PlanOptions{Limit: limit, Latency: latency, Concurrency: 4}).Duration
		if spent == 0 || time.Duration(t.Next-began)*time.Microsecond > max(busy, time.Minute) {
			began, spent, busy = t.Next, 0, 0
		}
		every := every(t)
		delay := s.jitter(t.Source, every)
		if cost := costOf(t); spent+cost > limit {
			wait := busy - time.Duration(t.Next-began)*time.Microsecond
			delay = max(delay, min(wait, every/2))
		}
		spent += costOf(t)
		delays[t.Source] = delay
	}
	return delays
}

func costOf(s store.Schedule) int {
	if s.Cost == 0 {
		return unknownCost
	}
	return s.Cost
}

// every is the interval between two ticks of a schedule; 0 when there is none.
func every(s store.Schedule) time.Duration {
	when, err := schedule.Parse(s.Expression, s.Zone)
	if err != nil || s.Next == 0 {
		return 0
	}
	return interval(when, time.UnixMicro(s.Next))
}

// share is the part of a key's places that its schedules take.
func share(all []store.Schedule, limit int) (sum float64) {
	for _, s := range all {
		if e := every(s); e > 0 {
			sum += governor.PlanRequests(costOf(s), governor.PlanOptions{Limit: limit, Latency: latency, Every: e}).Share
		}
	}
	return sum
}

// Spread delays the sources of one credential anew: one was added, or costs
// more or less than it did.
func (r *Runner) Spread(ctx context.Context, org, credential int64) error {
	all, err := r.flows.Store.SchedulesOf(ctx, credential)
	if err != nil || len(all) == 0 {
		return err
	}
	c, err := r.flows.Credentials.Credential(ctx, org, credential)
	if err != nil {
		return err
	}
	delays := r.flows.stagger(all, c.Limit())
	return r.flows.Store.Change(ctx, func(tx *store.Tx) error {
		for _, s := range all {
			delay, ok := delays[s.Source]
			if !ok || delay.Microseconds() == s.Delay {
				continue
			}
			if err := tx.Delay(ctx, s.Source, delay.Microseconds()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Reschedule changes when a source is read, and nothing else of it: choose is
// given the source as it is, once more when somebody has changed it meanwhile.
func (r *Runner) Reschedule(ctx context.Context, who Actor, id int64, choose func(*SourceSpec) error) (*Source, error) {
	src, err := again(ctx, r.flows, func() (*Source, error) {
		src, err := r.flows.Source(ctx, who.Org, id)
		if err != nil {
			return nil, err
		}
		if err := choose(&src.SourceSpec); err != nil {
			return nil, err
		}
		return r.flows.UpdateSource(ctx, who, id, SourceEdit{Spec: &src.SourceSpec, Version: src.Version})
	})
	if err != nil {
		return nil, err
	}
	return src, r.Spread(ctx, who.Org, src.Credential)
}
