package flow

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// mostAttempts is how often a run is tried whose source, or the way to it,
// fails: with the pauses between, for about half an hour.
const mostAttempts = 12

// reader is one slice of the reading of a source.
type reader struct {
	*Runner
	job      *job.Job
	src      *Source
	flow     *pipeline.Flow
	log      store.SourceID
	lease    *store.Term
	run      store.Run
	order    Order
	secret   int64 // version of the key that the slice reads with; 0 before it has one
	progress progress
}

// ingest reads a source into its logs, for as long as a slice may be.
func (r *Runner) ingest(ctx context.Context, j *job.Job) error {
	rd := &reader{Runner: r, job: j}
	rd.progress.meter = r.flows.Meter
	err := rd.prepare(ctx, j.Org, j.ID)
	if job.Lasting(err) {
		return rd.refuse(ctx, err)
	}
	if err != nil {
		return err
	}
	if rd.lease, err = r.flows.Store.LeaseSource(ctx, rd.log, j.Process, j.Life); err != nil {
		return err
	}
	inside, done := renewing(ctx, rd.lease, j.Life)
	defer done()
	if err := rd.begin(inside); err != nil {
		return err
	}
	nothing, err := rd.progress.begin(rd.run.Progress)
	if err != nil {
		return err
	}
	if rd.run.Cancelled() {
		nothing.Status = statusCancelled
		return rd.end(inside, nothing, &weir.Error{Code: weir.CodeCancelled, Where: "run", Message: "it was cancelled"})
	}
	slice, span := rd.flows.Tracer.Start(rd.flows.Tracer.Follow(inside, rd.order.Trace), "ingest", rd.ids())
	result, err := rd.read(slice, nothing)
	span.Count("requests", result.Requests-nothing.Requests)
	span.End(err)
	if lost := context.Cause(inside); isFenced(lost) {
		err = lost
	}
	return rd.settle(ctx, result, err)
}

// begin takes over the run that waits for this source, or makes one.
func (rd *reader) begin(ctx context.Context) (err error) {
	id, now := pipeline.NewRunID(rd.flows.Now()), rd.flows.now()
	next := store.Run{ID: id, Number: Number(id), Job: rd.job.Number, Wanted: Order{Why: weir.WhySchedule}.pack()}
	if rd.run, err = rd.flows.Store.BeginSlice(ctx, rd.src.Org, rd.src.ID, rd.log, rd.lease.Epoch, now, next); err != nil {
		return err
	}
	if rd.order, err = orderOf(rd.run.Wanted); err == nil && rd.run.Started == now { // its first slice
		rd.flows.began(rd.src, rd.run, rd.order)
	}
	return err
}

// began says that a run begins.
func (s *Service) began(src *Source, run store.Run, o Order) {
	s.Meter.RunBegan(time.Duration(run.Started-run.Queued) * time.Microsecond)
	s.Logger.Info("run began", "run", run.ID, "org", src.Org, "source", src.ID, "credential", src.Credential, "why", o.Why)
}

// prepare finds out what is to be read, and from where.
func (rd *reader) prepare(ctx context.Context, org, source int64) (err error) {
	if rd.src, err = rd.flows.Source(ctx, org, source); err != nil {
		return err
	}
	c, err := rd.flows.Credentials.Credential(ctx, org, rd.src.Credential)
	if err != nil {
		return err
	}
	if rd.flow, _, err = rd.flows.readingNow(ctx, rd.src, c); err != nil {
		return err
	}
	rd.log, err = rd.flows.Store.EnsureSource(ctx, rd.flow.SourceSpec())
	return err
}

