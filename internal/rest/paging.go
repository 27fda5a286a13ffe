package rest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir"
)

// pageLimit ends a list that never does: no list of this kind is that long.
const pageLimit = 100_000

// turn is the next request of a step: where, with what in its query and in
// its macros.
type turn struct {
	at     string            // the whole address; empty for the step's own
	query  map[string]string // added to the address
	values map[string]string // macros
	number int64             // page or offset
	token  string            // last token, address or id
}

// turns is a step's way from page to page.
type turns struct {
	step *Step
	seen map[[8]byte]bool // tokens and pages that were there already
}

// eachPage goes through a step's pages, for each row of its lookup where it
// has one.
func (s *Source) eachPage(ctx context.Context, i int, sc scope, lane weir.Lane, f func(context.Context, answer) error) error {
	if step := &s.config.Steps[i]; step.Lookup != nil || step.Iteration == IterateLookup {
		return s.eachLookup(ctx, i, sc, lane, f)
	}
	return s.pages(ctx, i, sc, lane, f)
}

// pages goes from page to page. The iterations differ only in how the first
// turn looks and what the next one is.
func (s *Source) pages(ctx context.Context, i int, sc scope, lane weir.Lane, f func(context.Context, answer) error) error {
	step := &s.config.Steps[i]
	ts := turns{step, map[[8]byte]bool{}}
	t := ts.first()
	for n := 0; t != nil; n++ {
		if n == pageLimit {
			return endless("it is longer than any")
		}
		var err error
		if t, err = s.onePage(ctx, i, sc, lane, ts, t, f); err != nil {
			return err
		}
	}
	return nil
}

// onePage makes one turn and gives the next one.
func (s *Source) onePage(ctx context.Context, i int, sc scope, lane weir.Lane, ts turns, t *turn, f func(context.Context, answer) error) (*turn, error) {
	sc, err := sc.withAll(t.values).cursor(ts.step, t.token)
	if err != nil {
		return nil, err
	}
	a, err := s.fetch(ctx, i, sc, lane, t.at, t.query)
	if err != nil {
		return nil, err
	}
	next, err := ts.next(ctx, t, &a)
	if err != nil {
		return nil, err
	}
	return next, f(ctx, a)
}

// eachLookup goes through the pages for each row of a lookup, as many rows at
// once as the step allows. A step that only looks up has one page for each.
func (s *Source) eachLookup(parent context.Context, i int, sc scope, lane weir.Lane, f func(context.Context, answer) error) error {
	group, ctx := errgroup.WithContext(parent)
	group.SetLimit(max(s.config.Steps[i].Parallelism, 1))
	for _, row := range s.config.Steps[i].Lookup {
		if ctx.Err() != nil {
			break
		}
		here := sc.withAll(row)
		group.Go(func() error { return s.pages(ctx, i, here, lane, f) })
	}
	return cmp.Or(group.Wait(), parent.Err())
}

// first is a step's first turn.
func (ts turns) first() *turn {
	p, t := ts.step.Paging, &turn{query: map[string]string{}, values: map[string]string{}}
	if p.SizeParam != "" {
		t.query[p.SizeParam] = strconv.Itoa(p.Size)
	}
	switch ts.step.Iteration {
	case IteratePage, IterateGraphQLPage:
		return t.counted(ts.step, number(p.Start, 1))
	case IterateOffset:
		return t.counted(ts.step, number(p.Start, 0))
	case IterateIDNumber, IterateIDString:
		if p.Start != "" {
			t.query[p.Param], t.token = p.Start, p.Start
		}
	case IterateNextToken:
		if p.Start != "" {
			t.query[p.Param] = p.Start
		}
	case IterateGraphQL:
		t.values[p.Param], t.token = p.Start, p.Start
	}
	return t
}

// number reads a bound that check has seen.
func number(text string, otherwise int64) int64 {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return otherwise
}

// next is the turn after an answer, nil when the list has ended. It may take
// items out of the answer that the turn before already had.
func (ts turns) next(ctx context.Context, t *turn, a *answer) (*turn, error) {
	p := ts.step.Paging
	switch ts.step.Iteration {
	case IteratePage, IterateOffset, IterateGraphQLPage:
		return ts.count(t, a)
	case IterateNextToken, IterateGraphQL:
		token, ok := Field(a.Body, p.NextPath)
		return ts.byToken(t, a, token, ok && token != p.End)
	case IterateNextURL:
		link, ok := Field(a.Body, p.NextPath)
		return ts.byLink(a, link, ok && link != p.End)
	case IterateLinkHeader:
		link, ok := linkWith(a.Header.Values("Link"), p.LinkRel)
		return ts.byLink(a, link, ok)
	case IterateIDNumber, IterateIDString:
		return ts.byID(t, a)
	case IterateAsyncPoll:
		return ts.polled(ctx, t, a)
	}
	return nil, nil
}

// count moves a page's number or an offset on. Without a page size only an
// empty page is the end, so a server that ignores the parameter would answer
// for ever: a page that is the same as an earlier one is refused.
func (ts turns) count(t *turn, a *answer) (*turn, error) {
	p, n := ts.step.Paging, len(a.items)
	if n == 0 || p.Size > 0 && n < p.Size {
		return nil, nil
	}
	all := sha256.New()
	for _, item := range a.items {
		all.Write(item)
	}
	if ts.again(all.Sum(nil)) {
		return nil, endless("a page came twice, so the server does not heed " + p.Param)
	}
	next := t.number + 1
	if ts.step.Iteration == IterateOffset {
		next = t.number + int64(n)
	}
	if p.End != "" && next > number(p.End, 0) {
		return nil, nil
	}
	return t.counted(ts.step, next), nil
}

// again reports whether something was there before, and remembers it.
func (ts turns) again(sum []byte) bool {
	key := [8]byte(sum)
	before := ts.seen[key]
	ts.seen[key] = true
	return before
}

func endless(what string) error {
	return &weir.Error{Code: weir.CodeCapability, Where: "paging", Message: "the list would never end: " + what, Remedy: "Check the paging's parameters"}
}

// counted is the turn with its number at a new value.
func (t turn) counted(step *Step, n int64) *turn {
	t.number = n
	return t.moved(step, strconv.FormatInt(n, 10))
}

// moved is the turn with the moving parameter at a new value.
func (t turn) moved(step *Step, value string) *turn {
	into := &t.query
	if step.Iteration == IterateGraphQLPage || step.Iteration == IterateGraphQL {
		into = &t.values
	}
	changed := map[string]string{step.Paging.Param: value}
	for k, v := range *into {
		if k != step.Paging.Param {
			changed[k] = v
		}
	}
	*into = changed
	return &t
}

// pollLimit is how often a job is asked for.
const pollLimit = 100

// polled waits a little longer each time until the job is done.
func (ts turns) polled(ctx context.Context, t *turn, a *answer) (*turn, error) {
	p := ts.step.Paging
	if now, _ := Field(a.Body, p.PollPath); now == p.PollValue {
		return nil, nil
	}
	if t.number == pollLimit {
		return nil, &weir.Error{Code: weir.CodeTransient, Where: "paging", Message: "the job is not done after a long time", Remedy: "Run again later; everything up to here is kept"}
	}
	pause := time.NewTimer(min(time.Duration(t.number+1)*time.Second, 30*time.Second))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	next := *t
	next.number++
	return &next, nil
}
