package simulator

import (
	"net/http"
	"sync"
	"time"
)

// Arrival is one request as it reached the server.
type Arrival struct {
	Time   time.Time `json:"time"`
	Key    string    `json:"key"` // start of the key's SHA-256, or "anonymous"
	Method string    `json:"method"`
	Path   string    `json:"path"`   // without the query
	Status int       `json:"status"` // 0 while unanswered, or when the caller went away
}

// KeyArrivals sums up what arrived with one key.
type KeyArrivals struct {
	Key         string `json:"key"`
	Total       int    `json:"total"`
	Refused     int    `json:"refused"`     // answered 429
	MaxInWindow int    `json:"maxInWindow"` // most arrivals in any window [t, t+Window)
}

// Arrivals is everything that arrived at a simulator, control routes aside.
type Arrivals struct {
	Total       int           `json:"total"`
	Refused     int           `json:"refused"`
	MaxInWindow int           `json:"maxInWindow"` // the greatest of the keys'
	Window      time.Duration `json:"windowNanoseconds"`
	Keys        []KeyArrivals `json:"keys"`     // in order of first arrival
	Log         []Arrival     `json:"arrivals"` // the latest ones, oldest first
}

// arrivalLog counts exactly and remembers the latest arrivals.
type arrivalLog struct {
	mu      sync.Mutex
	window  time.Duration
	ring    []Arrival
	total   int
	cleared int // how many were forgotten
	keys    []*keyTally
	byKey   map[string]*keyTally
}

type keyTally struct {
	KeyArrivals
	recent []time.Time // arrivals within the window that ends with the latest one
}

const defaultArrivalLog = 10_000

func newArrivalLog(size int, window time.Duration) *arrivalLog {
	if size <= 0 {
		size = defaultArrivalLog
	}
	return &arrivalLog{window: window, ring: make([]Arrival, 0, size), byKey: map[string]*keyTally{}}
}

// note writes an arrival down and returns its number.
func (l *arrivalLog) note(now time.Time, c *call) int {
	key := "anonymous"
	if c.hasToken {
		key = keyDigest(c.token)
	}
	c.digest = key
	a := Arrival{Time: now, Key: key, Method: c.request.Method, Path: c.request.URL.Path}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, a)
	} else {
		l.ring[l.total%cap(l.ring)] = a
	}
	l.total++
	l.tally(key).add(now, l.window)
	return l.cleared + l.total - 1
}

func (l *arrivalLog) tally(key string) *keyTally {
	t := l.byKey[key]
	if t == nil {
		t = &keyTally{KeyArrivals: KeyArrivals{Key: key}}
		l.byKey[key] = t
		l.keys = append(l.keys, t)
	}
	return t
}

// add counts one arrival. The most arrivals in any window are always in one
// that ends with an arrival, so looking back at each arrival finds them.
func (t *keyTally) add(now time.Time, window time.Duration) {
	t.Total++
	old := 0
	for old < len(t.recent) && now.Sub(t.recent[old]) >= window {
		old++
	}
	t.recent = append(t.recent[old:], now)
	t.MaxInWindow = max(t.MaxInWindow, len(t.recent))
}

// answered adds the status to a noted arrival.
func (l *arrivalLog) answered(number int, c *call, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number -= l.cleared; number < 0 {
		return // forgotten meanwhile
	}
	if number >= l.total-cap(l.ring) {
		l.ring[number%cap(l.ring)].Status = status
	}
	if status == http.StatusTooManyRequests {
		l.tally(c.digest).Refused++
	}
}

// ClearArrivals forgets what arrived so far.
func (s *Simulator) ClearArrivals() {
	l := s.arrivals
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.keys, l.byKey = l.ring[:0], nil, map[string]*keyTally{}
	l.cleared += l.total
	l.total = 0
}

// Arrivals sums up what arrived so far.
func (s *Simulator) Arrivals() Arrivals {
	l := s.arrivals
	l.mu.Lock()
	defer l.mu.Unlock()
	a := Arrivals{Total: l.total, Window: l.window, Keys: make([]KeyArrivals, 0, len(l.keys))}
	for _, k := range l.keys {
		a.Keys = append(a.Keys, k.KeyArrivals)
		a.Refused += k.Refused
		a.MaxInWindow = max(a.MaxInWindow, k.MaxInWindow)
	}
	if l.total > cap(l.ring) {
		oldest := l.total % cap(l.ring)
		a.Log = append(append([]Arrival(nil), l.ring[oldest:]...), l.ring[:oldest]...)
	} else {
		a.Log = append([]Arrival(nil), l.ring...)
	}
	return a
}
