// Package weir is the vocabulary of the product: the words that every other
// package speaks. It imports only the standard library and holds no
// behaviour beyond what a word needs to keep its own promise (a Secret that
// cannot print itself, an Error that carries its remedy).
//
// The journey of a record, and where each word belongs on it, is drawn in
// docs/architecture.md.
package weir

import (
	"context"
	"net/http"
)

// Position is where a destination continues in a dataset's record log: the
// number of records it has already consumed. The first record of a log has
// position 1; a destination at position 0 has consumed nothing.
type Position int64

// Checkpoint is where a source continues. Its content belongs to the package
// that reads the source; everything between carries it without looking
// inside. A nil Checkpoint means "from the beginning".
type Checkpoint []byte

// RunID names one run: sortable by time, unique over all processes.
type RunID string

// Lane is the class of urgency of a request for a place in a key's window.
// Lower lanes go first when places are scarce.
type Lane int

// The lanes, most urgent first.
const (
	LaneInteractive Lane = iota // a person is waiting: probe, test, preview
	LaneHook                    // a hook asks for one record again
	LaneIncremental             // what changed since the checkpoint
	LaneSweep                   // a full re-read that finds what increments miss
	LaneBackfill                // the first read of everything
)

// String gives the lane's name as shown to users.
func (l Lane) String() string {
	return [...]string{"interactive", "hook", "incremental", "sweep", "backfill"}[l]
}

// Answer is what became of one request, as the budget needs to know it.
type Answer struct {
	Sent   bool        // false only when certainly no byte reached the server
	Status int         // HTTP status, 0 when no answer was seen
	Header http.Header // the answer's headers, nil when no answer was seen
}

// Budget hands out places in one key's window. It is safe for concurrent use.
type Budget interface {
	// Take waits until the key's window has room for one more request in
	// this lane and returns the function that gives the place back; it must
	// be called exactly once, after the answer was seen or given up on.
	// The error is the context's, or CodeLocal when the budget cannot be kept.
	Take(ctx context.Context, lane Lane) (done func(Answer), err error)
}
