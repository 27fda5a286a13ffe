package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/schema"
	"github.com/weirhq/weir/internal/store"
)

// rejectLimit is the share of a page that may be refused before reading stops:
// beyond it the source has changed its shape, and continuing would move the
// checkpoint over records nobody has.
const rejectLimit = 0.05

// reading is one ingest of one stream: from the saved checkpoint to the end
// of what the source has.
type reading struct {
	*stream
	sweep    int64 // the sweep this reading is, 0 when it is an increment
	complete bool  // every record the source has was shown
	begun    bool  // a page with records was committed
	unnamed  bool  // records were shown whose keys could not be read: any missing one may be among them
}

// ingest reads the stream to its end. Each page becomes durable together with
// the checkpoint after it; a reading that stops anywhere goes on from there.
func (s *stream) ingest(ctx context.Context, seeds iter.Seq2[rest.Seed, error]) error {
	r := &reading{stream: s}
	request := rest.ReadRequest{Checkpoint: s.dataset.Checkpoint, Since: s.flow.Since, Seeds: seeds}
	skipped := false
	request.OnSkip = func(seed rest.Seed, err error) {
		skipped = true
		s.log.Info("one parent skipped", "seed", seed, "reason", err)
		s.tally.skip(err)
	}
	if s.wantsSweep() {
		request.Mode, request.Lane = rest.ModeSweep, weir.LaneSweep
		s.tally.change(func(r *StreamResult) { r.Swept = true })
		if s.dataset.Head == 0 {
			request.Lane = weir.LaneBackfill
		}
		var err error
		if r.sweep, _, err = s.flow.Store.BeginSweep(ctx, s.dataset.ID, s.epoch, s.flow.Now().UnixMicro()); err != nil {
			return err
		}
		request.Sweep = r.sweep
	} else {
		request.Mode, request.Lane = rest.ModeIncremental, weir.LaneIncremental
	}
	if err := s.source.Read(ctx, request, r.commit); err != nil {
		return err
	}
	if r.sweep == 0 || !r.complete || skipped || !s.flow.Since.IsZero() {
		return nil
	}
	return r.finishSweep(ctx)
}

// wantsSweep decides whether this run reads everything: always for endpoints
// that cannot tell what changed; for the others the first time, when a sweep
// was left unfinished, when one is due, and when the user asks.
func (s *stream) wantsSweep() bool {
	d := s.dataset
	if !s.endpoint.Incremental() || d.Checkpoint == nil || s.flow.FullRefresh {
		return true
	}
	if d.SweepStarted > d.SweepEnded {
		return true
	}
	return s.flow.Now().Sub(time.UnixMicro(d.SweepEnded)) > cmp.Or(s.flow.SweepEvery, sweepEvery)
}

// commit makes one page durable.
func (r *reading) commit(ctx context.Context, page weir.Page) error {
	saved, drift, rejects, records, err := r.schema.observe(page.Records)
	if err != nil {
		return err
	}
	rejects = append(page.Rejects, rejects...)
	if n := len(records) + len(rejects); n >= 20 && float64(len(rejects)) > rejectLimit*float64(n) {
		return &weir.Error{
			Code:    weir.CodeData,
			Message: fmt.Sprintf("%d of %d records on one page could not be read (%s); nothing of the page was taken", len(rejects), n, rejects[0].Reason),
			Remedy:  "The API's shape may have changed: look at one record with `weir connectors describe`, and update Weir",
		}
	}
	for _, reject := range rejects {
		r.unnamed = r.unnamed || reject.Key == ""
	}
	for _, n := range drift {
		r.log.Info("schema changed", "notice", n.String())
	}
	done, err := r.flow.Store.Append(ctx, store.Append{
		Dataset: r.dataset.ID, Run: r.run, Epoch: r.epoch, Records: records, Rejects: rejects,
		Checkpoint: page.Checkpoint, Schema: saved, Drift: changesOf(drift), Sweep: r.sweep, ExtractedAt: r.flow.Now().UnixMicro(), Then: r.then(), Also: r.heard(ctx, len(records), drift),
	})
	if err != nil {
		return err
	}
	r.begun = r.begun || len(records) > 0
	r.tally.read(len(records)+len(rejects), done)
	r.complete = r.complete || page.Complete
	r.wake()
	// Only a keyset walk goes on from a page; any other reading would begin anew. It
	// begins with what stands where the last slice ended: a slice that ends there, too,
	// would be followed by its like for ever.
	moved := !bytes.Equal(page.Checkpoint, r.dataset.Checkpoint)
	if r.endpoint.Iteration == rest.IterateKeyset && !r.complete && moved && r.flow.over() {
		return sliceOver()
	}
	return nil
}

// then is what follows from a page, in its transaction.
func (s *stream) then() func(context.Context, *store.Tx) error {
	if s.flow.Then == nil {
		return nil
	}
	return func(ctx context.Context, tx *store.Tx) error { return s.flow.Then(ctx, tx, s.endpoint.ID) }
}

// heard lets the flow's listener hear what a page of n records brings: the
// dataset's first ones, or changes of its schema. What the first reading finds
// is no change.
func (r *reading) heard(ctx context.Context, n int, drift []schema.Notice) func(*store.Tx) error {
	first := r.dataset.Head == 0 && !r.begun && n > 0
	if r.flow.Listener == nil || len(drift) == 0 && !first {
		return nil
	}
	var changes []string
	for _, n := range drift {
		changes = append(changes, n.String())
	}
	return func(tx *store.Tx) error {
		return r.flow.Listener.Changed(ctx, tx, r.endpoint.ID, r.run, first, changes)
	}
}

// changesOf is drift as the store keeps it.
func changesOf(drift []schema.Notice) (all []store.SchemaChange) {
	for _, n := range drift {
		all = append(all, store.SchemaChange{Kind: string(n.Kind), Table: n.Table, Column: n.Column, Path: n.Path, Before: string(n.Before), After: string(n.After), Other: n.Other})
	}
	return all
}

// wake tells the destinations that the log may have grown.
func (s *stream) wake() {
	for _, o := range s.outlets {
		select {
		case o.grown <- struct{}{}:
		default:
		}
	}
}
