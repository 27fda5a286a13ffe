package governor

import (
	"slices"
	"time"
)

// The rhythm of claiming.
const (
	claimPause = 20 * time.Millisecond // least time between two claims of which the first fell short
	claimPoll  = time.Second           // the same, usually, while there are other owners
	personPoll = 200 * time.Millisecond
	claimMost  = 15 * time.Second // look again after so long in any case
)

// claim chooses the places to claim: as many as are wanted and become free
// soon. They are usable only once the ledger has taken them. It also decides
// when to try next.
func (b *Budget) claim(now time.Duration) []*place {
	unused := b.unused(now)
	if !b.short(now, unused) {
		return nil
	}
	full := b.effective(now)
	w := b.window(now)
	claims := b.claimForPeople(&w, now, full)
	rest := full
	if b.shared.urgent > now {
		rest = max(1, full-int(float64(full)*reserveShare))
	}
	wanted := b.wanted(now, unused+len(claims))
	most := len(claims) + b.fairShare(&w, now, rest, wanted)
	for len(claims) < most {
		p := b.claimNext(&w, now, rest)
		if p == nil {
			break
		}
		claims = append(claims, p)
		wanted--
	}
	b.claimAt = b.nextClaim(&w, now, rest, claims, wanted <= 0)
	return claims
}

// claimNext claims the place that becomes free next, if that is soon.
func (b *Budget) claimNext(w *window, now time.Duration, limit int) *place {
	from := w.usable(now, limit)
	if from > now+ahead {
		return nil
	}
	p := &place{phase: claimed, from: from, expires: now + claimLife}
	w.occupy(b.occupiedUntil(p, now))
	return p
}

// claimForPeople claims for interactive requests out of the whole limit,
// unless a place claimed already is usable as soon. When a person must wait,
// the reserve begins.
func (b *Budget) claimForPeople(w *window, now time.Duration, limit int) (claims []*place) {
	first := never // of the claims that we have
	for _, p := range b.places {
		if p.phase == claimed && now < p.expires {
			first = min(first, p.from)
		}
	}
	people := min(b.impatient(now), b.open(now))
	if people > 0 && min(first, w.usable(now, limit)) > now+time.Second {
		b.shared.urgent = now + urgentFor
	}
	for range people {
		if w.usable(now, limit) >= first {
			break
		}
		p := b.claimNext(w, now, limit)
		if p == nil {
			break
		}
		claims = append(claims, p)
	}
	return claims
}

// impatient counts the interactive requests that no claim can serve now.
func (b *Budget) impatient(now time.Duration) int {
	n := b.lanes.interactive()
	for _, p := range b.places {
		if n > 0 && p.phase == claimed && p.from <= now && now < p.expires {
			n--
		}
	}
	return n
}

// wanted is how many places to claim: enough for the waiters and for their
// next requests; for a steady user enough for two to four seconds.
func (b *Budget) wanted(now time.Duration, unused int) int {
	most := b.mostUnused()
	if unused == 0 {
		switch lasted := now - b.blockAt; {
		case lasted < 2*time.Second:
			b.block = min(2*b.block, most)
		case lasted > 4*time.Second:
			b.block = max(1, b.block/2)
		}
		b.blockAt = now
	}
	return max(0, min(max(2*b.lanes.waiting(), b.block), most, b.open(now))-unused)
}

// short is whether there are waiters for whom a place should be claimed.
func (b *Budget) short(now time.Duration, unused int) bool {
	open := b.open(now)
	return unused < min(b.lanes.waiting(), open, b.mostUnused()) || min(b.impatient(now), open) > 0
}

// mostUnused is the most claims to hold unused, and so what a crash costs.
func (b *Budget) mostUnused() int { return max(maxBlock, b.configured/6) }

// window is the key's window: the others' places and ours.
func (b *Budget) window(now time.Duration) window {
	var w window
	for _, o := range b.others {
		for _, t := range o.free {
			if t > now {
				w.occupy(t)
			}
		}
	}
	for _, p := range b.places {
		if until := b.occupiedUntil(p, now); until > now {
			w.occupy(until)
		}
	}
	return w
}

// fairShare limits a claim while other owners wait: who already has more than
// an equal part of the window takes only half of what could be claimed.
func (b *Budget) fairShare(w *window, now time.Duration, limit, wanted int) int {
	rivals := 0
	for _, o := range b.others {
		if o.waiting > 0 && now-o.at < activeFor {
			rivals++
		}
	}
	if rivals == 0 || len(b.places) <= limit/(rivals+1) {
		return wanted
	}
	claimable := w.free
	n := limit - len(claimable) // free now
	for i := max(0, -n); i < len(claimable) && claimable[i] <= now+ahead; i++ {
		n++
	}
	return min(wanted, (max(n, 0)+1)/2)
}

// nextClaim is when the next claim can succeed: not for one place at a time,
// but once half of what is claimed ahead is used, and with rivals at most once
// a second as long as that is early enough for the next free place.
func (b *Budget) nextClaim(w *window, now time.Duration, limit int, claims []*place, satisfied bool) time.Duration {
	usable := w.usable(now, limit)
	next := now
	if !satisfied || len(claims) == 0 {
		next = max(now+claimPause, usable-ahead)
	}
	last, ready := now, 0
	for _, p := range slices.Concat(claims, b.places) {
		if p.phase != claimed {
			continue
		}
		last = max(last, p.from)
		if p.from <= now {
			ready++
		}
	}
	switch {
	case last > now || len(claims) > 0:
		next = max(next, last-ahead/2)
	case len(b.others) > 0: // they may give places back at any time
		next = min(next, now+claimPoll)
	}
	if len(b.others) > 0 {
		next = max(next, min(now+claimPoll, max(last, usable)))
	}
	if b.lanes.interactive() > ready { // somebody waits whom nothing claimed serves
		next = max(min(next, now+claimPoll), now+personPoll)
	}
	return min(next, now+claimMost)
}
