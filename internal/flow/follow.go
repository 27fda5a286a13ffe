package flow

import (
	"context"
	"maps"
	"slices"

	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/store"
)

// Follow implements credential.Followers: with a credential, all destinations that
// it is used by go to another place. They are Taken when others fill one of their
// tables there; else they are filled there from the beginning.
func (s *Service) Follow(ctx context.Context, before, to *credential.Credential) (func(context.Context, *store.Tx) error, error) {
	m := &move{from: before}
	var err error
	if m.ours, err = s.fillingsOf(ctx, before.Org, before.ID); err != nil {
		return nil, err
	}
	if len(m.ours.read) == 0 {
		return m.take, nil
	}
	if m.there, err = s.place(ctx, to); err != nil {
		return nil, err
	}
	if clashes := m.ours.meet(m.there.fillings); len(clashes) > 0 {
		return nil, &Taken{Clashes: clashes, Follows: true}
	}
	return m.take, nil
}

// move is a credential that is to lead elsewhere, as all was read.
type move struct {
	from  *credential.Credential
	ours  fillings // what goes with it
	there *place   // nil when nothing does
}

// take makes sure, in a transaction, that all is still so, and forgets how what goes
// along stood. Whoever came between is not named: not everybody may see it.
func (m *move) take(ctx context.Context, tx *store.Tx) error {
	err := m.still(ctx, tx)
	if reasonOf(err) == store.ReasonChanged {
		return store.Changed(&m.from.Resource)
	}
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(m.ours.read)) {
		if err := tx.Elsewhere(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (m *move) still(ctx context.Context, tx *store.Tx) error {
	if m.there == nil {
		if _, err := tx.Resource(ctx, m.from.Org, store.KindCredential, m.from.ID); err != nil {
			return err
		}
		return m.ours.still(ctx, tx, m.from.ID)
	}
	// All of them: two may go to one place where nothing leads yet.
	if err := tx.HoldType(ctx, m.from.Org, store.KindCredential, m.from.Type); err != nil {
		return err
	}
	if err := m.there.still(ctx, tx); err != nil {
		return err
	}
	return m.ours.still(ctx, tx, m.from.ID)
}

// meet finds which of the destinations would share a table with others.
func (f fillings) meet(others fillings) (all []Clash) {
	for _, table := range slices.Sorted(maps.Keys(f.fillers)) {
		for _, mine := range f.fillers[table] {
			of := copiesAmong(append(others.others(table, mine.ID), mine)...)
			for _, rival := range others.others(table, mine.ID) {
				if !of.beside(mine, rival) {
					all = append(all, Clash{Refused: mine, Rival: rival, Table: table})
				}
			}
		}
	}
	return all
}
