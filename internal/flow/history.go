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

// Run is one run of a source, over or under way.
type Run struct {
	store.Run
	Result  pipeline.Result // stream by stream; without streams while it runs, of one that was interrupted, and in lists
	Failure *Failure        // what speaks for the run; nil when nothing failed
}

// Number is a run's number over the API.
func Number(id weir.RunID) int64 { return pipeline.Number(id) }

// Runs gives a source's newest n runs, newest first, with their streams and with
// what each has committed so far.
func (s *Service) Runs(ctx context.Context, src *Source, n int) ([]Run, error) {
	c, err := s.Credentials.Credential(ctx, src.Org, src.Credential)
	if err != nil {
		return nil, err
	}
	f, _, err := s.reading(src, c)
	if err != nil {
		return nil, err
	}
	id, err := s.Store.FindSource(ctx, f.SourceSpec())
	if weir.CodeOf(err) == weir.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.Runs(ctx, id, n)
	if err != nil {
		return nil, err
	}
	return unpackRuns(rows)
}

// ListRuns gives the filter's runs, newest first, and how many there are on all
// pages.
func (s *Service) ListRuns(ctx context.Context, f store.RunFilter) ([]Run, int, error) {
	rows, total, err := s.Store.ListRuns(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	runs, err := unpackRuns(rows)
	return runs, total, err
}

func unpackRuns(rows []store.Run) ([]Run, error) {
	runs := make([]Run, len(rows))
	for i, r := range rows {
		runs[i].Run = r
		if err := runs[i].unpack(); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// unpack reads what is stored as JSON.
func (r *Run) unpack() error {
	for text, into := range map[string]any{string(r.Summary): &r.Result, string(r.Run.Failure): &r.Failure} {
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return &weir.Error{Code: weir.CodeIntegrity, Where: "run " + string(r.ID), Message: "what is stored of it cannot be read", Err: err}
		}
	}
	return nil
}

// Run finds one run of the organization by its id, with its streams.
func (s *Service) Run(ctx context.Context, org int64, id string) (*Run, error) {
	return s.oneRun(ctx, store.RunFilter{Org: org, ID: id})
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
