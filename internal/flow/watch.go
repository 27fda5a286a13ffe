package flow

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// watch tells who wants to know that runs have changed, wherever they run.
type watch struct {
	mu   sync.Mutex
	next int
	all  map[int]*watcher
}

// watcher is woken when a run of its organization has changed.
type watcher struct {
	org     int64
	changed chan struct{} // capacity 1
	mu      sync.Mutex
	sources map[int64]bool // that have changed since it was asked
	all     bool           // something was not heard
}

func newWatch() *watch { return &watch{all: map[int]*watcher{}} }

// hear takes a word that the store announced: "run ORG SOURCE ID".
func (w *watch) hear(word string) {
	fields := strings.Fields(word)
	if len(fields) < 3 || fields[0] != "run" {
		return
	}
	org, _ := strconv.ParseInt(fields[1], 10, 64)
	source, _ := strconv.ParseInt(fields[2], 10, 64)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.all {
		if one.org == org {
			one.wake(source, false)
		}
	}
}

// lost wakes everybody: something may have been said that nobody heard.
func (w *watch) lost() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.all {
		one.wake(0, true)
	}
}

func (w *watcher) wake(source int64, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sources[source], w.all = true, w.all || all
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// take gives what has changed, and begins anew.
func (w *watcher) take() (sources map[int64]bool, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sources, all = w.sources, w.all
	w.sources, w.all = map[int64]bool{}, false
	return sources, all
}

// Listen hears what the database announces until ctx ends.
func (r *Runner) Listen(ctx context.Context) {
	r.flows.Store.Listen(ctx, r.watch.hear, r.watch.lost)
}

// unheard is how often a watcher looks though it has heard nothing.
const unheard = 5 * time.Second

// Watch calls changed once, and again whenever runs of the organization may
// have changed, with the sources whose runs they are; nil for any. It returns
// when ctx ends, or with changed's error.
func (r *Runner) Watch(ctx context.Context, org int64, changed func(sources map[int64]bool) error) error {
	one := &watcher{org: org, changed: make(chan struct{}, 1), sources: map[int64]bool{}}
	r.watch.mu.Lock()
	id := r.watch.next
	r.watch.next++
	r.watch.all[id] = one
	r.watch.mu.Unlock()
	defer func() {
		r.watch.mu.Lock()
		defer r.watch.mu.Unlock()
		delete(r.watch.all, id)
	}()
	look := time.NewTicker(unheard)
	defer look.Stop()
	if err := changed(nil); err != nil {
		return err
	}
	for {
		var sources map[int64]bool
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.closing:
			return context.Canceled
		case <-look.C:
		case <-one.changed:
			var all bool
			if sources, all = one.take(); all {
				sources = nil
			}
		}
		if err := changed(sources); err != nil {
			return err
		}
	}
}

// until watches until is says that what is waited for has come.
func (r *Runner) until(ctx context.Context, org int64, is func() (bool, error)) error {
	seen := errors.New("seen")
	err := r.Watch(ctx, org, func(map[int64]bool) error {
		done, err := is()
		if err == nil && done {
			err = seen
		}
		return err
	})
	if errors.Is(err, seen) {
		err = nil
	}
	return err
}

// Wait waits until a run is over and gives it.
func (r *Runner) Wait(ctx context.Context, org int64, id weir.RunID) (run *Run, err error) {
	err = r.until(ctx, org, func() (bool, error) {
		run, err = r.flows.Run(ctx, org, string(id))
		return err == nil && !run.Open(), err
	})
	return run, err
}

// Settle waits until no run of a source is open.
func (r *Runner) Settle(ctx context.Context, src *Source) error {
	return r.until(ctx, src.Org, func() (bool, error) {
		runs, err := r.flows.Runs(ctx, src, 10)
		return !slices.ContainsFunc(runs, func(run Run) bool { return run.Open() }), err
	})
}
