package rest

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir"
)

// pageLimit ends a list that never does: no list of this kind is that long.
const pageLimit = 100_000

// turn is the next request of a step: where, with what in its query and in
// its macros.
type turn struct {
	at     string // the whole address; empty for the step's own
	query  map[string]string
	values map[string]string // macros
	number int               // page, offset or last id
	token  string
}

// eachPage goes through a step's pages. The iterations differ only in how the
// first turn looks and what the next one is.
func (s *Source) eachPage(ctx context.Context, i int, sc scope, lane weir.Lane, f func(context.Context, answer) error) error {
	step := &s.config.Steps[i]
	if step.Iteration == IterateLookup {
		return s.eachLookup(ctx, i, sc, lane, f)
	}
	t, err := first(step)
	if err != nil {
		return err
	}
	for n := 0; t != nil; n++ {
		if n == pageLimit {
			return &weir.Error{Code: weir.CodeCapability, Where: "paging", Message: "the list does not end", Remedy: "Check the paging's parameters"}
		}
		here := sc
		for name, value := range t.values {
			here = here.with(name, value)
		}
		a, err := s.fetch(ctx, i, here, lane, t.at, t.query)
		if err != nil {
			return err
		}
		next, err := s.next(ctx, step, t, &a)
		if err != nil {
			return err
		}
		if err := f(ctx, a); err != nil {
			return err
		}
		t = next
	}
	return nil
}

// eachLookup makes one request for each row of a lookup, Parallelism at once.
func (s *Source) eachLookup(ctx context.Context, i int, sc scope, lane weir.Lane, f func(context.Context, answer) error) error {
	step := &s.config.Steps[i]
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(step.Parallelism, 1))
	for _, row := range step.Lookup {
		here := sc
		for column, value := range row {
			here = here.with(column, value)
		}
		group.Go(func() error {
			a, err := s.fetch(ctx, i, here, lane, "", nil)
			if err != nil {
				return err
			}
			return f(ctx, a)
		})
	}
	return group.Wait()
}

// first is a step's first turn.
func first(step *Step) (*turn, error) {
	p, t := step.Paging, &turn{query: map[string]string{}, values: map[string]string{}}
	start := func(otherwise int) error {
		t.number = otherwise
		if p.Start == "" {
			return nil
		}
		var err error
		if t.number, err = strconv.Atoi(p.Start); err != nil {
			return &weir.Error{Code: weir.CodeConfig, Where: "paging.start", Message: "it is not a number"}
		}
		return nil
	}
	var err error
	switch step.Iteration {
	case IteratePage:
		err = start(1)
		t.query[p.Param] = strconv.Itoa(t.number)
	case IterateOffset:
		err = start(0)
		t.query[p.Param] = strconv.Itoa(t.number)
	case IterateGraphQLPage:
		err = start(1)
		t.values[p.Param] = strconv.Itoa(t.number)
	case IterateIDNumber, IterateIDString:
		if p.Start != "" {
			t.query[p.Param], t.token = p.Start, p.Start
		}
	case IterateGraphQL:
		t.values[p.Param] = p.Start
	}
	if p.SizeParam != "" {
		t.query[p.SizeParam] = strconv.Itoa(p.Size)
	}
	return t, err
}

// next is the turn after an answer, nil when the list has ended. It may take
// items out of the answer that the turn before already had.
func (s *Source) next(ctx context.Context, step *Step, t *turn, a *answer) (*turn, error) {
	p, n := step.Paging, len(a.items)
	switch step.Iteration {
	case IteratePage, IterateOffset, IterateGraphQLPage:
		return counted(step, t, n)
	case IterateNextToken, IterateGraphQL:
		token, ok := Field(a.Body, p.NextPath)
		return byToken(step, t, token, ok && token != p.End)
	case IterateNextURL:
		link, ok := Field(a.Body, p.NextPath)
		return byLink(t, a, link, ok && link != p.End)
	case IterateLinkHeader:
		link, ok := linkWith(a.Header.Values("Link"), p.LinkRel)
		return byLink(t, a, link, ok)
	case IterateIDNumber, IterateIDString:
		return byID(step, t, a)
	case IterateAsyncPoll:
		return polled(ctx, step, t, a)
	}
	return nil, nil
}

