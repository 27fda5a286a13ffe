package job

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Options are the choices an engine has. Zero values are the defaults.
type Options struct {
	Store  *store.DB
	Logger *slog.Logger
	// Works reports whether this process does jobs, or only enqueues them.
	Works bool
	Room  int // jobs of each group that are done at once; 0: 32

	Slice   time.Duration // how long a job works at a time; 0: 2 min
	Timeout time.Duration // of jobs that do not work in slices; 0: twice the slice
	// Silence is how long a process says nothing before what it had is given
	// to others; it says something three times as often. 0: 30 s.
	Silence time.Duration
	// Patience is how long a job waits before it goes among the first: those
	// that a person waits for do not hold up all others for ever. 0: 1 min.
	Patience time.Duration
	Drain    time.Duration // how long Stop lets jobs go on; 0: 15 s
	// Begins hears of each attempt at a job, and gives what hears how it ended:
	// "done", "later" (it goes on), "failed" or "cancelled". nil is nobody.
	Begins func(kind string) (over func(outcome string))
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	def(&o.Slice, 2*time.Minute)
	def(&o.Timeout, 2*o.Slice)
	def(&o.Silence, 30*time.Second)
	def(&o.Patience, time.Minute)
	def(&o.Drain, 15*time.Second)
	if o.Room == 0 {
		o.Room = 32
	}
	if o.Begins == nil {
		o.Begins = func(string) func(string) { return func(string) {} }
	}
	return o
}

// The groups of jobs: one that is full does not hold up another.
var groups = map[Kind]string{Ingest: "ingest", Deliver: "deliver", Validate: "upkeep", Rotate: "upkeep", Compact: "upkeep", Export: "export", Upkeep: "upkeep"}

// Engine enqueues jobs, and does them. It is safe for concurrent use.
type Engine struct {
	Options
	process string // this one's name
	queue   queue
	works   map[Kind]Work

	stopping chan struct{}
	once     sync.Once
	keeping  context.CancelFunc
	kept     sync.WaitGroup
}

// quiet is the log of what is none of the user's business.
var quiet = slog.New(slog.DiscardHandler)

// Open brings the queue's tables up to date, after the store's own, and
// returns an engine that enqueues. Start makes it work.
func Open(ctx context.Context, o Options) (*Engine, error) {
	o = o.withDefaults()
	e := &Engine{Options: o, process: processName(), works: map[Kind]Work{}, stopping: make(chan struct{})}
	workers := river.NewWorkers()
	for _, k := range Kinds() {
		river.AddWorkerArgs(workers, args{K: k}, &worker{engine: e, kind: k})
	}
	c := &river.Config{
		ID: e.process, Logger: slog.New(calm{o.Logger.Handler()}), Workers: workers, FetchCooldown: 10 * time.Millisecond, FetchPollInterval: 500 * time.Millisecond,
		JobTimeout: o.Timeout, RescueStuckJobsAfter: o.Timeout + o.Timeout/4, MaxAttempts: attempts(Ingest), SoftStopTimeout: o.Drain,
		CompletedJobRetentionPeriod: time.Hour, CancelledJobRetentionPeriod: 24 * time.Hour, DiscardedJobRetentionPeriod: 24 * time.Hour,
	}
	if o.Works {
		c.Queues = map[string]river.QueueConfig{"ingest": {MaxWorkers: o.Room}, "deliver": {MaxWorkers: o.Room}, "upkeep": {MaxWorkers: 4}, "export": {MaxWorkers: 4}}
	}
	var err error
	if e.queue, err = openQueue(ctx, o.Store, c, 4); err != nil {
		return nil, explain(err)
	}
	if err := o.Store.Exclusively(ctx, "queue", func() error { return explain(e.queue.migrate(ctx)) }); err != nil {
		e.queue.drop()
		return nil, err
	}
	return e, nil
}

// processName tells this process from all others, and people which it is.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("process %d on %s, %s", os.Getpid(), host, rand.Text()[:8])
}

// Process is this process's name.
func (e *Engine) Process() string { return e.process }

// Handle says what work a kind of job is. All are told before Start.
func (e *Engine) Handle(k Kind, w Work) { e.works[k] = w }

// Enqueued is a job that was asked for.
type Enqueued struct {
	Number int64
	Fresh  bool // false: there was one already, which does
	Waits  bool // there was one, which waits for a later time
}

// When says when a job is to be done. The zero value is now.
type When struct {
	At       time.Time
	Priority int // 1 before 4; 0 is 2
}

