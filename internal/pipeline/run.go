package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/schema"
	"github.com/weirhq/weir/internal/store"
)

// concurrentStreams is how many streams are read at once. The budget, not
// this number, limits the requests; more would only cost memory.
const concurrentStreams = 4

// Result is what a run did.
type Result struct {
	RunID    weir.RunID     `json:"run_id"`
	Status   Status         `json:"status"`
	Requests int            `json:"requests"`
	Refused  int            `json:"refused"` // answers 429: always 0 when only Weir uses the key
	Streams  []StreamResult `json:"streams"`
}

// Run moves the flow's streams once. The result says what happened to each;
// the error is the first one that failed the run, nil when all succeeded or
// were skipped. A run that stops anywhere is continued by the next one.
func Run(ctx context.Context, f *Flow) (*Result, error) {
	id, err := f.Store.EnsureSource(ctx, f.SourceSpec())
	if err != nil {
		return nil, err
	}
	lease, err := f.Store.AcquireSource(ctx, id, ownerName())
	if err != nil {
		return nil, err
	}
	defer lease.Release()
	result := &Result{RunID: f.RunID}
	if result.RunID == "" {
		result.RunID = NewRunID(f.Now())
	}
	if err := f.Store.StartRun(ctx, store.Run{ID: result.RunID, Source: id, Epoch: lease.Epoch, Started: f.Now().UnixMicro(), Number: Number(result.RunID)}); err != nil {
		return nil, err
	}
	r := newRunner(f, id, lease.Epoch, result.RunID)
	result.Streams = r.all(ctx)
	first := summarise(result)
	if err := r.close(result); first == nil {
		first = err
	} else if err != nil { // most likely for the same reason
		f.Logger.Info("the run's end could not be written down", "run", result.RunID, "error", err)
	}
	return result, first
}

// runner is one run under way.
type runner struct {
	flow   *Flow
	source store.SourceID
	epoch  int64
	id     weir.RunID
	ends   map[string]*end // by endpoint id; complete before any stream starts
	proof  *proof
	apart  bool // destinations are filled by somebody else
}

func newRunner(f *Flow, source store.SourceID, epoch int64, id weir.RunID) *runner {
	return &runner{flow: f, source: source, epoch: epoch, id: id, ends: map[string]*end{}, proof: newProof(f.Exchanger)}
}

// end is how a stream tells those that need it that it is over.
type end struct {
	over   chan struct{} // closed when the stream has been read
	status Status
	stream *stream
}

// all runs every stream and returns their results in the flow's order. A key
// that is refused stops everything: no further request is sent with it.
func (r *runner) all(ctx context.Context) []StreamResult {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for _, e := range r.flow.Streams {
		r.ends[e.ID] = &end{over: make(chan struct{})}
	}
	results := make([]StreamResult, len(r.flow.Streams))
	var group errgroup.Group
	group.SetLimit(concurrentStreams)
	for i, e := range r.flow.Streams {
		group.Go(func() error {
			results[i] = r.one(ctx, e)
			results[i].aside = r.aside(e)
			if err := results[i].err; fatal(weir.CodeOf(err)) && !results[i].aside {
				stop(err)
			}
			return nil
		})
	}
	_ = group.Wait() // the streams' errors are in their results
	return results
}

// aside reports whether a stream's failure concerns nobody else.
func (r *runner) aside(e *connector.Endpoint) bool {
	s := r.ends[e.ID].stream
	return s != nil && s.aside
}

// fatal reports whether a stream's failure ends the whole run.
func fatal(c weir.Code) bool {
	return c == weir.CodeAuth || c == weir.CodeIntegrity || c == weir.CodeLocal
}

// one runs a stream from its needs to its result. It says in an error which
// stream it is about; nothing below does.
func (r *runner) one(ctx context.Context, e *connector.Endpoint) StreamResult {
	over := r.ends[e.ID]
	earlier, again := r.flow.Earlier[e.ID]
	if again && earlier.Status != StatusStopped {
		return r.done(ctx, e, earlier)
	}
	t := newTally(r.flow, e.ID, earlier)
	var once sync.Once
	read := func(status Status) { once.Do(func() { over.status = status; close(over.over) }) }
	err := r.move(ctx, e, t, read)
	status := outcome(ctx, err)
	read(status)
	if errors.Is(err, errOver) {
		err = nil
	} else if status == StatusStopped {
		err = stopped(ctx, e.ID)
	} else {
		err = weir.At(r.flow.Connector.Name+" "+e.ID, err)
	}
	return t.end(status, err)
}

// move waits for the streams this one needs, then reads and delivers it.
func (r *runner) move(ctx context.Context, e *connector.Endpoint, t *tally, read func(Status)) error {
	if err := r.await(ctx, e); err != nil {
		return err
	}
	if r.flow.over() {
		return sliceOver()
	}
	s, err := r.open(ctx, e, t)
	if err != nil {
		return err
	}
	r.ends[e.ID].stream = s
	ended := make(chan struct{})
	var group sync.WaitGroup
	var readError error
	group.Go(func() {
		defer close(ended)
		if r.flow.LogOnly {
			readError = s.replay(ctx)
		} else {
			readError = s.ingest(ctx, r.seeds(ctx, e))
		}
		s.readable = readError == nil
		read(outcome(ctx, readError))
	})
	for _, o := range s.outlets {
		group.Go(func() { o.err = o.deliver(ctx, ended) })
	}
	group.Wait()
	if err := s.ended(readError); err != nil {
		return err
	}
	if !r.apart {
		s.tidy(ctx)
	}
	return nil
}

