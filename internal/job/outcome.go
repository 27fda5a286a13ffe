package job

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// The rhythm of trying again.
const (
	firstPause = time.Second
	mostPause  = 5 * time.Minute
	// localPause is how long a job waits whose own machine or database cannot
	// do it: it resumes by itself, and uses up no attempt meanwhile.
	localPause = 15 * time.Second
)

// attempts is how often a job is tried at most. A job that only waits, or that
// goes on slice by slice, makes no attempt by that. A destination is tried for
// a day; upkeep begins again where one is behind.
func attempts(k Kind) int {
	if k == Deliver {
		return 300
	}
	return 12
}

// Pause is how long to wait after an attempt: up to 1 s·2ⁿ, no more than five
// minutes, anywhere between, so that many who failed at once do not come back
// at once.
func Pause(attempt int) time.Duration { return pauseAt(attempt, rand.Float64()) }

// pauseAt is the pause at a place between the shortest and the longest: 0 to 1.
func pauseAt(attempt int, place float64) time.Duration {
	top := mostPause
	if attempt < 16 {
		top = min(mostPause, firstPause<<max(0, attempt-1))
	}
	return top/2 + time.Duration(place*float64(top/2))
}

// pauseOf is Pause for a job: the same whoever asks, so that it can be told
// before the queue does it.
func pauseOf(number int64, attempt int) time.Duration {
	h := fnv.New64a()
	fmt.Fprint(h, number, attempt)
	return pauseAt(attempt, float64(h.Sum64())/math.MaxUint64)
}

// Later is how long the job waits after an error before it is tried again, and
// whether it is.
func (j *Job) Later(err error) (pause time.Duration, again bool) {
	switch {
	case err == nil, Lasting(err):
		return 0, false
	case weir.CodeOf(err) == weir.CodeLocal:
		return localPause, true
	}
	return pauseOf(j.Number, j.Attempt), j.Attempt < attempts(j.Kind)
}

// Lasting reports whether trying again cannot help: a person, or another
// Weir, must do something first.
func Lasting(err error) bool {
	switch c := weir.CodeOf(err); c {
	case "", weir.CodeLocal, weir.CodeCancelled, weir.CodeInternal: // "" is no error at all
		return false
	default:
		return !c.Retryable()
	}
}

// Cancelled reports whether the job that a context is of was cancelled by
// somebody, rather than stopped.
func Cancelled(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), river.ErrJobCancelledRemotely)
}

// outcome turns what work returned into what River is to do. It is the table
// of docs/decisions/0013-job-engine.md.
func (e *Engine) outcome(ctx context.Context, j *Job, err error) error {
	var again Again
	switch {
	case err == nil:
		return nil
	case errors.As(err, &again):
		return river.JobSnooze(again.In)
	case Cancelled(ctx):
		if weir.CodeOf(err) != weir.CodeCancelled {
			e.Logger.Warn("a job that was cancelled could not say how it ended", "job", j.Kind, subjects[j.Kind], j.ID, "org", j.Org, "error", err)
		}
		return river.JobCancel(err)
	case ctx.Err() != nil: // the process stops, or the job took too long
		return river.JobSnooze(0)
	case weir.CodeOf(err) == weir.CodeLocal:
		e.Logger.Warn("a job waits", "job", j.Kind, subjects[j.Kind], j.ID, "org", j.Org, "error", err)
		return river.JobSnooze(localPause)
	case fenced(err):
		return river.JobSnooze(firstPause)
	case Lasting(err):
		return river.JobCancel(err)
	}
	return err
}

// subjects are what kinds of jobs are about, as every line of the log calls it.
var subjects = map[Kind]string{Ingest: "source", Deliver: "destination", Validate: "credential", Rotate: "credential", Compact: "source", Export: "export", Upkeep: "subject"}

// outcomeOf is what became of an attempt, in one word.
func outcomeOf(ctx context.Context, err error) string {
	var again Again
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &again), ctx.Err() != nil && !Cancelled(ctx), weir.CodeOf(err) == weir.CodeLocal, fenced(err):
		return "later"
	case Cancelled(ctx):
		return "cancelled"
	}
	return "failed"
}

// fenced reports that another process has taken the work over.
func fenced(err error) bool {
	var e *weir.Error
	return errors.As(err, &e) && (e.Reason == store.ReasonFenced || e.Reason == store.ReasonHeld)
}
