package flow

import (
	"context"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/store"
)

// copier makes copies in one transaction, of originals that were read and found
// fit before: nothing is asked of anybody while the transaction lasts.
type copier struct {
	s   *Service
	who Actor
	Copying
	twins map[int64]*credential.Twin // of the originals' credentials, with OwnCredentials
	holds []store.Reference          // what the copies will use of what there is
	parts []store.Resource           // the originals, as they were found fit
}

// original is a flow as it is copied.
type original struct {
	*Source
	root         *Node
	made         *Source // its copy: a draft, until it is stored
	plan         *plan
	datasets     map[int64]*Dataset
	destinations map[int64]*Destination
}

// copier reads flows, and makes sure that they can be copied. Whether somebody may
// copy them was found out of the trees that are given: a part that was changed
// since those were read, and may use something else by now, is store.Changed.
func (s *Service) copier(ctx context.Context, who Actor, c Copying, roots ...*Node) (*copier, []*original, error) {
	k := &copier{s: s, who: who, Copying: c}
	originals := make([]*original, len(roots))
	var credentials []int64
	for i, root := range roots {
		o, err := s.original(ctx, who, c, root)
		if err != nil {
			return nil, nil, err
		}
		originals[i] = o
		k.parts = append(k.parts, root.Parts()...)
		credentials = append(credentials, o.Credential)
		k.holds = append(k.holds, o.references()...)
		for _, to := range o.destinations {
			credentials = append(credentials, to.Credential)
			k.holds = append(k.holds, store.Reference{Role: roleCredential, Target: to.Credential})
		}
		for _, d := range o.datasets {
			k.holds = append(k.holds, store.Reference{Role: roleTransform, Target: d.Transform})
		}
	}
	return k, originals, k.prepare(ctx, credentials...)
}

func (s *Service) original(ctx context.Context, who Actor, c Copying, root *Node) (*original, error) {
	o := &original{root: root, datasets: map[int64]*Dataset{}, destinations: map[int64]*Destination{}}
	var err error
	if o.Source, err = s.Source(ctx, who.Org, root.ID); err != nil {
		return nil, err
	}
	if err := unchanged(&root.Resource, &o.Resource); err != nil {
		return nil, err
	}
	if o.made, o.plan, err = s.draft(ctx, who, SourceInput{Common: c.common(&o.Resource), SourceSpec: o.SourceSpec, Credential: o.Credential}); err != nil {
		return nil, err
	}
	root.Walk(func(n *Node) {
		if err != nil {
			return
		}
		switch n.Kind {
		case store.KindDataset:
			if o.datasets[n.ID], err = s.Dataset(ctx, who.Org, n.ID); err == nil {
				err = unchanged(&n.Resource, &o.datasets[n.ID].Resource)
			}
		case store.KindDestination:
			o.destinations[n.ID], err = s.originalDestination(ctx, n.Resource)
		}
	})
	return o, err
}

// originalDestination is a destination as it is copied.
func (s *Service) originalDestination(ctx context.Context, read store.Resource) (*Destination, error) {
	to, err := s.Destination(ctx, read.Org, read.ID)
	if err != nil {
		return nil, err
	}
	if err := unchanged(&read, &to.Resource); err != nil {
		return nil, err
	}
	return to, s.checkDestination(ctx, to)
}

// unchanged refuses what was changed since it was read: then nothing is asked of
// a service with what it uses now.
func unchanged(read, now *store.Resource) error {
	if now.Version != read.Version {
		return store.Changed(now)
	}
	return nil
}

// prepare makes the copies of credentials, which their services must accept.
func (k *copier) prepare(ctx context.Context, credentials ...int64) (err error) {
	if !k.OwnCredentials {
		return nil
	}
	k.twins = map[int64]*credential.Twin{}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(credentials))) {
		if k.twins[id], err = k.s.Credentials.Twin(ctx, k.who, id, credential.Copying{Heritage: k.Heritage}); err != nil {
			return weir.At("reuse_data_credentials", err)
		}
	}
	return nil
}

// change runs f in one transaction, in which everything that it will need is held
// first, in the order of the ids, as everybody does.
func (k *copier) change(ctx context.Context, f func(*store.Tx) error) error {
	return k.s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := k.hold(ctx, tx); err != nil {
			return err
		}
		if err := k.Hold(ctx, tx); err != nil {
			return err
		}
		for _, twin := range k.twins {
			if err := k.s.Credentials.Keep(ctx, tx, k.who, twin); err != nil {
				return err
			}
		}
		return f(tx)
	})
}

