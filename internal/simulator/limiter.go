package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tokenLimit is what a credential that is no key gets (observed 2026-11-23).
const tokenLimit = 500

const messageThrottled = "CustomThrottlerGuard - Too many requests. Please try again later."

// limiter counts requests as the real server's throttler does: a fixed window
// that the first request opens; the first request over the limit starts a
// block as long as the window, counted from that refusal; further tries
// neither pass nor prolong it.
type limiter struct {
	mu      sync.Mutex
	windows map[string]*window // by caller and limit name
}

type window struct {
	ends    time.Time
	hits    int
	blocked time.Time // until when
}

func newLimiter() *limiter { return &limiter{windows: map[string]*window{}} }

// hit counts one request and says whether it is refused, how many more are
// allowed, and how long until the window or the block ends.
func (l *limiter) hit(caller string, limit KeyLimit, now time.Time) (refused bool, remaining int, reset time.Duration) {
	w := l.windows[caller+" "+limit.Name]
	if w == nil {
		w = &window{}
		l.windows[caller+" "+limit.Name] = w
	}
	if !now.Before(w.ends) {
		w.hits, w.ends = 0, now.Add(limit.Window)
	}
	w.hits++
	if now.Before(w.blocked) {
		return true, 0, w.blocked.Sub(now)
	}
	if w.hits > limit.Limit {
		w.blocked = now.Add(limit.Window)
		return true, 0, limit.Window
	}
	return false, limit.Limit - w.hits, w.ends.Sub(now)
}

// throttle counts the call against its limits and sets the headers; the
// answer is nil when the call may pass.
func (s *Simulator) throttle(c *call, found *route) *answer {
	caller, limits := s.limits(c)
	if caller == "" {
		return c.fail(http.StatusUnauthorized, messageUnknownKey)
	}
	if len(limits) == 0 {
		return nil
	}
	if found.limit.Name != "" {
		limits = []KeyLimit{found.limit}
	}
	s.limiter.mu.Lock()
	defer s.limiter.mu.Unlock()
	all := true
	for _, limit := range limits {
		refused, remaining, reset := s.limiter.hit(caller, limit, c.now)
		all = all && refused
		name := strings.ToUpper(limit.Name[:1]) + limit.Name[1:]
		c.header = append(c.header,
			[2]string{"X-RateLimit-Limit-" + name, strconv.Itoa(limit.Limit)},
			[2]string{"X-RateLimit-Remaining-" + name, strconv.Itoa(remaining)},
			[2]string{"X-RateLimit-Reset-" + name, strconv.Itoa(int((reset + time.Second - 1) / time.Second))})
	}
	if all {
		return c.errorAnswer(http.StatusTooManyRequests, "ThrottlerException", messageThrottled, messageThrottled)
	}
	return nil
}

// limits says by whom a call is counted and against what. An unknown key is
// counted nowhere: the throttler itself refuses it.
func (s *Simulator) limits(c *call) (caller string, limits []KeyLimit) {
	limit := s.options.RateLimit
	switch {
	case c.hasToken && looksLikeKey(c.token):
		if c.key.Name == "" && !c.gone {
			return "", nil
		}
		caller = "key " + keyHash(c.token)
		if len(c.key.Limits) > 0 {
			return caller, c.key.Limits
		}
	case c.hasToken, c.request.Header.Get("X-Cal-Client-Id") != "":
		caller = "token " + keyDigest(c.token+c.request.Header.Get("X-Cal-Client-Id"))
		if limit > 0 {
			limit = tokenLimit
		}
	default:
		caller = "address " + address(c.request)
	}
	if limit == 0 {
		return caller, nil
	}
	return caller, []KeyLimit{{Name: "default", Limit: limit, Window: s.options.Window}}
}
