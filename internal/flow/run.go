package flow

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// concurrentRuns is how many sources are read at once. The keys' budgets, not
// this number, limit the requests.
const concurrentRuns = 8

// Runner reads sources in the background of one process, each at most once at
// a time. It is safe for concurrent use.
type Runner struct {
	flows *Service

	ctx    context.Context // of all runs; ended by Stop
	stop   context.CancelFunc
	room   chan struct{}
	wait   sync.WaitGroup
	mu     sync.Mutex
	closed bool
	runs   map[int64]*Running // by source
	again  map[int64]request  // what to do when the source's run is over
}

// request is an order and who gave it.
type request struct {
	who Actor
	Order
}

// Running is one run that was started and is not over.
type Running struct {
	ID      weir.RunID
	Source  int64
	Started time.Time

	cancel   context.CancelFunc
	over     chan struct{}
	mu       sync.Mutex
	progress map[string]pipeline.Progress // by stream
	result   *pipeline.Result
	err      error
}

// NewRunner returns a runner, which works until Stop.
func NewRunner(flows *Service) *Runner {
	ctx, stop := context.WithCancel(context.Background())
	return &Runner{flows: flows, ctx: ctx, stop: stop, room: make(chan struct{}, concurrentRuns), runs: map[int64]*Running{}, again: map[int64]request{}}
}

// Stop ends all runs, each after the page under way, and waits for them. What
// was read is kept; the next run goes on from there.
func (r *Runner) Stop(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	done := make(chan struct{})
	go func() { r.wait.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Order is what a run is to do.
type Order struct {
	Source      int64
	FullRefresh bool
	AllowDelete bool
	LogOnly     bool  // no request: bring destinations to the end of the log
	Destination int64 // only this one; 0 for all that are active
	Replays     []*pipeline.Replay
}

// Start starts a run of a source and returns at once. While the source is
// being read already, that run is the answer, and started is false; what only
// the log is wanted for is done when it is over.
func (r *Runner) Start(ctx context.Context, who Actor, o Order) (run *Running, started bool, err error) {
	src, err := r.flows.Source(ctx, who.Org, o.Source)
	if err != nil {
		return nil, false, err
	}
	if _, err := r.flows.usable(ctx, who.Org, src.Credential); err != nil {
		return nil, false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, false, &weir.Error{Code: weir.CodeCancelled, Where: "run", Message: "the server is stopping", Remedy: "Start it again when the server runs"}
	}
	if run := r.runs[src.ID]; run != nil {
		if o.LogOnly && o.Replays == nil {
			o.Destination = 0
			r.again[src.ID] = request{who, o}
		}
		return run, false, nil
	}
	return r.begin(who, src, o), true, nil
}

// begin begins a run; the caller holds r.mu.
func (r *Runner) begin(who Actor, src *Source, o Order) *Running {
	inside, cancel := context.WithCancel(r.ctx)
	now := r.flows.Now()
	run := &Running{ID: pipeline.NewRunID(now), Source: src.ID, Started: now, cancel: cancel, over: make(chan struct{}), progress: map[string]pipeline.Progress{}}
	r.runs[src.ID] = run
	r.wait.Go(func() {
		defer cancel()
		run.result, run.err = r.run(inside, who, src, o, run)
		if run.result == nil {
			r.flows.tellBegun(src, run)
		}
		r.flows.Logger.Info("run over", "run", run.ID, "source", src.ID, "org", src.Org, "error", run.err)
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.runs, src.ID)
		close(run.over)
		if next, wanted := r.again[src.ID]; wanted && !r.closed {
			delete(r.again, src.ID)
			r.begin(next.who, src, next.Order)
		}
	})
	return run
}

// run makes one run, when there is room.
func (r *Runner) run(ctx context.Context, who Actor, src *Source, o Order, run *Running) (*pipeline.Result, error) {
	select {
	case r.room <- struct{}{}:
		defer func() { <-r.room }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return r.flows.run(ctx, who, src, o, run)
}

// run reads a source through its credential's door and brings its active
// destinations to the end of the log.
func (s *Service) run(ctx context.Context, who Actor, src *Source, o Order, run *Running) (*pipeline.Result, error) {
	line, err := s.Credentials.Connect(ctx, credential.Use{Actor: who, Credential: src.Credential, Purpose: "run", For: src.ID})
	if err != nil {
		return nil, err
	}
	f, _, err := s.readingNow(ctx, src, line.Credential)
	if err != nil {
		return nil, err
	}
	targets, done, err := s.targets(ctx, who, src, o.Destination)
	defer done()
	if err != nil {
		return nil, err
	}
	f.Exchanger, f.Targets, f.RunID = line.Client, targets, run.ID
	f.FullRefresh, f.AllowDelete, f.LogOnly, f.Replays = o.FullRefresh, o.AllowDelete, o.LogOnly, o.Replays
	if f.Datasets, err = s.endpoints(ctx, src); err != nil {
		return nil, err
	}
	f.Progress, f.Listener = run.note, s.news(src, o)
	result, err := pipeline.Run(ctx, f)
	if keyRefused(result) {
		// Find out why, and let everybody see it.
		if _, checked := s.Credentials.Check(ctx, who, src.Credential); checked != nil {
			s.Logger.Warn("credential refused", "credential", src.Credential, "org", src.Org, "error", checked)
		}
	}
	return result, err
}

// keyRefused reports whether the source did not take the key.
func keyRefused(result *pipeline.Result) bool {
	return result != nil && slices.ContainsFunc(result.Streams, pipeline.StreamResult.KeyRefused)
}

// note keeps a stream's progress.
func (r *Running) note(p pipeline.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress[p.Name] = p
}

// Progress is how far each stream has come.
func (r *Running) Progress() []pipeline.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]pipeline.Progress, 0, len(r.progress))
	for _, p := range r.progress {
		all = append(all, p)
	}
	return all
}

// Wait waits until the run is over and gives what it did.
func (r *Running) Wait(ctx context.Context) (*pipeline.Result, error) {
	select {
	case <-r.over:
		return r.result, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Running gives the run of a source that is under way; nil when there is none.
func (r *Runner) Running(source int64) *Running {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs[source]
}

// Cancel ends the run of a source, after the page under way.
func (r *Runner) Cancel(source int64) {
	if run := r.Running(source); run != nil {
		run.cancel()
	}
}

// Activate activates a part of a flow and starts what follows from it: a
// source is read at once, and a destination is filled from the log.
func (r *Runner) Activate(ctx context.Context, who Actor, kind store.Kind, id int64, all bool, spared ...int64) error {
	if err := r.flows.SetStatus(ctx, who, kind, id, StatusActive, all, spared...); err != nil {
		return err
	}
	o := Order{Source: id}
	if kind != store.KindSource {
		var err error
		if o.Source, err = r.flows.sourceOf(ctx, who.Org, kind, id); err != nil {
			return err
		}
		o.LogOnly = true
		if kind == store.KindDestination {
			o.Destination = id
		}
		if src, err := r.flows.Source(ctx, who.Org, o.Source); err != nil || Status(src.Status) != StatusActive {
			return err // it will be filled when its source is activated
		}
	}
	_, _, err := r.Start(ctx, who, o)
	return err
}

// Pause pauses a part of a flow; a source that is being read stops after the
// page under way.
func (r *Runner) Pause(ctx context.Context, who Actor, kind store.Kind, id int64, all bool, spared ...int64) error {
	if err := r.flows.SetStatus(ctx, who, kind, id, StatusPaused, all, spared...); err != nil {
		return err
	}
	if kind == store.KindSource {
		r.Cancel(id)
	}
	return nil
}