// refuse ends the run of a source that cannot be read as it is, or that is gone:
// nobody tries again before a person has changed something.
func (rd *reader) refuse(ctx context.Context, why error) error {
	j, r := rd.job, rd.Runner
	r.flows.Logger.Warn("source cannot be read", "source", j.ID, "org", j.Org, "error", why)
	return r.flows.Store.Change(ctx, func(tx *store.Tx) error {
		if weir.CodeOf(why) == weir.CodeNotFound && rd.src == nil {
			if _, err := tx.CancelRun(ctx, j.Org, j.ID, r.flows.now()); err != nil {
				return err
			}
			return j.Complete(ctx, tx)
		}
		run, err := tx.OpenRun(ctx, j.ID)
		if err != nil {
			return err
		}
		if err := tx.FailRun(ctx, j.Org, j.ID, r.flows.now(), why); err != nil {
			return err
		}
		if rd.src != nil {
			if err := r.flows.tellRead(ctx, tx, rd.src, rd.order, &pipeline.Result{RunID: run, Status: pipeline.StatusFailed}, why); err != nil {
				return err
			}
		}
		return j.Complete(ctx, tx)
	})
}

// statusCancelled is the outcome of a run that somebody ended.
const statusCancelled pipeline.Status = "cancelled"

// read reads until the end, or the end of the slice. What earlier slices have
// done is the result when nothing can be read.
func (rd *reader) read(ctx context.Context, nothing *pipeline.Result) (*pipeline.Result, error) {
	if _, err := rd.flows.usable(ctx, rd.src.Org, rd.src.Credential); err != nil {
		return nothing, err
	}
	line, err := rd.flows.Credentials.Connect(ctx, credential.Use{Actor: Actor{Org: rd.src.Org, User: rd.order.By}, Credential: rd.src.Credential, Purpose: "run", For: rd.src.ID})
	if err != nil {
		return nothing, err
	}
	rd.secret = line.Credential.SecretVersion
	outlets, err := rd.flows.outlets(ctx, rd.src, 0)
	if err != nil {
		return nothing, err
	}
	fills := map[string][]job.Subject{}
	for _, out := range outlets {
		fills[out.dataset.Endpoint] = append(fills[out.dataset.Endpoint], job.Subject{Org: rd.src.Org, ID: out.to})
	}
	f := rd.flow
	f.Exchanger, f.RunID, f.FullRefresh, f.AllowDelete = rd.spanned(line.Client), rd.run.ID, rd.order.FullRefresh, rd.order.AllowDelete
	f.Over, f.Progress, f.Listener = rd.job.Over, rd.progress.note, rd.flows.news(rd.src, rd.order)
	f.Then = func(ctx context.Context, tx *store.Tx, endpoint string) error {
		_, err := rd.jobs.Enqueue(ctx, tx, job.Deliver, job.When{}, fills[endpoint]...)
		return err
	}
	f.Earlier = rd.progress.earlier()
	stop := rd.progress.saving(ctx, rd.saveProgress)
	defer stop()
	return pipeline.Ingest(ctx, f, rd.log, rd.lease.Epoch)
}

func (rd *reader) saveProgress(ctx context.Context, progress []byte) error {
	return rd.flows.Store.SaveSlice(ctx, rd.slice(progress))
}

func (rd *reader) slice(progress []byte) store.Slice {
	s := store.Slice{Org: rd.src.Org, Flow: rd.src.ID, Run: rd.run.ID, Epoch: rd.lease.Epoch, Progress: progress}
	s.Requests, s.Retries, s.Bytes = rd.progress.cost()
	return s
}

