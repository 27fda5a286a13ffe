package simulator

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// Fault is one rule of what goes wrong. Faults strike in front of the API, as
// a content network would: one that answers itself takes no place in the
// key's limit, though its arrival is noted.
type Fault struct {
	Match FaultMatch  `yaml:"match"`
	Do    FaultAction `yaml:"do"`
}

// FaultMatch says which requests a fault strikes. The first rule that matches
// strikes; each rule counts its own matching requests from 1.
type FaultMatch struct {
	Path     string `yaml:"path"`     // a prefix, or a glob when it has * or ?; "" for all
	Key      string `yaml:"key"`      // the name of a key (KeyInfo.Name); "" for all
	Requests string `yaml:"requests"` // "3", "3-5", "every 7"; "" for all
	Method   string `yaml:"method"`   // "" for all
	// Chance strikes only so many of the requests, from 0 to 1; 0 means all.
	// Which ones follows from the simulator's seed.
	Chance float64 `yaml:"chance"`
}

// FaultAction says what a fault does. Several parts may be combined.
type FaultAction struct {
	Status       int               `yaml:"status"`         // answer with this status instead
	Headers      map[string]string `yaml:"headers"`        // added to the answer
	Delay        time.Duration     `yaml:"delay"`          // before the answer
	CutBodyAfter *int              `yaml:"cut_body_after"` // bytes of body until the connection breaks
	WrongJSON    string            `yaml:"wrong_json"`     // answer with this text as JSON
	HTML         string            `yaml:"html"`           // answer with this text as HTML
	Redirect     string            `yaml:"redirect"`       // answer with this location
	StripVersion bool              `yaml:"strip_version"`  // lose the request's cal-api-version: the old shape
	LoseResponse bool              `yaml:"lose_response"`  // do what is asked, then break the connection without an answer
	ApplyLate    time.Duration     `yaml:"apply_late"`     // answer 504 at once, and do what is asked so much later
	BodyDrip     time.Duration     `yaml:"body_drip"`      // pause between each 512 bytes of body
}

// dripSize is how much of the body comes between two pauses.
const dripSize = 512

func (a *FaultAction) delay() time.Duration {
	if a == nil {
		return 0
	}
	return a.Delay
}

// instead is the answer that takes the place of the API's, or nil.
func (a *FaultAction) instead() *answer {
	switch {
	case a == nil:
		return nil
	case a.ApplyLate > 0 && a.Status == 0 && a.HTML == "" && a.WrongJSON == "":
		return &answer{status: http.StatusGatewayTimeout, contentType: "text/html; charset=UTF-8", body: []byte("<html><body><h1>504 Gateway Time-out</h1></body></html>")}
	case a.Redirect != "":
		return &answer{status: statusOr(a.Status, http.StatusFound), contentType: "text/plain; charset=utf-8", header: [][2]string{{"Location", a.Redirect}}}
	case a.HTML != "":
		return &answer{status: statusOr(a.Status, http.StatusOK), contentType: "text/html; charset=UTF-8", body: []byte(a.HTML)}
	case a.WrongJSON != "":
		return &answer{status: statusOr(a.Status, http.StatusOK), body: []byte(a.WrongJSON)}
	case a.Status != 0:
		return &answer{status: a.Status, body: marshal(object{{"statusCode", a.Status}, {"message", http.StatusText(a.Status)}})}
	}
	return nil
}

func statusOr(status, otherwise int) int {
	if status != 0 {
		return status
	}
	return otherwise
}

