package rest

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/weirhq/weir"
)

// rows is a checked page: every record within its window, in order.
type rows struct {
	n           int // as the server gave them, rejects included
	records     []weir.Record
	values      []time.Time // of the sort field, as many as records
	rejects     []weir.Reject
	first, last time.Time
}

// asked is a page of [from, to] that was asked for, both inclusive; a zero
// bound is none.
type asked struct {
	from, to time.Time
	here     chan struct{} // closed when what follows is set
	answer   answer
	err      error
}

// ask begins to fetch a page.
func (k *keyset) ask(ctx context.Context, from, to time.Time, skip int) *asked {
	ks := k.last().Keyset
	query := map[string]string{ks.SizeParam: strconv.Itoa(ks.Size), k.over.Sort: k.over.Ascending}
	if !from.IsZero() {
		query[k.over.After] = stamp(from)
	}
	if !to.IsZero() {
		query[k.over.Before] = stamp(to)
	}
	maps.Copy(query, k.pin)
	if skip > 0 {
		query[ks.SkipParam] = strconv.Itoa(skip)
	}
	sc := k.scope(k.seed)
	sc.step = k.last()
	p := &asked{from: from, to: to, here: make(chan struct{})}
	go func() {
		defer close(p.here)
		p.answer, p.err = k.fetch(ctx, len(k.config.Steps)-1, sc, k.request.Lane, "", query)
	}()
	return p
}

// errUnruly marks a page that is not what was asked for.
var errUnruly = errors.New("rest: a page that breaks the rules")

// unrulyTries is how often such a page is asked for. The server looks up ids
// first and records after (read in its source): one that changes in between
// stands out of order once, a filter that is ignored is ignored each time.
const unrulyTries = 3

// nextPage gives the page at the anchor, and asks for the one that will come
// after it before its records are decoded: most of the time it is the right
// one.
func (k *keyset) nextPage(ctx context.Context) (*rows, error) {
	p := k.ahead
	if p == nil || !p.from.Equal(k.under.Anchor) {
		p = k.ask(ctx, k.under.Anchor, k.bound(), 0)
	}
	k.ahead = nil
	<-p.here
	if p.err != nil {
		return nil, p.err
	}
	k.setBound(p.answer)
	if at, ok := k.lastValue(p.answer); ok && !at.Equal(p.from) {
		k.ahead = k.ask(ctx, at, k.bound(), 0)
	}
	rows, err := k.rows(p)
	if errors.Is(err, errUnruly) {
		return k.retry(ctx, p.from, p.to, 0)
	}
	return rows, err
}

// retry asks for a page again that broke the rules.
func (k *keyset) retry(ctx context.Context, from, to time.Time, skip int) (rows *rows, err error) {
	for range unrulyTries - 1 {
		if rows, err = k.askAndRead(ctx, from, to, skip); !errors.Is(err, errUnruly) {
			break
		}
	}
	return rows, err
}

// lastValue is the walk's value in the last record of a full page.
func (k *keyset) lastValue(a answer) (time.Time, bool) {
	if len(a.items) == 0 || len(a.items) < k.last().Keyset.Size {
		return time.Time{}, false
	}
	first, _ := Field(a.items[0], k.over.Field)
	last, _ := Field(a.items[len(a.items)-1], k.over.Field)
	at, err := time.Parse(time.RFC3339Nano, last)
	return at, err == nil && first != last
}

// setBound makes the first answer's time the bound of a window without one.
func (k *keyset) setBound(a answer) {
	if at, err := http.ParseTime(a.Header.Get("Date")); err == nil && k.under.To.IsZero() {
		k.under.To = at.Add(-clockMargin)
	}
}

// fetchWindow reads one page beside the walk.
func (k *keyset) fetchWindow(ctx context.Context, from, to time.Time, skip int) (*rows, error) {
	rows, err := k.askAndRead(ctx, from, to, skip)
	if errors.Is(err, errUnruly) {
		return k.retry(ctx, from, to, skip)
	}
	return rows, err
}

func (k *keyset) askAndRead(ctx context.Context, from, to time.Time, skip int) (*rows, error) {
	p := k.ask(ctx, from, to, skip)
	<-p.here
	if p.err != nil {
		return nil, p.err
	}
	return k.rows(p)
}

// rows decodes and checks a page that is here.
func (k *keyset) rows(p *asked) (*rows, error) {
	page, err := k.page(k.scope(k.seed), k.seed, p.answer)
	if err != nil {
		return nil, err
	}
	rows := &rows{n: len(p.answer.items), rejects: page.Rejects}
	return rows, k.check(rows, page.Records, p.from.Truncate(tick), p.to)
}

// check refuses a page that is not what was asked for, before anything of it
// is taken: a server or proxy that ignores a filter or an order would
// otherwise make records disappear.
func (k *keyset) check(rows *rows, records []weir.Record, from, to time.Time) error {
	wrong := func(what string) error {
		return &weir.Error{Code: weir.CodeCapability, Where: "answer", Message: "the server " + what + " (" + k.over.Field + ")", Remedy: "This server's API differs from what the connector was made for; nothing of the page was taken", Err: errUnruly}
	}
	for _, r := range records {
		text, ok := Field(r.Data, k.over.Field)
		at, err := time.Parse(time.RFC3339Nano, text)
		if !ok || err != nil {
			rows.rejects = append(rows.rejects, weir.Reject{Stage: "decode", Reason: "its " + k.over.Field + " is not a time", Key: r.Key, Original: r.Data})
			continue
		}
		switch {
		case !from.IsZero() && at.Before(from), !to.IsZero() && at.After(to.Truncate(tick).Add(tick)):
			return wrong("gives records outside of the window that was asked for")
		case at.Before(rows.last):
			return wrong("does not keep the order that was asked for")
		}
		if rows.first.IsZero() {
			rows.first = at
		}
		rows.last = at
		rows.records, rows.values = append(rows.records, r), append(rows.values, at)
	}
	return nil
}

// stamp writes a time as the API's filters take it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
