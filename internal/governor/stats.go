package governor

import (
	"context"
	"time"
)

// Stats is a budget at one moment, as this process knows it.
type Stats struct {
	Limit    int       // requests per window that are kept to now
	Used     int       // places occupied, by all processes; as of the last visit to the ledger for the others'
	Waiting  int       // Takes that wait in this process
	Requests int       // sent by this process
	Refused  int       // 429s seen by this process
	Next     time.Time // when the next request can be sent: now or later
}

// Stats tells how the budget stands, without asking the ledger.
func (b *Budget) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.timepiece.monotonic()
	var w window
	for _, o := range b.others {
		for _, t := range o.free {
			w.occupy(t)
		}
	}
	for _, p := range b.places {
		if p.phase != claimed {
			w.occupy(b.occupiedUntil(p, now))
		}
	}
	w.expire(now)
	limit := b.effective(now)
	next := max(w.usable(now, limit), b.shared.blocked)
	if b.open(now) == 0 {
		next = max(next, b.server.nextReset(now))
	}
	return Stats{
		Limit: limit, Used: w.occupied(now), Waiting: b.lanes.waiting(),
		Requests: b.requests, Refused: b.refused,
		Next: b.governor.options.Now().Add(max(0, next-now)),
	}
}

// Refresh reads what the ledger knows of the key, so that Stats is true
// before the first request. It claims nothing.
func (b *Budget) Refresh(ctx context.Context) error {
	b.mu.Lock()
	for b.visiting {
		b.visited.Wait()
	}
	if b.closed {
		b.mu.Unlock()
		return errClosed()
	}
	b.visiting = true
	b.mu.Unlock()
	v, err := b.rewriteLedger(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.visiting = false
	b.visited.Broadcast()
	defer b.pump()
	if err != nil {
		return ledgerError(err)
	}
	b.settle(v)
	return nil
}
