package identity

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// SetRole changes a member's role. Administrators change those who have no
// more than themselves, and give no more than they have; the last owner stays.
// The member's sessions end: the new role is had with a new one.
func (s *Service) SetRole(ctx context.Context, p Principal, member int64, role Role) error {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.setRole(ctx, tx, p, member, role) })
}

func (s *Service) setRole(ctx context.Context, tx *store.Tx, p Principal, member int64, role Role) error {
	if err := grantable(p, role); err != nil {
		return err
	}
	return s.changeMemberIn(ctx, tx, p, member, func(tx *store.Tx, m *store.Member) (audit.Entry, error) {
		e := audit.Entry{Action: "user.role", Detail: map[string]any{"from": m.Membership.Role, "to": string(role)}}
		m.Membership.Role = string(role)
		if m.Membership.Status != Active {
			return e, nil
		}
		return e, s.tellMember(ctx, tx, p, store.MemberRoleChanged, member, "You have the role "+string(role)+" now.")
	})
}

// Deactivate keeps a member out of the organization, from the next request on.
// Whoever is active in no other organization cannot sign in at all. Service
// keys and resources stay; the last owner too.
func (s *Service) Deactivate(ctx context.Context, p Principal, member int64) error {
	return s.setStatus(ctx, p, member, Deactivated, "user.deactivate")
}

// Activate lets a deactivated member in again.
func (s *Service) Activate(ctx context.Context, p Principal, member int64) error {
	return s.setStatus(ctx, p, member, Active, "user.activate")
}

// Lock keeps a member out as Deactivate does, until Unlock.
func (s *Service) Lock(ctx context.Context, p Principal, member int64) error {
	return s.setStatus(ctx, p, member, Locked, "user.lock")
}

// Unlock lets in a member again who was locked, by an administrator or by too
// many tries at the password. Who is deactivated stays so.
func (s *Service) Unlock(ctx context.Context, p Principal, member int64) error {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return err
	}
	return s.changeMember(ctx, p, member, func(tx *store.Tx, m *store.Member) (audit.Entry, error) {
		e, now := audit.Entry{Action: "user.unlock"}, s.now().UnixMicro()
		account := s.subject("account", m.User.Login, nil)
		if _, err := tx.Attempts(ctx, account.key, now); err != nil { // those who try at this moment take turns
			return e, err
		}
		if err := tx.SaveAttempts(ctx, account.key, []byte{}, now); err != nil {
			return e, err
		}
		if m.Membership.Status != Locked {
			return e, nil
		}
		m.Membership.Status = Active
		if m.User.Status != Locked {
			return e, nil
		}
		m.User.Status, m.User.Updated = Active, now
		return e, tx.PutUser(ctx, &m.User, s.sealUser)
	})
}

func (s *Service) setStatus(ctx context.Context, p Principal, member int64, status, action string) error {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.setStatusIn(ctx, tx, p, member, status, action) })
}

func (s *Service) setStatusIn(ctx context.Context, tx *store.Tx, p Principal, member int64, status, action string) error {
	return s.changeMemberIn(ctx, tx, p, member, func(tx *store.Tx, m *store.Member) (audit.Entry, error) {
		m.Membership.Status = status
		elsewhere, err := s.activeElsewhere(ctx, tx, m.User.ID, p.Org)
		if err != nil || elsewhere {
			return audit.Entry{Action: action}, err
		}
		m.User.Status, m.User.Updated = status, s.now().UnixMicro()
		return audit.Entry{Action: action}, tx.PutUser(ctx, &m.User, s.sealUser)
	})
}

func (s *Service) activeElsewhere(ctx context.Context, tx *store.Tx, user, org int64) (bool, error) {
	memberships, err := tx.Memberships(ctx, user)
	for _, m := range memberships {
		if m.Org != org && m.Status == Active {
			return true, nil
		}
	}
	return false, err
}

// changeMember is changeMemberIn in a transaction of its own.
func (s *Service) changeMember(ctx context.Context, p Principal, member int64, change func(*store.Tx, *store.Member) (audit.Entry, error)) error {
	return s.db.Change(ctx, func(tx *store.Tx) error { return s.changeMemberIn(ctx, tx, p, member, change) })
}

// changeMemberIn lets change alter a membership, and writes it and what change
// says of it, unless nobody would own the organization any more.
func (s *Service) changeMemberIn(ctx context.Context, tx *store.Tx, p Principal, member int64, change func(*store.Tx, *store.Member) (audit.Entry, error)) error {
	m, owners, err := s.held(ctx, tx, p, member)
	if err != nil {
		return err
	}
	was := m.Membership
	e, err := change(tx, &m)
	if err != nil {
		return err
	}
	if err := staysOwned(owners, was, m.Membership); err != nil {
		return err
	}
	m.Membership.MAC = s.sealMembership(m.Membership)
	if err := tx.PutMembership(ctx, m.Membership); err != nil {
		return err
	}
	if err := tx.EndSessions(ctx, p.Org, member, 0); err != nil {
		return err
	}
	e.Org, e.Actor, e.Kind, e.Object = p.Org, p.User, "user", member
	return s.audit.AppendTx(ctx, tx, e)
}

// held gives the member whom the principal may change, and how many active
// owners there are; the memberships stay as they are until the transaction
// ends.
func (s *Service) held(ctx context.Context, tx *store.Tx, p Principal, member int64) (m store.Member, owners int, err error) {
	all, err := tx.MembersIn(ctx, p.Org)
	if err != nil {
		return m, 0, err
	}
	found := false
	for _, one := range all {
		if !s.genuineMember(ctx, one) {
			continue
		}
		if owns(one.Membership) {
			owners++
		}
		if one.User.ID == member {
			m, found = one, true
		}
	}
	switch {
	case !found:
		return m, 0, noUser(member)
	case !p.Role.AtLeast(Role(m.Membership.Role)):
		return m, 0, forbidden("user", Role(m.Membership.Role))
	}
	return m, owners, nil
}

func owns(m store.Membership) bool { return Role(m.Role) == RoleOwner && m.Status == Active }

func staysOwned(owners int, was, is store.Membership) error {
	if owners == 1 && owns(was) && !owns(is) {
		return &weir.Error{Code: weir.CodeConflict, Where: "user", Message: "nobody would own the organization any more", Remedy: "Make somebody else an owner first"}
	}
	return nil
}
