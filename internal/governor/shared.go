package governor

import (
	"math"
	"net/http"
	"time"

	"github.com/weirhq/weir"
)

// How long what was learned is believed.
const (
	limitFor = time.Hour        // the real server caches a key's own limit so long (its source)
	cutFor   = 10 * time.Minute // a refusal is remembered in full so long
	// foreignFor is for how many windows the most seen of others' use is
	// expected again. Fewer refuse the others more often, more cost us longer
	// once they are gone.
	foreignFor = 5
	cutHeals   = time.Minute // and then forgotten by one place in so long
)

// shared is what all owners of a key know, in our own time.
type shared struct {
	known   bool // an answer told how full the server's window was
	limit   int  // the server's own; 0 when it never said one
	foreign int  // use by others, per window
	cut     int  // places left unused since a refusal...
	cutAt   time.Duration
	blocked time.Duration // nothing is sent before this
	urgent  time.Duration // until when the reserve is on
	refused int           // by all owners
}

// news is what this owner has learned and not yet told.
type news struct {
	limit   int
	limitAt time.Duration
	cut     int
	refused int
	urgent  bool // do not wait for a better moment
}

// forget drops what was told; what came since stays.
func (n *news) forget(told news) {
	if n.limitAt == told.limitAt {
		n.limit = 0
	}
	n.refused -= told.refused
	n.cut -= told.cut
	n.urgent = n.refused > 0
}

// share exchanges knowledge with the record.
func (b *Budget) share(r *record, l look) {
	s := &b.shared
	r.Known = r.Known || s.known
	r.Strict = r.Strict || b.server.strict
	b.shareCut(r, l)
	if b.shared.blocked > l.now {
		r.Blocked = max(r.Blocked, l.stamp(s.blocked))
	}
	r.Refused += b.news.refused
	if at := l.stamp(b.news.limitAt); b.news.limit > 0 && at >= r.Limit.At {
		r.Limit = stamped{N: b.news.limit, At: at}
	}
	b.shareRoom(r, l)
	b.shareForeign(r, l)

	before := b.effective(l.now)
	s.known, b.server.strict, s.refused = r.Known, r.Strict, r.Refused
	s.blocked = max(s.blocked, l.instant(r.Blocked))
	s.urgent = max(s.urgent, l.instant(r.Urgent))
	s.foreign = 0
	if r.Foreign.At > l.ledger {
		s.foreign = r.Foreign.N
	}
	s.limit = 0
	if r.Limit.At > l.ledger-limitFor.Milliseconds() {
		s.limit = r.Limit.N
	}
	s.cut, s.cutAt = r.Cut.N, l.instant(r.Cut.At)
	if b.effective(l.now) < before {
		b.dropClaims()
	}
}

// shareCut records a cut, once for all refusals of one block.
func (b *Budget) shareCut(r *record, l look) {
	if b.news.cut == 0 || r.Blocked > l.ledger {
		return
	}
	left := healed(r.Cut.N, l.instant(r.Cut.At), l.now)
	r.Cut = stamped{N: min(left+b.news.cut, b.configured/2), At: l.ledger}
}

// shareRoom tells what the server said remains, for an owner that begins now,
// and takes it over when this one has heard nothing yet.
func (b *Budget) shareRoom(r *record, l look) {
	if b.server.views == nil {
		if reset := l.instant(r.Room.Reset); r.Room.Reset > l.ledger {
			b.server.views = map[string]view{"": {limit: r.Limit.N, left: r.Room.Left, reset: reset}}
		}
		return
	}
	r.Room = room{}
	if left := b.server.left(0, l.now); left < unlimited {
		r.Room = room{Left: left, Reset: l.stamp(b.server.nextReset(l.now))}
	}
}

// shareForeign estimates how much others use the key: what the server counted
// less everything that can have been ours. It errs towards none, so our own
// requests are never taken for somebody else's.
func (b *Budget) shareForeign(r *record, l look) {
	s, o := b.server.sample, b.governor.options
	b.server.sample.taken = false
	if !s.taken || s.start < l.now-o.Window {
		return // places of that time may be forgotten already
	}
	ours := 0
	for _, p := range b.places {
		if p.phase != claimed && p.sent <= s.at && (p.phase == inFlight || p.answered >= s.start) {
			ours++
		}
	}
	for _, other := range b.others {
		for _, free := range other.free {
			if free-o.hold() >= s.start {
				ours++
			}
		}
	}
	b.foreign.observe(max(0, s.used-ours), s.reset, l.now, o.Window)
	if n := b.foreign.perWindow(); n >= r.Foreign.N || r.Foreign.At <= l.ledger {
		r.Foreign = stamped{N: n, At: l.stamp(l.now + foreignFor*o.Window)}
	}
}

// effective is the limit to keep now: the configured one or the server's, if
// lower, less what others use and what a refusal has cost. A twentieth is
// always left, so that a busy key is not lost altogether.
func (b *Budget) effective(now time.Duration) int {
	n := b.configured
	if b.shared.limit > 0 {
		n = min(n, b.shared.limit)
	}
	least := max(1, n/20)
	n -= healed(b.shared.cut, b.shared.cutAt, now)
	if f := float64(b.shared.foreign); f > 0 {
		n -= int(math.Ceil(f + 1.5*math.Sqrt(f) + 2)) // requests at random vary about so much from window to window
	}
	return max(n, least)
}

// healed is what is left of a cut made at the given instant.
func healed(cut int, at, now time.Duration) int {
	if old := now - at - cutFor; old > 0 {
		cut -= int(old / cutHeals)
	}
	return max(cut, 0)
}

// adoptLimit obeys a lower limit at once.
func (b *Budget) adoptLimit(limit int, now time.Duration) {
	before := b.effective(now)
	b.shared.limit = limit
	if b.effective(now) < before {
		b.dropClaims()
		b.claimAt = now
	}
}

// dropClaims gives up all unused claims; the next visit takes them out of the
// ledger.
func (b *Budget) dropClaims() {
	b.keep(func(p *place) bool { return p.phase != claimed })
}

// refuse takes in a 429: everything on the key waits, in all processes. How
// much is left unused afterwards depends on whether the server explains
// itself: with headers we know its limit and what others use, and a twentieth
// suffices; without, the true limit must be lower than configured. The refusal
// of a lone first request after a block costs nothing: it only says that the
// block is not over.
func (b *Budget) refuse(h http.Header, limits map[string]headerLimit, now time.Duration) {
	o := b.governor.options
	b.refused++
	b.news.refused++
	b.news.urgent = true
	wait := refusalWait(h, o.Now(), o.Window)
	b.shared.known = true
	if b.shared.blocked <= now && !b.cautious {
		b.news.cut = max(1, b.effective(now)*3/10)
		if len(limits) > 0 {
			b.news.cut = max(1, b.effective(now)/20)
		}
	}
	b.cautious, b.refusedAt = true, now
	b.shared.blocked = max(b.shared.blocked, now+min(wait+o.Margin, maxReset))
	b.server.refused(limits)
	if b.server.limit > 0 && len(limits) > 0 {
		b.news.limit, b.news.limitAt = b.server.limit, now
		b.shared.limit = b.server.limit
	}
	b.dropClaims()
}

var _ weir.Budget = (*Budget)(nil)