// Enqueue asks for a job within a transaction: it is there once that is
// committed, or not at all. There is at most one of a kind and subject that is
// not over.
func (e *Engine) Enqueue(ctx context.Context, tx *store.Tx, k Kind, w When, about ...Subject) ([]Enqueued, error) {
	if len(about) == 0 {
		return nil, nil
	}
	jobs := make([]river.InsertManyParams, len(about))
	for i, s := range about {
		jobs[i] = river.InsertManyParams{Args: args{K: k, Org: s.Org, ID: s.ID}, InsertOpts: &river.InsertOpts{
			Queue: groups[k], Priority: cmp.Or(w.Priority, 2), ScheduledAt: w.At, MaxAttempts: attempts(k),
			UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled}},
		}}
	}
	done, err := e.queue.insert(ctx, tx, jobs)
	if err != nil {
		return nil, explain(err)
	}
	out := make([]Enqueued, len(done))
	for i, d := range done {
		out[i] = Enqueued{Number: d.Job.ID, Fresh: !d.UniqueSkippedAsDuplicate,
			Waits: d.UniqueSkippedAsDuplicate && (d.Job.State == rivertype.JobStateRetryable || d.Job.State == rivertype.JobStateScheduled)}
	}
	return out, nil
}

// Now lets a job that waits for a later time be done now.
func (e *Engine) Now(ctx context.Context, tx *store.Tx, number int64) error {
	return explain(e.queue.now(ctx, tx, number))
}

// Cancel ends a job within a transaction. One that is over stays so; one at
// work goes on until Interrupt, which is called after the commit.
func (e *Engine) Cancel(ctx context.Context, tx *store.Tx, number int64) error {
	return unlessGone(e.queue.cancel(ctx, tx, number))
}

// Interrupt ends the work on a job that was cancelled, in whichever process it is.
func (e *Engine) Interrupt(ctx context.Context, number int64) error {
	return unlessGone(e.queue.interrupt(ctx, number))
}

func unlessGone(err error) error {
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil
	}
	return explain(err)
}

// Start begins to do jobs, when this process does any.
func (e *Engine) Start(ctx context.Context) error {
	if !e.Works {
		return nil
	}
	if err := e.revive(ctx); err != nil {
		return err
	}
	inside, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.keeping = stop
	e.kept.Go(func() { e.keep(inside) })
	if err := e.queue.start(context.WithoutCancel(ctx)); err != nil {
		return explain(err)
	}
	return nil
}

// Stop takes no more jobs, lets those at work save where they are, and stops
// those that take longer than the drain time. What was not done is done by
// another process, or after the next start.
func (e *Engine) Stop(ctx context.Context) (err error) {
	e.once.Do(func() {
		close(e.stopping)
		err = explain(e.queue.stop(ctx))
		if e.keeping == nil {
			return
		}
		e.keeping()
		e.kept.Wait()
		if err == nil {
			err = e.Store.Gone(context.WithoutCancel(ctx), e.process)
		}
	})
	return err
}

// worker does the jobs of one kind.
type worker struct {
	river.WorkerDefaults[args]
	engine *Engine
	kind   Kind
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, rj *river.Job[args]) error {
	e := w.engine
	j := &Job{
		Kind: w.kind, Subject: Subject{Org: rj.Args.Org, ID: rj.Args.ID}, Number: rj.ID, Attempt: rj.Attempt, Process: e.process, Life: e.Silence,
		slice: time.Now().Add(e.Slice), stopping: e.stopping,
		complete: func(ctx context.Context, tx *store.Tx) error { return explain(e.queue.complete(ctx, tx, rj)) },
	}
	work := e.works[w.kind]
	if work == nil {
		return river.JobCancel(errors.New("nobody does this"))
	}
	over := e.Begins(string(w.kind))
	err := e.unpanicked(ctx, j, work)
	over(outcomeOf(ctx, err))
	return e.outcome(ctx, j, err)
}

// unpanicked does the work, and makes an error of a panic: the job is tried
// again like any other, and people can read in the log what must be mended.
func (e *Engine) unpanicked(ctx context.Context, j *Job, work Work) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.Logger.Error("a job panicked", "job", j.Kind, subjects[j.Kind], j.ID, "org", j.Org, "panic", p, "stack", string(debug.Stack()))
			err = &weir.Error{Code: weir.CodeInternal, Where: "job " + string(j.Kind), Message: fmt.Sprint("panic: ", p), Remedy: "Report this with the lines that the log has about it"}
		}
	}()
	return work(ctx, j)
}

// Timeout implements river.Worker. What works in slices has none: a reading
// that cannot be continued takes as long as it takes. Its lease ends when its
// process no longer renews it.
func (w *worker) Timeout(*river.Job[args]) time.Duration {
	if w.kind == Ingest || w.kind == Deliver {
		return -1
	}
	return w.engine.Timeout
}

// NextRetry implements river.Worker.
func (w *worker) NextRetry(rj *river.Job[args]) time.Time {
	return time.Now().Add(pauseOf(rj.ID, rj.Attempt))
}

// explain gives an error of the queue a class.
func explain(err error) error {
	var known *weir.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return &weir.Error{Code: weir.CodeLocal, Where: "job queue", Message: "the database did not take it: " + err.Error(), Remedy: "Check that the database runs; what was committed is kept", Err: err}
}
