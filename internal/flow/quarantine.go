package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// Rejected is a record in quarantine, with the configured dataset it is of.
type Rejected struct {
	store.Quarantined
	Origin store.Origin // zero when its dataset was deleted
	// Made is the dataset, made from Origin's, on whose way to a destination it
	// was set aside; zero when that is Origin's own. What may be done with the
	// record is asked of Origin.
	Made   store.Resource
	Hidden bool // what rules may hide was taken out of it; Origin is the dataset that it is seen by
}

// Of is the dataset of whose records it is one, by id and name; 0 when that was
// deleted.
func (r *Rejected) Of() (id int64, name string) {
	if r.Made.ID != 0 {
		return r.Made.ID, r.Made.Name
	}
	return r.Origin.Dataset, r.Origin.Name
}

// Rejects gives the filter's records in quarantine, newest first, and how many
// there are on all pages.
func (s *Service) Rejects(ctx context.Context, f store.QuarantineFilter) ([]Rejected, int, error) {
	total, err := s.Store.CountQuarantine(ctx, f)
	if err != nil || total == 0 {
		return nil, 0, err
	}
	rows, err := s.Store.Quarantined(ctx, f)
	if err != nil || len(rows) == 0 {
		return nil, total, err
	}
	logs := []store.DatasetID{}
	for i := range rows {
		if !slices.Contains(logs, rows[i].Dataset) {
			logs = append(logs, rows[i].Dataset)
		}
	}
	origins, err := s.Store.Origins(ctx, logs...)
	if err != nil {
		return nil, 0, err
	}
	made, err := s.refusedOf(ctx, f.Org, rows)
	all := make([]Rejected, len(rows))
	for i, q := range rows {
		all[i] = Rejected{Quarantined: q, Origin: origins[q.Dataset]}
		if d := made[q.Destination]; d.ID != all[i].Origin.Dataset && all[i].Origin.Dataset != 0 {
			all[i].Made = d
		}
	}
	return all, total, err
}

// refusedOf gives the dataset of each destination that refused one of the records.
// One that was deleted is not in the answer.
func (s *Service) refusedOf(ctx context.Context, org int64, rows []store.Quarantined) (map[int64]store.Resource, error) {
	ids := []int64{}
	for i := range rows {
		if to := rows[i].Destination; to != 0 && !slices.Contains(ids, to) {
			ids = append(ids, to)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	refs, err := s.Store.References(ctx, ids...)
	if err != nil {
		return nil, err
	}
	of, datasets := map[int64]int64{}, []int64{}
	for _, ref := range refs {
		if ref.Role == roleDataset {
			of[ref.Resource] = ref.Target
			datasets = append(datasets, ref.Target)
		}
	}
	found, _, err := s.Store.Resources(ctx, store.ResourceFilter{Org: org, Kind: store.KindDataset, IDs: datasets})
	out := map[int64]store.Resource{}
	for to, dataset := range of {
		for _, d := range found {
			if d.ID == dataset {
				out[to] = d
			}
		}
	}
	return out, err
}

// Reject finds one record in quarantine of the organization.
func (s *Service) Reject(ctx context.Context, org, id int64) (*Rejected, error) {
	all, _, err := s.Rejects(ctx, store.QuarantineFilter{Org: org, IDs: []int64{id}})
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, &weir.Error{Code: weir.CodeNotFound, Where: "quarantine", Message: "there is none with this id"}
	}
	return &all[0], nil
}

// Replayed is what became of a record's replay.
type Replayed struct {
	ID      int64
	Run     weir.RunID
	State   string // of the reject now
	Placed  bool   // it is in the log
	Refused int64  // the reject that it has become: refused again by a destination; 0 for none
	Reason  string // why it is not in the log, or was refused again
}

// replayWait is how long a replay is waited for. What has not come to an end
// by then goes on.
const replayWait = 20 * time.Second

// Replay sends records of one source on their way again, as they are or as
// data says, and waits a while for what becomes of them. Nothing is replayed
// while the source is being read: CodeConflict.
func (r *Runner) Replay(ctx context.Context, who Actor, source int64, rejects []Rejected, data []byte) ([]Replayed, error) {
	replays := []*pipeline.Replay{}
	for i := range rejects {
		if rejects[i].State != store.QuarantineOpen {
			return nil, &weir.Error{Code: weir.CodeConflict, Where: fmt.Sprintf("quarantine %d", rejects[i].ID), Message: "it is " + rejects[i].State + " already", Remedy: "Look at it again"}
		}
		replays = append(replays, &pipeline.Replay{Reject: rejects[i].Quarantined, Data: data, By: who.User})
	}
	if err := r.flows.tellRejects(ctx, who, "replay", rejects, data != nil); err != nil {
		return nil, err
	}
	run, err := r.replay(ctx, who, source, replays)
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, replayWait)
	defer cancel()
	if _, err := r.Wait(wait, who.Org, run); err != nil && wait.Err() == nil {
		return nil, err
	}
	return r.flows.outcomes(ctx, who.Org, run, replays)
}

