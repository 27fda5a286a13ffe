package flow

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// StreamResult is what a run did to one endpoint.
type StreamResult = pipeline.StreamResult

// Run is one run of a source, over or under way.
type Run struct {
	store.Run
	Result pipeline.Result // stream by stream; without streams while it runs, and of one that was interrupted
}

// Number is a run's number over the API: when it was started, in milliseconds
// since 1970, as its id says.
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
	runs := make([]Run, len(rows))
	for i, r := range rows {
		runs[i].Run = r
		if len(r.Summary) > 0 {
			if err := json.Unmarshal(r.Summary, &runs[i].Result); err != nil {
				return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "run " + string(r.ID), Message: "what is stored of it cannot be read", Err: err}
			}
		}
	}
	return runs, err
}
