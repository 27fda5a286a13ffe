package governor

import (
	"math"
	"time"
)

// server is what the answers' headers tell about the server's own counting.
//
// The server counts in a fixed window that begins with some request; ours is
// a sliding one that needs no beginning. While nobody else uses the key, our
// rule alone keeps the server's count within its limit, and what it says
// remains is never less than what we would send. So what remains only ever
// holds requests back when others use the key too.
type server struct {
	views map[string]view
	long  map[string]bool // limits whose window is longer than ours
	// strict is whether a request is refused when any limit is exceeded.
	// The real server refuses only when all are (observed 2026-11-23), so
	// the most permissive limit counts until a refusal contradicts that.
	strict bool
	limit  int    // as the server states it; 0 when it never did
	sample sample // the latest count, for the estimate of others' use
}

// view is one of the server's limits.
type view struct {
	limit int
	left  int           // of its window, at the arrival of an answered request
	reset time.Duration // the latest instant at which its window ends; 0 when not known
}

// sample is one count by the server.
type sample struct {
	taken bool
	used  int           // arrivals in the server's window
	start time.Duration // the earliest instant at which that window began
	reset time.Duration // the latest at which it ends
	at    time.Duration // when the answer was seen
}

// unlimited is more than any limit.
const unlimited = math.MaxInt32

// hear takes in an answer to a request sent and answered at the given
// instants. It reports whether the answer told anything.
func (s *server) hear(limits map[string]headerLimit, sent, now, window time.Duration) bool {
	if len(limits) == 0 {
		return false
	}
	views := make(map[string]view, len(limits)) // names that are gone are forgotten
	for name, l := range limits {
		views[name] = s.merge(name, l, sent, now)
		if l.Long || l.Reset > window+2*time.Second {
			if s.long == nil {
				s.long = map[string]bool{}
			}
			s.long[name] = true
		}
	}
	s.views = views
	s.limit = s.effectiveLimit()
	s.takeSample(limits, sent, now, window)
	return true
}

// merge joins one stated limit with the view of it so far.
func (s *server) merge(name string, l headerLimit, sent, now time.Duration) view {
	if l.Remaining < 0 || l.Reset == 0 {
		return view{limit: l.Limit, left: unlimited}
	}
	heard := view{limit: l.Limit, left: l.Remaining, reset: now + l.Reset}
	known, ok := s.views[name]
	// The stated reset is rounded up and as of the arrival, so the window
	// ends after sent+reset-1s.
	switch earliest := sent + l.Reset - time.Second; {
	case !ok || known.reset <= now || known.limit != l.Limit:
	case earliest > known.reset+time.Second: // a new window
	case heard.reset < known.reset-5*time.Second: // a late answer from the window before
		return known
	default: // answers may overtake each other: the smallest count is the newest
		heard.left = min(heard.left, known.left)
		heard.reset = min(heard.reset, known.reset)
	}
	return heard
}

func (s *server) effectiveLimit() int {
	limit := 0
	for _, v := range s.views {
		if limit == 0 || s.strict == (v.limit < limit) {
			limit = v.limit
		}
	}
	return limit
}

func (s *server) takeSample(limits map[string]headerLimit, sent, now, window time.Duration) {
	for name, l := range limits {
		if l.Remaining < 0 || l.Reset == 0 || s.long[name] || l.Limit != s.limit {
			continue
		}
		s.sample = sample{
			taken: true, used: l.Limit - l.Remaining, at: now,
			start: sent + l.Reset - time.Second - window, reset: now + l.Reset,
		}
	}
}

// left is how many more requests the server would take now, beside those in
// flight; every one in flight is taken to arrive after the last count.
func (s *server) left(inFlight int, now time.Duration) int {
	least, most := unlimited, 0
	for _, v := range s.views {
		left := unlimited
		if v.reset > now {
			left = v.left - inFlight
		}
		least, most = min(least, left), max(most, left)
	}
	switch {
	case len(s.views) == 0:
		return unlimited
	case s.strict:
		return max(least, 0)
	}
	return most
}

// ended is whether the window that was last heard of is over.
func (s *server) ended(now time.Duration) bool {
	over := false
	for _, v := range s.views {
		if v.reset > now {
			return false
		}
		over = over || v.reset > 0
	}
	return over
}

// nextReset is the first instant after now at which a window of the server
// has surely ended; 0 when none is known.
func (s *server) nextReset(now time.Duration) time.Duration {
	var next time.Duration
	for _, v := range s.views {
		if v.reset > now && (next == 0 || v.reset < next) {
			next = v.reset
		}
	}
	return next
}

// refused takes in a 429's limits. A refusal although some limit had room
// contradicts "only when all are exceeded".
func (s *server) refused(limits map[string]headerLimit) {
	for _, l := range limits {
		if len(limits) > 1 && l.Remaining > 0 {
			s.strict = true
		}
	}
	s.views = make(map[string]view, len(limits)) // void: the block is what counts now
	for name, l := range limits {
		s.views[name] = view{limit: l.Limit, left: unlimited}
	}
	if len(limits) > 0 {
		s.limit = s.effectiveLimit()
	}
	s.sample.taken = false
}

// foreignUse follows how many requests per window others make with the key.
type foreignUse struct {
	watching bool
	at       time.Duration // of the last observation
	reset    time.Duration // which of the server's windows it was
	base     int           // what was there before watching began
	seen     int           // in this window
	before   int           // in the window before
}

// observe takes in that others made n requests in the server's window that
// ends at reset. What was already there when watching began may be over; it
// is no sign of somebody who keeps using the key.
func (f *foreignUse) observe(n int, reset, now, window time.Duration) {
	switch {
	case !f.watching || now-f.at > 2*window:
		*f = foreignUse{watching: true, base: n, reset: reset}
	case reset > f.reset+window/2:
		f.before, f.seen, f.base, f.reset = f.seen, n, 0, reset
	default:
		f.seen = max(f.seen, n-f.base)
	}
	f.at = now
}

// perWindow is the use to expect in the next window.
func (f *foreignUse) perWindow() int { return max(f.before, f.seen) }
