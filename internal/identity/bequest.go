package identity

import (
	"cmp"
	"context"
	"slices"

	"github.com/weirhq/weir/internal/store"
)

// Bequest is what copies that a principal makes get from their originals: with
// whom they are shared, and an owner. It belongs to one transaction.
type Bequest struct {
	s       *Service
	p       Principal
	owner   int64 // 0 for who makes them
	with    map[int64][]Accessor
	holding []Accessor // whom to keep as they are, each once
}

// Bequest gives copies the owner, whom MayGive has let be one, and lets them be
// shared with the accessors of their originals, by the original's id. Nobody
// gives more than they have, even of what they have just made.
func (s *Service) Bequest(p Principal, owner int64, with map[int64][]Accessor) (*Bequest, error) {
	b := &Bequest{s: s, p: p, with: with}
	if owner != p.User {
		b.owner = owner
	}
	for _, all := range with {
		if err := mayGive(least(RoleOwner, p.Scope), all); err != nil {
			return nil, err
		}
		for _, a := range all {
			b.holding = append(b.holding, Accessor{Kind: a.Kind, Who: a.Who})
		}
	}
	slices.SortFunc(b.holding, func(a, b Accessor) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Who, b.Who)) })
	b.holding = slices.Compact(b.holding)
	return b, nil
}

// Hold keeps accessors and owner as they are until the transaction ends.
func (b *Bequest) Hold(ctx context.Context, tx *store.Tx) error {
	for _, a := range b.holding {
		if err := b.s.ofOrg(ctx, tx, b.p.Org, a); err != nil {
			return err
		}
	}
	if b.owner == 0 {
		return nil
	}
	return b.s.holdHeir(ctx, tx, b.p.Org, b.owner)
}

// Give shares a copy as its original is, and gives it to its owner.
func (b *Bequest) Give(ctx context.Context, tx *store.Tx, from int64, made *store.Resource) error {
	if with := b.with[from]; len(with) > 0 {
		if err := b.s.putAccessors(ctx, tx, b.p, made.ID, with); err != nil {
			return err
		}
		if err := b.s.tellShared(ctx, tx, b.p, *made, with); err != nil {
			return err
		}
		if err := b.s.writeShared(ctx, tx, b.p, made.Kind, made.ID, "share_only", with); err != nil {
			return err
		}
	}
	if b.owner == 0 {
		return nil
	}
	return b.s.TransferResource(ctx, tx, b.p, made.Kind, made.ID, b.owner)
}
