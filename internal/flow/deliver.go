package flow

import (
	"context"
	"errors"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// lingerFor is how long a delivery waits at the end of the log for more while
// the source is being read, rather than opening the destination anew for the
// next page.
const (
	lingerFor   = 3 * time.Second
	lingerPause = 200 * time.Millisecond
)

// filler is one slice of the filling of a destination.
type filler struct {
	*Runner
	job     *job.Job
	to      *Destination
	src     *Source
	filling pipeline.Filling
	lease   *store.Term
	load    store.Load // what is the same in all batches
	paused  bool       // nothing goes there because somebody paused it
	rules   []edited   // whose rules the records go through
}

// deliver brings a destination to the end of its dataset's log.
func (r *Runner) deliver(ctx context.Context, j *job.Job) error {
	f := &filler{Runner: r, job: j, load: store.Load{Org: j.Org, Destination: j.ID}}
	err := f.prepare(ctx)
	if err != nil {
		return f.fail(ctx, err)
	}
	if f.filling.Endpoint == nil {
		return f.fail(ctx, &weir.Error{Code: weir.CodeConflict, Where: "destination", Message: "it is paused, or its source does not read its dataset any more", Remedy: "Activate it, or choose the endpoint in the source again"})
	}
	if f.lease, err = r.flows.Store.LeaseDelivery(ctx, j.Org, j.ID, j.Process, j.Life); err != nil {
		return err
	}
	inside, done := renewing(ctx, f.lease, j.Life)
	defer done()
	f.filling.Epoch = f.lease.Epoch
	opened, where, err := r.flows.open(inside, Actor{Org: j.Org}, f.to)
	f.load.Place = where
	if err != nil {
		return f.fail(ctx, weir.At(where, err))
	}
	inside, span := f.span(inside)
	f.filling.Target = &pipeline.Target{ID: f.to.ID, Destination: f.spanned(opened), Where: where, Mode: f.to.Mode}
	filled, err := f.follow(inside)
	span.End(err)
	// Closed before anybody is told that the rows are there.
	if closing := opened.Close(); err == nil && closing != nil {
		err = weir.At(where, closing)
	}
	if lost := context.Cause(inside); isFenced(lost) {
		err = lost
	}
	if err != nil {
		return f.fail(ctx, err)
	}
	return f.arrive(inside, filled)
}

// prepare finds what goes where. The endpoint stays nil when nothing does.
func (f *filler) prepare(ctx context.Context) (err error) {
	if f.to, err = f.flows.Destination(ctx, f.job.Org, f.job.ID); err != nil {
		return err
	}
	d, err := f.flows.Dataset(ctx, f.job.Org, f.to.Dataset)
	if err != nil {
		return err
	}
	f.load.Flow, f.load.Stream = d.Source, d.Endpoint
	if Status(f.to.Status) != StatusActive || Status(d.Status) == StatusPaused {
		f.paused = true
		return nil
	}
	o, err := f.flows.openDataset(ctx, d)
	if err != nil || o.log.ID == 0 {
		return err
	}
	f.src = o.source
	o.flow.Over = f.job.Over
	f.filling = pipeline.Filling{Flow: o.flow, Source: o.log.Source, Endpoint: o.endpoint, Saved: f.saved, Waits: f.waits}
	return f.reshape(ctx, d, o.endpoint.PrimaryKey)
}

// saved writes down what the destination has.
func (f *filler) saved(ctx context.Context, done pipeline.Portion) error {
	l := f.load
	l.Log, l.To, l.Run, l.At = done.Log, done.To, done.Run, f.flows.now()
	l.Written, l.Quarantined, l.Rejects, l.Filtered = done.Rows, done.Refused, done.Rejects, done.Filtered
	f.flows.Meter.Loaded(done.Rows, done.Refused)
	return f.flows.Store.SaveLoad(ctx, f.lease, l)
}

// waits lets people see why a batch is loaded again, while it is.
func (f *filler) waits(ctx context.Context, failed error, pause time.Duration) {
	l := f.load
	l.At = f.flows.now()
	err := f.flows.Store.Change(ctx, func(tx *store.Tx) error {
		if err := f.lease.Hold(ctx, tx); err != nil {
			return err
		}
		if err := f.failing(ctx, tx, l, failed, pause); err != nil {
			return err
		}
		return tx.AnnounceRun(ctx, l.Org, l.Flow, "")
	})
	if err != nil {
		f.flows.Logger.Debug("that a destination waits could not be written down", "destination", l.Destination, "org", l.Org, "error", err)
	}
}

// follow brings the destination to the end of the log, or as far as the slice
// allows, and while the source is being read follows the log a little longer.
func (f *filler) follow(ctx context.Context) (pipeline.Filled, error) {
	last := f.flows.Now()
	for before := weir.Position(-1); ; {
		filled, err := pipeline.Deliver(ctx, &f.filling)
		if err != nil || !filled.End {
			return filled, err
		}
		if filled.At != before {
			before, last = filled.At, f.flows.Now()
		}
		if f.flows.Now().Sub(last) >= lingerFor || f.job.Over() || !f.reading(ctx) {
			return filled, nil
		}
		if err := pause(ctx, lingerPause); err != nil {
			return filled, err
		}
	}
}

// reading reports whether the source is being read now.
func (f *filler) reading(ctx context.Context) bool {
	_, err := f.flows.Store.OpenRun(ctx, f.src.ID)
	return err == nil
}

// arrive ends the runs that waited for the destination to come this far, and
// the job when this is the end of the log: in a transaction in which nobody
// can append, so that whoever appends later enqueues another delivery. What
// came by rules that are not the dataset's any more is no end.
func (f *filler) arrive(ctx context.Context, filled pipeline.Filled) error {
	l := f.load
	l.Log, l.To, l.At = filled.Log, filled.At, f.flows.now()
	end := false
	err := f.flows.Store.Change(ctx, func(tx *store.Tx) (err error) {
		if end, err = f.current(ctx, tx); err != nil || !end {
			return err
		}
		if end, err = tx.Arrived(ctx, f.lease, filled.Dataset, l); err != nil || !end {
			return err
		}
		if err := f.flows.tellDelivery(ctx, tx, l, ""); err != nil {
			return err
		}
		return f.job.Complete(ctx, tx)
	})
	switch {
	case err != nil:
		return err
	case !end:
		return job.Again{}
	}
	f.flows.Meter.Delivered(true)
	return nil
}

// fail lets the runs that wait for the destination wait no longer. What may
// be over soon is tried again all the same, for as long as a day.
func (f *filler) fail(ctx context.Context, failed error) error {
	var again bool
	switch failed.(type) { //nolint:errorlint // it is ours, and never wrapped
	case nil:
		return nil
	case job.Again:
		again = true
	}
	if again || ctx.Err() != nil && !job.Cancelled(ctx) || isFenced(failed) || weir.CodeOf(failed) == weir.CodeConflict && reasonOf(failed) == store.ReasonHeld {
		return failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	l := f.load
	l.At = f.flows.now()
	lasting := job.Lasting(failed)
	pause, _ := f.job.Later(failed)
	err := f.flows.Store.Change(ctx, func(tx *store.Tx) error {
		if err := tx.FailDelivery(ctx, l, failed.Error()); err != nil {
			return err
		}
		if err := f.failing(ctx, tx, l, failed, pause); err != nil {
			return err
		}
		active, err := f.activated(ctx, tx)
		switch {
		case err != nil:
			return err
		case active:
			return errActivated
		}
		if !f.paused {
			err = f.flows.tellDelivery(ctx, tx, l, failed.Error())
		}
		if err != nil || !lasting {
			return err
		}
		return f.job.Complete(ctx, tx)
	})
	if errors.Is(err, errActivated) {
		return job.Again{}
	}
	if err != nil {
		return err
	}
	f.flows.Meter.Delivered(false)
	f.flows.Logger.Warn("destination not filled", "destination", l.Destination, "source", l.Flow, "org", l.Org, "error", failed)
	if lasting {
		return nil
	}
	return failed
}

// errActivated says that what was paused is so no more: nothing failed.
var errActivated = errors.New("it was activated meanwhile")

// activated reports whether somebody has activated what was paused when the job
// looked: runs may wait for it since. It is asked for when the destination is
// held, so that none begins to wait before the transaction ends.
func (f *filler) activated(ctx context.Context, tx *store.Tx) (bool, error) {
	if !f.paused {
		return false, nil
	}
	to, err := tx.Resource(ctx, f.job.Org, store.KindDestination, f.to.ID)
	if err != nil || Status(to.Status) != StatusActive {
		return false, gone(err)
	}
	d, err := tx.Resource(ctx, f.job.Org, store.KindDataset, f.to.Dataset)
	return err == nil && Status(d.Status) != StatusPaused, gone(err)
}

// gone forgets that something is not there any more.
func gone(err error) error {
	if weir.CodeOf(err) == weir.CodeNotFound {
		return nil
	}
	return err
}

// pause waits, or gives the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
