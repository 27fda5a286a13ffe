package governor

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// The rule's constants that nobody needs to set.
const (
	grace      = 30 * time.Second // an unanswered request may arrive this much after it was given up
	claimLife  = 10 * time.Second // a claim not used for so long is void
	ahead      = 5 * time.Second  // places are claimed this much before they become free
	idleAfter  = 2 * time.Second  // unused claims go back, and true instants are written, after so long without use
	dirtyMost  = 10 * time.Second // true instants are written after so long in any case
	activeFor  = 10 * time.Second // an owner that wrote within this time counts as alive
	urgentFor  = 5 * time.Minute  // the reserve lasts so long after an interactive request had to wait
	ledgerWait = 30 * time.Second // longest wait for the ledger
	waitTold   = time.Second      // a wait for a place is told of once it has lasted so long
	// maxBlock is the most places claimed at once, and so about the most
	// that a crash leaves behind.
	maxBlock = 20
	// reserveShare of the limit is kept for interactive requests while the
	// reserve is on.
	reserveShare = 0.10
)

// DefaultLimit is the real server's limit per key and minute (observed
// 2026-11-23), used when a budget is asked for without one.
const DefaultLimit = 120

// Options adjust a Governor. The zero value is right for the real server.
type Options struct {
	// Pepper keys the hash that names a key in the ledger. All processes
	// that share a ledger must use the same one; nil is a fixed value, which
	// suffices for API keys too long to guess.
	Pepper []byte
	// Window is the server's window; 0 means 60 s.
	Window time.Duration
	// Margin is added to each occupied window against clocks that run at
	// slightly different rates; 0 means 1 s.
	Margin time.Duration
	// MaxRequest is the longest a request normally lasts, its client's
	// timeout; 0 means 30 s. A longer one is noticed and stays accounted for
	// as long as this process lives.
	MaxRequest time.Duration
	// FullAt is when somebody else may last have spent every key's window
	// without a word in the ledger: when it was put back from an older copy.
	// Nothing is sent until a request of then cannot count any more.
	FullAt time.Time
	// Now replaces time.Now. It must advance as package time's timers do.
	Now func() time.Time
	// Seen is told of each request that may have been sent, after its answer;
	// nil is nobody.
	Seen func(Sent)
	// Waits is told of each request that has no place a second after it asked
	// for one, and until when all are taken, as far as this process knows; nil
	// is nobody. It is called beside whoever waits.
	Waits func(until time.Time)
}

// Sent is one request that was sent, or may have been.
type Sent struct {
	Lane   weir.Lane
	Status int           // HTTP status; 0 when no answer was seen
	Waited time.Duration // for its place
	Took   time.Duration // from its place to its answer
}

func (o Options) withDefaults() Options {
	if o.Window <= 0 {
		o.Window = time.Minute
	}
	if o.Margin <= 0 {
		o.Margin = time.Second
	}
	if o.MaxRequest <= 0 {
		o.MaxRequest = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Pepper == nil {
		o.Pepper = []byte("weir budget")
	}
	return o
}

// hold is how long a place stays occupied after its answer was seen.
func (o Options) hold() time.Duration { return o.Window + o.Margin }

// longest is how long after its last possible use a place may be occupied:
// what others assume when the owner dies.
func (o Options) longest() time.Duration { return o.MaxRequest + o.hold() + grace }

// full is how long from now nobody knows what was sent before FullAt.
func (o Options) full() time.Duration { return o.FullAt.Add(o.hold() + grace).Sub(o.Now()) }

// Governor is one owner of places: normally one per process. Safe for
// concurrent use.
type Governor struct {
	ledger  Ledger
	options Options
	clock   timepiece
	owner   string

	mu      sync.Mutex
	budgets map[string]*Budget
	closed  bool
}

// New returns a governor that shares keys with every other governor on the
// same ledger.
func New(ledger Ledger, options Options) *Governor {
	options = options.withDefaults()
	return &Governor{
		ledger: ledger, options: options, clock: newTimepiece(options.Now),
		owner: rand.Text()[:12], budgets: map[string]*Budget{},
	}
}

// Budget returns the budget of a key at an origin ("https://api.cal.com").
// limit is requests per window, DefaultLimit when below 1. The same origin
// and key give the same *Budget, with the smallest limit asked for so far.
// The key itself is not kept.
func (g *Governor) Budget(origin string, key weir.Secret, limit int) *Budget {
	if limit < 1 {
		limit = DefaultLimit
	}
	name := g.Name(origin, key)
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.budgets[name]
	if b == nil {
		b = newBudget(g, name, limit)
		b.closed = g.closed
		g.budgets[name] = b
		return b
	}
	b.mu.Lock()
	b.configured = min(b.configured, limit)
	b.mu.Unlock()
	return b
}

// Name names the budget of a key at an origin: the same for all who hold the
// key, and no way back to it.
func (g *Governor) Name(origin string, key weir.Secret) string {
	return documentName(g.options.Pepper, origin, key)
}

// documentName is a keyed hash of origin and API key: the same for two
// credentials that hold one key, and no way back to it.
func documentName(pepper []byte, origin string, key weir.Secret) string {
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte(strings.ToLower(strings.TrimRight(origin, "/"))))
	mac.Write([]byte{0})
	mac.Write([]byte(key.Expose()))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Budgets tells how the budgets stand that this process has used, by name.
func (g *Governor) Budgets() map[string]Stats {
	g.mu.Lock()
	budgets := make([]*Budget, 0, len(g.budgets))
	for _, b := range g.budgets {
		budgets = append(budgets, b)
	}
	g.mu.Unlock()
	all := make(map[string]Stats, len(budgets))
	for _, b := range budgets {
		all[b.name] = b.Stats()
	}
	return all
}

// Close gives unused places back and writes what was used, so that the next
// process may begin at once. Waiting and later Takes fail. A governor that
// was not closed blocks its last claims for about two minutes.
func (g *Governor) Close() error {
	g.mu.Lock()
	g.closed = true
	budgets := make([]*Budget, 0, len(g.budgets))
	for _, b := range g.budgets {
		budgets = append(budgets, b)
	}
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), ledgerWait)
	defer cancel()
	var errs []error
	for _, b := range budgets {
		errs = append(errs, b.close(ctx))
	}
	return errors.Join(errs...)
}
