package governor

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// phase is where a place is on its way round.
type phase int

const (
	claimed  phase = iota // ours to use, not used yet
	inFlight              // a request is under way
	held                  // answered; occupied until a window has passed
)

// place is one of this owner's places. Instants are monotonic.
type place struct {
	phase    phase
	from     time.Duration // claimed: usable from
	expires  time.Duration // claimed: void from, as the ledger knows it
	sent     time.Duration // inFlight, held
	renewed  time.Duration // inFlight: when the ledger was last told
	answered time.Duration // held
	until    time.Duration // held: free again
}

// Budget is the window of one key, as one owner sees it. It implements
// weir.Budget. Everything happens in pump, which runs after each event and
// never blocks; a visit to the ledger runs beside it, one at a time.
type Budget struct {
	governor *Governor
	name     string // of the document in the ledger

	mu         sync.Mutex
	configured int
	closed     bool
	clock      ledgerClock
	timer      *time.Timer
	lanes      lanes

	places  []*place          // this owner's
	others  map[string]*owner // the other owners', as of the last visit
	shared  shared            // what all owners know, as of the last visit
	server  server            // what this owner's answers said
	foreign foreignUse        // by whom this ledger does not know

	visiting  bool
	visited   sync.Cond     // a visit ended
	claimAt   time.Duration // when the next claim can succeed
	lastVisit time.Duration
	dirtyAt   time.Duration // the first change the ledger has not seen; 0 when none
	changedAt time.Duration // the last one
	retryAt   time.Duration // after a failed visit
	lastGrant time.Duration
	block     int // places to claim at once
	blockAt   time.Duration

	news      news          // to be told at the next visit
	refusedAt time.Duration // the last 429
	cautious  bool          // since a refusal no answer has shown that it is over
	requests  int
	refused   int
}

func newBudget(g *Governor, name string, limit int) *Budget {
	b := &Budget{
		governor: g, name: name, configured: limit, block: 1,
		clock: ledgerClock{timepiece: g.clock}, others: map[string]*owner{},
	}
	b.visited.L = &b.mu
	if wait := g.options.full(); wait > 0 {
		b.shared.blocked = g.clock.monotonic() + wait
	}
	return b
}

// Take implements weir.Budget.
func (b *Budget) Take(ctx context.Context, lane weir.Lane) (func(weir.Answer), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &waiter{lane: min(max(lane, weir.LaneInteractive), weir.LaneBackfill), granted: make(chan grant, 1)}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil, errClosed()
	}
	w.since = b.clock.timepiece.monotonic()
	b.lanes.push(w)
	if w.lane == weir.LaneInteractive {
		b.personCame(w.since)
	}
	b.pump()
	b.mu.Unlock()
	if waits := b.governor.options.Waits; waits != nil {
		told := time.AfterFunc(waitTold, func() { waits(b.Stats().Next) })
		defer told.Stop()
	}
	select {
	case g := <-w.granted:
		return b.granted(w, g)
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.lanes.remove(w) { // granted, or failed, in the same moment
		if g := <-w.granted; g.place != nil {
			b.giveBack(g.place)
		}
	}
	b.pump()
	return nil, ctx.Err()
}

// personCame makes way for an interactive request: it may use the reserve, so
// the ledger is looked at again; and the reserve stays while people come.
func (b *Budget) personCame(now time.Duration) {
	b.claimAt = min(b.claimAt, b.lastVisit+personPoll)
	if b.shared.urgent > now {
		b.shared.urgent = now + urgentFor
	}
}

func (b *Budget) granted(w *waiter, g grant) (func(weir.Answer), error) {
	if g.err != nil {
		return nil, g.err
	}
	var once sync.Once
	from := b.clock.timepiece.monotonic()
	return func(a weir.Answer) {
		once.Do(func() {
			b.done(g.place, a)
			b.tell(a, Sent{Lane: w.lane, Status: a.Status, Waited: from - w.since, Took: b.clock.timepiece.monotonic() - from})
		})
	}, nil
}

// tell tells whoever wants to know of a request that may have been sent.
func (b *Budget) tell(a weir.Answer, s Sent) {
	if seen := b.governor.options.Seen; seen != nil && (a.Sent || a.Status != 0) {
		seen(s)
	}
}

// done takes in what became of the request on a place.
func (b *Budget) done(p *place, a weir.Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !a.Sent && a.Status == 0 {
		b.giveBack(p)
		b.pump()
		return
	}
	now := b.clock.timepiece.monotonic()
	b.requests++
	p.phase, p.answered, p.until = held, now, now+b.governor.options.hold()
	if a.Status == 0 {
		p.until += grace
	}
	b.hear(p, a, now)
	b.claimAt = min(b.claimAt, p.until-ahead) // others may have counted on the worst until now
	b.touch(now)
	b.pump()
}

