package governor

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/weirhq/weir"
)

// never is an instant that does not come.
const never = time.Duration(math.MaxInt64)

// retryVisit is how long after a failed visit nobody waits for the next one is due.
const retryVisit = 5 * time.Second

// owner is what another owner's part of the record says, in our own time.
type owner struct {
	revision int64
	at       time.Duration
	waiting  int
	free     []time.Duration
}

// nextGrant is when a waiter can be served without anything else happening.
func (b *Budget) nextGrant(now time.Duration) time.Duration {
	if b.lanes.waiting() == 0 {
		return never
	}
	if b.shared.blocked > now {
		return b.shared.blocked
	}
	if b.open(now) == 0 {
		if reset := b.server.nextReset(now); reset > 0 {
			return reset
		}
		return never
	}
	next := never
	for _, p := range b.places {
		if p.phase == claimed && now < p.expires {
			next = min(next, max(p.from, now, b.paced()))
		}
	}
	return next
}

// nextVisit is when the ledger must be visited next.
func (b *Budget) nextVisit(now time.Duration) time.Duration {
	unused := b.unused(now)
	due := never
	if b.dirtyAt > 0 {
		due = min(b.changedAt+idleAfter, b.dirtyAt+dirtyMost)
	}
	if b.news.urgent {
		due = now
	}
	if unused > 0 && (b.lanes.waiting() == 0 || b.open(now) == 0) {
		due = min(due, b.lastGrant+idleAfter)
	}
	for _, p := range b.places {
		if p.phase == inFlight {
			due = min(due, p.renewed+b.governor.options.MaxRequest)
		}
	}
	if due != never {
		due = max(due, b.retryAt)
	}
	if b.short(now, unused) {
		due = min(due, max(b.claimAt, now))
	}
	return due
}

// unused counts the claims that may still be used.
func (b *Budget) unused(now time.Duration) int {
	n := 0
	for _, p := range b.places {
		if p.phase == claimed && now < p.expires {
			n++
		}
	}
	return n
}

// visit rewrites this owner's part of the ledger document and claims places.
// New claims are usable only after the ledger has taken them.
func (b *Budget) visit() {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerWait)
	defer cancel()
	v, err := b.rewriteLedger(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.visiting = false
	b.visited.Broadcast()
	now := b.clock.timepiece.monotonic()
	if err != nil {
		b.fail(ledgerError(err))
		b.touch(now)
		b.retryAt, b.claimAt = now+retryVisit, now
	} else {
		b.settle(v)
	}
	b.pump()
}

// visitResult is what one rewriting changes once the ledger has taken it.
type visitResult struct {
	at     time.Duration
	claims []*place
	told   news
}

func (b *Budget) rewriteLedger(ctx context.Context) (v visitResult, err error) {
	err = b.governor.ledger.UpdateBudget(ctx, b.name, func(old []byte) (changed []byte, err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		v, changed, err = b.rewrite(old)
		return changed, err
	})
	return v, err
}

// settle makes a rewriting effective that the ledger has taken. The claims
// that it wrote again live on from its moment.
func (b *Budget) settle(v visitResult) {
	for _, p := range b.places {
		if p.phase == claimed {
			p.expires = v.at + claimLife
		}
	}
	b.places = append(b.places, v.claims...)
	b.news.forget(v.told)
	b.retryAt = 0
}

// rewrite makes the new document out of the old one. It may run several
// times for one visit; what it changes in b is true whether or not the
// ledger takes the document. b.mu is held.
func (b *Budget) rewrite(old []byte) (v visitResult, changed []byte, err error) {
	r, err := decodeRecord(old)
	spoiled := errors.Is(err, errUnreadable)
	if err != nil && !spoiled {
		return v, nil, err
	}
	l := b.clock.look(r.Newest)
	if spoiled {
		b.fillWindow(&r, l)
	}
	r.Newest = l.ledger
	r.trim(max(unlikely, 2*b.governor.options.longest()))
	b.readOthers(r, l)
	b.share(&r, l)
	b.dropPlaces(l.now)
	claims := b.claim(l.now)
	b.writeOwn(&r, l, claims)
	if b.shared.urgent > l.now {
		r.Urgent = max(r.Urgent, l.stamp(b.shared.urgent))
	}
	b.lastVisit, b.dirtyAt = l.now, 0
	changed, err = r.encode()
	return visitResult{at: l.now, claims: claims, told: b.news}, changed, err
}

