package flow

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// StreamResult is what a run did to one endpoint.
type StreamResult = pipeline.StreamResult

// Failure is an error in its parts.
type Failure = pipeline.Failure

// Run is one run of a source: asked for, under way, or over.
type Run struct {
	store.Run
	Order   Order
	Result  pipeline.Result // stream by stream, so far; without streams of one that was interrupted, and in lists
	Failure *Failure        // what speaks for the run; nil when nothing failed
	Waits   []Wait          // while it is not over: why nothing comes; not in lists
}

// Open reports whether the run is not over.
func (r *Run) Open() bool {
	return r.Status == store.RunQueued || r.Status == store.RunRunning
}

// Number is a run's number over the API.
func Number(id weir.RunID) int64 { return pipeline.Number(id) }

// Runs gives a source's newest n runs, newest first, with their streams and with
// what each has committed so far.
func (s *Service) Runs(ctx context.Context, src *Source, n int) ([]Run, error) {
	rows, err := s.Store.FlowRuns(ctx, src.ID, n)
	if err != nil {
		return nil, err
	}
	return s.loadRuns(ctx, rows)
}

// ListRuns gives the filter's runs, newest first, and how many there are on all
// pages.
func (s *Service) ListRuns(ctx context.Context, f store.RunFilter) ([]Run, int, error) {
	rows, total, err := s.Store.ListRuns(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	if f.Whole {
		runs, err := s.loadRuns(ctx, rows)
		return runs, total, err
	}
	runs, err := unpackRuns(rows)
	if err != nil {
		return nil, 0, err
	}
	return runs, total, s.countBrought(ctx, runs)
}

// countBrought counts what runs that are not over have brought to destinations.
func (s *Service) countBrought(ctx context.Context, runs []Run) error {
	var ids []weir.RunID
	open := map[weir.RunID]*Run{}
	for i := range runs {
		if r := &runs[i]; r.Open() {
			ids, open[r.ID] = append(ids, r.ID), r
		}
	}
	deliveries, err := s.Store.RunDeliveries(ctx, ids...)
	for _, d := range deliveries {
		open[d.Run].count(d)
	}
	return err
}

// count counts what a run that is not over has brought to a destination; of one
// that is over the row has it.
func (r *Run) count(d store.RunDelivery) {
	if t := &r.Totals; r.Open() {
		t.Written, t.Filtered, t.Quarantined = t.Written+d.Written, t.Filtered+d.Filtered, t.Quarantined+d.Quarantined
	}
}

func unpackRuns(rows []store.Run) ([]Run, error) {
	runs := make([]Run, len(rows))
	for i, r := range rows {
		runs[i].Run = r
		if err := runs[i].unpack(); err != nil {
			return nil, err
		}
		runs[i].sofar()
	}
	return runs, nil
}

// sofar makes of a run that is not over what people see: it is running until
// its destinations have what it has read, and has done what its streams have.
// What it has brought to destinations is counted by brought.
func (r *Run) sofar() {
	if r.Status == store.RunDelivering {
		r.Status = store.RunRunning
	} else if r.Status == store.RunRunning && len(r.Progress) > 0 {
		r.Totals = r.Result.Sum()
	}
}

// loadRuns adds what the runs brought to destinations.
func (s *Service) loadRuns(ctx context.Context, rows []store.Run) ([]Run, error) {
	runs, err := unpackRuns(rows)
	if err != nil {
		return nil, err
	}
	ids, at := make([]weir.RunID, len(rows)), map[weir.RunID]*Run{}
	for i, r := range rows {
		ids[i] = r.ID
		at[r.ID] = &runs[i]
	}
	deliveries, err := s.Store.RunDeliveries(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, d := range deliveries {
		at[d.Run].brought(d)
	}
	return runs, s.addWaits(ctx, runs, deliveries)
}

// unpack reads what is stored as JSON.
func (r *Run) unpack() error {
	var err error
	if r.Order, err = orderOf(r.Wanted); err != nil {
		return r.unreadable(err)
	}
	if len(r.Progress) > 0 {
		if err := json.Unmarshal(r.Progress, &r.Result.Streams); err != nil {
			return r.unreadable(err)
		}
		for _, s := range r.Result.Streams {
			r.Result.Requests += s.Requests
		}
	}
	for text, into := range map[string]any{string(r.Summary): &r.Result, string(r.Run.Failure): &r.Failure} {
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return r.unreadable(err)
		}
	}
	for i := range r.Result.Streams {
		if s := &r.Result.Streams[i]; s.Fresh == 0 { // 0 indeed, or written down before it was counted by itself
			s.Fresh = max(0, s.Read-s.Unchanged-s.Quarantined)
		}
	}
	return nil
}

func (r *Run) unreadable(err error) error {
	return &weir.Error{Code: weir.CodeIntegrity, Where: "run " + string(r.ID), Message: "what is stored of it cannot be read", Err: err}
}

// Run finds one run of the organization by its id, with its streams and what it
// has committed so far.
func (s *Service) Run(ctx context.Context, org int64, id string) (*Run, error) {
	row, err := s.Store.FlowRun(ctx, org, weir.RunID(id))
	if err != nil {
		return nil, err
	}
	runs, err := s.loadRuns(ctx, []store.Run{row})
	if err != nil {
		return nil, err
	}
	return &runs[0], nil
}

// RunOf finds one run of a source by its number, with its streams.
func (s *Service) RunOf(ctx context.Context, org, source, number int64) (*Run, error) {
	return s.oneRun(ctx, store.RunFilter{Org: org, Sources: []int64{source}, Number: number})
}

func (s *Service) oneRun(ctx context.Context, f store.RunFilter) (*Run, error) {
	f.Whole = true
	runs, _, err := s.ListRuns(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(runs) == 0 {
		return nil, &weir.Error{Code: weir.CodeNotFound, Where: "run", Message: "there is none with this id"}
	}
	return &runs[0], nil
}

// endpoints gives a source's own datasets by the endpoint that they are of.
func (s *Service) endpoints(ctx context.Context, src *Source) (map[string]int64, error) {
	datasets, err := s.DatasetsOf(ctx, src.Org, src.ID)
	if err != nil {
		return nil, err
	}
	refs, err := s.references(ctx, datasets[src.ID])
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, d := range datasets[src.ID] {
		var spec DatasetSpec
		if err := unpack(d, &spec); err != nil {
			return nil, err
		}
		if refs[d.ID][roleParent] == 0 {
			out[spec.Endpoint] = d.ID
		}
	}
	return out, nil
}

// brought adds what the run brought to a destination.
func (r *Run) brought(d store.RunDelivery) {
	if d.Problem != "" && r.Failure != nil && r.Failure.Code == weir.CodeForbidden {
		r.Failure = nil // a part that the key may not see is not why the run is partial
	}
	r.count(d)
	for i := range r.Result.Streams {
		s := &r.Result.Streams[i]
		if s.Name != d.Stream {
			continue
		}
		s.Written += d.Written
		s.Quarantined += d.Quarantined
		s.Filtered += d.Filtered
		if s.Error == "" {
			s.Error = d.Problem
		}
		s.Deliveries = append(s.Deliveries, pipeline.Delivery{Destination: d.Destination, Where: d.Place, Written: d.Written, Quarantined: d.Quarantined, Filtered: d.Filtered, Error: d.Problem})
		return
	}
	r.Result.Streams = append(r.Result.Streams, pipeline.StreamResult{Name: d.Stream, Status: pipeline.StatusSucceeded, Written: d.Written, Quarantined: d.Quarantined, Filtered: d.Filtered, Error: d.Problem,
		Deliveries: []pipeline.Delivery{{Destination: d.Destination, Where: d.Place, Written: d.Written, Quarantined: d.Quarantined, Filtered: d.Filtered, Error: d.Problem}}})
}