// tidy lets the log drop what nobody will ask for. What fails here is tried
// again by the next run; everything has been delivered.
func (s *stream) tidy(ctx context.Context) {
	if err := s.flow.Store.Tidy(ctx, s.dataset.ID); err != nil && ctx.Err() == nil {
		s.log.Warn("the record log could not be compacted", "error", err)
	}
}

// await waits until everything the endpoint needs has been read.
func (r *runner) await(ctx context.Context, e *connector.Endpoint) error {
	for _, n := range e.Needs {
		if r.flow.LogOnly {
			break
		}
		need := r.ends[n.Endpoint]
		select {
		case <-need.over:
		case <-ctx.Done():
			return ctx.Err()
		}
		if need.status == StatusStopped && r.flow.over() {
			return sliceOver()
		}
		if need.status != StatusSucceeded {
			return &weir.Error{Code: weir.CodeForbidden,
				Message: fmt.Sprintf("it needs the ids of %s, which could not be read", n.Endpoint)}
		}
	}
	return nil
}

// open prepares a stream: its dataset, schema and reader.
func (r *runner) open(ctx context.Context, e *connector.Endpoint, t *tally) (*stream, error) {
	dataset, err := r.flow.Store.EnsureDataset(ctx, r.source, e.Dataset)
	if err != nil {
		return nil, err
	}
	sch, err := r.schema(ctx, e, dataset)
	if err != nil {
		return nil, err
	}
	config, err := r.flow.config(e)
	if err != nil {
		return nil, err
	}
	source, err := rest.NewSource(config, rest.Retrying(counted{r.proof, t}, rest.RetryPolicy{Waits: t.waits}))
	if err != nil {
		return nil, err
	}
	s := &stream{
		flow: r.flow, endpoint: e, dataset: dataset, source: source, schema: sch,
		epoch: r.epoch, run: r.id, tally: t, log: r.flow.Logger.With("run", r.id, "stream", e.ID),
	}
	if r.apart {
		return s, nil
	}
	return s, s.openOutlets(ctx)
}

// schema is what is known of a dataset's records. A first reading may take
// several slices: until its run is over, what it finds is no drift.
func (r *runner) schema(ctx context.Context, e *connector.Endpoint, d store.Dataset) (*shared, error) {
	s, err := schema.New(schemaSpec(r.flow.Connector, e), d.Schema)
	if err != nil || d.Head == 0 {
		return &shared{schema: s, first: true}, err
	}
	began, err := r.flow.Store.FirstRun(ctx, d.ID)
	return &shared{schema: s, first: began == r.id}, err
}

// outcome is the status that an error means for a stream.
func outcome(ctx context.Context, err error) Status {
	switch code := weir.CodeOf(err); {
	case err == nil:
		return StatusSucceeded
	case errors.Is(err, errOver):
		return StatusStopped
	case code == weir.CodeForbidden, code == weir.CodeNotFound:
		return StatusSkipped
	case ctx.Err() != nil && !fatal(code):
		return StatusStopped
	}
	return StatusFailed
}

// stopped explains a stream that another failure, or the user, ended.
func stopped(ctx context.Context, id string) error {
	cause := context.Cause(ctx)
	if failure := (*weir.Error)(nil); !errors.As(cause, &failure) { // no failure of ours: somebody wanted it
		return &weir.Error{Code: weir.CodeCancelled, Where: id, Message: "stopped; what was read is kept", Remedy: "Run it again to go on from here", Err: cause}
	}
	return &weir.Error{Code: weir.CodeCancelled, Where: id, Message: "ended by another stream's failure", Err: cause}
}

// summarise fills in the run's status and sums, and picks the error that
// speaks for it.
func summarise(result *Result) error {
	var first error
	good := 0
	for _, s := range result.Streams {
		result.Requests += s.Requests
		switch s.Status {
		case StatusSucceeded, StatusSkipped:
			good++
		case StatusFailed:
			if first == nil || fatal(weir.CodeOf(s.err)) && !fatal(weir.CodeOf(first)) {
				first = s.err
			}
		case StatusStopped:
			if first == nil {
				first = s.err
			}
		}
	}
	switch {
	case good == len(result.Streams):
		result.Status = StatusSucceeded
	case good > 0:
		result.Status = StatusPartial
	default:
		result.Status = StatusFailed
	}
	return first
}

// RunTime is how the first part of a run's id tells when it was started, UTC.
const RunTime = "20060102T150405.000"

// NewRunID makes an id that sorts by time.
func NewRunID(now time.Time) weir.RunID {
	return weir.RunID(now.UTC().Format(RunTime) + "-" + rand.Text()[:6])
}

// Number is a run's number over the API: when it was started, in milliseconds
// since 1970, as its id says; 0 for an id that is none.
func Number(id weir.RunID) int64 {
	stamp, _, _ := strings.Cut(string(id), "-")
	t, err := time.Parse(RunTime, stamp)
	if err != nil {
		return 0
	}
	return t.UnixMilli()
}
