package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// What one batch may hold: enough to make a transaction worth its commit,
// little enough to stay flat in memory.
const (
	batchRecords = 2_500
	batchBytes   = 4 << 20
)

// outlet is one stream on its way into one destination.
type outlet struct {
	*stream
	to      *Target
	logName string
	grown   chan struct{} // capacity 1: the log has new records
	result  Delivery
	err     error
	apart   *Filling // who fills the destination apart from the reading; nil when nobody does

	reshaping *Reshaping             // nil for records as they are
	saved     int                    // changes of the schema that reshaping has saved
	withheld  map[weir.Position]bool // what the rules keep back of the piece under way
}

// openOutlets prepares the way into each destination that takes the stream.
func (s *stream) openOutlets(ctx context.Context) error {
	for _, to := range s.flow.Targets {
		if !to.takes(s.endpoint) {
			continue
		}
		if to.Mode == weir.ModeHistory {
			if err := s.flow.Store.KeepVersions(ctx, s.dataset.ID); err != nil {
				return err
			}
		}
		s.outlets = append(s.outlets, &outlet{stream: s, to: to, logName: s.dataset.Log, grown: make(chan struct{}, 1), result: Delivery{Destination: to.ID, Where: to.Where}})
	}
	return nil
}

// ended joins what became of reading and of each delivery: the first failure
// speaks for the stream, reading's before others. That of a configured
// destination is its own affair, and ends no other stream.
func (s *stream) ended(err error) error {
	for _, o := range s.outlets {
		if o.err != nil {
			o.result.Error, o.result.Failure = o.err.Error(), failureOf(o.err)
			if err == nil {
				err = o.err
				s.aside = o.to.ID != 0
			}
		}
		if o.to.ID != 0 {
			s.tally.change(func(r *StreamResult) { r.Deliveries = append(r.Deliveries, o.result) })
		}
	}
	return err
}

// deliver brings the destination to the end of the log, and follows the log
// until read is closed. It then brings the rest and lets the destination tidy.
func (o *outlet) deliver(ctx context.Context, read <-chan struct{}) error {
	at, err := o.position(ctx)
	if err != nil {
		return err
	}
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-read:
			ended = true
		case <-o.grown:
		}
		if at, err = o.drain(ctx, at); err != nil {
			return err
		}
	}
	if at == 0 && o.readable {
		if err := o.shape(ctx); err != nil {
			return err
		}
	}
	if f, ok := o.to.Destination.(Finisher); ok {
		return f.Finish(ctx, o.endpoint.Dataset)
	}
	return nil
}

// position is where the destination continues. One beyond the log's end as it
// was when the run began is of a log that has been lost: our store was
// restored from an older copy, and its positions mean other records now.
func (o *outlet) position(ctx context.Context) (weir.Position, error) {
	at, err := o.to.Destination.Position(ctx, o.logName, o.endpoint.Dataset)
	if err != nil || at <= o.dataset.Head {
		return at, err
	}
	o.log.Warn("the destination is ahead of Weir's store, which must have been restored from an older copy; it takes everything once more", "dataset", o.endpoint.Dataset, "destination", int64(at), "store", int64(o.dataset.Head))
	renamed, err := o.flow.Store.RenameLog(ctx, o.dataset)
	if err != nil {
		return 0, err
	}
	o.logName = o.reshaping.log(renamed)
	return o.to.Destination.Position(ctx, o.logName, o.endpoint.Dataset)
}

// drain loads batches from position at until the log has no more.
func (o *outlet) drain(ctx context.Context, at weir.Position) (weir.Position, error) {
	for {
		chunk, err := o.flow.Store.ReadLog(ctx, o.dataset.ID, at, batchRecords, batchBytes)
		if err != nil {
			return at, err
		}
		if chunk.To == at {
			return at, nil
		}
		if o.apart != nil {
			if err := o.learn(ctx, chunk); err != nil {
				return at, err
			}
		}
		if o.to.Mode == weir.ModeUpsert {
			chunk = beforeItsEnd(chunk)
		}
		chunk, failed, filtered, err := o.reshape(ctx, chunk)
		if err != nil {
			return at, err
		}
		batch, rejects := o.batch(chunk, at)
		rejects = append(failed, rejects...)
		// Before the position moves on: nobody will see these records again.
		aside, err := o.quarantine(ctx, rejects)
		if err != nil {
			return at, err
		}
		loaded, err := o.load(ctx, batch)
		if err != nil {
			return at, err
		}
		refused, err := o.settle(ctx, chunk.To, loaded.Refused)
		if err != nil {
			return at, err
		}
		if o.apart != nil {
			done := Portion{Log: o.logName, To: chunk.To, Run: o.run, Rows: loaded.Rows, Refused: len(rejects) + len(loaded.Refused), Rejects: append(aside, refused...), Filtered: filtered}
			if err := o.apart.Saved(ctx, done); err != nil {
				return at, err
			}
		}
		o.result.Written += loaded.Rows
		o.result.Quarantined += len(rejects) + len(loaded.Refused)
		o.tally.loaded(loaded.Rows, len(rejects)+len(loaded.Refused))
		at = chunk.To
		if o.apart != nil && o.flow.over() {
			return at, nil
		}
	}
}

