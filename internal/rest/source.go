package rest

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir"
)

// Mode is how much a Read reads.
type Mode int

// The modes. Configurations that cannot tell what changed always sweep.
const (
	ModeSweep       Mode = iota // everything
	ModeIncremental             // what changed since the checkpoint
)

// Seed is the values that one record of another dataset lends to a
// configuration: {seed.NAME} in its templates.
type Seed map[string]string

// ReadRequest says what to read.
type ReadRequest struct {
	Mode       Mode
	Lane       weir.Lane
	Checkpoint weir.Checkpoint            // where the last Read stopped; nil for the beginning
	Since      time.Time                  // a sweep's lower bound; zero for none
	Seeds      iter.Seq2[Seed, error]     // nil when the configuration needs none
	OnSkip     func(seed Seed, err error) // a seed that may not be read; nil fails instead; one call at a time
}

// Emit takes one page. A page counts as read only when it returned nil.
// It is never called by two goroutines at once.
type Emit = func(context.Context, weir.Page) error

// concurrentSeeds is how many seeds' lists are read at once: they do not
// depend on each other. The budget, not this number, limits the requests.
const concurrentSeeds = 4

// Source reads one dataset as its Config says.
type Source struct {
	config Config
	ex     Exchanger
	paths  []dataPath // of each step
	now    func() time.Time
}

// NewSource checks a configuration. What is wrong with it is CodeConfig, with
// the step and the remedy.
func NewSource(c Config, ex Exchanger) (*Source, error) {
	s := &Source{config: c, ex: ex, now: time.Now}
	if err := c.check(); err != nil {
		return nil, err
	}
	for _, step := range c.Steps {
		path, err := parsePath(step.DataPath)
		if err != nil {
			return nil, weir.At("step "+step.Key, err)
		}
		s.paths = append(s.paths, path)
	}
	return s, nil
}

// last is the step whose records are the dataset's.
func (s *Source) last() *Step { return &s.config.Steps[len(s.config.Steps)-1] }

// Read reads to the end and emits every page; the last one says Complete when
// every record was shown. The next page is read while one is emitted. After
// an error, a Read with the checkpoint of the last page that was emitted goes
// on from there.
func (s *Source) Read(ctx context.Context, r ReadRequest, emit Emit) error {
	read := s.readPages
	if s.last().Iteration == IterateKeyset {
		read = s.readKeyset
	}
	return ahead(ctx, func(ctx context.Context, emit Emit) error { return read(ctx, r, emit) }, emit)
}

// readPages reads with any iteration but the keyset walk.
func (s *Source) readPages(ctx context.Context, r ReadRequest, emit Emit) error {
	whole, err := s.eachSeed(ctx, r, func(ctx context.Context, seed Seed) error {
		return s.runStep(ctx, 0, s.scope(seed), r.Lane, seed, emit)
	})
	if err != nil {
		return err
	}
	return emit(ctx, weir.Page{Checkpoint: weir.Checkpoint(`{"v":1}`), Complete: whole})
}

// eachSeed runs f for every seed, a few at a time, or once without one. Seeds
// that may not be read are skipped when somebody wants to know; whole says
// that none was.
func (s *Source) eachSeed(ctx context.Context, r ReadRequest, f func(context.Context, Seed) error) (whole bool, err error) {
	if r.Seeds == nil {
		return true, f(ctx, nil)
	}
	whole = true
	var m sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrentSeeds)
	for seed, err := range r.Seeds {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			group.Go(func() error { return err })
			break
		}
		group.Go(func() error {
			err := f(ctx, seed)
			if code := weir.CodeOf(err); err == nil || r.OnSkip == nil || code != weir.CodeForbidden && code != weir.CodeNotFound {
				return err
			}
			m.Lock()
			defer m.Unlock()
			r.OnSkip(seed, err)
			whole = false
			return nil
		})
	}
	err = group.Wait()
	return whole, err
}

// scope is what a seed's templates can name.
func (s *Source) scope(seed Seed) scope {
	values := make(map[string]string, len(seed))
	for name, value := range seed {
		values["seed."+name] = value
	}
	return scope{now: s.now(), values: values, chain: map[string]jsontext.Value{}}
}

// Absent asks whether a record is gone: a single read of it, at a path with
// {key} in it, answers 404. Any other failure is returned.
func (s *Source) Absent(ctx context.Context, path, key string) (bool, error) {
	at, err := (scope{values: map[string]string{"key": key}}).expand(path, inURL)
	if err != nil {
		return false, err
	}
	_, err = s.ex.Exchange(ctx, Request{Method: "GET", URL: s.config.BaseURL + at, Headers: s.last().Headers, Lane: weir.LaneSweep})
	if weir.CodeOf(err) == weir.CodeNotFound {
		return true, nil
	}
	return false, err
}