// hear learns from an answer.
func (b *Budget) hear(p *place, a weir.Answer, now time.Duration) {
	limits := parseLimits(a.Header, b.governor.options.Now())
	if a.Status != 0 && a.Status != http.StatusTooManyRequests && p.sent >= b.refusedAt {
		b.cautious = false
	}
	switch {
	case a.Status == http.StatusTooManyRequests:
		b.refuse(a.Header, limits, now)
	case b.server.hear(limits, p.sent, now, b.governor.options.Window):
		b.news.limit, b.news.limitAt = b.server.limit, now
		b.shared.known = true
		if b.server.limit < b.shared.limit || b.shared.limit == 0 {
			b.adoptLimit(b.server.limit, now)
		}
	case a.Status >= 200 && a.Status < 400:
		// Served, and no headers: this server does not tell. Wrong keys and
		// unknown routes have no headers either (observed 2026-11-23), so
		// they teach nothing.
		b.shared.known = true
	}
}

// giveBack returns a place on which nothing was sent.
func (b *Budget) giveBack(p *place) {
	now := b.clock.timepiece.monotonic()
	p.phase, p.from = claimed, now
	b.touch(now)
}

// touch notes that the ledger holds more than is true.
func (b *Budget) touch(now time.Duration) {
	if b.dirtyAt == 0 {
		b.dirtyAt = now
	}
	b.changedAt = now
}

// pump gives places to waiters, starts a visit to the ledger when one is due
// and sets the timer for what comes next. b.mu is held.
func (b *Budget) pump() {
	if b.closed {
		return
	}
	now := b.clock.timepiece.monotonic()
	b.grant(now)
	next := b.nextGrant(now)
	if !b.visiting {
		due := b.nextVisit(now)
		if due <= now {
			b.visiting = true
			go b.visit()
		} else {
			next = min(next, due)
		}
	}
	switch {
	case next == never && b.timer != nil:
		b.timer.Stop()
	case next == never:
	case b.timer == nil:
		b.timer = time.AfterFunc(next-now, b.wake)
	default:
		b.timer.Reset(next - now)
	}
}

func (b *Budget) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pump()
}

// grant serves waiters as long as there are usable places.
func (b *Budget) grant(now time.Duration) {
	for b.lanes.waiting() > 0 && b.open(now) > 0 && now >= b.paced() {
		p := b.usablePlace(now)
		if p == nil {
			return
		}
		w := b.lanes.pop()
		if w.lane == weir.LaneInteractive && now > w.since+time.Second {
			b.shared.urgent = now + urgentFor
		}
		p.phase, p.sent, p.renewed = inFlight, now, now
		b.lastGrant = now
		b.touch(now)
		w.granted <- grant{place: p}
	}
}

// open is how many requests may be sent now as far as the server is
// concerned: none while blocked; what it says remains; and one at a time while
// nothing is known of its window: at the very first, after a refusal, and when
// a window has ended in which others used the key too, for they may have
// caused a refusal that we have not seen.
func (b *Budget) open(now time.Duration) int {
	flying := b.count(inFlight)
	switch {
	case b.shared.blocked > now:
		return 0
	case !b.shared.known || b.cautious,
		b.shared.foreign > 0 && b.server.ended(now):
		return max(0, 1-flying)
	}
	return b.server.left(flying, now)
}

// paced is when the next request may be sent as far as others are concerned.
// While others use the key too, requests are spread over the window: then
// answers keep telling what remains, and a burst of ours cannot leave the
// others with nothing for the rest of the window. A person does not wait for that.
func (b *Budget) paced() time.Duration {
	if b.shared.foreign == 0 || b.lanes.interactive() > 0 {
		return 0
	}
	return b.lastGrant + b.governor.options.Window*9/10/time.Duration(b.effective(b.lastGrant))
}

// usablePlace is the claimed place that became usable first.
func (b *Budget) usablePlace(now time.Duration) *place {
	var first *place
	for _, p := range b.places {
		if p.phase == claimed && p.from <= now && now < p.expires && (first == nil || p.from < first.from) {
			first = p
		}
	}
	return first
}

func (b *Budget) count(in phase) int {
	n := 0
	for _, p := range b.places {
		if p.phase == in {
			n++
		}
	}
	return n
}