// settle decides what becomes of the run after a slice. ctx is the job's.
func (rd *reader) settle(ctx context.Context, result *pipeline.Result, failed error) error {
	if isFenced(failed) {
		return failed // the run is somebody else's, whatever this one has seen
	}
	cancelled := job.Cancelled(ctx)
	stopped := ctx.Err() != nil
	// What was done must be written down even though the context has ended.
	code := weir.CodeOf(failed)
	if !cancelled && !stopped {
		if wait, renewed := rd.renewed(ctx, failed); renewed {
			return rd.rest(context.WithoutCancel(ctx), retried(result), nil, wait)
		}
		if code == weir.CodeAuth {
			rd.refused(ctx, result) // which may take its time
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	switch {
	case cancelled:
		result.Status = statusCancelled
		return rd.end(ctx, result, &weir.Error{Code: weir.CodeCancelled, Where: "run", Message: "somebody cancelled it; what was read is kept", Remedy: "Start it again to go on from here"})
	case stopped:
		return rd.rest(ctx, result, nil, 0)
	case code == weir.CodeLocal:
		return rd.rest(ctx, result, failed, 0)
	case code == weir.CodeAuth: // no stream can go on
	case code == weir.CodeIntegrity:
		rd.pause(ctx, failed)
	case code == weir.CodeInternal, code.Retryable():
		if rd.run.Attempts < mostAttempts {
			return rd.rest(ctx, result, failed, job.Pause(rd.run.Attempts))
		}
	case result.Unfinished(): // whatever failed: the other streams go on
		return rd.rest(ctx, result, nil, 0)
	}
	return rd.end(ctx, result, failed)
}

// rest hands the run over to the next slice, after a pause when it failed.
func (rd *reader) rest(ctx context.Context, result *pipeline.Result, failed error, pause time.Duration) error {
	s := rd.slice(rd.progress.done(result))
	s.Release = true
	if failed != nil {
		s.Class, s.Problem = string(weir.CodeOf(failed)), failed.Error()
	}
	if pause > 0 {
		s.RetryAt = rd.flows.Now().Add(pause).UnixMicro()
	}
	if err := rd.flows.Store.SaveSlice(ctx, s); weir.CodeOf(err) == weir.CodeCancelled {
		result.Status = statusCancelled
		return rd.end(ctx, result, err)
	} else if err != nil {
		return err
	}
	if failed != nil && pause == 0 {
		return failed // local: the queue knows how long to wait
	}
	return job.Again{In: pause}
}

// end ends the reading, in one transaction with what follows from it: the
// destinations that lack something are filled, sources that follow this one
// are read, and the next run may be asked for.
func (rd *reader) end(ctx context.Context, result *pipeline.Result, failed error) error {
	outlets, err := rd.flows.outlets(ctx, rd.src, 0)
	if err != nil {
		return err
	}
	if failed != nil && result.Status == pipeline.StatusSucceeded {
		result.Status = pipeline.StatusFailed
	}
	result.RunID = rd.run.ID
	if rd.flow.Datasets, err = rd.flows.endpoints(ctx, rd.src); err != nil {
		return err
	}
	rd.flow.LogOnly = rd.order.LogOnly
	written, err := rd.flow.End(result)
	if err != nil {
		return err
	}
	reading := store.Reading{RunEnd: written, Org: rd.src.Org, Flow: rd.src.ID, Epoch: rd.lease.Epoch}
	if failed != nil {
		reading.Class, reading.Error = string(weir.CodeOf(failed)), failed.Error()
	}
	err = rd.flows.Store.Change(ctx, func(tx *store.Tx) error {
		if err := rd.lease.Hold(ctx, tx); err != nil {
			return err
		}
		for _, out := range outlets {
			if out.log.ID == 0 || !touched(result, out.dataset.Endpoint) {
				continue
			}
			if err := rd.await(ctx, tx, rd.src.Org, rd.run.ID, out, rd.asks(result, out.dataset.Endpoint)); err != nil {
				return err
			}
		}
		if err := tx.EndReading(ctx, reading); err != nil {
			return err
		}
		if err := rd.follow(ctx, tx, result); err != nil {
			return err
		}
		if err := rd.flows.tellRead(ctx, tx, rd.src, rd.order, result, failed); err != nil {
			return err
		}
		return rd.complete(ctx, tx)
	})
	rd.flows.Logger.Debug("source read", "run", rd.run.ID, "source", rd.src.ID, "org", rd.src.Org, "status", result.Status, "requests", result.Requests, "error", failed)
	return err
}

// complete ends the job, if it is one.
func (rd *reader) complete(ctx context.Context, tx *store.Tx) error {
	if rd.job == nil {
		return nil
	}
	return rd.job.Complete(ctx, tx)
}

// asks reports whether destinations are asked what they have, though nothing
// may be new: when a person wants the run, and when it read everything.
func (rd *reader) asks(result *pipeline.Result, endpoint string) bool {
	return rd.order.Why == weir.WhyAsked || rd.order.Why == weir.WhyActivated || slices.ContainsFunc(result.Streams, func(s pipeline.StreamResult) bool { return s.Name == endpoint && s.Swept })
}

// touched reports whether a run had to do with an endpoint.
func touched(result *pipeline.Result, endpoint string) bool {
	return slices.ContainsFunc(result.Streams, func(s pipeline.StreamResult) bool { return s.Name == endpoint })
}

// follow enqueues what comes after a run.
func (rd *reader) follow(ctx context.Context, tx *store.Tx, result *pipeline.Result) error {
	if rd.order.LogOnly {
		return nil
	}
	if err := tx.SetCost(ctx, rd.src.ID, result.Requests); err != nil {
		return err
	}
	for _, s := range result.Streams {
		if s.Read > s.Unchanged || s.Deleted > 0 {
			if _, err := rd.jobs.Enqueue(ctx, tx, job.Compact, job.When{Priority: 4}, job.Subject{Org: rd.src.Org, ID: rd.src.ID}); err != nil {
				return err
			}
			break
		}
	}
	if result.Status != pipeline.StatusSucceeded && result.Status != pipeline.StatusPartial {
		return nil
	}
	after, err := tx.SchedulesAfter(ctx, rd.src.ID)
	if err != nil || len(after) == 0 {
		return err
	}
	sources := make([]job.Subject, len(after))
	for i, s := range after {
		sources[i] = job.Subject{Org: s.Org, ID: s.Source}
	}
	_, err = rd.queue(ctx, tx, job.When{}, Order{Why: weir.WhyAfter}, sources, "")
	return err
}

// renewPause is how long a run waits for a new key that is being made.
const renewPause = 2 * time.Second

// renewed reports whether a slice failed for a key that has a successor, or is
// about to: the run goes on with that one.
func (rd *reader) renewed(ctx context.Context, failed error) (wait time.Duration, renewed bool) {
	if weir.CodeOf(failed) != weir.CodeAuth && reasonOf(failed) != credential.ReasonRotation {
		return 0, false
	}
	c, err := rd.flows.Credentials.Credential(ctx, rd.src.Org, rd.src.Credential)
	switch {
	case err != nil:
		return 0, false
	case c.Rotating(rd.flows.Now()):
		return renewPause, true
	case rd.secret == 0: // it was under way when the slice began, and has come to its end since
		return 0, reasonOf(failed) == credential.ReasonRotation && c.Status() == credential.StatusVerified
	}
	return 0, c.SecretVersion > rd.secret
}

// retried lets the next slice read the streams whose key was refused.
func retried(result *pipeline.Result) *pipeline.Result {
	for i := range result.Streams {
		if s := &result.Streams[i]; s.KeyRefused() {
			s.Status, s.Error, s.Failure = pipeline.StatusStopped, "", nil
		}
	}
	return result
}

// refused stops a flow whose key is refused: one request asks why, so that
// everybody can see it, unless somebody has asked a moment ago.
func (rd *reader) refused(ctx context.Context, result *pipeline.Result) {
	if !keyRefused(result) {
		return
	}
	c, err := rd.flows.Credentials.Credential(ctx, rd.src.Org, rd.src.Credential)
	if err == nil && (c.Status() != credential.StatusFailed || rd.flows.now()-c.CheckedAt > probePause.Microseconds()) {
		c, err = rd.flows.Credentials.Check(ctx, Actor{Org: rd.src.Org, User: rd.order.By}, rd.src.Credential)
	}
	if err != nil {
		rd.flows.Logger.Warn("credential refused", "credential", rd.src.Credential, "run", rd.run.ID, "source", rd.src.ID, "org", rd.src.Org, "error", err)
	}
	if c != nil && c.Status() == credential.StatusFailed {
		rd.pause(ctx, err)
	}
}

// probePause is how long a refused key is not asked about again: three times
// in an hour at most.
const probePause = 20 * time.Minute

// pause stops a flow that cannot go on before a person has done something.
func (rd *reader) pause(ctx context.Context, why error) {
	err := rd.flows.SetStatus(ctx, Actor{Org: rd.src.Org}, store.KindSource, rd.src.ID, StatusPaused, false)
	rd.flows.Logger.Warn("flow paused", "run", rd.run.ID, "source", rd.src.ID, "org", rd.src.Org, "why", why, "error", err)
}

// keyRefused reports whether the source did not take the key.
func keyRefused(result *pipeline.Result) bool {
	return result != nil && slices.ContainsFunc(result.Streams, pipeline.StreamResult.KeyRefused)
}

// progress is how far the streams of a run have come. It is safe for
// concurrent use.
type progress struct {
	meter   Meter
	mu      sync.Mutex
	streams map[string]pipeline.StreamResult
	changed bool
}

// begin takes over what earlier slices have done, and gives it as the result of
// one that does nothing.
func (p *progress) begin(saved []byte) (*pipeline.Result, error) {
	nothing := &pipeline.Result{Status: pipeline.StatusFailed}
	p.streams = map[string]pipeline.StreamResult{}
	if len(saved) == 0 {
		return nothing, nil
	}
	if err := json.Unmarshal(saved, &nothing.Streams); err != nil {
		return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "run", Message: "what is stored of its progress cannot be read", Err: err}
	}
	for i := range nothing.Streams {
		s := &nothing.Streams[i]
		if s.Status == "" {
			s.Status = pipeline.StatusStopped
		}
		nothing.Requests += s.Requests
		p.streams[s.Name] = *s
	}
	return nothing, nil
}

// earlier is what begin took over.
func (p *progress) earlier() map[string]pipeline.StreamResult { return maps.Clone(p.streams) }

func (p *progress) note(s pipeline.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	metered(p.meter, p.streams[s.Name], s.StreamResult)
	p.streams[s.Name], p.changed = s.StreamResult, true
}

// take gives what is to be saved, nil when nothing has changed.
func (p *progress) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.changed {
		return nil
	}
	p.changed = false
	return packStreams(p.streams)
}

