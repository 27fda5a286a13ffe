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

// deliver brings the destination to the end of the log, and follows the log
// until read is closed. It then brings the rest and lets the destination tidy.
func (s *stream) deliver(ctx context.Context, read <-chan struct{}) error {
	at, err := s.position(ctx)
	if err != nil {
		return err
	}
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-read:
			ended = true
		case <-s.grown:
		}
		if at, err = s.drain(ctx, at); err != nil {
			return err
		}
	}
	if at == 0 && s.readable {
		if err := s.shape(ctx); err != nil {
			return err
		}
	}
	if f, ok := s.flow.Destination.(Finisher); ok {
		return f.Finish(ctx, s.endpoint.Dataset)
	}
	return nil
}

// position is where the destination continues. One beyond the log's end as it
// was when the run began is of a log that has been lost: our store was
// restored from an older copy, and its positions mean other records now.
func (s *stream) position(ctx context.Context) (weir.Position, error) {
	at, err := s.flow.Destination.Position(ctx, s.dataset.Log, s.endpoint.Dataset)
	if err != nil || at <= s.dataset.Head {
		return at, err
	}
	s.log.Warn("the destination is ahead of Weir's store, which must have been restored from an older copy; it takes everything once more", "dataset", s.endpoint.Dataset, "destination", int64(at), "store", int64(s.dataset.Head))
	if s.dataset.Log, err = s.flow.Store.RenameLog(ctx, s.dataset.ID, s.epoch); err != nil {
		return 0, err
	}
	return s.flow.Destination.Position(ctx, s.dataset.Log, s.endpoint.Dataset)
}

// drain loads batches from position at until the log has no more.
func (s *stream) drain(ctx context.Context, at weir.Position) (weir.Position, error) {
	for {
		chunk, err := s.flow.Store.ReadLog(ctx, s.dataset.ID, at, batchRecords, batchBytes)
		if err != nil {
			return at, err
		}
		if chunk.To == at {
			return at, nil
		}
		if s.flow.Mode == weir.ModeUpsert {
			chunk = beforeItsEnd(chunk)
		}
		batch, rejects := s.batch(chunk, at)
		// Before the position moves on: nobody will see these records again.
		if err := s.quarantine(ctx, rejects); err != nil {
			return at, err
		}
		loaded, err := s.load(ctx, batch)
		if err != nil {
			return at, err
		}
		if err := s.settle(ctx, chunk.To, loaded.Refused); err != nil {
			return at, err
		}
		s.tally.loaded(loaded.Rows, len(rejects)+len(loaded.Refused))
		at = chunk.To
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
func (s *stream) batch(chunk store.LogChunk, from weir.Position) (weir.Batch, []weir.Reject) {
	s.schema.mu.Lock()
	defer s.schema.mu.Unlock()
	b := weir.Batch{
		Dataset: s.endpoint.Dataset, Source: s.flow.sourceName(), Log: s.dataset.Log,
		Mode: s.flow.Mode, Layout: s.schema.schema.Layout(s.flow.Mode),
		From: from, To: chunk.To, RunID: s.run, Epoch: s.epoch,
	}
	newest := make(map[string]weir.Position, len(chunk.Records))
	for _, r := range chunk.Records {
		newest[r.Key] = r.Position
		b.ExtractedAt = r.ExtractedAt
	}
	var rejects []weir.Reject
	for _, r := range chunk.Records {
		if s.flow.Mode == weir.ModeUpsert && newest[r.Key] != r.Position {
			continue
		}
		change, reject := s.schema.schema.Change(r.Record, r.Position, r.ExtractedAt, r.RunID, s.flow.Mode)
		if reject != nil {
			rejects = append(rejects, *reject)
			continue
		}
		b.Changes = append(b.Changes, change)
	}
	return b, rejects
}

// load is the one place that retries a destination. Refusals that another
// try cannot mend come back at once.
func (s *stream) load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	again := retrypolicy.NewBuilder[weir.Loaded]().
		HandleIf(func(_ weir.Loaded, err error) bool {
			return weir.CodeOf(err).Retryable() && !errors.Is(err, context.Canceled)
		}).
		WithBackoff(time.Second, time.Minute).WithJitterFactor(0.5).WithMaxRetries(5).
		OnRetry(func(e failsafe.ExecutionEvent[weir.Loaded]) {
			s.log.Warn("loading again", "dataset", b.Dataset, "attempt", e.Attempts(), "error", e.LastError())
		}).
		ReturnLastFailure().Build()
	return failsafe.With(again).WithContext(ctx).Get(func() (weir.Loaded, error) {
		return s.flow.Destination.Load(ctx, b)
	})
}

// settle records in our own store what the destination has: the refused
// records as quarantine, the position as a copy for people to see.
func (s *stream) settle(ctx context.Context, to weir.Position, refused []weir.Reject) error {
	if err := s.quarantine(ctx, refused); err != nil {
		return err
	}
	return s.flow.Store.SaveDelivered(ctx, s.dataset.ID, s.flow.Where, to, s.flow.Now().UnixMicro())
}

func (s *stream) quarantine(ctx context.Context, rejects []weir.Reject) error {
	if len(rejects) == 0 {
		return nil
	}
	return s.flow.Store.Quarantine(ctx, s.dataset.ID, s.run, s.flow.Now().UnixMicro(), rejects)
}
