package server

import (
	"net/http"
	"time"
)

// How long a client may leave a piece of an answer unread. Time that the answer
// takes to be made does not count: streams and long work are not cut. What a
// client leaves unread in all is as long as the answer is at a slow line's pace.
const (
	unread = 30 * time.Second
	piece  = 64 << 10
	pace   = 8 << 10 // bytes a second
)

// observed is an answer whose status is looked at, and that ends when nobody
// reads it: else whoever opens many and reads none takes all memory.
type observed struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	sent    bool
	own     bool          // the handler has set a deadline of its own
	bytes   int64         // that were written
	stood   time.Duration // for how long the client let us stand
}

func newObserved(w http.ResponseWriter) *observed {
	return &observed{ResponseWriter: w, control: http.NewResponseController(w), status: http.StatusOK}
}

// WriteHeader implements http.ResponseWriter.
func (o *observed) WriteHeader(status int) {
	if !o.sent {
		o.status, o.sent = status, status >= 200
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (o *observed) Write(b []byte) (n int, err error) {
	o.sent = true
	for first := true; first || len(b) > 0; first = false {
		part := b[:min(len(b), piece)]
		var m int
		err = o.patiently(func() (err error) {
			m, err = o.ResponseWriter.Write(part)
			return err
		})
		n, b, o.bytes = n+m, b[len(part):], o.bytes+int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// FlushError lets http.ResponseController send what was written.
func (o *observed) FlushError() error { return o.patiently(o.control.Flush) }

// SetWriteDeadline lets a handler be more or less patient than others; with no
// time it is as patient as they are.
func (o *observed) SetWriteDeadline(at time.Time) error {
	o.own = !at.IsZero()
	return o.control.SetWriteDeadline(at)
}

// patiently sends something while the client reads. Between pieces no deadline
// runs: over HTTP/2 one ends the answer though nothing waits to be sent.
func (o *observed) patiently(send func() error) error {
	if o.own {
		return send()
	}
	begun := time.Now()
	left := unread + time.Duration(o.bytes/pace)*time.Second - o.stood
	_ = o.control.SetWriteDeadline(begun.Add(min(unread, left))) // a writer without one belongs to a test
	err := send()
	o.stood += time.Since(begun)
	_ = o.control.SetWriteDeadline(time.Time{})
	return err
}

// Unwrap lets http.ResponseController reach what is below.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }
