package simulator

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/weirhq/weir"
)

type clockRequest struct {
	Set  *time.Time `json:"set"`
	Hold bool       `json:"hold"`
	Move string     `json:"move"`
}

func (s *Simulator) serveClock(w http.ResponseWriter, _ *http.Request) {
	writeControl(w, http.StatusOK, object{{"now", clockText(s.now().UnixMilli())}})
}

func (s *Simulator) serveMoveClock(w http.ResponseWriter, r *http.Request) {
	const form = `{"set": "2026-12-01T09:00:00Z", "hold": true or false} or {"move": "90m"}`
	var c clockRequest
	if !readControl(w, r, &c, form) {
		return
	}
	d, err := time.ParseDuration(c.Move)
	switch {
	case c.Set != nil && c.Move == "":
		s.SetClock(*c.Set, c.Hold)
	case c.Set == nil && err == nil:
		s.MoveClock(d)
	default:
		refuseControl(http.StatusBadRequest, "send "+form)(w, r)
		return
	}
	s.serveClock(w, r)
}

// SetFaults replaces all rules of what goes wrong; their counts begin anew.
// The error is CodeConfig for a rule that makes no sense, and nothing changes.
func (s *Simulator) SetFaults(rules []Fault) error {
	next, err := newFaultSet(rules)
	if err != nil {
		return err
	}
	s.faults.Store(next)
	return nil
}

func (s *Simulator) serveFaults(w http.ResponseWriter, _ *http.Request) {
	f := s.faults.Load()
	f.mu.Lock()
	defer f.mu.Unlock()
	all := list{}
	for i, rule := range f.rules {
		m := rule.Match
		all = append(all, object{
			{"method", m.Method}, {"path", m.Path}, {"key", m.Key}, {"requests", m.Requests}, {"chance", m.Chance}, {"seen", f.seen[i]}, {"struck", f.struck[i]},
		})
	}
	writeControl(w, http.StatusOK, all)
}

// serveSetFaults takes the YAML of a file of faults, or JSON, which is YAML
// too; without a body there are no faults any more.
func (s *Simulator) serveSetFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	var rules []Fault
	if err == nil && r.Method == http.MethodPut {
		rules, err = ParseFaults(body)
	}
	if err == nil {
		err = s.SetFaults(rules)
	}
	if err != nil {
		message := err.Error()
		if e := (*weir.Error)(nil); errors.As(err, &e) {
			message = e.Where + ": " + e.Message
		}
		writeControl(w, http.StatusBadRequest, object{{"error", message}})
		return
	}
	s.serveFaults(w, r)
}
