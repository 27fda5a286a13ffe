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
	same []int64 // the credentials that lead there, in the order of their ids
	fillings
}

// fillings are destinations with what they fill, as they were read.
type fillings struct {
	read     map[int64]int64             // their versions, by their ids
	datasets map[int64]int64             // those of their datasets
	fillers  map[string][]store.Resource // them by the table that they fill
}

// place reads where a credential leads.
func (s *Service) place(ctx context.Context, c *credential.Credential) (*place, error) {
	all, _, err := s.Credentials.List(ctx, store.ResourceFilter{Org: c.Org, Types: []string{c.Type}})
	if err != nil {
		return nil, err
	}
	p := &place{Credential: c}
	for _, other := range all {
		if other.SamePlace(c) {
			p.same = append(p.same, other.ID)
		}
	}
	slices.Sort(p.same)
	p.fillings, err = s.fillingsOf(ctx, c.Org, p.same...)
	return p, err
}

// fillingsOf finds which tables destinations of credentials fill.
func (s *Service) fillingsOf(ctx context.Context, org int64, credentials ...int64) (fillings, error) {
	f := fillings{read: map[int64]int64{}, datasets: map[int64]int64{}, fillers: map[string][]store.Resource{}}
	there, err := s.below(ctx, org, store.KindDestination, credentials...)
	if err != nil {
		return f, err
	}
	refs, err := s.references(ctx, there)
	if err != nil {
		return f, err
	}
	ids := make([]int64, 0, len(there))
	for _, to := range there {
		ids = append(ids, refs[to.ID][roleDataset])
	}
	datasets, _, err := s.Datasets(ctx, store.ResourceFilter{Org: org, IDs: ids})
	if err != nil {
		return f, err
	}
	tables, err := s.TablesOf(ctx, datasets...)
	if err != nil {
		return f, err
	}
	for _, d := range datasets {
		f.datasets[d.ID] = d.Version
	}
	for _, to := range there {
		f.read[to.ID] = to.Version
		if table := tables[refs[to.ID][roleDataset]]; table != "" {
			f.fillers[table] = append(f.fillers[table], to)
		}
	}
	return f, nil
}

// others are the destinations that fill a table there, but for one.
func (f fillings) others(table string, except int64) []store.Resource {
	return slices.DeleteFunc(slices.Clone(f.fillers[table]), func(r store.Resource) bool { return r.ID == except })
}

// still makes sure that destinations of credentials, which are held, are these, and
// that neither they nor their datasets were changed since: otherwise it is
// store.Changed. Whoever gives a dataset another table holds the credentials, too.
func (f fillings) still(ctx context.Context, tx *store.Tx, credentials ...int64) error {
	there, err := tx.UsedBy(ctx, store.KindDestination, credentials...)
	if err != nil {
		return err
	}
	for _, to := range there {
		if version, known := f.read[to.ID]; !known || version != to.Version {
			return store.Changed(&to)
		}
	}
	ids := make([]int64, 0, len(f.datasets))
	for id := range f.datasets {
		ids = append(ids, id)
	}
	now, err := tx.Versions(ctx, ids...)
	if err != nil {
		return err
	}
	for id, version := range f.datasets {
		if now[id] != version {
			return store.Changed(&store.Resource{Kind: store.KindDataset, ID: id})
		}
	}
	return nil
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

// still makes sure, once it is held, that the credentials that lead there are
// those that did when it was read, and that nothing else goes there: otherwise it
// is store.Changed.
func (p *place) still(ctx context.Context, tx *store.Tx) error {
	like, err := tx.ResourcesOfType(ctx, p.Org, store.KindCredential, p.Type)
	if err != nil {
		return err
	}
	var same []int64
	for _, c := range like {
		leads, err := p.LeadsWith(c)
		if err != nil {
			return err
		}
		if leads {
			same = append(same, c.ID)
		}
	}
	if !slices.Equal(same, p.same) {
		return store.Changed(&p.Credential.Resource)
	}
	return p.fillings.still(ctx, tx, p.same...)
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
