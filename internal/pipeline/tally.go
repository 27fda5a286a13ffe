package pipeline

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// Status is how a stream or a run ended.
type Status string

// The statuses. A run is partial when some of its streams failed.
const (
	StatusSucceeded Status = "succeeded"
	StatusPartial   Status = "partial"
	StatusFailed    Status = "failed"
	StatusSkipped   Status = "skipped" // the key may not read it, or the server has no such endpoint
	StatusStopped   Status = "stopped" // the user or a failure elsewhere ended it; it resumes
)

// StreamResult is what a run did to one stream. Every record read is
// accounted for: Read = Fresh + Unchanged + Quarantined at reading.
type StreamResult struct {
	Name        string  `json:"name"`
	Read        int     `json:"read"`               // records seen, with those seen again
	Fresh       int     `json:"fresh,omitempty"`    // of them, new or other than the log had them
	Written     int     `json:"written"`            // root rows the destination inserted, updated or marked deleted
	Unchanged   int     `json:"unchanged"`          // seen, and already in the log as they are
	Quarantined int     `json:"quarantined"`        // refused by reading, schema or destination
	Deleted     int     `json:"deleted"`            // proved gone from the source
	Filtered    int     `json:"filtered,omitempty"` // kept back by datasets' rules on the way to destinations
	Requests    int     `json:"requests"`
	Retries     int     `json:"retries,omitempty"` // of them, those that failed in passing and were made again
	Bytes       int64   `json:"bytes,omitempty"`   // of answers
	Swept       bool    `json:"swept,omitempty"`   // everything was read, or is to be
	Seconds     float64 `json:"seconds"`
	Status      Status  `json:"status"`
	Error       string  `json:"error,omitempty"`

	Failure *Failure `json:"failure,omitempty"` // Error in its parts
	Wait    *Wait    `json:"wait,omitempty"`    // while it is read: why nothing comes

	Deliveries []Delivery `json:"deliveries,omitempty"` // to configured destinations

	err   error
	aside bool // err is one destination's own
	ended time.Time
}

// Failure is an error in its parts, for programs and for people.
type Failure struct {
	Code    weir.Code `json:"code"`
	Reason  string    `json:"reason,omitempty"`
	Where   string    `json:"where,omitempty"`
	Message string    `json:"message"`
	Remedy  string    `json:"remedy,omitempty"`
}

// failureOf takes an error apart; nil for none.
func failureOf(err error) *Failure {
	var e *weir.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return &Failure{Code: e.Code, Reason: e.Reason, Where: e.Where, Message: e.Message, Remedy: e.Remedy}
	}
	return &Failure{Code: weir.CodeOf(err), Message: err.Error()}
}

// KeyRefused reports whether the source did not take the key.
func (r StreamResult) KeyRefused() bool { return weir.CodeOf(r.err) == weir.CodeAuth && !r.aside }

// Aside reports whether the failure is one configured destination's own, and
// the source was read.
func (r StreamResult) Aside() bool { return r.aside }

// Delivery is what a run did to one stream at one configured destination.
type Delivery struct {
	Destination int64  `json:"destination"`
	Where       string `json:"where"`
	Written     int    `json:"written"`
	Quarantined int    `json:"quarantined"`
	Filtered    int    `json:"filtered,omitempty"` // kept back by the dataset's rules
	Error       string `json:"error,omitempty"`

	Failure *Failure `json:"failure,omitempty"`
}

// add adds what the run did to a stream to what it did to all.
func (r *StreamResult) add(t *store.Totals) {
	t.Read, t.Fresh, t.Unchanged, t.Deleted = t.Read+r.Read, t.Fresh+r.Fresh, t.Unchanged+r.Unchanged, t.Deleted+r.Deleted
	t.Written, t.Filtered, t.Quarantined = t.Written+r.Written, t.Filtered+r.Filtered, t.Quarantined+r.Quarantined
	t.Requests, t.Retries, t.Bytes = t.Requests+r.Requests, t.Retries+r.Retries, t.Bytes+r.Bytes
}

// Sum is what the run did to all streams together.
func (r *Result) Sum() (t store.Totals) {
	for i := range r.Streams {
		r.Streams[i].add(&t)
	}
	return t
}

// Err is the failure behind Error, for its code.
func (r StreamResult) Err() error { return r.err }

// Progress is a snapshot of one stream while it runs.
type Progress struct {
	StreamResult
	Done bool
}

// tally counts one stream's run. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	result   StreamResult
	began    time.Time
	now      func() time.Time
	progress func(Progress)
}

// newTally counts on from what earlier slices of the run have counted.
func newTally(f *Flow, name string, earlier StreamResult) *tally {
	earlier.Name, earlier.Status, earlier.Error, earlier.err = name, "", "", nil
	if earlier.Failure != nil && earlier.Failure.Code != weir.CodeForbidden { // what the key may not see is not read by the next slice either
		earlier.Failure = nil
	}
	began := f.Now().Add(-time.Duration(earlier.Seconds * float64(time.Second)))
	return &tally{result: earlier, began: began, now: f.Now, progress: f.Progress}
}

func (t *tally) change(f func(*StreamResult)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.result)
	t.result.Seconds = t.now().Sub(t.began).Seconds()
	if t.progress != nil {
		t.progress(Progress{StreamResult: t.result})
	}
}

func (t *tally) read(n int, done store.Appended) {
	t.change(func(r *StreamResult) {
		r.Read += n
		r.Fresh += done.Fresh
		r.Unchanged += done.Unchanged + done.Stale
		r.Quarantined += done.Quarantined
	})
}

func (t *tally) loaded(rows, refused int) {
	t.change(func(r *StreamResult) { r.Written += rows; r.Quarantined += refused })
}

func (t *tally) deleted(n int) { t.change(func(r *StreamResult) { r.Deleted += n }) }

// skip notes that a part of the stream could not be read.
func (t *tally) skip(err error) {
	t.change(func(r *StreamResult) { r.Error, r.Failure = err.Error(), failureOf(err) })
}

// end closes the tally with the stream's outcome.
func (t *tally) end(status Status, err error) StreamResult {
	t.change(func(r *StreamResult) {
		r.Status, r.err, r.ended, r.Wait = status, err, t.now(), nil
		if err != nil {
			r.Error, r.Failure = err.Error(), failureOf(err)
		}
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.progress != nil {
		t.progress(Progress{StreamResult: t.result, Done: true})
	}
	return t.result
}

// counted is an Exchanger that counts what passes through it.
type counted struct {
	rest.Exchanger
	tally *tally
}

// Exchange implements rest.Exchanger.
func (c counted) Exchange(ctx context.Context, req rest.Request) (rest.Response, error) {
	res, err := c.Exchanger.Exchange(ctx, req)
	if weir.CodeOf(err) != weir.CodeNotSent && !errors.Is(err, errNotAsked) {
		c.tally.change(func(r *StreamResult) {
			if err == nil {
				r.Wait = nil
			}
			r.Requests++
			r.Bytes += int64(len(res.Body))
			if weir.CodeOf(err).Retryable() {
				r.Retries++
			}
		})
	}
	return res, err
}
