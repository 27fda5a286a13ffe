package flow_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/store"
)

// Ten thousand sources, each read every 15 minutes, on one node: what it costs
// to begin them on time, and how late they begin. What a run does is none of
// it: the runs are over at once.
func BenchmarkTenThousandSchedules(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { schedules(b, "sqlite:"+filepath.Join(b.TempDir(), "weir.db")) })
	b.Run("postgres", func(b *testing.B) { schedules(b, pgtest.New(b)) })
}

func schedules(b *testing.B, url string) {
	const sources, during, interval = 10_000, 30 * time.Second, 15 * time.Minute
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	db, err := store.Open(b.Context(), url, store.Options{})
	must(err)
	defer func() { _ = db.Close() }()
	quiet := slog.New(slog.DiscardHandler)
	engine, err := job.Open(b.Context(), job.Options{Store: db, Logger: quiet, Works: true})
	must(err)
	flows := flow.New(flow.Options{Store: db, Logger: quiet, Now: time.Now})
	runner := flow.NewRunner(flows, engine)
	var mu sync.Mutex
	var late []time.Duration
	var first time.Time // when the first of them is due
	engine.Handle(job.Ingest, func(ctx context.Context, j *job.Job) error {
		now := time.Now()
		mu.Lock()
		late = append(late, now.Sub(first.Add(time.Duration(j.ID-1)*interval/sources)))
		mu.Unlock()
		return db.Change(ctx, func(tx *store.Tx) error {
			run, err := tx.OpenRun(ctx, j.ID)
			if err != nil {
				return err
			}
			if err := tx.EndReading(ctx, store.Reading{RunEnd: store.RunEnd{ID: run, At: now.UnixMicro(), Status: "succeeded"}, Org: 1, Flow: j.ID}); err != nil {
				return err
			}
			return j.Complete(ctx, tx)
		})
	})
	engine.Handle(job.Upkeep, func(context.Context, *job.Job) error { return nil })
	must(engine.Start(b.Context()))
	before, began := cpu(), time.Now()
	time.Sleep(during / 3)
	idle := float64(cpu()-before) / float64(time.Since(began))
	b.ResetTimer()
	first = time.Now().Add(5 * time.Second)
	for from := 0; from < sources; from += 1000 {
		must(db.Change(b.Context(), func(tx *store.Tx) error {
			for i := from; i < from+1000; i++ {
				next := first.Add(time.Duration(i) * interval / sources).UnixMicro()
				if err := tx.PutSchedule(b.Context(), store.Schedule{Source: int64(i + 1), Org: 1, Credential: 1, Expression: "0 0/15 * * * ? *", Active: true, Next: next, Due: next}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	time.Sleep(time.Until(first))
	before, began = cpu(), time.Now()
	runner.Begin(true)
	time.Sleep(during)
	used, took := float64(cpu()-before), time.Since(began)
	runner.Close()
	must(engine.Stop(context.Background()))
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(late)
	b.ReportMetric(100*idle, "%core-idle")
	b.ReportMetric(100*used/float64(took), "%core")
	b.ReportMetric(float64(len(late))/took.Seconds(), "starts/s")
	b.ReportMetric(late[len(late)/2].Seconds(), "p50-late-s")
	b.ReportMetric(late[len(late)*99/100].Seconds(), "p99-late-s")
}

// BenchmarkTick measures what it takes to find sources that are due and to
// enqueue them: 11 a second are ten thousand that are read every 15 minutes.
func BenchmarkTick(b *testing.B) {
	for name, newURL := range jobtest.Fresh.Engines() {
		b.Run(name, func(b *testing.B) { tick(b, newURL(b)) })
	}
}

func tick(b *testing.B, url string) {
	const sources = 2_000
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	db, err := store.Open(b.Context(), url, store.Options{})
	must(err)
	defer func() { _ = db.Close() }()
	quiet := slog.New(slog.DiscardHandler)
	engine, err := job.Open(b.Context(), job.Options{Store: db, Logger: quiet}) // which does none of the jobs
	must(err)
	now := time.Now()
	runner := flow.NewRunner(flow.New(flow.Options{Store: db, Logger: quiet, Now: func() time.Time { return now }}), engine)
	must(db.Change(b.Context(), func(tx *store.Tx) error {
		for i := range sources {
			due := now.Add(time.Duration(i) * time.Second / 11).UnixMicro()
			if err := tx.PutSchedule(b.Context(), store.Schedule{Source: int64(i + 1), Org: 1, Credential: 1, Expression: "0 0/15 * * * ? *", Active: true, Next: due, Due: due}); err != nil {
				return err
			}
		}
		return nil
	}))
	began, due, looks := cpu(), 0, 0
	for b.Loop() {
		if now = now.Add(250 * time.Millisecond); due >= sources {
			b.Fatal("all were due; run it for less long")
		}
		n, err := runner.Tick(b.Context())
		must(err)
		due, looks = due+n, looks+1
	}
	used := cpu() - began
	b.ReportMetric(float64(due)/float64(looks)*4, "starts/s")
	b.ReportMetric(100*used.Seconds()/(float64(looks)/4), "%core")
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
