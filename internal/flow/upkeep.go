package flow

import (
	"context"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// The rhythm of upkeep.
const (
	upkeepPause   = time.Hour
	validateEvery = 24 * time.Hour
	day           = 24 * time.Hour
	keepCounts    = 90 * day // which records a run counts as quarantined
)

// Keep enqueues upkeep again and again until ctx ends: at once, and then
// every hour. However many processes do so, it is done once at a time.
func (r *Runner) Keep(ctx context.Context) {
	for {
		if n, err := r.flows.Store.CountSchedules(ctx); err == nil {
			r.flows.crowd.Store(n)
		}
		err := r.flows.Store.Change(ctx, func(tx *store.Tx) error {
			_, err := r.jobs.Enqueue(ctx, tx, job.Upkeep, job.When{Priority: 4}, job.Subject{})
			return err
		})
		if err != nil && weir.CodeOf(err) != weir.CodeCancelled {
			r.flows.Logger.Warn("upkeep could not be enqueued", "error", err)
		}
		if pause(ctx, upkeepPause) != nil {
			return
		}
	}
}

func (r *Runner) upkeep(ctx context.Context, _ *job.Job) error { return r.Upkeep(ctx) }

// Upkeep finds what is due, and enqueues it: credentials that were not looked
// at for a day, keys that end soon, destinations that are behind their log, and
// copies of quarantine whose time has come.
func (r *Runner) Upkeep(ctx context.Context) error {
	if err := r.each(ctx, store.KindCredential, r.keepCredential); err != nil {
		return err
	}
	if err := r.each(ctx, store.KindDestination, r.keepDestination); err != nil {
		return err
	}
	if err := r.flows.Store.ForgetCounts(ctx, weir.RunID(r.flows.Now().Add(-keepCounts).UTC().Format(pipeline.RunTime))); err != nil {
		return err
	}
	return r.each(ctx, store.KindRejectExport, r.keepExport)
}

// each calls f for every resource of a kind.
func (r *Runner) each(ctx context.Context, kind store.Kind, f func(context.Context, store.Resource) error) error {
	const page = 200
	for after := int64(0); ; {
		rows, err := r.flows.Store.LivingResources(ctx, kind, after, page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := f(ctx, row); err != nil {
				if ctx.Err() != nil || weir.CodeOf(err) == weir.CodeLocal {
					return err
				}
				r.flows.Logger.Warn("what is due could not be found out", string(kind), row.ID, "org", row.Org, "error", err)
			}
			after = row.ID
		}
		if len(rows) < page {
			return nil
		}
	}
}

// keepCredential looks whether a credential must be asked about, or its key
// rotated or announced.
func (r *Runner) keepCredential(ctx context.Context, row store.Resource) error {
	c, err := r.flows.Credentials.Credential(ctx, row.Org, row.ID)
	if err != nil {
		return err
	}
	if err := r.Spread(ctx, c.Org, c.ID); err != nil {
		return err
	}
	now := r.flows.Now()
	about := job.Subject{Org: c.Org, ID: c.ID}
	left := time.UnixMicro(c.ExpiresAt).Sub(now)
	rotates := c.ExpiresAt != 0 && c.RotateDays() > 0 && left > 0 && left <= time.Duration(c.RotateDays())*day && c.Status() == credential.StatusVerified
	if rotates {
		settled, err := r.settled(ctx)
		if err != nil {
			return err
		}
		rotates = settled
	}
	return r.flows.Store.Change(ctx, func(tx *store.Tx) error {
		if rotates {
			_, err := r.jobs.Enqueue(ctx, tx, job.Rotate, job.When{Priority: 3}, about)
			return err
		}
		if c.Status() != credential.StatusUnknown && now.UnixMicro()-max(c.CheckedAt, c.Created) > validateEvery.Microseconds() {
			_, err := r.jobs.Enqueue(ctx, tx, job.Validate, job.When{Priority: 4}, about)
			return err
		}
		return nil
	})
}

// settled reports whether this database is not a copy that was restored within
// a day. Such a one makes no new keys by itself: somebody may have started it
// beside the original, whose keys that would kill.
func (r *Runner) settled(ctx context.Context) (bool, error) {
	restored, err := r.flows.Store.Restored(ctx)
	return r.flows.Now().Sub(restored.Time()) > day, err
}

// keepDestination enqueues the filling of a destination that is behind its
// log, for whatever reason nobody does so.
func (r *Runner) keepDestination(ctx context.Context, row store.Resource) error {
	if Status(row.Status) != StatusActive {
		return nil
	}
	to, err := r.flows.loadDestination(ctx, row)
	if err != nil {
		return err
	}
	d, err := r.flows.Dataset(ctx, to.Org, to.Dataset)
	if err != nil {
		return err
	}
	o, err := r.flows.openDataset(ctx, d)
	if err != nil || o.log.ID == 0 {
		return err
	}
	edition, err := r.flows.edition(ctx, d)
	if err != nil {
		return err
	}
	log, at, err := r.flows.Store.Filled(ctx, to.ID)
	if err != nil || log == weir.LogEdition(o.log.Log, edition) && at >= o.log.Head {
		return err
	}
	if log == "" && Status(o.source.Status) != StatusActive {
		return nil // nothing ever went there: it waits for its source, as Activate lets it
	}
	return r.flows.Store.Change(ctx, func(tx *store.Tx) error {
		_, err := r.jobs.Enqueue(ctx, tx, job.Deliver, job.When{Priority: 3}, job.Subject{Org: to.Org, ID: to.ID})
		return err
	})
}

// validate asks whether a credential is still good; that it is not is told by
// whoever keeps credentials.
func (r *Runner) validate(ctx context.Context, j *job.Job) error {
	c, err := r.flows.Credentials.Check(ctx, Actor{Org: j.Org}, j.ID)
	if weir.CodeOf(err) == weir.CodeNotFound || c != nil && c.Status() == credential.StatusFailed {
		return nil
	}
	return err
}

// rotate lets the service make a new key. It is tried once a day: what was
// begun and has no end is for a person to settle.
func (r *Runner) rotate(ctx context.Context, j *job.Job) error {
	c, err := r.flows.Credentials.Credential(ctx, j.Org, j.ID)
	if err != nil || c.Status() != credential.StatusVerified {
		return err
	}
	if left := time.UnixMicro(c.ExpiresAt).Sub(r.flows.Now()); c.RotateDays() == 0 || left > time.Duration(c.RotateDays())*day {
		return nil // somebody has done it meanwhile
	}
	if settled, err := r.settled(ctx); err != nil || !settled {
		return err
	}
	c, failed := r.flows.Credentials.Rotate(ctx, Actor{Org: j.Org}, j.ID, 0)
	if failed == nil {
		r.flows.Logger.Info("key rotated", "credential", j.ID, "org", j.Org, "expires", time.UnixMicro(c.ExpiresAt))
		return nil
	}
	r.flows.Logger.Warn("key not rotated", "credential", j.ID, "org", j.Org, "error", failed)
	return nil // upkeep asks again while the key lives
}

// compact lets a source's logs drop versions that newer ones have replaced.
func (r *Runner) compact(ctx context.Context, j *job.Job) error {
	src, err := r.flows.Source(ctx, j.Org, j.ID)
	if weir.CodeOf(err) == weir.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	datasets, err := r.flows.DatasetsOf(ctx, j.Org, src.ID)
	if err != nil {
		return err
	}
	for _, row := range datasets[src.ID] {
		d, err := r.flows.loadDataset(ctx, row)
		if err != nil {
			return err
		}
		o, err := r.flows.openDataset(ctx, d)
		if err != nil || o.log.ID == 0 {
			continue // it is not read any more
		}
		if err := r.flows.Store.Tidy(ctx, o.log.ID); err != nil {
			return err
		}
	}
	return nil
}
