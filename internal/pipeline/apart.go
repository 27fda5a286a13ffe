package pipeline

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/schema"
	"github.com/weirhq/weir/internal/store"
)

// errOver ends a stream at the end of a slice, between two pages.
var errOver = errors.New("the slice is over")

func sliceOver() error {
	return &weir.Error{Code: weir.CodeCancelled, Message: "the slice is over; the next one goes on from here", Err: errOver}
}

// Ingest reads the flow's streams into their logs, for the holder of a lease
// on the source with that epoch, and fills no destination. When the slice is
// over, each stream ends after the page under way and is StatusStopped; given
// to the next slice as Earlier, what was done is not done again. The error is
// the first one that failed the run, as Run's is.
func Ingest(ctx context.Context, f *Flow, source store.SourceID, epoch int64) (*Result, error) {
	r := newRunner(f, source, epoch, f.RunID)
	r.apart = true
	result := &Result{RunID: f.RunID}
	result.Streams = r.all(ctx)
	first := summarise(result)
	return result, first
}

// Unfinished reports whether streams wait for another slice.
func (r *Result) Unfinished() bool {
	for _, s := range r.Streams {
		if s.Status == StatusStopped {
			return true
		}
	}
	return false
}

// done passes over a stream that an earlier slice has brought to its end; what
// needs it still finds its records.
func (r *runner) done(ctx context.Context, e *connector.Endpoint, earlier StreamResult) StreamResult {
	over := r.ends[e.ID]
	defer close(over.over)
	over.status = earlier.Status
	dataset, err := r.flow.Store.EnsureDataset(ctx, r.source, e.Dataset)
	if err != nil {
		over.status = StatusStopped
		earlier.Status, earlier.err, earlier.Error = StatusFailed, err, err.Error()
		return earlier
	}
	over.stream = &stream{flow: r.flow, endpoint: e, dataset: dataset}
	if earlier.Status == StatusFailed {
		earlier.err = &weir.Error{Code: weir.CodeData, Where: e.ID, Message: earlier.Error}
	}
	return earlier
}

// Filling brings one destination to the end of one dataset's log.
type Filling struct {
	Flow     *Flow // without Exchanger: nothing is read
	Source   store.SourceID
	Endpoint *connector.Endpoint
	Target   *Target
	Epoch    int64 // of the lease on the destination
	// Reshaping is what becomes of the records on the way; nil for nothing.
	Reshaping *Reshaping
	// Saved is called after each batch that the destination has.
	Saved func(ctx context.Context, done Portion) error
	// Waits is called when a batch failed in passing, and is loaded again after
	// the pause; nil for nobody.
	Waits func(ctx context.Context, failed error, pause time.Duration)
}

// Portion is one batch that a destination has.
type Portion struct {
	Log      string
	To       weir.Position
	Run      weir.RunID // that its last record is of
	Rows     int        // root rows that have changed
	Refused  int        // records that were set aside
	Rejects  []int64    // what they are in quarantine
	Filtered int        // records that the rules kept back
}

// Filled is how far a destination has come.
type Filled struct {
	Dataset store.DatasetID
	Log     string
	At      weir.Position
	End     bool // of the log, as it was
}

// Deliver does so until there is no more, or the slice is over. What a batch
// was refused for is an error of its class; batches before it are there.
func Deliver(ctx context.Context, d *Filling) (Filled, error) {
	dataset, err := d.Flow.Store.EnsureDataset(ctx, d.Source, d.Endpoint.Dataset)
	if err != nil {
		return Filled{}, err
	}
	endpoint, sch, err := d.shape(dataset.Schema)
	if err != nil {
		return Filled{}, err
	}
	s := &stream{flow: d.Flow, endpoint: endpoint, dataset: dataset, schema: &shared{schema: sch}, epoch: d.Epoch,
		tally: newTally(d.Flow, endpoint.ID, StreamResult{}), log: d.Flow.Logger.With("destination", d.Target.ID)}
	o := &outlet{stream: s, to: d.Target, logName: d.Reshaping.log(dataset.Log), apart: d, reshaping: d.Reshaping}
	if d.Target.Mode == weir.ModeHistory {
		if err := d.Flow.Store.KeepVersions(ctx, dataset.ID); err != nil {
			return Filled{}, err
		}
	}
	at, err := o.position(ctx)
	out := Filled{Dataset: dataset.ID, Log: o.logName, At: at}
	if err != nil {
		return out, err
	}
	if at == 0 && dataset.Head == 0 && (dataset.Checkpoint != nil || dataset.SweepEnded > 0) {
		if err := o.shape(ctx); err != nil {
			return out, err
		}
	}
	if out.At, err = o.drain(ctx, at); err != nil {
		return out, err
	}
	if out.End = !d.Flow.over(); !out.End {
		return out, nil
	}
	if f, ok := d.Target.Destination.(Finisher); ok {
		return out, f.Finish(ctx, endpoint.Dataset)
	}
	return out, nil
}

// shape is the endpoint with its schema, as the destination is to have them.
func (d *Filling) shape(known []byte) (*connector.Endpoint, *schema.Schema, error) {
	if d.Reshaping != nil {
		return d.Reshaping.reshaped(d.Flow.Connector, d.Endpoint, known)
	}
	sch, err := schema.New(schemaSpec(d.Flow.Connector, d.Endpoint), known)
	return d.Endpoint, sch, err
}

// learn takes over the schema as it was when the chunk was committed, or
// later: whoever reads the source may have widened it since.
func (o *outlet) learn(ctx context.Context, chunk store.LogChunk) error {
	if n := len(chunk.Records); n > 0 {
		o.run = chunk.Records[n-1].RunID
	}
	if o.reshaping != nil {
		return nil // it learns from what the rules make
	}
	now, err := o.flow.Store.Dataset(ctx, o.dataset.ID)
	if err != nil || bytes.Equal(now.Schema, o.dataset.Schema) {
		return err
	}
	sch, err := schema.New(schemaSpec(o.flow.Connector, o.endpoint), now.Schema)
	if err != nil {
		return err
	}
	o.dataset.Schema = now.Schema
	o.schema.mu.Lock()
	defer o.schema.mu.Unlock()
	o.schema.schema = sch
	return nil
}

// proof lets the first request of a run go alone: when its answer is that the
// key is refused, no other is sent with it. Nor is one after any such answer.
type proof struct {
	rest.Exchanger
	first   chan struct{} // taken by the first request
	known   chan struct{} // closed with its answer
	refused atomic.Pointer[weir.Error]
}

func newProof(e rest.Exchanger) *proof {
	return &proof{Exchanger: e, first: make(chan struct{}, 1), known: make(chan struct{})}
}

// Exchange implements rest.Exchanger.
func (p *proof) Exchange(ctx context.Context, req rest.Request) (rest.Response, error) {
	select {
	case p.first <- struct{}{}:
		defer close(p.known)
	case <-p.known:
	case <-ctx.Done():
		return rest.Response{}, ctx.Err()
	}
	if e := p.refused.Load(); e != nil {
		return rest.Response{}, &weir.Error{Code: weir.CodeAuth, Reason: e.Reason, Message: e.Message, Remedy: e.Remedy, Err: errNotAsked}
	}
	res, err := p.Exchanger.Exchange(ctx, req)
	var e *weir.Error
	if weir.CodeOf(err) == weir.CodeAuth && errors.As(err, &e) {
		p.refused.Store(e)
	}
	return res, err
}

// errNotAsked is why a refused key made no request.
var errNotAsked = errors.New("the key was refused already")
