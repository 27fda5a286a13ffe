package flow

import (
	"context"
	"slices"

	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/store"
)

// Copying is how something is copied.
type Copying struct {
	credential.Copying
	// OwnCredentials gives copies of sources and destinations credentials of their
	// own: copies, with the same secrets, of those that the originals use.
	OwnCredentials bool
}

// CopySource makes a source of its own with the same configuration as the one at
// the root of a flow. As with all copies of flows, it is store.Changed when a part
// of the original was changed since the tree was read.
func (s *Service) CopySource(ctx context.Context, who Actor, root *Node, c Copying) (*Source, error) {
	alone := &Node{Resource: root.Resource}
	for _, child := range root.Children {
		if child.Kind == store.KindDataset {
			alone.Children = append(alone.Children, &Node{Resource: child.Resource, Parent: alone})
		}
	}
	made, err := s.copyFlows(ctx, who, c, alone)
	if err != nil {
		return nil, err
	}
	return made[0], nil
}

// CopyFlow makes a flow of its own with the same parts, of which none is
// active, and gives its tree.
func (s *Service) CopyFlow(ctx context.Context, who Actor, root *Node, c Copying) (*Node, error) {
	made, err := s.copyFlows(ctx, who, c, root)
	if err != nil {
		return nil, err
	}
	_, node, err := s.Tree(ctx, who.Org, store.KindSource, made[0].ID) // with the owner that its heritage gave it
	return node, err
}

// CopyProject makes a project like another one, with copies of the flows: all of
// it, or nothing.
func (s *Service) CopyProject(ctx context.Context, who Actor, id int64, c Copying, roots ...*Node) (store.Resource, error) {
	of, err := s.Project(ctx, who.Org, id)
	if err != nil {
		return of, err
	}
	r, err := c.common(&of).resource(who, store.KindProject, s.now())
	if err != nil {
		return r, err
	}
	k, originals, err := s.copier(ctx, who, c, roots...)
	if err != nil {
		return r, err
	}
	err = k.change(ctx, func(tx *store.Tx) error {
		var sources []int64
		for _, o := range originals {
			o.made.Name = o.Name // the project's name says that they are copies
			if err := k.flow(ctx, tx, o); err != nil {
				return err
			}
			sources = append(sources, o.made.ID)
		}
		if err := s.put(ctx, tx, who, &r, &ProjectSpec{}); err != nil {
			return err
		}
		if err := s.fill(ctx, tx, r.ID, sources); err != nil {
			return err
		}
		return c.Give(ctx, tx, id, &r)
	})
	return r, err
}

// CopyDestination makes a destination of its own with the same configuration. It is
// store.Changed when the original was changed since it was read.
func (s *Service) CopyDestination(ctx context.Context, who Actor, read store.Resource, c Copying) (*Destination, error) {
	of, err := s.originalDestination(ctx, read)
	if err != nil {
		return nil, err
	}
	k := &copier{s: s, who: who, Copying: c, parts: []store.Resource{read}}
	if err := k.prepare(ctx, of.Credential); err != nil {
		return nil, err
	}
	k.holds = of.references()
	var made *Destination
	err = k.change(ctx, func(tx *store.Tx) error {
		made, err = k.destination(ctx, tx, of, c.common(&of.Resource), of.Dataset)
		return err
	})
	return made, err
}

// CopyDataset makes a dataset like one that is made from another: beside it, with
// its rules and its documentation. One that its source yields has its records once:
// its copy shows the same, and hangs below it. It is store.Changed when the
// original was changed since it was read.
func (s *Service) CopyDataset(ctx context.Context, who Actor, read store.Resource, c Copying) (*Dataset, error) {
	of, err := s.Dataset(ctx, who.Org, read.ID)
	if err != nil {
		return nil, err
	}
	if err := unchanged(&read, &of.Resource); err != nil {
		return nil, err
	}
	like := *of
	if of.Parent == 0 {
		like.Parent = of.ID
	}
	k := &copier{s: s, who: who, Copying: c, parts: []store.Resource{read}, holds: like.references()}
	var made *Dataset
	err = k.change(ctx, func(tx *store.Tx) error {
		made, err = k.dataset(ctx, tx, &like, c.common(&of.Resource), like.Source, like.Parent)
		return err
	})
	return made, err
}

// CopyTransform makes a transform of its own with the same rules.
func (s *Service) CopyTransform(ctx context.Context, who Actor, id int64, c Copying) (*Transform, error) {
	of, err := s.Transform(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	r, err := c.common(&of.Resource).resource(who, store.KindTransform, s.now())
	if err != nil {
		return nil, err
	}
	t := &Transform{Resource: r, TransformSpec: TransformSpec{Rules: of.Rules, Edition: newEdition()}}
	k := &copier{s: s, who: who, Copying: c}
	return t, k.change(ctx, func(tx *store.Tx) error {
		if err := s.put(ctx, tx, who, &t.Resource, &t.TransformSpec); err != nil {
			return err
		}
		return c.Give(ctx, tx, id, &t.Resource)
	})
}

// CopyLookup makes a lookup of its own with the same rows.
func (s *Service) CopyLookup(ctx context.Context, who Actor, id int64, c Copying) (*Lookup, error) {
	l := &Lookup{}
	return l, s.Store.Change(ctx, func(tx *store.Tx) error {
		of, err := tx.Resource(ctx, who.Org, store.KindLookup, id) // held: its rows are those that its spec counts
		if err != nil {
			return err
		}
		if err := c.Hold(ctx, tx); err != nil {
			return err
		}
		if err := unpack(of, &l.LookupSpec); err != nil {
			return err
		}
		if l.Resource, err = c.common(&of).resource(who, store.KindLookup, s.now()); err != nil {
			return err
		}
		l.Type = of.Type
		if err := s.put(ctx, tx, who, &l.Resource, &l.LookupSpec); err != nil {
			return err
		}
		if err := tx.CopyLookup(ctx, id, l.ID); err != nil {
			return err
		}
		return c.Give(ctx, tx, id, &l.Resource)
	})
}

// common is what a copy has in common with its original.
func (c Copying) common(of *store.Resource) Common {
	return Common{Name: c.NameOf(of.Name), Description: of.Description, Tags: slices.Clone(of.Tags), CopiedFrom: of.ID}
}

// copyFlows copies flows, all or none.
func (s *Service) copyFlows(ctx context.Context, who Actor, c Copying, roots ...*Node) ([]*Source, error) {
	k, originals, err := s.copier(ctx, who, c, roots...)
	if err != nil {
		return nil, err
	}
	made := make([]*Source, len(originals))
	return made, k.change(ctx, func(tx *store.Tx) error {
		for i, o := range originals {
			if err := k.flow(ctx, tx, o); err != nil {
				return err
			}
			made[i] = o.made
		}
		return nil
	})
}
