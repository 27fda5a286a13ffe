// Package simulator is a Cal.com API v2 server in memory: an http.Handler that
// answers and changes as the real server was observed to (2026-11-23, the
// open-source server of January 2026), faults included, from generated data.
// The same seed on the same day gives the same data.
//
// There are two kinds of state. Bookings are rows in a book (book.go), small
// enough for a million of them; what somebody wrote through the API stands in a
// detail beside its row (detail.go). All else is in the directory
// (directory.go), with the smaller things in collections (things.go).
//
// One request goes this way: control routes and the page (control.go, page.go)
// aside, its arrival is noted (arrivals.go), a fault may strike (fault.go), its
// body is read (document.go), the route and version are found (routes.go), the
// key's limit is counted (limiter.go), the caller is known (auth.go), and the
// noun's own file answers: bookings.go, teams.go, ... Writes describe what they
// take (input.go, constraints.go) and compute when hosts are free
// (availability.go, slots.go). Then webhooks are called (hook_delivery.go).
// Between requests the data may change (mutate.go).
package simulator

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir"
)

// DefaultWindow is the length of the rate limit's window and of the block
// after a refusal, observed on 2026-11-23.
const DefaultWindow = 60 * time.Second

// Releases of the API that can be simulated.
const (
	ReleaseObserved = "2026-01" // the server that was observed, nothing newer
	ReleaseNewest   = "2026-08" // with the routes of the API's document of August 2026
)

// Options say what is simulated. The zero value has no bookings and no limit.
type Options struct {
	Bookings  int           // how many bookings the owner's key sees
	Seed      uint64        // same seed and same day: same data, same keys
	RateLimit int           // requests per Window and key (or address, without a key); 0 for no limit
	Window    time.Duration // of the limit and of the block; 0 means DefaultWindow
	Latency   time.Duration // added to each answer
	Release   string        // "" means ReleaseNewest
	Profile   string        // "" means ProfileOpen

	// DriftPerRequest changes data while it is read: after every so many
	// requests a few changes happen. 0 means never.
	DriftPerRequest int
	// ReplicaLag is how long a change stays invisible after it happened, with
	// its time of change unmoved, as behind a lagging read replica. It holds
	// for drift, for Mutate, and for bookings that are made through the API.
	ReplicaLag time.Duration
	// NoAdminAPI takes the organization's paid access to the admin API away:
	// its routes then answer 403.
	NoAdminAPI bool
	// ArrivalLog is how many arrivals are remembered one by one; 0 means 10,000.
	ArrivalLog int
	Faults     []Fault
	// Deliver sends a webhook's request; nil means that none is sent.
	Deliver func(*http.Request) (*http.Response, error)
	Now     func() time.Time // nil means time.Now
}

// Simulator is one simulated server. It is safe for concurrent use.
type Simulator struct {
	options    Options
	routes     map[routeKey][]*route
	keyring    *keyring
	clock      movedClock
	limiter    *limiter
	arrivals   *arrivalLog
	faults     atomic.Pointer[faultSet]
	requests   atomic.Uint64
	deliveries atomic.Uint64
	drift      atomic.Int64

	mu      sync.RWMutex // guards what follows
	dir     *directory
	book    *book
	pending []pendingChange

	lateMu sync.Mutex
	late   []lateCall
}

// New generates the data. The error is CodeUsage for options that make no
// sense and CodeConfig for a fault rule that makes none.
func New(o Options) (*Simulator, error) {
	if o.Bookings < 0 || o.RateLimit < 0 || o.DriftPerRequest < 0 {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "simulator", Message: "bookings, rate limit and drift cannot be negative"}
	}
	if o.Release != "" && o.Release != ReleaseObserved && o.Release != ReleaseNewest {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "simulator", Message: "unknown release " + o.Release, Remedy: "Use " + ReleaseObserved + " or " + ReleaseNewest}
	}
	if o.Profile != "" && o.Profile != ProfileOpen && o.Profile != ProfileHosted {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "simulator", Message: "unknown profile " + o.Profile, Remedy: "Use " + ProfileOpen + " or " + ProfileHosted}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.Release == "" {
		o.Release = ReleaseNewest
	}
	faults, err := newFaultSet(o.Faults)
	if err != nil {
		return nil, err
	}
	s := &Simulator{options: o, dir: newDirectory(o.Now(), o.Seed), limiter: newLimiter(), arrivals: newArrivalLog(o.ArrivalLog, o.Window)}
	s.keyring = seedKeys(o, s.dir, o.Now())
	s.routes = routesByKey(routeTable(o.Release, o.Profile))
	s.book = generate(s.dir, o.Bookings, o.Seed, o.Now())
	s.book.lag = o.ReplicaLag.Milliseconds()
	s.faults.Store(faults)
	s.drift.Store(int64(o.DriftPerRequest))
	return s, nil
}

// SetDrift changes Options.DriftPerRequest while the simulator runs.
func (s *Simulator) SetDrift(everyRequests int) { s.drift.Store(int64(everyRequests)) }

// ServeHTTP answers one request.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if control := s.control(r); control != nil {
		control(w, r)
		return
	}
	now := s.now()
	c := &call{sim: s, request: r, now: now, number: s.requests.Add(1), version: r.Header.Get("Cal-Api-Version")}
	c.token, c.hasToken = bearer(r)
	if c.hasToken && looksLikeKey(c.token) {
		c.key, _, c.gone = s.keyring.find(c.token, now)
	}
	arrived := s.arrivals.note(now, c)
	do := s.faults.Load().strike(c)
	if !wait(r, s.options.Latency+do.delay()) {
		return
	}
	a := s.answerFaultily(c, do)
	s.arrivals.answered(arrived, c, a.status)
	s.afterRequest(c)
	do.write(w, c, a)
}

// answerFaultily answers unless a fault answers in its place.
func (s *Simulator) answerFaultily(c *call, do *FaultAction) *answer {
	if do != nil && do.ApplyLate > 0 {
		s.later(c, do.ApplyLate)
	}
	if a := do.instead(); a != nil {
		return a
	}
	if do != nil && do.StripVersion {
		c.version = ""
	}
	return s.answer(c)
}

// answer finds the route, counts the limit, knows the caller and asks the
// handler, in the order in which the real server does.
func (s *Simulator) answer(c *call) *answer {
	s.doLate(c.now)
	s.catchUp(c.now)
	return s.respond(c)
}

// respond is answer without what was left to do.
func (s *Simulator) respond(c *call) *answer {
	if c.request.Method == http.MethodOptions {
		return c.preflight()
	}
	if c.request.Method != http.MethodGet && c.request.Method != http.MethodHead {
		if c.sent.object, c.sent.refusal = c.readBody(); c.sent.refusal != nil {
			return c.sent.refusal
		}
	}
	found := s.match(c)
	if found == nil {
		return c.cannot()
	}
	if refusal := s.throttle(c, found); refusal != nil {
		return refusal
	}
	a := s.handle(c, found)
	s.deliver(c)
	return a
}

// handle answers with the data locked.
func (s *Simulator) handle(c *call, found *route) *answer {
	if found.writes() {
		s.mu.Lock()
		defer s.mu.Unlock()
	} else {
		s.mu.RLock()
		defer s.mu.RUnlock()
	}
	if refusal := s.authenticate(c, found.auth); refusal != nil {
		return refusal
	}
	for _, guard := range found.guards {
		if refusal := guard(c); refusal != nil {
			return refusal
		}
	}
	return found.handle(c)
}

// wait lets d pass; it is false when the caller went away meanwhile.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
