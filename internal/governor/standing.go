package governor

import (
	"time"

	"github.com/weirhq/weir"
)

// Standing is a key's budget at one moment, as all processes together have it.
type Standing struct {
	Limit      int // requests per window that are kept to now
	Configured int // requests per window that were asked for
	Window     time.Duration
	Used       int               // places occupied
	Next       time.Time         // when the next request can be sent: now or later
	AllFree    time.Time         // when every place is free, if nothing is sent meanwhile
	Reserved   int               // places kept for interactive requests now
	Others     int               // use of the key by others than Weir, per window
	Blocked    bool              // the server has refused one: everything waits until Next
	Refused    int               // answers 429 so far, as the ledger has it
	Waiting    map[weir.Lane]int // requests that wait in this process
}

// Look tells how a budget stands, from the document in the ledger and what this
// process knows beyond it. It claims nothing and writes nothing. Limit counts
// for a key that this process has not used.
func (g *Governor) Look(name string, limit int, document []byte) (Standing, error) {
	if len(document) == 0 {
		document = nil
	}
	r, err := decodeRecord(document)
	if err != nil && err != errUnreadable { //nolint:errorlint // ours, unwrapped
		return Standing{}, err
	}
	r.trim(unlikely)
	g.mu.Lock()
	b := g.budgets[name]
	g.mu.Unlock()
	if b == nil {
		b = newBudget(g, name, max(limit, 1)) // for its rules; it is not kept
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.standing(&r), nil
}

// standing is called with b.mu held.
func (b *Budget) standing(r *record) Standing {
	now, wall := b.clock.timepiece.monotonic(), max(b.clock.timepiece.wall(), r.Newest)
	l := look{now: now, ledger: wall}
	var w window
	for id, o := range r.Owners {
		if id == b.governor.owner {
			continue
		}
		for _, free := range o.Free {
			w.occupy(l.instant(free))
		}
	}
	for _, p := range b.places {
		if p.phase != claimed {
			w.occupy(b.occupiedUntil(p, now))
		}
	}
	w.expire(now)
	at := func(t time.Duration) time.Time { return b.governor.options.Now().Add(max(0, t-now)) }
	limit := b.effective(now)
	if r.Limit.N > 0 && r.Limit.At > wall-limitFor.Milliseconds() {
		limit = min(limit, r.Limit.N)
	}
	blocked := max(b.shared.blocked, l.instant(r.Blocked))
	s := Standing{
		Limit: limit, Configured: b.configured, Window: b.governor.options.Window, Used: w.occupied(now), Refused: max(r.Refused, b.shared.refused),
		Blocked: blocked > now, Next: at(max(w.usable(now, limit), blocked)), Waiting: map[weir.Lane]int{}, AllFree: at(w.usable(now, 1)),
	}
	if max(b.shared.urgent, l.instant(r.Urgent)) > now {
		s.Reserved = int(float64(limit) * reserveShare)
	}
	if r.Foreign.At > wall {
		s.Others = r.Foreign.N
	}
	for lane, queue := range b.lanes.queues {
		if len(queue) > 0 {
			s.Waiting[weir.Lane(lane)] = len(queue)
		}
	}
	return s
}