// replayLife is how long the source is held for a replay; it is renewed.
const replayLife = 30 * time.Second

// replay puts records into the source's logs again, in a run of its own that
// reads nothing, and lets its destinations be filled from there.
func (r *Runner) replay(ctx context.Context, who Actor, source int64, replays []*pipeline.Replay) (id weir.RunID, err error) {
	src, err := r.flows.Source(ctx, who.Org, source)
	if err != nil {
		return "", err
	}
	c, err := r.flows.usable(ctx, who.Org, src.Credential)
	if err != nil {
		return "", err
	}
	rd := &reader{Runner: r, src: src, order: Order{Source: source, LogOnly: true, Why: weir.WhyReplay, By: who.User}}
	if rd.flow, _, err = r.flows.readingNow(ctx, src, c); err != nil {
		return "", err
	}
	if rd.log, err = r.flows.Store.EnsureSource(ctx, rd.flow.SourceSpec()); err != nil {
		return "", err
	}
	// A run without a job is a replay's: a live one has the lease.
	if open, err := r.flows.Store.OpenRun(ctx, source); err == nil && open.Job != 0 {
		return "", beingRead(source, open.ID)
	}
	if rd.lease, err = r.flows.Store.LeaseSource(ctx, rd.log, "replay", replayLife); reasonOf(err) == store.ReasonHeld {
		return "", beingRead(source, "")
	}
	if err != nil {
		return "", err
	}
	inside, done := renewing(ctx, rd.lease, replayLife)
	defer done()
	id = pipeline.NewRunID(r.flows.Now())
	next := store.Run{ID: id, Number: Number(id), Wanted: rd.order.pack()}
	if rd.run, err = r.flows.Store.BeginSlice(inside, src.Org, src.ID, rd.log, rd.lease.Epoch, r.flows.now(), next); err != nil {
		return "", err
	}
	if rd.run.ID != id { // it was asked for meanwhile, and is not ours to make
		s := rd.slice(rd.run.Progress)
		s.Release = true
		return "", errors.Join(r.flows.Store.SaveSlice(inside, s), beingRead(source, rd.run.ID))
	}
	r.flows.began(src, rd.run, rd.order)
	f := rd.flow
	f.RunID, f.LogOnly, f.Replays, f.Listener = rd.run.ID, true, replays, r.flows.news(src, rd.order)
	result, failed := pipeline.Ingest(inside, f, rd.log, rd.lease.Epoch)
	return rd.run.ID, rd.end(context.WithoutCancel(inside), result, failed)
}

// beingRead is what a replay meets while its source is being read.
func beingRead(source int64, run weir.RunID) error {
	e := &weir.Error{Code: weir.CodeConflict, Where: fmt.Sprintf("source %d", source), Message: "it is being read now", Remedy: "Try again when that is over"}
	if run != "" {
		e.Remedy = "Try again when run " + string(run) + " is over"
	}
	return e
}

func reasonOf(err error) string {
	var e *weir.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// outcomes says what became of replays.
func (s *Service) outcomes(ctx context.Context, org int64, run weir.RunID, replays []*pipeline.Replay) ([]Replayed, error) {
	out := make([]Replayed, len(replays))
	for i, r := range replays {
		now, err := s.Reject(ctx, org, r.Reject.ID)
		if err != nil {
			return nil, err
		}
		out[i] = Replayed{ID: r.Reject.ID, Run: run, State: now.State}
		out[i].Placed, out[i].Reason = r.Outcome()
	}
	refused, err := s.Store.Quarantined(ctx, store.QuarantineFilter{Org: org, Run: string(run), State: store.QuarantineOpen})
	for _, q := range refused {
		for i, r := range replays {
			if out[i].Placed && q.Dataset == r.Reject.Dataset && q.Key == r.Key() {
				out[i].Refused, out[i].Reason = q.ID, q.Reason
			}
		}
	}
	return out, err
}

// DropReject drops records in quarantine: nobody is asked about them again,
// and their bytes stay. One that is not open any more is CodeConflict.
func (s *Service) DropReject(ctx context.Context, who Actor, rejects []Rejected) error {
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		for i := range rejects {
			if err := tx.DropReject(ctx, rejects[i].ID, who.User, s.now()); err != nil {
				return err
			}
		}
		return s.Audit.AppendTx(ctx, tx, rejectEntry(who, "drop", rejects, false))
	})
}

// tellRejects writes the audit's line about records in quarantine.
func (s *Service) tellRejects(ctx context.Context, who Actor, verb string, rejects []Rejected, edited bool) error {
	return s.Audit.Append(ctx, rejectEntry(who, verb, rejects, edited))
}

func rejectEntry(who Actor, verb string, rejects []Rejected, edited bool) audit.Entry {
	ids, dataset := []int64{}, int64(0)
	for i := range rejects {
		ids, dataset = append(ids, rejects[i].ID), rejects[i].Origin.Dataset
	}
	return audit.Entry{Org: who.Org, Actor: who.User, Action: "quarantine." + verb, Kind: string(store.KindDataset), Object: dataset, Detail: map[string]any{"quarantine": ids, "edited": edited}}
}
