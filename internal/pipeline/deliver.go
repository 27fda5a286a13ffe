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
	batchRecords = 5_000
	batchBytes   = 8 << 20
)

// deliver brings the destination to the end of the log, and follows the log
// until read is closed. It then brings the rest and lets the destination tidy.
func (s *stream) deliver(ctx context.Context, read <-chan struct{}) error {
	at, err := s.flow.Destination.Position(ctx, s.dataset.Log, s.endpoint.Dataset)
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
	if at == 0 {
		if err := s.shape(ctx); err != nil {
			return err
		}
	}
	if f, ok := s.flow.Destination.(Finisher); ok {
		return f.Finish(ctx, s.endpoint.Dataset)
	}
	return nil
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
		batch, rejects := s.batch(chunk, at)
		loaded, err := s.load(ctx, batch)
		if err != nil {
			return at, err
		}
		rejects = append(rejects, loaded.Refused...)
		if err := s.settle(ctx, chunk.To, rejects); err != nil {
			return at, err
		}
		s.tally.loaded(loaded.Rows, len(rejects))
		at = chunk.To
	}
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
func (s *stream) settle(ctx context.Context, to weir.Position, rejects []weir.Reject) error {
	if len(rejects) > 0 {
		if err := s.flow.Store.Quarantine(ctx, s.dataset.ID, s.run, s.flow.Now().UnixMicro(), rejects); err != nil {
			return err
		}
	}
	return s.flow.Store.SaveDelivered(ctx, s.dataset.ID, s.flow.Where, to, s.flow.Now().UnixMicro())
}
