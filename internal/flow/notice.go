package flow

import (
	"context"
	"errors"
	"log/slog"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// The events that people may want to hear of.
const (
	EventRunFailed        = "run.failed"
	EventRunRecovered     = "run.recovered" // the first good run after one that failed
	EventDeliveryFailed   = "delivery.failed"
	EventCredentialFailed = "credential.failed" // #nosec G101 -- the name of an event
	EventKeyExpiring      = "credential.expiring"
	EventQuarantine       = "quarantine" // a run set records aside
)

// Notice is something that happened to one object.
type Notice struct {
	Org     int64
	Event   string
	Kind    store.Kind
	Object  int64
	Run     weir.RunID // "" when it is about none
	Message string     // what happened, and what to do
}

// Notices tells people what happens.
type Notices interface {
	// Raise writes a notice down in the transaction of what it tells of: it
	// will be told if, and only if, that is committed. One that says the same
	// again may be dropped.
	Raise(ctx context.Context, tx *store.Tx, n Notice) error
	// Deliver tells what was raised and not told yet. What could not be told
	// is kept, and its error is of the class that says when to try again.
	Deliver(ctx context.Context) error
}

// logged tells the log, where nothing else is configured.
type logged struct{ log *slog.Logger }

// Raise implements Notices.
func (l logged) Raise(_ context.Context, _ *store.Tx, n Notice) error {
	l.log.Info("notice", "event", n.Event, "org", n.Org, "kind", n.Kind, "object", n.Object, "run", n.Run, "message", n.Message)
	return nil
}

// Deliver implements Notices.
func (logged) Deliver(context.Context) error { return nil }

// raise writes a notice down, and enqueues its telling.
func (r *Runner) raise(ctx context.Context, tx *store.Tx, n Notice) error {
	if err := r.notices.Raise(ctx, tx, n); err != nil {
		return err
	}
	if _, only := r.notices.(logged); only {
		return nil
	}
	_, err := r.jobs.Enqueue(ctx, tx, job.Notify, job.When{}, job.Subject{})
	return err
}

// notify tells what was raised. What is raised while it does so is told by
// the next one, which comes within a minute.
func (r *Runner) notify(ctx context.Context, _ *job.Job) error { return r.notices.Deliver(ctx) }

// tell raises what a run has to tell.
func (rd *reader) tell(ctx context.Context, tx *store.Tx, result *pipeline.Result, failed error) error {
	n := Notice{Org: rd.src.Org, Kind: store.KindSource, Object: rd.src.ID, Run: rd.run.ID}
	was, err := tx.LastOutcome(ctx, rd.src.ID, rd.run.ID)
	if err != nil {
		return err
	}
	bad := string(pipeline.StatusFailed)
	switch {
	case result.Status == pipeline.StatusFailed && failed != nil:
		n.Event, n.Message = EventRunFailed, failed.Error()
	case was == bad && (result.Status == pipeline.StatusSucceeded || result.Status == pipeline.StatusPartial):
		n.Event, n.Message = EventRunRecovered, "the flow runs again"
	default:
		for _, s := range result.Streams {
			if s.Quarantined > 0 {
				n.Event, n.Message = EventQuarantine, "records of "+s.Name+" were set aside; look at the dataset's quarantine"
			}
		}
	}
	if n.Event == "" {
		return nil
	}
	return rd.raise(ctx, tx, n)
}

func reasonOf(err error) string {
	var e *weir.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}