// unreadableOwner stands for whoever wrote a document that cannot be read.
const unreadableOwner = "unreadable"

// fillWindow starts a record in place of one that cannot be read: as cautious
// as possible, and whole again after two minutes without anybody's help.
func (b *Budget) fillWindow(r *record, l look) {
	o := ownerRecord{Revision: l.ledger, At: l.ledger}
	for range b.configured {
		o.Free = append(o.Free, l.stamp(l.now+claimLife+b.governor.options.longest()))
	}
	r.Owners[unreadableOwner] = o
}

// readOthers turns the other owners' entries into our own time, each revision
// once. After a jump of the wall clock a revision not seen before counts as
// written this moment.
func (b *Budget) readOthers(r record, l look) {
	for id := range b.others {
		if _, ok := r.Owners[id]; !ok {
			delete(b.others, id)
		}
	}
	for id, theirs := range r.Owners {
		known := b.others[id]
		if id == b.governor.owner || known != nil && known.revision == theirs.Revision {
			continue
		}
		o := &owner{revision: theirs.Revision, at: l.instant(theirs.At), waiting: theirs.Waiting}
		shift := time.Duration(0)
		if l.jumped {
			shift = l.now - o.at
		}
		for _, t := range theirs.Free {
			o.free = append(o.free, l.instant(t)+shift)
		}
		b.others[id] = o
	}
}

// dropPlaces forgets places that are free again and claims that are void or
// that nobody here will use soon.
func (b *Budget) dropPlaces(now time.Duration) {
	idle := b.closed || b.shared.blocked > now ||
		now >= b.lastGrant+idleAfter && (b.lanes.waiting() == 0 || b.open(now) == 0)
	if idle {
		b.block = 1
	}
	b.keep(func(p *place) bool {
		switch p.phase {
		case claimed:
			return !idle && now < p.expires
		case held:
			return now < p.until
		}
		return true
	})
}

func (b *Budget) keep(good func(*place) bool) {
	kept := b.places[:0]
	for _, p := range b.places {
		if good(p) {
			kept = append(kept, p)
		}
	}
	clear(b.places[len(kept):])
	b.places = kept
}

// occupiedUntil is when a place is free again at the latest, should this
// process die now.
func (b *Budget) occupiedUntil(p *place, now time.Duration) time.Duration {
	switch p.phase {
	case held:
		return p.until
	case inFlight:
		return p.renewed + b.governor.options.longest()
	}
	return now + claimLife + b.governor.options.longest()
}

// writeOwn writes this owner's part. A request that lasts longer than
// expected is extended here, long before anybody may count on its place.
func (b *Budget) writeOwn(r *record, l look, claims []*place) {
	mine := ownerRecord{Revision: max(l.ledger, r.Owners[b.governor.owner].Revision+1), At: l.ledger, Waiting: b.lanes.waiting()}
	for _, p := range b.places {
		if p.phase == inFlight && l.now-p.renewed >= b.governor.options.MaxRequest {
			p.renewed = l.now
		}
		mine.Free = append(mine.Free, l.stamp(b.occupiedUntil(p, l.now)))
	}
	for _, p := range claims {
		mine.Free = append(mine.Free, l.stamp(b.occupiedUntil(p, l.now)))
	}
	r.Owners[b.governor.owner] = mine
}

// fail gives every waiter the error.
func (b *Budget) fail(err error) {
	for w := b.lanes.pop(); w != nil; w = b.lanes.pop() {
		w.granted <- grant{err: err}
	}
}

// close gives unused claims back and writes the true instants.
func (b *Budget) close(ctx context.Context) error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	b.fail(errClosed())
	for b.visiting {
		b.visited.Wait()
	}
	idle := len(b.places) == 0
	b.mu.Unlock()
	if idle {
		return nil
	}
	if _, err := b.rewriteLedger(ctx); err != nil {
		return ledgerError(err)
	}
	return nil
}

func ledgerError(err error) error {
	var e *weir.Error
	if errors.As(err, &e) {
		return weir.At("budget", err)
	}
	return &weir.Error{
		Code: weir.CodeLocal, Where: "budget",
		Message: "the store could not record the use of the key",
		Remedy:  "Check that the store is writable and its disk not full",
		Err:     err,
	}
}

func errClosed() error {
	return &weir.Error{Code: weir.CodeCancelled, Where: "budget", Message: "Weir is stopping"}
}