// write sends an answer as the fault, which may be nil, deforms it.
func (a *FaultAction) write(w http.ResponseWriter, c *call, out *answer) {
	if a == nil {
		if out.writeHead(w, c) {
			_, _ = w.Write(out.body)
		}
		return
	}
	for name, value := range a.Headers {
		out.header = append(out.header, [2]string{name, value})
	}
	if a.LoseResponse || a.CutBodyAfter != nil && *a.CutBodyAfter == 0 {
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	}
	if !out.writeHead(w, c) {
		return
	}
	body := out.body
	if a.CutBodyAfter != nil {
		body = body[:min(*a.CutBodyAfter, len(body))]
	}
	a.drip(w, c, body)
	if a.CutBodyAfter != nil {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// drip writes the body, in small pieces when the fault says so.
func (a *FaultAction) drip(w io.Writer, c *call, body []byte) {
	if a.BodyDrip <= 0 {
		_, _ = w.Write(body)
		return
	}
	for len(body) > 0 {
		n := min(dripSize, len(body))
		if _, err := w.Write(body[:n]); err != nil {
			return
		}
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		body = body[n:]
		if !wait(c.request, a.BodyDrip) {
			return
		}
	}
}

// chance draws for a rule, from the seed and the request's number.
func (c *call) chance(of float64, rule int) bool {
	drawn := mix(mix(c.sim.options.Seed)^c.number<<8^uint64(rule)) >> 11
	return of == 0 || float64(drawn)/(1<<53) < of
}

// faultSet holds the rules and how often each has matched.
type faultSet struct {
	rules  []Fault
	when   []occasions
	mu     sync.Mutex
	seen   []int
	struck []int
}

func newFaultSet(rules []Fault) (*faultSet, error) {
	f := &faultSet{rules: rules, seen: make([]int, len(rules)), struck: make([]int, len(rules))}
	for i, rule := range rules {
		where := fmt.Sprintf("fault %d", i+1)
		when, err := parseOccasions(rule.Match.Requests)
		if err != nil {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: where, Message: "requests: " + err.Error(), Remedy: `Write "3", "3-5" or "every 7"`}
		}
		if _, err := path.Match(rule.Match.Path, ""); err != nil {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: where, Message: "path: this glob is malformed"}
		}
		if s := rule.Do.Status; s != 0 && (s < 200 || s > 599) {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: where, Message: "status: must be 200 to 599"}
		}
		if n := rule.Do.CutBodyAfter; n != nil && *n < 0 {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: where, Message: "cut_body_after: cannot be negative"}
		}
		if c := rule.Match.Chance; c < 0 || c > 1 {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: where, Message: "chance: must be from 0 to 1"}
		}
		if d := rule.Do; d.ApplyLate < 0 || d.Delay < 0 || d.BodyDrip < 0 {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: where, Message: "delay, body_drip and apply_late cannot be negative"}
		}
		f.when = append(f.when, when)
	}
	return f, nil
}

// strike gives the action of the first rule that matches the call, or nil.
func (f *faultSet) strike(c *call) *FaultAction {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.rules {
		m := &f.rules[i].Match
		if m.Method != "" && !strings.EqualFold(m.Method, c.request.Method) || !matchesPath(m.Path, c.request.URL.Path) || m.Key != "" && m.Key != c.key.Name {
			continue
		}
		f.seen[i]++
		if f.when[i].include(f.seen[i]) && c.chance(m.Chance, i) {
			f.struck[i]++
			return &f.rules[i].Do
		}
	}
	return nil
}

func matchesPath(pattern, p string) bool {
	if strings.ContainsAny(pattern, "*?[") {
		ok, _ := path.Match(pattern, p)
		return ok
	}
	return strings.HasPrefix(p, pattern)
}

// occasions are the numbers of the requests that a rule strikes.
type occasions struct{ from, to, every int }

func parseOccasions(text string) (occasions, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return occasions{every: 1}, nil
	}
	if n, ok := strings.CutPrefix(text, "every "); ok {
		every, err := positive(n)
		return occasions{every: every}, err
	}
	low, high, ranged := strings.Cut(text, "-")
	from, err := positive(low)
	if err != nil || !ranged {
		return occasions{from: from, to: from}, err
	}
	to, err := positive(high)
	if err == nil && to < from {
		err = fmt.Errorf("%q ends before it begins", text)
	}
	return occasions{from: from, to: to}, err
}

func positive(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no whole number from 1", text)
	}
	return n, nil
}

func (o occasions) include(n int) bool {
	if o.every > 0 {
		return n%o.every == 0
	}
	return n >= o.from && n <= o.to
}
