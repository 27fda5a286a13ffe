package job_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/store"
)

// world is a database with one engine on it, or several.
type world struct {
	*testing.T
	url string
	db  *store.DB
}

// onBoth runs a promise on both databases.
func onBoth(t *testing.T, promise func(*world)) {
	for name, newURL := range jobtest.Fresh.Engines() {
		t.Run(name, func(t *testing.T) {
			w := &world{T: t, url: newURL(t)}
			w.db = w.open()
			promise(w)
		})
	}
}

func (w *world) open() *store.DB {
	w.Helper()
	db, err := store.Open(w.Context(), w.url, store.Options{})
	w.must(err)
	w.Cleanup(func() { _ = db.Close() })
	return db
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// engine opens one that is not started.
func (w *world) engine(o job.Options) *job.Engine {
	w.Helper()
	if o.Store == nil {
		o.Store = w.db
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Works = true
	e, err := job.Open(w.Context(), o)
	w.must(err)
	w.Cleanup(func() { _ = e.Stop(context.Background()) })
	return e
}

func (w *world) enqueue(e *job.Engine, k job.Kind, ids ...int64) (all []job.Enqueued) {
	w.Helper()
	about := make([]job.Subject, len(ids))
	for i, id := range ids {
		about[i] = job.Subject{Org: 1, ID: id}
	}
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) (err error) {
		all, err = e.Enqueue(w.Context(), tx, k, job.When{}, about...)
		return err
	}))
	return all
}

// take waits for something to happen.
func take[T any](w *world, from <-chan T) (v T) {
	w.Helper()
	select {
	case v = <-from:
	case <-time.After(30 * time.Second):
		w.Fatal("it does not happen")
	}
	return v
}

func TestAJobIsThereWithItsTransactionOrNotAtAll(t *testing.T) {
	onBoth(t, func(w *world) {
		e := w.engine(job.Options{})
		done := make(chan int64, 10)
		e.Handle(job.Ingest, func(_ context.Context, j *job.Job) error { done <- j.ID; return nil })
		w.must(e.Start(w.Context()))
		_ = w.db.Change(w.Context(), func(tx *store.Tx) error {
			_, err := e.Enqueue(w.Context(), tx, job.Ingest, job.When{}, job.Subject{Org: 1, ID: 1})
			w.must(err)
			return errors.New("no")
		})
		w.enqueue(e, job.Ingest, 2)
		if id := take(w, done); id != 2 {
			w.Errorf("job %d was done", id)
		}
	})
}

func TestOfAKindAndSubjectThereIsOneJobUntilItIsComplete(t *testing.T) {
	onBoth(t, func(w *world) {
		e := w.engine(job.Options{})
		at, goOn := make(chan *job.Job), make(chan bool)
		e.Handle(job.Deliver, func(ctx context.Context, j *job.Job) error {
			at <- j
			<-goOn
			return w.db.Change(ctx, func(tx *store.Tx) error { return j.Complete(ctx, tx) })
		})
		first := w.enqueue(e, job.Deliver, 1, 2)
		if again := w.enqueue(e, job.Deliver, 1); again[0].Fresh || again[0].Number != first[0].Number {
			w.Errorf("a second one that waits: %+v", again)
		}
		w.must(e.Start(w.Context()))
		take(w, at)
		take(w, at)
		if again := w.enqueue(e, job.Deliver, 1); again[0].Fresh {
			w.Error("a second one while the first is at work")
		}
		goOn <- true
		goOn <- true
		// Complete is committed before the work returns: whoever asks after
		// its effect is seen gets a new one.
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
			if again := w.enqueue(e, job.Deliver, 2); again[0].Fresh {
				take(w, at)
				goOn <- true
				return
			}
		}
		w.Error("a job that is complete is in the way of the next")
	})
}

func TestAgainIsNoAttemptAndALocalFailureIsNone(t *testing.T) {
	onBoth(t, func(w *world) {
		e := w.engine(job.Options{})
		attempts := make(chan int, 100)
		n := 0
		e.Handle(job.Ingest, func(_ context.Context, j *job.Job) error {
			attempts <- j.Attempt
			if n++; n < 20 {
				return job.Again{}
			}
			return nil
		})
		w.must(e.Start(w.Context()))
		w.enqueue(e, job.Ingest, 1)
		for range 20 {
			if a := take(w, attempts); a != 1 {
				w.Fatalf("attempt %d", a)
			}
		}
	})
}

