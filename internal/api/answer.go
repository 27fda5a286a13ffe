package api

import (
	"bytes"
	"net/http"
	"strconv"
)

// answer is what a handler writes. It is held back until the handler is done,
// so that an error or a panic can still become a proper answer. That of a
// stream goes out as it is written.
type answer struct {
	w       http.ResponseWriter
	header  http.Header
	status  int
	body    bytes.Buffer
	bytes   int64
	direct  bool // it goes out as it is written
	started bool // something has gone out
}

func newAnswer(w http.ResponseWriter) *answer {
	return &answer{w: w, header: http.Header{}, status: http.StatusOK}
}

// Header gives the handler's own headers.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader notes the status. It goes out with the first byte.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write keeps b, or sends it.
func (a *answer) Write(b []byte) (int, error) {
	if !a.direct {
		return a.body.Write(b)
	}
	a.start()
	n, err := a.w.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Flush sends what was written of a stream.
func (a *answer) Flush() {
	if a.direct {
		a.start()
		_ = http.NewResponseController(a.w).Flush() // a stream that cannot be flushed comes later
	}
}

func (a *answer) start() {
	if a.started {
		return
	}
	a.started = true
	for name, values := range a.header {
		a.w.Header()[name] = values
	}
	a.w.WriteHeader(a.status)
}

// discard forgets what a handler has written.
func (a *answer) discard() {
	a.body.Reset()
	a.header, a.status = http.Header{}, http.StatusOK
}

// send lets the answer out.
func (a *answer) send() {
	if a.direct || a.started {
		a.start()
		return
	}
	a.header.Set("Content-Length", strconv.Itoa(a.body.Len()))
	a.start()
	n, _ := a.w.Write(a.body.Bytes()) // a client that has gone is none of our business
	a.bytes = int64(n)
}
