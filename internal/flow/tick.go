package flow

import (
	"context"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// The rhythm of looking what is due.
const (
	tickPause = 250 * time.Millisecond
	tickMost  = 200 // sources in one transaction
	// jump is by how much a clock may be set back before what is due next is
	// worked out anew.
	jump = time.Minute
)

// Schedule enqueues what is due until ctx ends. Every process that does jobs
// does so: what one of them has taken up the others do not see, and when one
// dies the others go on.
func (r *Runner) Schedule(ctx context.Context) {
	before := r.flows.Now()
	began := time.Now()
	for pause(ctx, tickPause) == nil {
		now := r.flows.Now()
		// The wall clock against one that nobody can set.
		if back := time.Since(began) - now.Round(0).Sub(before.Round(0)); back > jump {
			if err := r.Recompute(ctx); err != nil {
				r.flows.Logger.Warn("schedules could not be worked out anew after the clock was set", "error", err)
				continue
			}
		}
		before, began = now, time.Now()
		for {
			n, err := r.Tick(ctx)
			if err != nil && weir.CodeOf(err) != weir.CodeCancelled {
				r.flows.Logger.Warn("what is due could not be enqueued", "error", err)
			}
			if err != nil || n < tickMost {
				break
			}
		}
	}
}

// Tick enqueues the sources that are due now, at most tickMost, and says how
// many there were. A source that is being read, or waits to be, is not read
// again for it: ticks that were missed become one run.
func (r *Runner) Tick(ctx context.Context) (n int, err error) {
	now := r.flows.Now()
	// Looked at first without a transaction: mostly there is nothing to do.
	if at, err := r.flows.Store.NextDue(ctx); err != nil || at == 0 || at > now.UnixMicro() {
		return 0, err
	}
	err = r.flows.Store.Change(ctx, func(tx *store.Tx) error {
		n = 0
		due, err := tx.DueSchedules(ctx, now.UnixMicro(), tickMost)
		if err != nil || len(due) == 0 {
			return err
		}
		n = len(due)
		sources := make([]job.Subject, 0, len(due))
		for _, s := range due {
			s.Last = s.Next
			if err := r.flows.next(&s, now); err != nil {
				r.flows.Logger.Error("a schedule cannot be kept", "source", s.Source, "org", s.Org, "error", err)
				s.Next, s.Due = 0, 0
			} else {
				sources = append(sources, job.Subject{Org: s.Org, ID: s.Source})
			}
			if err := tx.Advance(ctx, s); err != nil {
				return err
			}
		}
		_, err = r.queue(ctx, tx, job.When{}, Order{Why: weir.WhySchedule}, sources, pipeline.NewRunID(now))
		return err
	})
	return n, err
}

// Recompute works out anew when every source is due next, after the clock was
// set back: what would wait until the clock has come so far again does not. It
// replays nothing.
func (r *Runner) Recompute(ctx context.Context) error {
	now := r.flows.Now()
	return r.flows.Store.Change(ctx, func(tx *store.Tx) error {
		all, err := tx.DueAfter(ctx, now.UnixMicro())
		if err != nil {
			return err
		}
		for _, s := range all {
			was := s.Due
			if err := r.flows.next(&s, now); err != nil { // one that cannot be read holds up no other
				r.flows.Logger.Error("a schedule cannot be kept", "source", s.Source, "error", err)
				continue
			}
			if s.Due >= was {
				continue
			}
			if err := tx.Advance(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}
