package web_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/pacetest"
	"github.com/weirhq/weir/internal/simulator"
)

// seenWithin is how old a step of a run may be when a page that is open shows it.
const seenWithin = time.Second

// pagesSent is when the account had answered with each page of bookings.
type pagesSent struct {
	mu sync.Mutex
	at []time.Time
}

// watch notes them. Answers come slowly, so that each is a step of its own.
func (p *pagesSent) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if r.URL.Path != "/v2/bookings" {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.at = append(p.at, time.Now())
	})
}

func (p *pagesSent) all() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.at)
}

// pageOfBookings is how many bookings one answer has.
const pageOfBookings = 250

// noteSteps makes a page note when the number that it shows of records changes.
const noteSteps = `(() => {
	const shown = () => [...document.querySelectorAll('#live dt')].find((e) => e.textContent === 'Records read')?.nextElementSibling.textContent.replace(/\D/g, '');
	window.steps = [];
	let last = shown();
	new MutationObserver(() => {
		const now = shown();
		if (now && now !== last) { last = now; window.steps.push([Date.now(), Number(now)]); }
	}).observe(document.body, { childList: true, subtree: true, characterData: true });
	return true;
})()`

func TestAStepOfARunIsOnItsPageWithinASecond(t *testing.T) {
	sent := &pagesSent{}
	s := siteOf(t, simulator.Options{Bookings: 2400, Seed: 1, RateLimit: 120, Faults: []simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/bookings"}, Do: simulator.FaultAction{Delay: 900 * time.Millisecond}}}}, sent.watch)
	s.setUp()
	b := s.browse(1440, 1000)
	b.signIn()
	b.credential("Our account")
	b.open("/flows/new?credential=1&endpoint=bookings")
	b.press("Create and run")
	b.sees("running")
	b.open("/runs")
	b.do(chromedp.Click(chromedp.CSS(`tbody td a`)))
	b.sees("Records read")
	if !run(b, chromedp.Evaluate[bool](noteSteps)) {
		t.Fatal("nothing notes what the page shows")
	}
	begun, slower := time.Now(), pacetest.Watch(t)
	b.until("the run is over", `document.querySelector('#live .badge').innerText.includes('succeeded')`)
	steps := run(b, chromedp.Evaluate[[][2]int64](`window.steps`)) // when, and how many records
	late := []time.Duration{}
	for i, at := range sent.all() {
		seen := slices.IndexFunc(steps, func(step [2]int64) bool { return step[1] > int64(i)*pageOfBookings })
		if seen >= 0 && at.After(begun) {
			late = append(late, time.UnixMilli(steps[seen][0]).Sub(at))
		}
	}
	if len(late) < 5 {
		t.Fatalf("only %d steps were seen: %v", len(late), steps)
	}
	slices.Sort(late)
	times := slower()
	t.Logf("%d steps on the page: half of them within %s of the answer, all within %s; the machine was %.1f times slower", len(late), late[len(late)/2].Round(time.Millisecond), late[len(late)-1].Round(time.Millisecond), times)
	// A machine that is busy with other tests keeps the browser waiting now and then.
	if middle := late[len(late)/2]; middle > time.Duration(times*float64(seenWithin)) {
		t.Errorf("steps are on the page %s after they happened", middle.Round(time.Millisecond))
	}
}
