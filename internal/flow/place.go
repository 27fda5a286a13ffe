package flow

import (
	"context"
	"slices"

	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/store"
)

// place is where a credential leads, with what goes there, as it was read outside
// of a transaction. Which destinations share a table there depends on rules, too,
// and is found out of several reads: a transaction that builds on it makes sure
// that it is still so.
type place struct {
	*credential.Credential
	like    []int64                     // all credentials of its type
	same    []int64                     // those of them that lead there
	read    map[int64]int64             // the versions of the destinations there, by their ids
	fillers map[string][]store.Resource // them by the table that they fill
}

// place reads where a credential leads.
func (s *Service) place(ctx context.Context, c *credential.Credential) (*place, error) {
	all, _, err := s.Credentials.List(ctx, store.ResourceFilter{Org: c.Org, Types: []string{c.Type}})
	if err != nil {
		return nil, err
	}
	p := &place{Credential: c, read: map[int64]int64{}, fillers: map[string][]store.Resource{}}
	for _, other := range all {
		p.like = append(p.like, other.ID)
		if other.SamePlace(c) {
			p.same = append(p.same, other.ID)
		}
	}
	there, err := s.below(ctx, c.Org, store.KindDestination, p.same...)
	if err != nil {
		return nil, err
	}
	return p, s.fillersOf(ctx, p, there)
}

// fillersOf finds which tables destinations fill.
func (s *Service) fillersOf(ctx context.Context, p *place, there []store.Resource) error {
	refs, err := s.references(ctx, there)
	if err != nil {
		return err
	}
	ids := make([]int64, 0, len(there))
	for _, to := range there {
		ids = append(ids, refs[to.ID][roleDataset])
	}
	datasets, _, err := s.Datasets(ctx, store.ResourceFilter{Org: p.Org, IDs: ids})
	if err != nil {
		return err
	}
	tables := map[int64]string{}
	for _, d := range datasets {
		if tables[d.ID], err = s.TableOf(ctx, d); err != nil {
			return err
		}
	}
	for _, to := range there {
		p.read[to.ID] = to.Version
		if table := tables[refs[to.ID][roleDataset]]; table != "" {
			p.fillers[table] = append(p.fillers[table], to)
		}
	}
	return nil
}

// others are the destinations that fill a table there, but for one.
func (p *place) others(table string, except int64) []store.Resource {
	return slices.DeleteFunc(slices.Clone(p.fillers[table]), func(r store.Resource) bool { return r.ID == except })
}

// hold keeps others from leading anything there until the transaction ends:
// whoever does so holds what leads there.
func (p *place) hold(ctx context.Context, tx *store.Tx, all holds) {
	for _, id := range p.same {
		all[id] = func() error {
			_, err := tx.Resource(ctx, p.Org, store.KindCredential, id)
			return err
		}
	}
}

// still makes sure, once it is held, that nothing leads there that did not when it
// was read, and nothing that was changed since: otherwise it is store.Changed.
func (p *place) still(ctx context.Context, tx *store.Tx) error {
	like, err := tx.ResourcesOfType(ctx, p.Org, store.KindCredential, p.Type)
	if err != nil {
		return err
	}
	for _, c := range like {
		if !slices.Contains(p.like, c.ID) { // it may lead there
			return store.Changed(&c)
		}
	}
	there, err := tx.UsedBy(ctx, store.KindDestination, p.same...)
	if err != nil {
		return err
	}
	for _, to := range there {
		if version, known := p.read[to.ID]; !known || version != to.Version {
			return store.Changed(&to)
		}
	}
	return nil
}

// places are several that a transaction builds on.
type places []*place

// take holds all of them, and what else is to be held, in the order of the ids, and
// makes sure that they are as they were read.
func (all places) take(ctx context.Context, tx *store.Tx, beside holds) error {
	for _, p := range all {
		p.hold(ctx, tx, beside)
	}
	if err := beside.take(); err != nil {
		return err
	}
	for _, p := range all {
		if err := p.still(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}