// hold holds the originals and what the copies will use.
func (k *copier) hold(ctx context.Context, tx *store.Tx) error {
	all := holds{}
	for _, ref := range k.holds {
		all[ref.Target] = func() error { return hold(ctx, tx, k.who.Org, []store.Reference{ref}) }
	}
	for _, part := range k.parts {
		all[part.ID] = func() error { return tx.Unchanged(ctx, part) }
	}
	return all.take()
}

// credential is the one that a copy uses in place of its original's.
func (k *copier) credential(of int64) int64 {
	if twin := k.twins[of]; twin != nil {
		return twin.ID
	}
	return of
}

// flow copies a flow. What a dataset of its source has below it hangs below the
// dataset of the same endpoint of the copy; what its source does not yield any
// more is left out.
func (k *copier) flow(ctx context.Context, tx *store.Tx, o *original) error {
	o.made.Credential = k.credential(o.Credential)
	if err := k.s.putSource(ctx, tx, k.who, o.made, o.plan); err != nil {
		return err
	}
	if err := k.Give(ctx, tx, o.ID, &o.made.Resource); err != nil {
		return err
	}
	uses, err := tx.Uses(ctx, o.made.ID)
	if err != nil {
		return err
	}
	for _, u := range uses {
		made, err := tx.Resource(ctx, k.who.Org, store.KindDataset, u.ID)
		if err != nil {
			return err
		}
		for _, child := range o.root.Children {
			if d := o.datasets[child.ID]; d == nil || d.Parent != 0 || d.Type != made.Type {
				continue
			}
			if err := k.Give(ctx, tx, child.ID, &made); err != nil {
				return err
			}
			if err := k.below(ctx, tx, o, child, made.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// below copies what hangs below a dataset to another one.
func (k *copier) below(ctx context.Context, tx *store.Tx, o *original, of *Node, dataset int64) error {
	for _, child := range of.Children {
		switch child.Kind {
		case store.KindDestination:
			if _, err := k.destination(ctx, tx, o.destinations[child.ID], partOf(&child.Resource), dataset); err != nil {
				return err
			}
		case store.KindDataset:
			of := o.datasets[child.ID]
			made, err := k.dataset(ctx, tx, of, partOf(&of.Resource), o.made.ID, dataset)
			if err != nil {
				return err
			}
			if err := k.below(ctx, tx, o, child, made.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// partOf is what the copy of a part of a flow has in common with its original: the
// name that was wished for is the flow's alone.
func partOf(of *store.Resource) Common { return Copying{}.common(of) }

// destination copies a destination for a dataset.
func (k *copier) destination(ctx context.Context, tx *store.Tx, of *Destination, in Common, dataset int64) (*Destination, error) {
	r, err := in.resource(k.who, store.KindDestination, k.s.now())
	if err != nil {
		return nil, err
	}
	r.Type, r.Credential = of.Type, k.credential(of.Credential)
	to := &Destination{Resource: r, DestinationSpec: of.DestinationSpec, Dataset: dataset}
	if err := k.s.put(ctx, tx, k.who, &to.Resource, to.DestinationSpec, to.references()...); err != nil {
		return nil, err
	}
	return to, k.Give(ctx, tx, of.ID, &to.Resource)
}

// dataset copies a dataset that is made from another one, with its rules.
func (k *copier) dataset(ctx context.Context, tx *store.Tx, of *Dataset, in Common, source, parent int64) (*Dataset, error) {
	r, err := in.resource(k.who, store.KindDataset, k.s.now())
	if err != nil {
		return nil, err
	}
	r.Type = of.Type
	d := &Dataset{Resource: r, DatasetSpec: of.DatasetSpec, Source: source, Parent: parent, Transform: of.Transform}
	if d.Edition != "" {
		d.Edition = newEdition()
	}
	if d.Table != "" { // two that go to one place have a table each
		beside, err := tx.EverUsedBy(ctx, store.KindDataset, source)
		if err != nil {
			return nil, err
		}
		if d.Table, err = freeTable(d.Name, beside); err != nil {
			return nil, err
		}
	}
	if err := k.s.put(ctx, tx, k.who, &d.Resource, d.DatasetSpec, d.references()...); err != nil {
		return nil, err
	}
	return d, k.Give(ctx, tx, of.ID, &d.Resource)
}
