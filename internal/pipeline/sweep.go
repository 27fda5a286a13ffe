package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// absenceGap is how far apart two complete sweeps must be before absence from
// both counts as deletion where no single read can confirm it.
const absenceGap = time.Hour

// The brake on deletions: a lost permission looks like mass deletion.
const (
	brakeCount = 100  // never more than this many at once
	brakeShare = 0.01 // nor more than this share of the dataset ...
	brakeFloor = 10   // ... unless it is this few
)

// ReasonBrake is the reason of the error that holds deletions back.
const ReasonBrake = "deletions_held"

// finishSweep ends a complete sweep: records it did not show, and which are
// proved gone, get a tombstone in the log.
func (r *reading) finishSweep(ctx context.Context) error {
	var gone []weir.Record
	if !r.unnamed {
		var err error
		if gone, err = r.gone(ctx); err != nil {
			return err
		}
	}
	if len(gone) > 0 {
		done, err := r.flow.Store.Append(ctx, store.Append{
			Dataset: r.dataset.ID, Run: r.run, Epoch: r.epoch, Records: gone,
			ExtractedAt: r.flow.Now().UnixMicro(), Then: r.then(),
		})
		if err != nil {
			return err
		}
		r.tally.deleted(done.Fresh)
		r.wake()
	}
	return r.flow.Store.FinishSweep(ctx, store.FinishSweep{Dataset: r.dataset.ID, Epoch: r.epoch, Sweep: r.sweep, At: r.flow.Now().UnixMicro()})
}

// gone lists the tombstones of the records that the sweep proved deleted.
func (r *reading) gone(ctx context.Context) ([]weir.Record, error) {
	live, missing, err := r.flow.Store.CountMissing(ctx, r.dataset.ID, r.sweep)
	if err != nil || missing == 0 {
		return nil, err
	}
	if braked(live, missing) && !r.flow.AllowDelete {
		return nil, &weir.Error{
			Code:    weir.CodeConflict,
			Reason:  ReasonBrake,
			Message: fmt.Sprintf("%d of %d records are no longer shown by the source; so many at once look like a lost permission, so none was marked deleted", missing, live),
			Remedy:  "Check what the key may read; if they are really gone, run once more with --allow-deletes",
		}
	}
	var tombstones []weir.Record
	for m, err := range r.flow.Store.Missing(ctx, r.dataset.ID, r.sweep) {
		if err != nil {
			return nil, err
		}
		proved, err := r.provedGone(ctx, m)
		if err != nil {
			return nil, err
		}
		if proved {
			tombstones = append(tombstones, weir.Record{Key: m.Key, Deleted: true})
		}
	}
	return tombstones, nil
}

// provedGone decides on one record: the server's own 404 settles it; a list
// that comes as one whole answer has no gaps; otherwise a second complete
// sweep, well after the first, must miss it too.
func (r *reading) provedGone(ctx context.Context, m store.MissingKey) (bool, error) {
	switch {
	case r.endpoint.Confirm != "":
		return r.source.Absent(ctx, r.endpoint.Confirm, m.Key)
	case (r.endpoint.Iteration == "" || r.endpoint.Iteration == rest.IterateStatic):
		return true, nil
	}
	return m.FirstMissedAt > 0 && r.flow.Now().Sub(time.UnixMicro(m.FirstMissedAt)) >= absenceGap, nil
}

// braked reports whether missing of live records are too many to believe.
func braked(live, missing int) bool {
	switch {
	case missing > brakeCount:
		return true
	case missing > brakeFloor && float64(missing) > brakeShare*float64(live):
		return true
	}
	return missing == live && live >= 3
}
