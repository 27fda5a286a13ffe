package flow

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// Wait is why a run that is not over makes no headway at some place, and when
// that is tried again.
type Wait struct {
	pipeline.Wait
	Stream      string // that waits; "" for the reading as a whole
	Destination int64  // that takes nothing; 0 when it is the source that waits
}

// addWaits says of runs that are not over why they wait.
func (s *Service) addWaits(ctx context.Context, runs []Run, deliveries []store.RunDelivery) error {
	open := map[weir.RunID]*Run{}
	for i := range runs {
		r := &runs[i]
		r.Waits = r.reading()
		if r.Open() {
			open[r.ID] = r
		}
	}
	var to []int64
	for _, d := range deliveries {
		if open[d.Run] != nil {
			to = append(to, d.Destination)
		}
	}
	standings, err := s.Store.Standings(ctx, to...)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		is, r := standings[d.Destination], open[d.Run]
		if r == nil || is.Failing == 0 {
			continue
		}
		r.Waits = append(r.Waits, Wait{Stream: d.Stream, Destination: d.Destination,
			Wait: pipeline.Wait{Tries: is.Failures, At: is.RetryAt, Failure: Failure{Code: is.Class, Message: is.Problem}}})
	}
	return nil
}

// reading is why the reading makes no headway: the run waits for its next try,
// or streams wait for an answer. One that somebody has cancelled waits for
// nothing.
func (r *Run) reading() (all []Wait) {
	if r.Status != store.RunRunning || len(r.Progress) == 0 || r.Cancelled() {
		return nil
	}
	if r.Problem != "" {
		return []Wait{{Wait: pipeline.Wait{Tries: r.Attempts, Most: mostAttempts, At: r.RetryAt, Failure: r.speaks()}}}
	}
	for _, s := range r.Result.Streams {
		if s.Wait != nil {
			all = append(all, Wait{Wait: *s.Wait, Stream: s.Name})
		}
	}
	return all
}

// speaks is what the last try failed of, in its parts as far as they are known.
func (r *Run) speaks() Failure {
	for _, s := range r.Result.Streams {
		if s.Failure != nil && s.Error == r.Problem {
			return *s.Failure
		}
	}
	return Failure{Code: weir.Code(r.Class), Message: r.Problem}
}
