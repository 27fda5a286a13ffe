package flow

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// Queue enqueues jobs.
type Queue interface {
	// Enqueue asks for jobs within a transaction; of a kind and subject there
	// is at most one that is not over.
	Enqueue(ctx context.Context, tx *store.Tx, k job.Kind, w job.When, about ...job.Subject) ([]job.Enqueued, error)
	// Now lets a job that waits for a later time be done now.
	Now(ctx context.Context, tx *store.Tx, number int64) error
	// Cancel ends a job within a transaction, and Interrupt after its commit the
	// work on it, in whichever process that is.
	Cancel(ctx context.Context, tx *store.Tx, number int64) error
	Interrupt(ctx context.Context, number int64) error
	// Handle says what work a kind of job is.
	Handle(k job.Kind, w job.Work)
}

// Runner runs flows: it writes down what is asked for, and does the jobs that
// this process is given. It is safe for concurrent use.
type Runner struct {
	flows   *Service
	jobs    Queue
	watch   *watch
	closing chan struct{}
	close   sync.Once
	loops   sync.WaitGroup
}

// NewRunner returns a runner and tells the queue what its jobs are.
func NewRunner(flows *Service, jobs Queue) *Runner {
	r := &Runner{flows: flows, jobs: jobs, watch: newWatch(), closing: make(chan struct{})}
	jobs.Handle(job.Ingest, r.ingest)
	jobs.Handle(job.Deliver, r.deliver)
	jobs.Handle(job.Validate, r.validate)
	jobs.Handle(job.Rotate, r.rotate)
	jobs.Handle(job.Compact, r.compact)
	jobs.Handle(job.Export, r.export)
	jobs.Handle(job.Upkeep, r.upkeep)
	return r
}

// Begin hears what other processes announce, and when works is set looks what
// is due, until Close.
func (r *Runner) Begin(works bool) {
	ctx, stop := context.WithCancel(context.Background())
	loops := []func(context.Context){r.Listen}
	if works {
		loops = append(loops, r.Schedule, r.Keep)
	}
	for _, loop := range loops {
		r.loops.Go(func() { loop(ctx) })
	}
	go func() { <-r.closing; stop() }()
}

// Close ends what Begin began, and whoever watches.
func (r *Runner) Close() {
	r.close.Do(func() { close(r.closing) })
	r.loops.Wait()
}

// Order is what a run is to do.
type Order struct {
	Source      int64 `json:"-"`
	FullRefresh bool  `json:"full_refresh,omitzero"`
	AllowDelete bool  `json:"allow_delete,omitzero"`
	LogOnly     bool  `json:"log_only,omitzero"` // no request: bring destinations to the end of the log
	Destination int64 `json:"destination,omitzero"`
	// Why and By are for people to see, and for the audit log.
	Why weir.Why `json:"why,omitzero"`
	By  int64    `json:"by,omitzero"` // the user on whose behalf; 0 for Weir itself
	// Trace names the span that the run's spans belong to, "" without one.
	Trace string `json:"trace,omitzero"`
}

func (o Order) pack() []byte {
	b, _ := json.Marshal(o) // numbers, booleans and a word
	return b
}

// orderOf reads what pack wrote.
func orderOf(wanted []byte) (o Order, err error) {
	if len(wanted) > 0 {
		err = json.Unmarshal(wanted, &o)
	}
	return o, err
}

