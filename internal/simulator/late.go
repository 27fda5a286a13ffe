package simulator

import (
	"bytes"
	"context"
	"io"
	"time"
)

// lateCall is a request that was answered with a timeout and is done later.
type lateCall struct {
	due  time.Time
	call *call
}

// later keeps a request with its body.
func (s *Simulator) later(c *call, after time.Duration) {
	body, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	if err != nil {
		return
	}
	request := c.request.Clone(context.WithoutCancel(c.request.Context()))
	request.Body = io.NopCloser(bytes.NewReader(body))
	kept := *c
	kept.request = request
	s.lateMu.Lock()
	defer s.lateMu.Unlock()
	s.late = append(s.late, lateCall{c.now.Add(after), &kept})
}

// doLate does what is due; its answers go nowhere.
func (s *Simulator) doLate(now time.Time) {
	for {
		c := s.nextLate(now)
		if c == nil {
			return
		}
		s.respond(c)
	}
}

func (s *Simulator) nextLate(now time.Time) *call {
	s.lateMu.Lock()
	defer s.lateMu.Unlock()
	for i, l := range s.late {
		if !now.Before(l.due) {
			s.late = append(s.late[:i:i], s.late[i+1:]...)
			l.call.now = l.due
			return l.call
		}
	}
	return nil
}
