package identity

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Remove takes a member out of the organization for good: from its teams and
// from what was shared with them, with their service keys. Their teams become
// the principal's. Whoever still owns something else is CodeConflict: transfer
// it first.
func (s *Service) Remove(ctx context.Context, p Principal, member int64) error {
	return s.RemoveMembers(ctx, p, Removal{User: member})
}

// Removal is a member to take out of the organization.
type Removal struct {
	User int64
	Heir int64 // an active member who gets what they own; 0 for nobody
}

// RemoveMembers removes several members as Remove does, or none.
func (s *Service) RemoveMembers(ctx context.Context, p Principal, members ...Removal) error {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		for _, m := range members {
			if err := s.remove(ctx, tx, p, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) remove(ctx context.Context, tx *store.Tx, p Principal, r Removal) error {
	m, owners, err := s.held(ctx, tx, p, r.User)
	if err != nil {
		return err
	}
	if err := staysOwned(owners, m.Membership, store.Membership{}); err != nil {
		return err
	}
	if r.Heir != 0 && r.Heir != r.User {
		if _, err := s.transfer(ctx, tx, p, r.User, r.Heir); err != nil {
			return err
		}
	}
	owned, err := tx.Owns(ctx, p.Org, r.User)
	if err != nil {
		return err
	}
	if owned > 0 {
		return &weir.Error{Code: weir.CodeConflict, Where: "user", Message: "this user still owns something", Remedy: "Transfer it to somebody else first"}
	}
	if _, err := tx.TransferAll(ctx, p.Org, r.User, p.User, s.now().UnixMicro()); err != nil {
		return err
	}
	if err := tx.DropMember(ctx, p.Org, r.User); err != nil {
		return err
	}
	return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "user.remove", Kind: "user", Object: r.User})
}

// MemberChange is a member's new role, or a new member.
type MemberChange struct {
	User int64    // 0 for a new one
	Role Role     // of a member; RoleNone leaves it
	New  *NewUser // when User is 0
}

// PutMembers changes roles and adds members, all of it or nothing. Only also
// removes, as Remove does, all members who are not named.
func (s *Service) PutMembers(ctx context.Context, p Principal, only bool, changes ...MemberChange) error {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return err
	}
	users := make([]store.User, len(changes))
	for i, c := range changes {
		if c.New == nil {
			continue
		}
		var err error
		if users[i], err = s.newUser(ctx, p, *c.New); err != nil {
			return err
		}
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		stay := map[int64]bool{}
		for i, c := range changes {
			id, err := s.putMember(ctx, tx, p, c, users[i])
			if err != nil {
				return err
			}
			stay[id] = true
		}
		if !only {
			return nil
		}
		all, err := tx.MembersIn(ctx, p.Org)
		for _, m := range all {
			if stay[m.User.ID] || !s.genuineMember(ctx, m) {
				continue
			}
			if err := s.remove(ctx, tx, p, Removal{User: m.User.ID}); err != nil {
				return err
			}
		}
		return err
	})
}

func (s *Service) putMember(ctx context.Context, tx *store.Tx, p Principal, c MemberChange, u store.User) (id int64, err error) {
	if c.New != nil {
		m, _, err := s.createUser(ctx, tx, p, u, c.New.Role)
		return m.User.ID, err
	}
	m, err := tx.Member(ctx, p.Org, c.User)
	if err == nil && !s.genuineMember(ctx, m) {
		err = noUser(c.User)
	}
	if err != nil || c.Role == RoleNone || c.Role == Role(m.Membership.Role) {
		return c.User, err // to name somebody changes nothing, and so anybody may be named
	}
	return c.User, s.setRole(ctx, tx, p, c.User, c.Role)
}

// SetMembersStatus activates or deactivates several members, or none.
func (s *Service) SetMembersStatus(ctx context.Context, p Principal, active bool, members ...int64) error {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return err
	}
	status, action := Deactivated, "user.deactivate"
	if active {
		status, action = Active, "user.activate"
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		for _, m := range members {
			if err := s.setStatusIn(ctx, tx, p, m, status, action); err != nil {
				return err
			}
		}
		return nil
	})
}