// Start asks for a run of a source and returns at once. While one is queued or
// under way, that run is the answer, and started is false.
func (r *Runner) Start(ctx context.Context, who Actor, o Order) (run *Run, started bool, err error) {
	src, err := r.flows.Source(ctx, who.Org, o.Source)
	if err != nil {
		return nil, false, err
	}
	if _, err := r.flows.usable(ctx, who.Org, src.Credential); err != nil {
		return nil, false, err
	}
	o.By = who.User
	if o.Why == "" {
		o.Why = weir.WhyAsked
	}
	if o.LogOnly {
		return r.fill(ctx, src, o)
	}
	fresh := pipeline.NewRunID(r.flows.Now())
	var id weir.RunID
	err = r.flows.Store.Change(ctx, func(tx *store.Tx) error {
		runs, err := r.queue(ctx, tx, job.When{Priority: 1}, o, []job.Subject{{Org: who.Org, ID: src.ID}}, fresh)
		if err == nil {
			started, id = runs[0] == fresh, runs[0]
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	run, err = r.flows.Run(ctx, who.Org, string(id))
	return run, started, err
}

// queue enqueues the reading of sources, with a run for each that has none
// open, and gives the run of each. first is the id of the first new one.
func (r *Runner) queue(ctx context.Context, tx *store.Tx, w job.When, o Order, sources []job.Subject, first weir.RunID) ([]weir.RunID, error) {
	done, err := r.jobs.Enqueue(ctx, tx, job.Ingest, w, sources...)
	if err != nil {
		return nil, err
	}
	ids := make([]weir.RunID, len(sources))
	for i, about := range sources {
		if ids[i], err = r.runOf(ctx, tx, about, o, done[i], first); err != nil {
			return nil, err
		}
		first = "" // of the others, each gets one of its own
	}
	return ids, nil
}

// runOf gives the open run of a source whose reading was enqueued, and makes
// it when there is none.
func (r *Runner) runOf(ctx context.Context, tx *store.Tx, about job.Subject, o Order, d job.Enqueued, id weir.RunID) (weir.RunID, error) {
	if !d.Fresh {
		open, err := tx.OpenRun(ctx, about.ID)
		if err == nil && d.Waits && o.Why == weir.WhyAsked {
			err = r.jobs.Now(ctx, tx, d.Number)
		}
		if err != nil || open != "" {
			return open, err
		}
	}
	if id == "" {
		id = pipeline.NewRunID(r.flows.Now())
	}
	o.Trace = r.flows.asked(ctx, id, about.Org, about.ID)
	return id, tx.QueueRun(ctx, about.Org, store.Run{ID: id, Resource: about.ID, Number: Number(id), Queued: r.flows.now(), Job: d.Number, Wanted: o.pack()})
}

// fill asks for what lies in a source's logs to be brought to destinations,
// without a request. When there is nothing to bring there is no run.
func (r *Runner) fill(ctx context.Context, src *Source, o Order) (run *Run, started bool, err error) {
	outlets, err := r.flows.outlets(ctx, src, o.Destination)
	if err != nil {
		return nil, false, err
	}
	id := pipeline.NewRunID(r.flows.Now())
	err = r.flows.Store.Change(ctx, func(tx *store.Tx) (err error) {
		started, err = r.fillIn(ctx, tx, src, o, outlets, id)
		return err
	})
	if err != nil || !started {
		return nil, false, err
	}
	r.flows.began(src, store.Run{ID: id, Org: src.Org}, o)
	run, err = r.flows.Run(ctx, src.Org, string(id))
	return run, true, err
}

// fillIn is fill within a transaction, for some of a source's destinations.
func (r *Runner) fillIn(ctx context.Context, tx *store.Tx, src *Source, o Order, outlets []outlet, id weir.RunID) (started bool, err error) {
	o.Trace = r.flows.asked(ctx, id, src.Org, src.ID)
	for _, out := range outlets {
		if out.log.ID == 0 {
			continue // it was never read
		}
		if !started {
			if err := tx.QueueRun(ctx, src.Org, store.Run{ID: id, Resource: src.ID, Number: Number(id), Queued: r.flows.now(), Wanted: o.pack()}); err != nil {
				return false, err
			}
		}
		started = true
		if err := r.await(ctx, tx, src.Org, id, out, true); err != nil {
			return false, err
		}
	}
	if !started {
		return false, nil
	}
	f := &pipeline.Flow{Resource: src.ID, LogOnly: true, Now: r.flows.Now}
	end, err := f.End(&pipeline.Result{RunID: id, Status: pipeline.StatusSucceeded, Streams: streamsOf(outlets)})
	if err != nil {
		return false, err
	}
	return true, tx.EndReading(ctx, store.Reading{RunEnd: end, Org: src.Org, Flow: src.ID})
}

// streamsOf are the endpoints whose records go somewhere.
func streamsOf(outlets []outlet) (all []pipeline.StreamResult) {
	seen := map[string]bool{}
	for _, out := range outlets {
		if name := out.dataset.Endpoint; out.log.ID != 0 && !seen[name] {
			seen[name] = true
			all = append(all, pipeline.StreamResult{Name: name, Status: pipeline.StatusSucceeded})
		}
	}
	return all
}

// await makes a run wait for a destination that lacks some of its log, and
// enqueues what fills it; with ask, for what the destination itself says.
func (r *Runner) await(ctx context.Context, tx *store.Tx, org int64, run weir.RunID, out outlet, ask bool) error {
	waits, err := tx.Await(ctx, org, store.RunDelivery{Run: run, Destination: out.to, Stream: out.dataset.Endpoint, Log: out.log.ID, Upto: out.log.Head}, out.logName(), ask)
	if err != nil || !waits {
		return err
	}
	done, err := r.jobs.Enqueue(ctx, tx, job.Deliver, job.When{}, job.Subject{Org: org, ID: out.to})
	if err == nil && done[0].Waits {
		err = r.jobs.Now(ctx, tx, done[0].Number)
	}
	return err
}

// Cancel ends the run of a source that is queued or under way, after the
// request under way.
func (r *Runner) Cancel(ctx context.Context, org, source int64) error {
	var number int64
	err := r.flows.Store.Change(ctx, func(tx *store.Tx) (err error) {
		if number, err = tx.CancelRun(ctx, org, source, r.flows.now()); err != nil || number == 0 {
			return err
		}
		return r.jobs.Cancel(ctx, tx, number)
	})
	if err != nil || number == 0 {
		return err
	}
	return r.jobs.Interrupt(ctx, number)
}

// Activate activates a part of a flow and starts what follows from it: a
// source is read at once, and a destination is filled from the log.
func (r *Runner) Activate(ctx context.Context, who Actor, kind store.Kind, id int64, all bool, spared ...int64) error {
	if err := r.flows.SetStatus(ctx, who, kind, id, StatusActive, all, spared...); err != nil {
		return err
	}
	o := Order{Source: id, Why: weir.WhyActivated}
	if kind == store.KindSource {
		src, err := r.flows.Source(ctx, who.Org, id)
		if err == nil {
			err = r.Spread(ctx, who.Org, src.Credential)
		}
		if err != nil {
			return err
		}
	} else {
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
// request under way.
func (r *Runner) Pause(ctx context.Context, who Actor, kind store.Kind, id int64, all bool, spared ...int64) error {
	if err := r.flows.SetStatus(ctx, who, kind, id, StatusPaused, all, spared...); err != nil {
		return err
	}
	if kind == store.KindSource {
		return r.Cancel(ctx, who.Org, id)
	}
	return nil
}

// outlet is an active destination of a source, with the log that it is filled
// from; that has no ID before the source was read.
type outlet struct {
	dataset *Dataset
	to      int64
	log     store.Dataset
	edition string // of the rules on the way; "" without any
}

// logName is the log as the destination knows it.
func (o outlet) logName() string { return weir.LogEdition(o.log.Log, o.edition) }

// outlets are the active destinations of a source's datasets.
func (s *Service) outlets(ctx context.Context, src *Source, only int64) (all []outlet, err error) {
	datasets, err := s.Store.Uses(ctx, src.ID)
	if err != nil {
		return nil, err
	}
	for _, u := range datasets {
		if u.Role != roleSource || Status(u.Status) == StatusPaused {
			continue
		}
		d, err := s.Dataset(ctx, src.Org, u.ID)
		if err != nil {
			return nil, err
		}
		uses, err := s.Store.Uses(ctx, d.ID)
		if err != nil {
			return nil, err
		}
		for _, use := range uses {
			if use.Role != roleDataset || Status(use.Status) != StatusActive || only != 0 && use.ID != only {
				continue
			}
			o, err := s.openDataset(ctx, d)
			if weir.CodeOf(err) == weir.CodeConflict {
				break // its source does not read it any more
			}
			if err != nil {
				return nil, err
			}
			edition, err := s.edition(ctx, d)
			if err != nil {
				return nil, err
			}
			all = append(all, outlet{dataset: d, to: use.ID, log: o.log, edition: edition})
		}
	}
	return all, nil
}

// renewing renews a lease until done is called, and ends the context when
// somebody else has it.
func renewing(ctx context.Context, lease *store.Term, life time.Duration) (inside context.Context, done func()) {
	inside, lose := context.WithCancelCause(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		beat := time.NewTicker(life / 3)
		defer beat.Stop()
		for {
			select {
			case <-inside.Done():
				return
			case <-beat.C:
			}
			// One that the database could not renew is tried again; if it was
			// lost meanwhile, no commit with its epoch is taken.
			if err := lease.Renew(inside, life); isFenced(err) {
				lose(err)
				return
			}
		}
	}()
	return inside, func() {
		lose(nil)
		<-over
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = lease.Release(free) // else it ends by itself
	}
}

// isFenced reports that another process has taken the work over.
func isFenced(err error) bool {
	var e *weir.Error
	return errors.As(err, &e) && e.Reason == store.ReasonFenced
}
