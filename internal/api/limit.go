package api

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// Limit is how often one caller may ask: Requests at once, and as many again
// in each Per.
type Limit struct {
	Requests int
	Per      time.Duration
}

// orUsual is a generous limit where none is given: what a person or a script
// does stays below it, a loop gone wild does not.
func (l Limit) orUsual() Limit {
	if l.Requests <= 0 || l.Per <= 0 {
		return Limit{Requests: 600, Per: time.Minute}
	}
	return l
}

// limiter keeps, for each caller, the time at which their whole limit is there
// again. A caller who has all of it is forgotten.
type limiter struct {
	Limit
	now   func() time.Time
	mu    sync.Mutex
	full  map[string]time.Time
	swept time.Time
}

func newLimiter(l Limit, now func() time.Time) *limiter {
	return &limiter{Limit: l, now: now, full: map[string]time.Time{}}
}

// room is what is left to a caller.
type room struct {
	left  int
	reset time.Duration // until the whole limit is there again
	wait  time.Duration // until the next request is; 0 when it may go
}

// take takes one request from the caller's limit, if there is one.
func (l *limiter) take(who string) room {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, each := l.now(), l.Per/time.Duration(l.Requests)
	if now.Sub(l.swept) >= l.Per {
		l.swept = now
		for k, full := range l.full {
			if !full.After(now) {
				delete(l.full, k)
			}
		}
	}
	full := l.full[who]
	if full.Before(now) {
		full = now
	}
	after := full.Add(each)
	if over := after.Sub(now) - l.Per; over > 0 {
		return room{reset: full.Sub(now), wait: over}
	}
	l.full[who] = after
	return room{left: int((l.Per - after.Sub(now)) / each), reset: after.Sub(now)}
}

// withinLimit takes one request from who asks: a user with each of their keys,
// or an address where nobody is known. A browser that has signed in before has
// a limit of its own, so that strangers at its address do not use it up.
func (a *API) withinLimit(x *exchange) error {
	if x.who.Anonymous() {
		if x.client.Device != "" && a.Identity.KnowsBrowser(x.r.Context(), x.client) {
			return a.take(x, "browser "+x.client.Device)
		}
		return a.take(x, "address "+x.client.Network())
	}
	return a.take(x, callerOf(x.who))
}

// callerOf names who has a limit of their own: a user, and each of their keys.
func callerOf(p identity.Principal) string {
	return "user " + decimal(p.Org) + " " + decimal(p.User) + " " + decimal(p.Key)
}

// used is how many requests of a caller's limit are used now.
func (l *limiter) used(who string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	each := l.Per / time.Duration(l.Requests)
	return int((max(0, l.full[who].Sub(l.now())) + each - 1) / each)
}

func (a *API) take(x *exchange, who string) error {
	r := a.limiter.take(who)
	h := x.out.w.Header()
	h.Set("RateLimit-Limit", strconv.Itoa(a.limiter.Requests))
	h.Set("RateLimit-Remaining", strconv.Itoa(r.left))
	h.Set("RateLimit-Reset", strconv.Itoa(seconds(r.reset)))
	if r.wait == 0 {
		return nil
	}
	p := problemOf(&weir.Error{Code: weir.CodeThrottled, Message: "these are too many requests", Remedy: "Wait " + strconv.Itoa(seconds(r.wait)) + " s, and ask less often"}, http.MethodGet)
	p.wait = r.wait
	return p
}

// seconds is a time as headers have it: whole seconds, never too early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
