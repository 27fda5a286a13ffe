package flow

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// StreamResult is what a run did to one endpoint.
type StreamResult = pipeline.StreamResult

// Run is one run of a source: asked for, under way, or over.
type Run struct {
	store.Run
	Order  Order
	Result pipeline.Result // stream by stream, so far; without streams of one that was interrupted
}

// Open reports whether the run is not over.
func (r *Run) Open() bool {
	return r.Status == store.RunQueued || r.Status == store.RunRunning || r.Status == store.RunDelivering
}

// Number is a run's number over the API: when it was asked for, in
// milliseconds since 1970, as its id says.
func Number(id weir.RunID) int64 {
	stamp, _, _ := strings.Cut(string(id), "-")
	t, err := time.Parse(pipeline.RunTime, stamp)
	if err != nil {
		return 0 // no id of ours
	}
	return t.UnixMilli()
}

// Runs gives a source's newest n runs, newest first.
func (s *Service) Runs(ctx context.Context, src *Source, n int) ([]Run, error) {
	rows, err := s.Store.FlowRuns(ctx, src.ID, n)
	if err != nil {
		return nil, err
	}
	return s.loadRuns(ctx, rows)
}

// Run gives one run of the organization.
func (s *Service) Run(ctx context.Context, org int64, id weir.RunID) (Run, error) {
	row, err := s.Store.FlowRun(ctx, org, id)
	if err != nil {
		return Run{}, err
	}
	runs, err := s.loadRuns(ctx, []store.Run{row})
	if err != nil {
		return Run{}, err
	}
	return runs[0], nil
}

// FindRun gives a run of the organization by its id, or by its number.
func (s *Service) FindRun(ctx context.Context, org int64, name string) (Run, error) {
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return s.Run(ctx, org, weir.RunID(name))
	}
	id, err := s.Store.RunAt(ctx, org, time.UnixMilli(n).UTC().Format(pipeline.RunTime)+"-")
	if err != nil {
		return Run{}, err
	}
	return s.Run(ctx, org, id)
}

func (s *Service) loadRuns(ctx context.Context, rows []store.Run) ([]Run, error) {
	runs, ids, at := make([]Run, len(rows)), make([]weir.RunID, len(rows)), map[weir.RunID]*Run{}
	for i, r := range rows {
		runs[i].Run, ids[i] = r, r.ID
		if err := runs[i].unpack(); err != nil {
			return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "run " + string(r.ID), Message: "what is stored of it cannot be read", Err: err}
		}
		at[r.ID] = &runs[i]
	}
	deliveries, err := s.Store.RunDeliveries(ctx, ids...)
	for _, d := range deliveries {
		at[d.Run].brought(d)
	}
	return runs, err
}

func (r *Run) unpack() (err error) {
	if r.Order, err = orderOf(r.Wanted); err != nil {
		return err
	}
	if len(r.Progress) > 0 {
		if err := json.Unmarshal(r.Progress, &r.Result.Streams); err != nil {
			return err
		}
		for _, s := range r.Result.Streams {
			r.Result.Requests += s.Requests
		}
	}
	if len(r.Summary) > 0 {
		return json.Unmarshal(r.Summary, &r.Result)
	}
	return nil
}

// brought adds what the run brought to a destination.
func (r *Run) brought(d store.RunDelivery) {
	for i := range r.Result.Streams {
		s := &r.Result.Streams[i]
		if s.Name != d.Stream {
			continue
		}
		s.Written += d.Written
		s.Quarantined += d.Quarantined
		if s.Error == "" {
			s.Error = d.Problem
		}
		s.Deliveries = append(s.Deliveries, pipeline.Delivery{Destination: d.Destination, Where: d.Place, Written: d.Written, Quarantined: d.Quarantined, Error: d.Problem})
		return
	}
	r.Result.Streams = append(r.Result.Streams, pipeline.StreamResult{Name: d.Stream, Status: pipeline.StatusSucceeded, Written: d.Written, Quarantined: d.Quarantined, Error: d.Problem,
		Deliveries: []pipeline.Delivery{{Destination: d.Destination, Where: d.Place, Written: d.Written, Quarantined: d.Quarantined, Error: d.Problem}}})
}
