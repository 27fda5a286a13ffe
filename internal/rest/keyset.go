package rest

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/weirhq/weir"
)

// lookback is how far an increment reaches back before what is known, where
// the configuration does not say; leastLookback what it may say, in seconds. A
// change's time is stamped by an application server before it is committed,
// and read from a replica that lags: both are seconds; ten minutes cost one
// page. Measured: without it 23 of 1,000 simulated histories lost a row, with
// two minutes none.
const (
	lookback      = 10 * time.Minute
	leastLookback = 120
)

// clockMargin is what is taken off a server's Date: it has whole seconds.
const clockMargin = time.Second

// tick is the resolution of the API's times.
const tick = time.Millisecond

// readKeyset walks the list once for every seed.
func (s *Source) readKeyset(ctx context.Context, r ReadRequest, emit Emit) error {
	k := &keyset{Source: s, request: r, emit: emit}
	var err error
	if k.checkpoint, err = readCheckpoint(r.Checkpoint, k.sweeping()); err != nil {
		return err
	}
	whole, err := s.eachSeed(ctx, r, func(seed Seed) error { return k.walk(ctx, seed) })
	if err != nil {
		return err
	}
	for _, w := range k.checkpoint.Walks {
		w.end(s.now())
	}
	saved, err := k.checkpoint.save()
	if err != nil {
		return err
	}
	return emit(ctx, weir.Page{Checkpoint: saved, Complete: whole && k.sweeping() && r.Since.IsZero()})
}

// keyset is one Read under way.
type keyset struct {
	*Source
	request    ReadRequest
	checkpoint *checkpoint
	emit       Emit

	// Of the walk under way:
	seed  Seed
	under *window
	over  Walk
	seen  map[string]weir.Hash // records at the anchor that were already emitted
	pin   map[string]string    // bounds that hold beside the window's, while a tied value is read
}

func (k *keyset) lookback() time.Duration {
	if s := k.last().Keyset.LookbackSeconds; s != 0 {
		return time.Duration(s) * time.Second
	}
	return lookback
}

func (k *keyset) sweeping() bool {
	return k.request.Mode == ModeSweep || k.last().Keyset.Incremental.Field == ""
}

// begin finds the window to read: the one left unfinished, or a new one.
func (k *keyset) begin(seed Seed) {
	w := k.checkpoint.Walks[seed.name()]
	if w == nil {
		w = &walk{}
		k.checkpoint.Walks[seed.name()] = w
	}
	k.seed, k.seen, k.over = seed, map[string]weir.Hash{}, k.last().Keyset.Incremental
	if k.sweeping() {
		k.over = k.last().Keyset.Sweep
	}
	if w.Under == nil || w.Under.Sweep != k.sweeping() || k.sweeping() && !w.Under.From.Equal(k.request.Since) {
		w.Under = &window{Sweep: k.sweeping(), From: k.request.Since, Anchor: k.request.Since}
		if !k.sweeping() && !w.Until.IsZero() {
			w.Under.Anchor = w.Until.Add(-k.lookback())
		}
	}
	k.under = w.Under
}

// end closes a window that was read to its end.
// Without the server's time the newest value shown stands in for it; one that
// lies in the future, even by the local clock, would hide what comes before it.
func (w *walk) end(local time.Time) {
	if w.Under == nil || !w.Under.Ended {
		return
	}
	if until := w.Under.To; !until.IsZero() {
		w.Until = until
	} else if newest := w.Under.Newest; newest.After(w.Until) && newest.Before(local) {
		w.Until = newest
	}
	w.Under = nil
}

// walk reads a window to its end. Each request is anchored on the last value
// seen, inclusive, so nothing that moves or ties can slip between two pages;
// what the anchor shows again is dropped. Only a page that brings nothing new
// is the end: a short one may be short because the server left out records
// that vanished while it was answering.
func (k *keyset) walk(ctx context.Context, seed Seed) error {
	k.begin(seed)
	size := k.last().Keyset.Size
	for !k.under.Ended {
		rows, err := k.fetchWindow(ctx, k.under.Anchor, k.bound(), 0)
		if err != nil {
			return err
		}
		fresh, news := k.fresh(rows)
		hides := false
		if !news && rows.n < size {
			if hides, err = k.hidesMore(ctx, rows); err != nil {
				return err
			}
		}
		if rows.n == 0 || !news && rows.n < size && !hides {
			k.under.Ended = true
			return k.commit(ctx, fresh, rows.rejects)
		}
		if len(rows.records) == 0 {
			return &weir.Error{Code: weir.CodeCapability, Where: "answer", Message: "no record of a whole page could be read (" + rows.rejects[0].Reason + ")"}
		}
		if hides || rows.n == size && rows.first.Equal(rows.last) {
			fresh, err = k.drain(ctx, rows, fresh)
			if err != nil {
				return err
			}
			k.moveTo(rows.last.Truncate(tick).Add(tick), nil)
		} else {
			k.moveTo(rows.last, rows)
		}
		if err := k.commit(ctx, fresh, rows.rejects); err != nil {
			return err
		}
	}
	return nil
}

// bound is the window's upper bound. A sweep has none: what is created while
// it goes on is shown at its end, so that nothing which is known by then
// looks missing.
func (k *keyset) bound() time.Time {
	if k.under.Sweep {
		return time.Time{}
	}
	return k.under.To
}