func TestAPanicIsLoggedAndTheJobIsTriedAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		var logged bytes.Buffer
		e := w.engine(job.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		tried := make(chan int, 2)
		e.Handle(job.Ingest, func(_ context.Context, j *job.Job) error {
			tried <- j.Attempt
			if j.Attempt == 1 {
				panic("no way out")
			}
			return nil
		})
		w.must(e.Start(w.Context()))
		w.enqueue(e, job.Ingest, 7)
		if first, second := take(w, tried), take(w, tried); first != 1 || second != 2 {
			w.Errorf("attempts %d and %d", first, second)
		}
		w.must(e.Stop(w.Context()))
		if got := logged.String(); !strings.Contains(got, "no way out") || !strings.Contains(got, "job=ingest source=7") || !strings.Contains(got, "job_test.go") {
			w.Errorf("the log says %q", got)
		}
	})
}

func TestAJobThatIsCancelledEndsAndIsNotDoneAgain(t *testing.T) {
	onBoth(t, func(w *world) {
		e := w.engine(job.Options{})
		at, ended := make(chan int64), make(chan bool)
		e.Handle(job.Ingest, func(ctx context.Context, j *job.Job) error {
			at <- j.Number
			<-ctx.Done()
			ended <- job.Cancelled(ctx)
			return ctx.Err()
		})
		w.must(e.Start(w.Context()))
		w.enqueue(e, job.Ingest, 1)
		number := take(w, at)
		broken := errors.New("something else failed")
		if err := w.db.Change(w.Context(), func(tx *store.Tx) error { return errors.Join(e.Cancel(w.Context(), tx, number), broken) }); !errors.Is(err, broken) {
			w.Errorf("%v", err)
		}
		select {
		case <-ended:
			w.Fatal("a cancelling that was taken back has ended the work")
		default:
		}
		w.cancel(e, number)
		if !take(w, ended) {
			w.Error("the work does not know that it was cancelled")
		}
		w.cancel(e, 4711) // there is none: nothing to end
	})
}

// cancel cancels a job and ends the work on it.
func (w *world) cancel(e *job.Engine, number int64) {
	w.Helper()
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return e.Cancel(w.Context(), tx, number) }))
	w.must(e.Interrupt(w.Context(), number))
}

func TestStoppingLetsWorkSaveWhereItIs(t *testing.T) {
	onBoth(t, func(w *world) {
		e := w.engine(job.Options{})
		at := make(chan bool)
		over := make(chan bool, 1)
		e.Handle(job.Ingest, func(ctx context.Context, j *job.Job) error {
			at <- true
			for !j.Over() {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				time.Sleep(time.Millisecond) // as work that looks up after each page
			}
			over <- true
			return job.Again{}
		})
		w.must(e.Start(w.Context()))
		w.enqueue(e, job.Ingest, 1)
		take(w, at)
		began := time.Now()
		w.must(e.Stop(w.Context()))
		take(w, over)
		if took := time.Since(began); took > 5*time.Second {
			w.Errorf("stopping took %s", took)
		}
		next := w.engine(job.Options{Store: w.open()})
		done := make(chan int, 1)
		next.Handle(job.Ingest, func(_ context.Context, j *job.Job) error { done <- j.Attempt; return nil })
		w.must(next.Start(w.Context()))
		if a := take(w, done); a != 1 {
			w.Errorf("attempt %d after a stop", a)
		}
	})
}

