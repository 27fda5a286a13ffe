package governor

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

// fakeServer limits as the real one does (observed 2026-11-23): a fixed
// window from the first request, a block of one window from the first
// refusal, seconds left in the headers. It logs every arrival.
type fakeServer struct {
	mu       sync.Mutex
	limit    int
	block    time.Duration
	silent   bool // sends no headers
	storm    bool // refuses everything
	start    time.Time
	count    int
	blocked  time.Time
	arrivals []time.Time // ours
	refused  []time.Time // ours
	others   []time.Time // accepted from foreign consumers
	starved  int         // foreign consumers refused
}

func newFakeServer(limit int) *fakeServer { return &fakeServer{limit: limit, block: time.Minute} }

// arrive is one request's arrival.
func (s *fakeServer) arrive(foreign bool) (int, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !foreign {
		s.arrivals = append(s.arrivals, now)
	}
	if now.Sub(s.start) >= time.Minute {
		s.start, s.count = now, 0
	}
	left := s.start.Add(time.Minute).Sub(now)
	s.count++
	if now.Before(s.blocked) || s.count > s.limit || s.storm {
		if !now.Before(s.blocked) {
			s.blocked = now.Add(s.block)
			s.start = time.Time{} // a fresh window follows the block
		}
		if foreign {
			s.starved++
		} else {
			s.refused = append(s.refused, now)
		}
		return http.StatusTooManyRequests, s.headers(0, s.blocked.Sub(now))
	}
	if foreign {
		s.others = append(s.others, now)
	}
	return http.StatusOK, s.headers(s.limit-s.count, left)
}

func (s *fakeServer) headers(remaining int, left time.Duration) http.Header {
	if s.silent {
		return nil
	}
	h := http.Header{}
	h.Set("X-RateLimit-Limit-Default", strconv.Itoa(s.limit))
	h.Set("X-RateLimit-Remaining-Default", strconv.Itoa(remaining))
	h.Set("X-RateLimit-Reset-Default", strconv.Itoa(int((left+time.Second-1)/time.Second)))
	return h
}

// log is our arrivals so far, in order.
func (s *fakeServer) log() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(slices.Values(s.arrivals), time.Time.Compare)
}

// refusals counts ours so far, while the world still runs.
func (s *fakeServer) refusals() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.refused)
}

func (s *fakeServer) setStorm(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.storm = on
}

func (s *fakeServer) setLimit(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = n
}

// check asserts that no window held more than limit arrivals and that nothing
// was refused.
func (s *fakeServer) check(t *testing.T) {
	t.Helper()
	if n := mostInWindow(s.log(), time.Minute); n > s.limit {
		t.Errorf("%d arrivals in one window, limit %d", n, s.limit)
	}
	if n := s.refusals(); n > 0 {
		t.Errorf("%d requests refused", n)
	}
}

// perMinute is the rate of arrivals between two instants, over as many whole
// rounds of the limit as there are, so that bursts at the ends do not count.
func (s *fakeServer) perMinute(from, to time.Time) float64 {
	arrivals := s.log()
	first, _ := slices.BinarySearchFunc(arrivals, from, time.Time.Compare)
	last, _ := slices.BinarySearchFunc(arrivals, to, time.Time.Compare)
	round := min(s.limit, 120)
	n := (last - 1 - first) / round * round
	if n <= 0 {
		return float64(last-first) / to.Sub(from).Minutes()
	}
	return float64(n) / arrivals[first+n].Sub(arrivals[first]).Minutes()
}

// mostInWindow is the checker: the most of the ordered arrivals in any
// half-open window.
func mostInWindow(arrivals []time.Time, window time.Duration) int {
	most, first := 0, 0
	for i, t := range arrivals {
		for t.Sub(arrivals[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// latency draws one way's duration: mostly 25-175 ms, one in a hundred 5 s.
func latency() time.Duration {
	if rand.IntN(200) == 0 {
		return 5 * time.Second
	}
	return 25*time.Millisecond + rand.N(150*time.Millisecond)
}

// mortal is a ledger as seen by a process that can be killed.
type mortal struct {
	Ledger
	dead   atomic.Bool
	visits atomic.Int64
}

var errDead = errors.New("the process is dead")

func (m *mortal) UpdateBudget(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	if m.dead.Load() {
		return errDead
	}
	m.visits.Add(1)
	time.Sleep(3 * time.Millisecond) // a commit
	return m.Ledger.UpdateBudget(ctx, key, change)
}

// process is one governor with workers that ask without pause.
type process struct {
	ledger   *mortal
	governor *Governor
	budget   *Budget
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

func startProcess(ledger Ledger, s *fakeServer, workers int, lane weir.Lane) *process {
	p := &process{ledger: &mortal{Ledger: ledger}}
	p.governor = New(p.ledger, Options{})
	p.budget = p.governor.Budget("https://api.example", weir.NewSecret("cal_key"), 120)
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	for range workers {
		p.done.Go(func() {
			for p.request(ctx, s, lane) == nil {
			}
		})
	}
	return p
}

// request makes one request; a killed process neither sends nor sees answers.
func (p *process) request(ctx context.Context, s *fakeServer, lane weir.Lane) error {
	done, err := p.budget.Take(ctx, lane)
	if err != nil {
		return err
	}
	if p.ledger.dead.Load() {
		return errDead
	}
	time.Sleep(latency())
	status, header := s.arrive(false) // what was sent arrives, dead or not
	time.Sleep(latency())
	if p.ledger.dead.Load() {
		return errDead
	}
	done(weir.Answer{Sent: true, Status: status, Header: header})
	return nil
}

// stop ends the process in order.
func (p *process) stop() {
	p.cancel()
	p.done.Wait()
	_ = p.governor.Close()
}

// kill ends it without any cleanup.
func (p *process) kill() {
	p.ledger.dead.Store(true)
	p.cancel()
	p.done.Wait()
}

func perMinuteAtLeast(t *testing.T, s *fakeServer, from, to time.Time, least float64) {
	t.Helper()
	rate := s.perMinute(from, to)
	t.Logf("%.2f requests a minute, most in a window %d", rate, mostInWindow(s.log(), time.Minute))
	if rate < least {
		t.Errorf("%.2f requests a minute, want at least %.0f", rate, least)
	}
}
