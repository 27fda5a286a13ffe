package flow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/store"
)

// ahead is how far schedules are looked at, and learnedFrom how far back runs
// are, to know what one costs.
const (
	ahead       = 24 * time.Hour
	learnedFrom = 30 * 24 * time.Hour
)

// Upcoming is what the schedules of active sources will cost within a day.
type Upcoming struct {
	From, To time.Time
	Sources  []UpcomingSource // with a schedule, or after one that has, the costliest first
	Budgets  []UpcomingBudget // in the order of their first credential
}

// UpcomingSource is what one source's schedule will cost.
type UpcomingSource struct {
	Source, Credential int64
	timing                   // of the source that it follows, through however many others, when it has none of its own
	After              int64 // that source; 0 for its own schedule
	Name               string
	Next               time.Time // zero when it is never due again
	Runs               int       // within the day
	PerRun             int       // requests: the mean of its runs of the last 30 days; -1 when it has none
	Requests           int       // within the day; 0 when nobody knows
}

// Times are when the source is read.
func (u *UpcomingSource) Times() Times {
	if u.After != 0 {
		return Times{After: u.After}
	}
	return u.timing.Times()
}

// UpcomingBudget is what schedules will cost one key.
type UpcomingBudget struct {
	credential.KeyBudget
	Sources     int
	Unknown     int // of them, of which nobody knows what a run costs
	Runs        int
	Requests    int
	Hours       [24]int   // requests by hour from now
	Share       float64   // of what the key may do within the day
	BusiestFrom time.Time // the hour with the most requests
	BusiestUse  float64   // share of what the key may do in it: above 1 runs will last longer than that hour
}

// Upcoming says what the schedules of the filter's sources will cost against each
// key.
func (s *Service) Upcoming(ctx context.Context, f store.ResourceFilter) (*Upcoming, error) {
	now := s.Now().UTC().Truncate(time.Second)
	out := &Upcoming{From: now, To: now.Add(ahead)}
	f.Status, f.Page, f.Number = string(StatusActive), 0, 0
	sources, _, err := s.Sources(ctx, f)
	if err != nil {
		return nil, err
	}
	costs, err := s.Store.RunCosts(ctx, f.Org, now.Add(-learnedFrom).UnixMicro())
	if err != nil {
		return nil, err
	}
	due := map[timing][]time.Time{}
	var ids []int64
	begins := beginnings(sources)
	for _, src := range sources {
		when := begins(src)
		if when.Schedule == "" {
			continue
		}
		times, known := due[when]
		if !known {
			if times, err = s.due.within(when, now, out.To); err != nil {
				return nil, err
			}
			due[when] = times
		}
		u := UpcomingSource{Source: src.ID, Credential: src.Credential, Name: src.Name, timing: when, After: src.After, PerRun: -1, Runs: len(times)}
		if len(times) > 0 {
			u.Next = times[0]
		}
		if cost, known := costs[src.ID]; known {
			u.PerRun, u.Requests = cost, cost*len(times)
		}
		out.Sources = append(out.Sources, u)
		if !slices.Contains(ids, src.Credential) {
			ids = append(ids, src.Credential)
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	if out.Budgets, err = s.upcomingBudgets(ctx, f.Org, ids); err != nil {
		return nil, err
	}
	for i := range out.Budgets {
		out.Budgets[i].add(out.Sources, due, now)
	}
	slices.SortStableFunc(out.Sources, func(a, b UpcomingSource) int { return cmp.Compare(b.Requests, a.Requests) })
	return out, nil
}

// beginnings tell when sources are read: by their own schedules, or by that of the
// one among them that they follow. The zero timing is for those that are read only
// when they are told to.
func beginnings(sources []*Source) func(*Source) timing {
	known := make(map[int64]*Source, len(sources))
	for _, src := range sources {
		known[src.ID] = src
	}
	return func(src *Source) timing {
		for steps := 0; src != nil && steps <= mostSteps; steps++ {
			if src.Schedule != "" {
				return timing{src.Schedule, src.Zone}
			}
			src = known[src.After]
		}
		return timing{}
	}
}

func (s *Service) upcomingBudgets(ctx context.Context, org int64, ids []int64) (out []UpcomingBudget, err error) {
	budgets, _, err := s.Credentials.KeyBudgets(ctx, store.BudgetFilter{Org: org, Credentials: ids})
	for _, b := range budgets {
		out = append(out, UpcomingBudget{KeyBudget: b})
	}
	return out, err
}

// add sums the sources that are read with the budget's key.
func (b *UpcomingBudget) add(sources []UpcomingSource, due map[timing][]time.Time, now time.Time) {
	for _, src := range sources {
		if !slices.ContainsFunc(b.Credentials, func(c *credential.Credential) bool { return c.ID == src.Credential }) {
			continue
		}
		b.Sources++
		b.Runs += src.Runs
		b.Requests += src.Requests
		if src.PerRun < 0 {
			b.Unknown++
			continue
		}
		for _, at := range due[src.timing] {
			b.Hours[min(int(at.Sub(now)/time.Hour), len(b.Hours)-1)] += src.PerRun
		}
	}
	inAnHour := float64(b.Limit) * float64(time.Hour) / float64(b.Window)
	b.Share = float64(b.Requests) / (inAnHour * float64(len(b.Hours)))
	busiest := 0
	for hour, n := range b.Hours {
		if n > b.Hours[busiest] {
			busiest = hour
		}
	}
	b.BusiestFrom, b.BusiestUse = now.Add(time.Duration(busiest)*time.Hour), float64(b.Hours[busiest])/inAnHour
}