// A process that is gone left a job at work: on SQLite its successor has it at
// once, on Postgres somebody else has it when the process was silent too long.
func TestTheJobsOfAProcessThatIsGoneAreDoneByOthers(t *testing.T) {
	onBoth(t, func(w *world) {
		dead := w.engine(job.Options{Silence: time.Hour, Drain: time.Millisecond})
		at, release := make(chan bool), make(chan bool)
		dead.Handle(job.Ingest, func(context.Context, *job.Job) error {
			at <- true
			<-release
			return nil
		})
		w.must(dead.Start(w.Context()))
		defer close(release)
		w.enqueue(dead, job.Ingest, 1)
		take(w, at)
		if w.db.SQLite() == nil {
			w.must(w.db.Gone(w.Context(), dead.Process())) // as if it had been silent for long
		}
		heir := w.engine(job.Options{Store: w.open(), Silence: time.Second})
		done := make(chan int, 1)
		heir.Handle(job.Ingest, func(_ context.Context, j *job.Job) error { done <- j.Attempt; return nil })
		began := time.Now()
		w.must(heir.Start(w.Context()))
		if a := take(w, done); a != 1 {
			w.Errorf("attempt %d: a death is none of the job's", a)
		}
		if took := time.Since(began); took > 10*time.Second {
			w.Errorf("it took %s", took)
		}
	})
}

// One person after another asks for something at once, each before the one
// before is served, and the only place is theirs.
func TestAJobThatHasWaitedForLongGoesFirst(t *testing.T) {
	onBoth(t, func(w *world) {
		e := w.engine(job.Options{Room: 1, Silence: 300 * time.Millisecond, Patience: time.Millisecond})
		done := make(chan bool, 1)
		ask := func(priority int, id int64) {
			err := w.db.Change(w.Context(), func(tx *store.Tx) error {
				_, err := e.Enqueue(w.Context(), tx, job.Ingest, job.When{Priority: priority}, job.Subject{Org: 1, ID: id})
				return err
			})
			if err != nil && w.Context().Err() == nil {
				w.Error(err)
			}
		}
		e.Handle(job.Ingest, func(_ context.Context, j *job.Job) error {
			if j.ID == 1 {
				done <- true
				return nil
			}
			ask(1, j.ID+1)
			return nil
		})
		ask(1, 2)
		ask(4, 1)
		w.must(e.Start(w.Context()))
		take(w, done)
		w.must(e.Stop(w.Context()))
	})
}

// Work may fail to end its run, as when the database fails while somebody
// cancels it, and the job is over all the same.
func TestARunWhoseJobIsOverEnds(t *testing.T) {
	onBoth(t, func(w *world) {
		e := w.engine(job.Options{Silence: 300 * time.Millisecond})
		waits := job.When{At: time.Now().Add(time.Hour)}
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			live, err := e.Enqueue(w.Context(), tx, job.Ingest, waits, job.Subject{Org: 1, ID: 1})
			w.must(err)
			w.must(tx.QueueRun(w.Context(), 1, store.Run{ID: "waits", Resource: 1, Number: 1, Queued: 1, Job: live[0].Number}))
			over, err := e.Enqueue(w.Context(), tx, job.Ingest, waits, job.Subject{Org: 1, ID: 2})
			w.must(err)
			w.must(tx.QueueRun(w.Context(), 1, store.Run{ID: "left", Resource: 2, Number: 2, Queued: 2, Job: over[0].Number}))
			w.must(e.Cancel(w.Context(), tx, over[0].Number))
			return tx.QueueRun(w.Context(), 1, store.Run{ID: "replay", Resource: 3, Number: 3, Queued: 3})
		}))
		w.must(e.Start(w.Context()))
		for end := time.Now().Add(30 * time.Second); ; {
			left, err := w.db.FlowRun(w.Context(), 1, "left")
			w.must(err)
			if left.Status == store.RunInterrupted {
				break
			}
			if time.Now().After(end) {
				w.Fatalf("the run is %s", left.Status)
			}
		}
		for _, id := range []weir.RunID{"waits", "replay"} {
			if r, err := w.db.FlowRun(w.Context(), 1, id); err != nil || r.Status != store.RunQueued {
				w.Errorf("%s is %s, %v", id, r.Status, err)
			}
		}
	})
}

