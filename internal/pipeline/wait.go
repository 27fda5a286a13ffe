package pipeline

import (
	"time"

	"github.com/weirhq/weir"
)

// Wait is why nothing comes at the moment: something went wrong that may be over
// soon, and is tried again.
type Wait struct {
	Tries int   `json:"tries"`        // that failed so far, in a row
	Most  int   `json:"most"`         // so many are made at most; 0 when nobody counts them
	At    int64 `json:"at,omitempty"` // when the next begins, µs; 0 when nobody knows, as of a key that waits for room
	Failure
}

// waits notes that what the stream has asked for failed in passing, and is asked
// for again after a pause.
func (t *tally) waits(failed error, tries, most int, pause time.Duration) {
	w := &Wait{Tries: tries, Most: most, Failure: *failureOf(failed)}
	if w.Code != weir.CodeThrottled { // else it is the key's window that says when
		w.At = t.now().Add(pause).UnixMicro()
	}
	t.change(func(r *StreamResult) { r.Wait = w })
}
