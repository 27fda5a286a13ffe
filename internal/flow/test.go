package flow

import (
	"context"

	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// Test reads the first n records of a source that need not be stored yet, and
// stores nothing.
func (s *Service) Test(ctx context.Context, who Actor, spec SourceSpec, credentialID int64, n int) (*pipeline.Preview, error) {
	line, err := s.Credentials.Connect(ctx, credential.Use{Actor: who, Credential: credentialID, Purpose: "test"})
	if err != nil {
		return nil, err
	}
	src := &Source{Resource: store.Resource{Org: who.Org, Credential: credentialID}, SourceSpec: spec}
	f, p, err := s.readingNow(ctx, src, line.Credential)
	if err != nil {
		return nil, err
	}
	f.Exchanger = line.Client
	return pipeline.Look(ctx, f, p.first(), n)
}

// first is the first endpoint that was asked for.
func (p *plan) first() *connector.Endpoint {
	for _, e := range p.streams {
		if p.chosen[e.ID] {
			return e
		}
	}
	return p.streams[0]
}

// Plan says what the next run of a source would cost.
func (s *Service) Plan(ctx context.Context, who Actor, id int64) ([]pipeline.Estimate, error) {
	src, err := s.Source(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	line, err := s.Credentials.Connect(ctx, credential.Use{Actor: who, Credential: src.Credential, Purpose: "plan", For: id})
	if err != nil {
		return nil, err
	}
	f, _, err := s.readingNow(ctx, src, line.Credential)
	if err != nil {
		return nil, err
	}
	f.Exchanger = line.Client
	return pipeline.EstimateRun(ctx, f)
}

// PlanNew says what the first run of a source would cost that is not stored
// yet, and stores nothing.
func (s *Service) PlanNew(ctx context.Context, who Actor, spec SourceSpec, credentialID int64) ([]pipeline.Estimate, error) {
	line, err := s.Credentials.Connect(ctx, credential.Use{Actor: who, Credential: credentialID, Purpose: "plan"})
	if err != nil {
		return nil, err
	}
	src := &Source{Resource: store.Resource{Org: who.Org, Credential: credentialID}, SourceSpec: spec}
	f, _, err := s.readingNow(ctx, src, line.Credential)
	if err != nil {
		return nil, err
	}
	f.Exchanger, f.Store = line.Client, nil
	return pipeline.EstimateRun(ctx, f)
}
