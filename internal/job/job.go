// Package job is the job engine: work that is written down in Weir's own
// database, together with what it follows from, and done by whichever process
// has room, once, to the end.
//
//	job.go      kinds of jobs, and how work says what becomes of it
//	engine.go   open, enqueue, cancel, start, stop
//	queue.go    one of the two databases that River speaks to
//	outcome.go  which failure is tried again, when, and which is not
//	keeper.go   processes that died, and what they had
//
// River (riverqueue.com) keeps the queue; here is what it does not know: our
// transactions, our classes of errors, and whose process lives. At most one
// job of a kind and subject is waiting or at work. A job may be done twice
// when a process was thought dead and was not; so whoever does one holds a
// lease with an epoch, and what an older epoch writes is refused.
package job

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// Kind is what a job does. Every process knows all kinds.
type Kind string

// The kinds.
const (
	Ingest   Kind = "ingest"   // read a source into its logs
	Deliver  Kind = "deliver"  // bring a destination to the end of its log
	Validate Kind = "validate" // ask whether a credential is still good
	Rotate   Kind = "rotate"   // let a credential's service make a new key
	Compact  Kind = "compact"  // drop what a log has been told twice
	Export   Kind = "export"   // copy what is in quarantine of a user's datasets into files
	Upkeep   Kind = "upkeep"   // find what of the above is due
)

// Kinds are all kinds.
func Kinds() []Kind {
	return []Kind{Ingest, Deliver, Validate, Rotate, Compact, Export, Upkeep}
}

// Subject is what a job is about: a source, a destination, a credential, an export.
type Subject struct{ Org, ID int64 }

// Job is one job at work.
type Job struct {
	Kind
	Subject
	Number  int64
	Attempt int    // from 1; asking for another slice is none
	Process string // that does it
	// Life is how long a lease for this job lives unless it is renewed.
	Life time.Duration

	slice    time.Time
	stopping <-chan struct{}
	complete func(context.Context, *store.Tx) error
}

// Over reports that the job's slice of time is over, or that the process is
// stopping: the work saves where it is and returns Again.
func (j *Job) Over() bool {
	select {
	case <-j.stopping:
		return true
	default:
		return !time.Now().Before(j.slice)
	}
}

// Complete ends the job within a transaction: from its commit on the same job
// can be enqueued anew, and before it cannot. The work then returns nil.
func (j *Job) Complete(ctx context.Context, tx *store.Tx) error { return j.complete(ctx, tx) }

// Work does a job. nil means that it is done. Again asks to be called again.
// Any other error is treated by its class: see outcome.go.
type Work func(context.Context, *Job) error

// Again is the error of work that wants to go on later; it is no failure.
type Again struct{ In time.Duration }

// Error says so.
func (a Again) Error() string { return "it goes on later" }