// counted moves a page's number or an offset on. Without a page size only an
// empty page is the end.
func counted(step *Step, t *turn, n int) (*turn, error) {
	p := step.Paging
	if n == 0 || p.Size > 0 && n < p.Size {
		return nil, nil
	}
	next := *t
	if step.Iteration == IterateOffset {
		next.number += n
	} else {
		next.number++
	}
	if p.End != "" {
		end, err := strconv.Atoi(p.End)
		if err != nil {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: "paging.end", Message: "it is not a number"}
		}
		if next.number > end {
			return nil, nil
		}
	}
	return next.moved(step, strconv.Itoa(next.number)), nil
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

// byToken follows a token; one that stays the same would never end.
func byToken(step *Step, t *turn, token string, more bool) (*turn, error) {
	if !more || token == "" {
		return nil, nil
	}
	if token == t.token {
		return nil, stuck("token")
	}
	next := t.moved(step, token)
	next.token = token
	return next, nil
}

// byLink follows an address, which may be relative to the one before. The
// client refuses one that leads to another host.
func byLink(t *turn, a *answer, link string, more bool) (*turn, error) {
	if !more || link == "" {
		return nil, nil
	}
	if link == t.token {
		return nil, stuck("address")
	}
	base, err := url.Parse(a.URL)
	if err != nil {
		return nil, stuck("address")
	}
	target, err := base.Parse(link)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeCapability, Where: "paging", Message: "the next address is none"}
	}
	return &turn{at: target.String(), token: link}, nil
}

func stuck(what string) error {
	return &weir.Error{Code: weir.CodeCapability, Where: "paging", Message: "the next " + what + " is the one before: the list would never end"}
}

// linkWith finds the address with a relation among Link headers (RFC 8288).
func linkWith(headers []string, rel string) (string, bool) {
	if rel == "" {
		rel = "next"
	}
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			target, params, ok := strings.Cut(strings.TrimSpace(part), ">")
			if !ok || !strings.HasPrefix(target, "<") {
				continue
			}
			for param := range strings.SplitSeq(params, ";") {
				name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
				if strings.EqualFold(name, "rel") && strings.EqualFold(strings.Trim(value, `"`), rel) {
					return target[1:], true
				}
			}
		}
	}
	return "", false
}

// byID goes on after the last id. When the parameter includes the id itself,
// the record that is already known is taken out.
func byID(step *Step, t *turn, a *answer) (*turn, error) {
	p := step.Paging
	if p.Inclusive && t.token != "" && len(a.items) > 0 {
		if id, _ := Field(a.items[0], p.IDField); id == t.token {
			a.items = a.items[1:]
		}
	}
	if len(a.items) == 0 {
		return nil, nil
	}
	id, ok := Field(a.items[len(a.items)-1], p.IDField)
	switch {
	case !ok:
		return nil, &weir.Error{Code: weir.CodeCapability, Where: "paging", Message: "the last record has no " + p.IDField}
	case id == t.token:
		return nil, stuck("id")
	case p.End != "" && id == p.End:
		return nil, nil
	}
	next := t.moved(step, id)
	next.token = id
	return next, nil
}

// pollLimit is how often a job is asked for.
const pollLimit = 100

// polled waits a little longer each time until the job is done.
func polled(ctx context.Context, step *Step, t *turn, a *answer) (*turn, error) {
	if state, _ := Field(a.Body, step.Paging.PollPath); state == step.Paging.PollValue {
		return nil, nil
	}
	if t.number == pollLimit {
		return nil, &weir.Error{Code: weir.CodeTransient, Where: "paging", Message: "the job is not done after a long time"}
	}
	wait := time.NewTimer(min(time.Duration(t.number+1)*time.Second, 30*time.Second))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	next := *t
	next.number++
	return &next, nil
}
