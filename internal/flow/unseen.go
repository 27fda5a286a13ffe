package flow

import (
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// What a destination says of its place, and of what it fails of, is for who may
// see it. Whoever sees only the flow sees that it failed, how that counts, and
// whom to ask.

// The words in place of a destination's own.
const (
	unseenFailed = "a destination that you may not see failed"
	unseenRemedy = "Ask its owner, or an administrator"
	unseenSaid   = "This is said of a destination that you may not see. " + unseenRemedy
	unseenError  = unseenFailed + ". " + unseenRemedy
)

// unseenFailure is a failure without its words.
func unseenFailure(f Failure) Failure {
	return Failure{Code: f.Code, Message: unseenFailed, Remedy: unseenRemedy}
}

// HideUnseen takes out of a run what destinations said that are not among those
// that are seen.
func (r *Run) HideUnseen(seen map[int64]bool) {
	for i := range r.Waits {
		if w := &r.Waits[i]; w.Destination != 0 && !seen[w.Destination] {
			w.Failure = unseenFailure(w.Failure)
		}
	}
	for i := range r.Result.Streams {
		s := &r.Result.Streams[i]
		for j := range s.Deliveries {
			if !seen[s.Deliveries[j].Destination] {
				hideDelivery(s, &s.Deliveries[j])
			}
		}
	}
}

// hideDelivery takes out of a stream what one of its destinations said.
func hideDelivery(s *StreamResult, d *pipeline.Delivery) {
	d.Where = ""
	if d.Error == "" {
		return
	}
	if s.Error == d.Error { // it speaks for the stream, too
		s.Error = unseenError
		if s.Failure != nil {
			hidden := unseenFailure(*s.Failure)
			s.Failure = &hidden
		}
	}
	d.Error = unseenError
	if d.Failure != nil {
		hidden := unseenFailure(*d.Failure)
		d.Failure = &hidden
	}
}

// HideLine takes out of a line of a run's log what a destination said.
func HideLine(l *store.RunLine) {
	l.Text = unseenSaid
	if l.Severity == store.SeverityError {
		l.Text = unseenError
	}
}

// HideHealth takes out of a flow's health what a destination said.
func HideHealth(h *store.FlowHealth) { h.Summary = unseenError }
