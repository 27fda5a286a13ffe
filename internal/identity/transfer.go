package identity

import (
	"context"

	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Transferable counts by kind what a member owns, what can be restored
// included; teams are not counted.
func (s *Service) Transferable(ctx context.Context, p Principal, member int64) (map[store.Kind]int, error) {
	if _, err := s.User(ctx, p, member); err != nil {
		return nil, err
	}
	if member != p.User && !p.Role.AtLeast(RoleAdmin) {
		return nil, forbidden("user", RoleAdmin)
	}
	return s.db.Owned(ctx, p.Org, member)
}

// Transfer makes an active member the owner of all that another one owns in
// the organization, teams included, as administrators may.
func (s *Service) Transfer(ctx context.Context, p Principal, from, to int64) (n int64, err error) {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return 0, err
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		n, err = s.transfer(ctx, tx, p, from, to)
		return err
	})
	return n, err
}

func (s *Service) transfer(ctx context.Context, tx *store.Tx, p Principal, from, to int64) (n int64, err error) {
	if err := s.transferable(ctx, tx, p, from, to); err != nil {
		return 0, err
	}
	if n, err = tx.TransferAll(ctx, p.Org, from, to, s.now().UnixMicro()); err != nil {
		return 0, err
	}
	return n, s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "user.transfer", Kind: "user", Object: from, Detail: map[string]any{"to": to, "number": n}})
}

func (s *Service) transferable(ctx context.Context, tx *store.Tx, p Principal, from, to int64) error {
	if _, _, err := s.held(ctx, tx, p, from); err != nil {
		return err
	}
	return s.holdHeir(ctx, tx, p.Org, to)
}

// MayGive refuses what TransferResource would refuse to who owns something and
// gives it away: anybody but an active member is CodeNotFound.
func (s *Service) MayGive(ctx context.Context, p Principal, to int64) error {
	if p.Scope != RoleOwner {
		if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
			return err
		}
	}
	u, err := s.User(ctx, p, to)
	if err == nil && u.Status != Active {
		err = noUser(to)
	}
	return err
}

// TransferResource makes an active member the owner of one resource, as its
// owner and the organization's administrators may, with whatever else tx does.
func (s *Service) TransferResource(ctx context.Context, tx *store.Tx, p Principal, kind store.Kind, id, to int64) error {
	r, err := tx.Resource(ctx, p.Org, kind, id)
	if err != nil {
		return err
	}
	if r.Owner != p.User || p.Scope != RoleOwner {
		if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
			return err
		}
	}
	if err := s.holdHeir(ctx, tx, p.Org, to); err != nil {
		return err
	}
	from := r.Owner
	r.Owner, r.Updated = to, s.now().UnixMicro()
	if err := tx.UpdateResource(ctx, &r); err != nil {
		return err
	}
	return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: string(kind) + ".transfer", Kind: string(kind), Object: id, Detail: map[string]any{"from": from, "to": to}})
}

// holdHeir refuses whoever is no active member, and keeps who is as they are.
func (s *Service) holdHeir(ctx context.Context, tx *store.Tx, org, user int64) error {
	m, err := tx.Member(ctx, org, user)
	if err == nil && (m.Membership.Status != Active || !s.genuineMember(ctx, m)) {
		err = noUser(user)
	}
	return err
}
