package pipeline

import (
	"context"
	"strconv"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// Estimate is what reading one stream will probably cost.
type Estimate struct {
	Name     string `json:"name"`
	Reading  string `json:"reading"` // "everything" or "changes"
	Records  int    `json:"records"` // in the source, as far as known; -1 when not
	Requests int    `json:"requests"`
	Open     bool   `json:"open"` // it depends on what another stream brings, and may be more
	Note     string `json:"note,omitempty"`
}

// EstimateRun says what the next run of the flow will cost, stream by stream,
// from what the store knows; for lists never read before that tell their
// total, it asks with one request each. Of a flow without a store, which is not
// kept yet, nothing was read.
func EstimateRun(ctx context.Context, f *Flow) ([]Estimate, error) {
	known, err := f.remembered(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	var out []Estimate
	for _, e := range f.Streams {
		s := &stream{flow: f, endpoint: e, dataset: known[e.ID].Dataset}
		estimate, err := s.estimate(ctx, known[e.ID].records, counts)
		if err != nil {
			return nil, weir.At(e.ID, err)
		}
		counts[e.ID] = estimate.Records
		out = append(out, estimate)
	}
	return out, nil
}

// memory is what the store knows of a stream.
type memory struct {
	store.Dataset
	records int // -1 when it was never read
}

// remembered is what the store knows of each stream.
func (f *Flow) remembered(ctx context.Context) (map[string]memory, error) {
	out := map[string]memory{}
	var id store.SourceID
	var err error
	if f.Store != nil {
		if id, err = f.Store.EnsureSource(ctx, f.SourceSpec()); err != nil {
			return nil, err
		}
	}
	for _, e := range f.Streams {
		m := memory{records: -1}
		if f.Store != nil {
			if m.Dataset, err = f.Store.EnsureDataset(ctx, id, e.Dataset); err != nil {
				return nil, err
			}
		}
		if m.Checkpoint != nil {
			if m.records, _, err = f.Store.CountMissing(ctx, m.ID, 0); err != nil {
				return nil, err
			}
		}
		out[e.ID] = m
	}
	return out, nil
}

func (s *stream) estimate(ctx context.Context, known int, counts map[string]int) (Estimate, error) {
	e := Estimate{Name: s.endpoint.ID, Reading: "everything", Records: known, Requests: 1}
	size, total := pageSize(s.endpoint)
	switch {
	case len(s.endpoint.Needs) > 0:
		parent := s.endpoint.Needs[0].Endpoint
		e.Requests, e.Note = max(counts[parent], 0), "one or more for each of "+parent
		e.Open = counts[parent] < 0
		return e, nil
	case s.endpoint.Iteration != rest.IterateKeyset:
		config, err := s.flow.config(s.endpoint)
		if err == nil && config.Steps[0].Lookup != nil {
			e.Requests, e.Note = len(config.Steps[0].Lookup), "one or more for each row of the lookup"
		}
		return e, err
	case !s.wantsSweep():
		e.Reading = "changes"
		return e, nil
	}
	if known < 0 {
		var err error
		if e.Records, err = s.askTotal(ctx, total); err != nil {
			return e, err
		}
	}
	// Neighbouring pages share a row, and the last page must bring nothing new.
	e.Requests = (max(e.Records, 1)-1)/(size-1) + 2
	return e, nil
}

func pageSize(e *connector.Endpoint) (size int, totalPath string) {
	return max(e.Keyset.Size, 2), e.Total
}

// askTotal reads a list's total from its smallest page; -1 when it tells none.
func (s *stream) askTotal(ctx context.Context, path string) (int, error) {
	config, err := s.flow.config(s.endpoint)
	if err != nil || path == "" {
		return -1, err
	}
	step := config.Steps[len(config.Steps)-1]
	answer, err := rest.Retrying(s.flow.Exchanger, rest.RetryPolicy{}).Exchange(ctx, rest.Request{
		Method: step.Method, URL: s.flow.BaseURL + step.URL + "?" + step.Keyset.SizeParam + "=1",
		Headers: step.Headers, Lane: weir.LaneInteractive,
	})
	if err != nil {
		return -1, err
	}
	text, _ := rest.Field(answer.Body, path)
	if total, err := strconv.Atoi(text); err == nil {
		return total, nil
	}
	return -1, nil // the estimate says unknown
}