// moveTo moves the anchor and remembers which records stand on it.
func (k *keyset) moveTo(at time.Time, rows *rows) {
	if !at.Equal(k.under.Anchor) {
		k.seen = map[string]weir.Hash{}
	}
	k.under.Anchor = at
	if at.After(k.under.Newest) {
		k.under.Newest = at
	}
	if rows == nil {
		return
	}
	// The server compares what it stores with the anchor as it is sent.
	sent := at.Truncate(tick)
	for i, r := range rows.records {
		if !rows.values[i].Before(sent) {
			k.seen[r.Key] = r.Hash
		}
	}
}

// fresh drops what the walk has already emitted. News says that something is
// not merely an old record in a new state: one that differs at every look
// must not keep the walk from ending.
func (k *keyset) fresh(rows *rows) (out []weir.Record, news bool) {
	for _, r := range rows.records {
		hash, known := k.seen[r.Key]
		if !known || hash != r.Hash {
			out = append(out, r)
		}
		news = news || !known
	}
	return out, news
}

// drain reads a value that more records share than fit a page: in an
// increment, where one statement can move thousands of records at one time,
// by a walk over the sweep's column within that value; else by passes.
func (k *keyset) drain(ctx context.Context, page *rows, fresh []weir.Record) ([]weir.Record, error) {
	known := &tied{known: map[string]weir.Hash{}, fresh: fresh}
	for key, hash := range k.seen {
		known.known[key] = hash
	}
	for _, r := range page.records {
		known.known[r.Key] = r.Hash
	}
	if k.under.Sweep {
		err := k.passes(ctx, page.last, known)
		return known.fresh, err
	}
	over, at := k.over, stamp(page.last)
	k.over, k.pin = k.last().Keyset.Sweep, map[string]string{over.After: at, over.Before: at}
	defer func() { k.over, k.pin = over, nil }()
	err := k.pinned(ctx, known)
	return known.fresh, err
}

// tied is what is known of the records that share one value.
type tied struct {
	known map[string]weir.Hash
	fresh []weir.Record
}

// add takes the records that are not known as they are, and says how many
// were not known at all.
func (t *tied) add(records []weir.Record) (news int) {
	for _, r := range records {
		if hash, ok := t.known[r.Key]; !ok || hash != r.Hash {
			t.known[r.Key] = r.Hash
			t.fresh = append(t.fresh, r)
			if !ok {
				news++
			}
		}
	}
	return news
}

// pinned walks over the sweep's column. Records move out of the pinned value
// when they change, and come back in a later window; none moves within.
func (k *keyset) pinned(ctx context.Context, known *tied) error {
	var anchor, before time.Time
	for {
		rows, err := k.fetchWindow(ctx, anchor, time.Time{}, 0)
		if err != nil || rows.n == 0 {
			return err
		}
		known.add(rows.records)
		switch {
		case rows.n == k.last().Keyset.Size && rows.first.Equal(rows.last):
			if err := k.passes(ctx, rows.last, known); err != nil {
				return err
			}
			anchor = rows.last.Truncate(tick).Add(tick)
		case rows.n < k.last().Keyset.Size && rows.last.Equal(before):
			return nil
		default:
			anchor, before = rows.last, rows.last
		}
	}
}

// passes reads the records at one value by counting. Ties swap between pages,
// so whole passes are made until two in a row bring nothing new; and for
// longer, while they count more records than were met.
func (k *keyset) passes(ctx context.Context, at time.Time, known *tied) error {
	met := map[string]bool{}
	for quiet, counted := 0, 0; quiet < quietEnough || len(met) < counted && quiet < quietDoubt; quiet++ {
		for counted = 0; ; {
			rows, err := k.fetchWindow(ctx, at, at, counted)
			if err != nil {
				return err
			}
			if rows.n == 0 {
				break
			}
			for _, r := range rows.records {
				met[r.Key] = true
			}
			if known.add(rows.records) > 0 {
				quiet = -1
			}
			if counted += rows.n; counted > 4*(len(known.known)+k.last().Keyset.Size) {
				return k.endlessTie()
			}
		}
	}
	return nil
}

// commit emits records with the checkpoint after them.
func (k *keyset) commit(ctx context.Context, fresh []weir.Record, rejects []weir.Reject) error {
	saved, err := k.checkpoint.save()
	if err != nil {
		return err
	}
	if len(fresh)+len(rejects) == 0 {
		return nil // the end of the window is emitted by readKeyset
	}
	return k.emit(ctx, weir.Page{Records: fresh, Rejects: rejects, Checkpoint: saved})
}

// rows is a checked page: every record within its window, in order.
type rows struct {
	n           int // as the server gave them, rejects included
	records     []weir.Record
	values      []time.Time // of the sort field, as many as records
	rejects     []weir.Reject
	first, last time.Time
}

// askWindow reads one page of [from, to], both inclusive; a zero bound is
// none. The first answer without an upper bound sets it: the server's time.
func (k *keyset) askWindow(ctx context.Context, from, to time.Time, skip int) (*rows, error) {
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
	a, err := k.fetch(ctx, len(k.config.Steps)-1, sc, k.request.Lane, "", query)
	if err != nil {
		return nil, err
	}
	page, err := k.page(sc, k.seed, a)
	if err != nil {
		return nil, err
	}
	rows := &rows{n: len(a.items), rejects: page.Rejects}
	if err := k.check(rows, page.Records, from.Truncate(tick), to); err != nil {
		return nil, err
	}
	if k.under.To.IsZero() {
		if at, err := http.ParseTime(a.Header.Get("Date")); err == nil {
			k.under.To = at.Add(-clockMargin)
		}
	}
	return rows, nil
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
