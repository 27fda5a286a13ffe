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
	ours, err := s.fillingsOf(ctx, before.Org, before.ID)
	if err != nil {
		return nil, err
	}
	there, err := s.place(ctx, to)
	if err != nil {
		return nil, err
	}
	if clashes := ours.meet(there.fillings); len(clashes) > 0 {
		return nil, &Taken{Clashes: clashes, Follows: true}
	}
	return func(ctx context.Context, tx *store.Tx) error {
		// All of them: two may go to one place where nothing leads yet.
		if err := tx.HoldType(ctx, to.Org, store.KindCredential, to.Type); err != nil {
			return err
		}
		if err := there.still(ctx, tx); err != nil {
			return err
		}
		if err := ours.still(ctx, tx, before.ID); err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(ours.read)) {
			if err := tx.Elsewhere(ctx, id); err != nil {
				return err
			}
		}
		return nil
	}, nil
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