func TestManyProcessesDoEachJobOnce(t *testing.T) {
	w := &world{T: t, url: pgtest.New(t)}
	w.db = w.open()
	const jobs = 300
	var mu sync.Mutex
	counts, done := map[int64]int{}, make(chan bool, jobs)
	var engines []*job.Engine
	var starting sync.WaitGroup
	for range 3 {
		starting.Go(func() {
			e, err := job.Open(w.Context(), job.Options{Store: w.open(), Logger: slog.New(slog.DiscardHandler), Works: true})
			if err != nil {
				w.Error(err)
				return
			}
			e.Handle(job.Ingest, func(_ context.Context, j *job.Job) error {
				mu.Lock()
				defer mu.Unlock()
				counts[j.ID]++
				done <- true
				return nil
			})
			mu.Lock()
			defer mu.Unlock()
			engines = append(engines, e)
		})
	}
	starting.Wait() // all three migrate at once
	for _, e := range engines {
		w.must(e.Start(w.Context()))
		defer func() { _ = e.Stop(context.Background()) }()
	}
	ids := make([]int64, jobs)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	w.enqueue(engines[0], job.Ingest, ids...)
	for range jobs {
		take(w, done)
	}
	mu.Lock()
	defer mu.Unlock()
	for id, n := range counts {
		if n != 1 {
			w.Errorf("job %d was done %d times", id, n)
		}
	}
}

// snapshotOf is a copy of the world's database, opened.
func snapshotOf(w *world) *store.DB {
	w.Helper()
	path := filepath.Join(w.TempDir(), "copy.db")
	w.must(w.db.Snapshot(w.Context(), path))
	copied, err := store.Open(w.Context(), "sqlite:"+path, store.Options{})
	w.must(err)
	w.Cleanup(func() { _ = copied.Close() })
	return copied
}

// Every server's database has the queue's tables beside the store's own.
func TestACopyOfADatabaseWithAQueueComesBackOnEitherEngineWithoutItsJobs(t *testing.T) {
	onBoth(t, func(w *world) {
		w.enqueue(w.engine(job.Options{}), job.Rotate, 1, 2)
		copied := snapshotOf(w)
		w.must(copied.MarkRestored(w.Context(), store.Restored{At: 2, Made: 1}))
		filled, err := store.Open(w.Context(), pgtest.New(t), store.Options{})
		w.must(err)
		w.Cleanup(func() { _ = filled.Close() })
		w.engine(job.Options{Store: filled}) // a queue may be there already
		w.must(filled.Fill(w.Context(), copied))
		for name, db := range map[string]*store.DB{"the file": copied, "the server": filled} {
			again := &world{T: w.T, db: db}
			if now := again.enqueue(again.engine(job.Options{}), job.Rotate, 1); !now[0].Fresh {
				w.Errorf("%s has a job of the old database", name)
			}
		}
	})
}

// Whoever tries again and again to start a server must not use up the database.
func TestAnEngineThatCannotOpenHoldsNoConnection(t *testing.T) {
	w := &world{T: t, url: pgtest.New(t)}
	w.db = w.open()
	query := func(text string, into ...any) {
		w.must(w.db.Change(t.Context(), func(tx *store.Tx) error {
			if len(into) == 0 {
				_, err := tx.SQL().ExecContext(t.Context(), text)
				return err
			}
			return tx.SQL().QueryRowContext(t.Context(), text).Scan(into...)
		}))
	}
	query(`CREATE TABLE river_migration (nothing BIGINT)`)
	const connections = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
	var before, after int
	query(connections, &before)
	if _, err := job.Open(t.Context(), job.Options{Store: w.db, Logger: slog.New(slog.DiscardHandler)}); err == nil {
		t.Fatal("it opens")
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); { // the server notices a close a moment later
		if query(connections, &after); after <= before {
			return
		}
	}
	t.Errorf("%d connections before, %d after", before, after)
}

func TestTheClassOfAFailureSaysWhetherItIsTriedAgain(t *testing.T) {
	for code, lasting := range map[weir.Code]bool{
		weir.CodeNotSent: false, weir.CodeTransient: false, weir.CodeThrottled: false, weir.CodeLocal: false, weir.CodeInternal: false,
		weir.CodeAuth: true, weir.CodeIntegrity: true, weir.CodeData: true, weir.CodeCapability: true, weir.CodeForbidden: true, weir.CodeConflict: true,
	} {
		if got := job.Lasting(&weir.Error{Code: code}); got != lasting {
			t.Errorf("%s: lasting %v", code, got)
		}
	}
	if job.Lasting(nil) {
		t.Error("nothing that failed is a lasting failure")
	}
	for attempt := range 40 {
		if p := job.Pause(attempt); p < 500*time.Millisecond || p > 5*time.Minute {
			t.Errorf("a pause of %s after attempt %d", p, attempt)
		}
	}
}
