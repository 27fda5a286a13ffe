package flow

import (
	"context"
	"slices"

	"github.com/weirhq/weir/internal/store"
)

// ProjectSpec is what a project is besides its resource: nothing. What is in
// it is kept apart, because a flow is in one project at most.
type ProjectSpec struct {
	Sources []int64 `json:"-"` // that a change was about, for the audit log
}

// told is what the audit log says of a change.
func (spec *ProjectSpec) told() map[string]any {
	if spec.Sources == nil {
		return map[string]any{}
	}
	return map[string]any{"sources": spec.Sources}
}

// CreateProject stores a project with the flows of the sources in it.
func (s *Service) CreateProject(ctx context.Context, who Actor, in Common, sources ...int64) (store.Resource, error) {
	r, err := in.resource(who, store.KindProject, s.now())
	if err != nil {
		return r, err
	}
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := s.holdSources(ctx, tx, who.Org, sources); err != nil {
			return err
		}
		if err := s.put(ctx, tx, who, &r, &ProjectSpec{}); err != nil {
			return err
		}
		return s.fill(ctx, tx, r.ID, sources)
	})
	return r, err
}

// holdSources makes sure that the sources are there, and keeps others from
// deleting them until the transaction ends. All who hold several take them in
// the order of their ids, and before the audit log's line.
func (s *Service) holdSources(ctx context.Context, tx *store.Tx, org int64, sources []int64) error {
	for _, id := range slices.Sorted(slices.Values(sources)) {
		if _, err := tx.Resource(ctx, org, store.KindSource, id); err != nil {
			return err
		}
	}
	return nil
}

// fill puts flows into a project, out of those that they were in.
func (s *Service) fill(ctx context.Context, tx *store.Tx, project int64, sources []int64) error {
	for _, id := range sources {
		if err := tx.PutInProject(ctx, project, id, s.now()); err != nil {
			return err
		}
	}
	return nil
}

// ProjectEdit is what a user changes of a project. Nil fields stay.
type ProjectEdit struct {
	Edit
	Sources []int64 // whose flows are in it, and no others
}

// UpdateProject changes a project.
func (s *Service) UpdateProject(ctx context.Context, who Actor, id int64, edit ProjectEdit) error {
	spec := &ProjectSpec{}
	return s.change(ctx, who, store.KindProject, id, "update", spec, func(tx *store.Tx, r *store.Resource) error {
		if err := edit.apply(r); err != nil || edit.Sources == nil {
			return err
		}
		spec.Sources = edit.Sources
		return s.refold(ctx, tx, r, edit.Sources)
	})
}

// refold makes these the flows of a project, and leaves those that stay as
// they are.
func (s *Service) refold(ctx context.Context, tx *store.Tx, project *store.Resource, sources []int64) error {
	if err := s.holdSources(ctx, tx, project.Org, sources); err != nil {
		return err
	}
	if err := tx.KeepInProject(ctx, project.ID, sources...); err != nil {
		return err
	}
	return s.fill(ctx, tx, project.ID, sources)
}

// AddToProject puts the flows of the sources into a project, out of those that
// they were in.
func (s *Service) AddToProject(ctx context.Context, who Actor, id int64, sources ...int64) error {
	spec := &ProjectSpec{Sources: sources}
	return s.change(ctx, who, store.KindProject, id, "add_flows", spec, func(tx *store.Tx, r *store.Resource) error {
		if err := s.holdSources(ctx, tx, r.Org, sources); err != nil {
			return err
		}
		return s.fill(ctx, tx, r.ID, sources)
	})
}

// SetProject makes the flows of the sources those of a project.
func (s *Service) SetProject(ctx context.Context, who Actor, id int64, sources ...int64) error {
	spec := &ProjectSpec{Sources: sources}
	return s.change(ctx, who, store.KindProject, id, "set_flows", spec, func(tx *store.Tx, r *store.Resource) error {
		return s.refold(ctx, tx, r, sources)
	})
}

// TakeFromProject takes the flows of the sources out of a project; those that
// are not in it stay where they are.
func (s *Service) TakeFromProject(ctx context.Context, who Actor, id int64, sources ...int64) error {
	spec := &ProjectSpec{Sources: sources}
	return s.change(ctx, who, store.KindProject, id, "remove_flows", spec, func(tx *store.Tx, _ *store.Resource) error {
		return tx.TakeFromProject(ctx, id, sources...)
	})
}

// Project reads one of the organization.
func (s *Service) Project(ctx context.Context, org, id int64) (store.Resource, error) {
	return s.Store.Resource(ctx, org, store.KindProject, id)
}

// Projects gives the filter's projects, and how many there are on all pages.
func (s *Service) Projects(ctx context.Context, f store.ResourceFilter) ([]store.Resource, int, error) {
	f.Kind = store.KindProject
	return s.Store.Resources(ctx, f)
}

// ProjectFlows gives what is in the projects, in the order in which it came,
// and the living sources by their ids.
func (s *Service) ProjectFlows(ctx context.Context, org int64, projects ...int64) ([]store.ProjectFlow, map[int64]store.Resource, error) {
	entries, err := s.Store.ProjectFlows(ctx, projects...)
	if err != nil {
		return nil, nil, err
	}
	ids := []int64{}
	for _, e := range entries {
		ids = append(ids, e.Source)
	}
	found, _, err := s.Store.Resources(ctx, store.ResourceFilter{Org: org, Kind: store.KindSource, IDs: ids})
	sources := make(map[int64]store.Resource, len(found))
	for _, r := range found {
		sources[r.ID] = r
	}
	return entries, sources, err
}
