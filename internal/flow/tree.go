package flow

import (
	"context"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Node is one part of a flow in its tree.
type Node struct {
	store.Resource
	Parent   *Node
	Children []*Node
	Project  int64 // of the root: the project that the flow is in; 0 for none
}

// Origin is the node at the root.
func (n *Node) Origin() *Node {
	for n.Parent != nil {
		n = n.Parent
	}
	return n
}

// Walk calls f for the node and all below it, parents first.
func (n *Node) Walk(f func(*Node)) {
	f(n)
	for _, child := range n.Children {
		child.Walk(f)
	}
}

// Find gives the node of a resource; nil when it is not in the tree.
func (n *Node) Find(id int64) (found *Node) {
	n.Walk(func(one *Node) {
		if one.ID == id {
			found = one
		}
	})
	return found
}

// Parts are the resources of the node and of all below it, parents first: of
// these kinds, or all.
func (n *Node) Parts(kinds ...store.Kind) (parts []store.Resource) {
	n.Walk(func(one *Node) {
		if len(kinds) == 0 || slices.Contains(kinds, one.Kind) {
			parts = append(parts, one.Resource)
		}
	})
	return parts
}

// Tree gives the whole flow that a part belongs to, and the part's own node.
func (s *Service) Tree(ctx context.Context, org int64, kind store.Kind, id int64) (root, part *Node, err error) {
	source := id
	if kind != store.KindSource {
		if source, err = s.sourceOf(ctx, org, kind, id); err != nil {
			return nil, nil, err
		}
	}
	r, err := s.Store.Resource(ctx, org, store.KindSource, source)
	if err != nil {
		return nil, nil, err
	}
	root, err = s.grow(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	if part = root.Find(id); part == nil {
		return nil, nil, &weir.Error{Code: weir.CodeNotFound, Where: string(kind), Message: "it is in no flow"}
	}
	return root, part, nil
}

// sourceOf finds the source at the root of a part's flow.
func (s *Service) sourceOf(ctx context.Context, org int64, kind store.Kind, id int64) (int64, error) {
	if kind == store.KindDestination {
		to, err := s.Destination(ctx, org, id)
		if err != nil {
			return 0, err
		}
		id = to.Dataset
	}
	d, err := s.Dataset(ctx, org, id)
	if err != nil {
		return 0, err
	}
	return d.Source, nil
}

// grow makes the tree of a source.
func (s *Service) grow(ctx context.Context, source store.Resource) (*Node, error) {
	roots, err := s.growAll(ctx, source.Org, source)
	if err != nil {
		return nil, err
	}
	return roots[0], nil
}

// growAll makes the trees of sources: as many statements for many as for one.
func (s *Service) growAll(ctx context.Context, org int64, sources ...store.Resource) ([]*Node, error) {
	roots, nodes, ids := make([]*Node, len(sources)), map[int64]*Node{}, make([]int64, len(sources))
	for i, r := range sources {
		roots[i] = &Node{Resource: r}
		nodes[r.ID], ids[i] = roots[i], r.ID
	}
	if len(ids) == 0 {
		return roots, nil
	}
	in, err := s.Store.FlowProjects(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, e := range in {
		nodes[e.Source].Project = e.Project
	}
	datasets, err := s.below(ctx, org, store.KindDataset, ids...)
	if err != nil {
		return nil, err
	}
	refs, err := s.references(ctx, datasets)
	if err != nil {
		return nil, err
	}
	ids = make([]int64, len(datasets))
	for i, d := range datasets {
		nodes[d.ID], ids[i] = &Node{Resource: d}, d.ID
	}
	of := map[int64]*Node{} // a dataset's root
	for _, d := range datasets {
		of[d.ID] = nodes[refs[d.ID][roleSource]]
		at := refs[d.ID][roleParent]
		if at == 0 {
			at = refs[d.ID][roleSource]
		}
		nodes[d.ID].hang(nodes, at, of[d.ID])
	}
	if len(ids) == 0 {
		return roots, nil
	}
	destinations, err := s.below(ctx, org, store.KindDestination, ids...)
	if err != nil {
		return nil, err
	}
	if refs, err = s.references(ctx, destinations); err != nil {
		return nil, err
	}
	for _, to := range destinations {
		at := refs[to.ID][roleDataset]
		(&Node{Resource: to}).hang(nodes, at, of[at])
	}
	return roots, nil
}

// hang puts a node below its parent; below the root when that was deleted.
func (n *Node) hang(nodes map[int64]*Node, parent int64, root *Node) {
	n.Parent = nodes[parent]
	if n.Parent == nil {
		n.Parent = root
	}
	n.Parent.Children = append(n.Parent.Children, n)
}

// below gives the resources of a kind that use one of the targets.
func (s *Service) below(ctx context.Context, org int64, kind store.Kind, targets ...int64) ([]store.Resource, error) {
	uses, err := s.Store.Uses(ctx, targets...)
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, u := range uses {
		if u.Kind == kind {
			ids = append(ids, u.ID)
		}
	}
	all, _, err := s.Store.Resources(ctx, store.ResourceFilter{Org: org, Kind: kind, IDs: ids})
	return all, err
}

// Flows gives the trees of the filter's sources, and how many there are.
func (s *Service) Flows(ctx context.Context, f store.ResourceFilter) (roots []*Node, total int, err error) {
	f.Kind = store.KindSource
	sources, total, err := s.Store.Resources(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	if roots, err = s.growAll(ctx, f.Org, sources...); err != nil {
		return nil, 0, err
	}
	return roots, total, nil
}

// Part finds the resource of a node of the organization.
func (s *Service) Part(ctx context.Context, org, node int64) (store.Resource, error) {
	return s.Store.NodeResource(ctx, org, node)
}

// DeleteFlow deletes every part of a flow, leaves first. A flow of which
// something is active is refused: Active names those parts.
func (s *Service) DeleteFlow(ctx context.Context, who Actor, root *Node) error {
	var active []*Node
	var parts []*Node
	root.Walk(func(n *Node) {
		parts = append(parts, n)
		if Status(n.Status) == StatusActive {
			active = append(active, n)
		}
	})
	if len(active) > 0 {
		return &ActiveError{Parts: active}
	}
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		for i := len(parts) - 1; i >= 0; i-- {
			r, err := tx.Resource(ctx, who.Org, parts[i].Kind, parts[i].ID)
			if err != nil {
				return err
			}
			if err := s.remove(ctx, tx, who, &r); err != nil {
				return err
			}
		}
		return nil
	})
}

// ActiveError says which parts of a flow must be paused before it is deleted.
type ActiveError struct{ Parts []*Node }

// Error says it in words.
func (e *ActiveError) Error() string {
	return "Active flow resources must be paused before flow deletion!"
}