// cost is what the run has taken so far.
func (p *progress) cost() (requests, retries int, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.streams {
		requests, retries, bytes = requests+s.Requests, retries+s.Retries, bytes+s.Bytes
	}
	return requests, retries, bytes
}

// done is the state at the end of a slice. What failed in a way that may be
// over soon is tried again by the next one.
func (p *progress) done(result *pipeline.Result) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams == nil {
		p.streams = map[string]pipeline.StreamResult{}
	}
	for _, s := range result.Streams {
		if err := s.Err(); err != nil && !job.Lasting(err) {
			s.Status = pipeline.StatusStopped
		}
		p.streams[s.Name] = s
	}
	return packStreams(p.streams)
}

func packStreams(streams map[string]pipeline.StreamResult) []byte {
	all := make([]pipeline.StreamResult, 0, len(streams))
	for _, s := range streams {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b pipeline.StreamResult) int { return strings.Compare(a.Name, b.Name) })
	b, _ := json.Marshal(all) // numbers and texts
	return b
}

// progressPause is how often a run that goes on says so.
const progressPause = 200 * time.Millisecond

// saving saves the progress again and again until stop is called.
func (p *progress) saving(ctx context.Context, save func(context.Context, []byte) error) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		beat := time.NewTicker(progressPause)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
			}
			if state := p.take(); state != nil {
				_ = save(ctx, state) // the next one comes soon
			}
		}
	}()
	return func() { cancel(); <-over }
}