// beforeItsEnd cuts a piece of the log before the tombstone of a record whose
// last version is in it too: of both only the newest would go on, and a new
// destination would never show what the record was.
func beforeItsEnd(chunk store.LogChunk) store.LogChunk {
	live := make(map[string]bool, len(chunk.Records))
	for i, r := range chunk.Records {
		if r.Deleted && live[r.Key] {
			chunk.Records, chunk.To = chunk.Records[:i], r.Position-1
			return chunk
		}
		live[r.Key] = !r.Deleted
	}
	return chunk
}

// batch turns a piece of the log into rows. In upsert mode only the newest
// version of each record goes on.
func (o *outlet) batch(chunk store.LogChunk, from weir.Position) (weir.Batch, []weir.Reject) {
	o.schema.mu.Lock()
	defer o.schema.mu.Unlock()
	b := weir.Batch{
		Dataset: o.endpoint.Dataset, Source: o.reshaping.source(o.flow.sourceName()), Log: o.logName,
		Mode: o.to.Mode, Layout: o.schema.schema.Layout(o.to.Mode),
		From: from, To: chunk.To, RunID: o.run, Epoch: o.epoch,
	}
	newest := make(map[string]weir.Position, len(chunk.Records))
	for _, r := range chunk.Records {
		newest[r.Key] = r.Position
		b.ExtractedAt = r.ExtractedAt
	}
	var rejects []weir.Reject
	for _, r := range chunk.Records {
		if o.to.Mode == weir.ModeUpsert && newest[r.Key] != r.Position || o.hasAlready(r.Position) {
			continue
		}
		change, reject := o.schema.schema.Change(r.Record, r.Position, r.ExtractedAt, r.RunID, o.to.Mode)
		if reject != nil {
			rejects = append(rejects, *reject)
			continue
		}
		change.Withheld = o.withheld[r.Position]
		b.Changes = append(b.Changes, change)
	}
	return b, rejects
}

// loadTries is how often a batch is loaded at most before its destination is
// given up for now.
const loadTries = 6

// load is the one place that retries a destination. Refusals that another
// try cannot mend come back at once.
func (o *outlet) load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	again := retrypolicy.NewBuilder[weir.Loaded]().
		HandleIf(func(_ weir.Loaded, err error) bool {
			return weir.CodeOf(err).Retryable() && !errors.Is(err, context.Canceled)
		}).
		WithBackoff(time.Second, time.Minute).WithJitterFactor(0.5).WithMaxAttempts(loadTries).
		OnRetryScheduled(func(e failsafe.ExecutionScheduledEvent[weir.Loaded]) { o.waits(ctx, e.LastError(), e.Delay) }).
		OnRetry(func(e failsafe.ExecutionEvent[weir.Loaded]) {
			o.log.Warn("loading again", "dataset", b.Dataset, "attempt", e.Attempts(), "error", e.LastError())
		}).
		ReturnLastFailure().Build()
	return failsafe.With(again).WithContext(ctx).Get(func() (weir.Loaded, error) {
		return o.to.Destination.Load(ctx, b)
	})
}

// waits tells whoever fills the destination why a batch is not there yet.
func (o *outlet) waits(ctx context.Context, failed error, pause time.Duration) {
	if o.apart != nil && o.apart.Waits != nil {
		o.apart.Waits(ctx, failed, pause)
	}
}

// settle records in our own store what the destination has: the refused
// records as quarantine, of which it gives the ids, and the position as a copy for
// people to see.
func (o *outlet) settle(ctx context.Context, to weir.Position, refused []weir.Reject) ([]int64, error) {
	ids, err := o.quarantine(ctx, refused)
	if err != nil {
		return nil, err
	}
	return ids, o.flow.Store.SaveDelivered(ctx, o.dataset.ID, o.to.Where, to, o.flow.Now().UnixMicro())
}

func (o *outlet) quarantine(ctx context.Context, rejects []weir.Reject) ([]int64, error) {
	if len(rejects) == 0 {
		return nil, nil
	}
	return o.flow.Store.Quarantine(ctx, o.dataset.ID, o.to.ID, o.run, o.flow.Now().UnixMicro(), rejects)
}
