package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// waitLine says that a command waits for room in its key's budget, so that it does
// not look as if it hung: once, for a long reading waits in each minute.
type waitLine struct {
	mu   sync.Mutex
	out  io.Writer
	said bool
}

// tell is called by whoever waits, from several goroutines.
func (w *waitLine) tell(until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.said {
		return
	}
	w.said = true
	fmt.Fprintf(w.out, "Waiting until about %s for room in the key's budget.\n", until.Local().Format(time.TimeOnly))
}

// through is where it is said from here on.
func (w *waitLine) through(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = out
}
