package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// User is a member of an organization, as others see them.
type User struct {
	ID       int64
	Email    string
	FullName string
	Org      int64
	Role     Role   // in the organization
	Status   string // Active, Deactivated or Locked, in the organization
	Account  string // the same, everywhere
	Invited  bool   // has no password yet
	Created  time.Time
	Updated  time.Time

	login string
}

func user(m store.Member) User {
	return User{ID: m.User.ID, Email: m.User.Email, FullName: m.User.FullName, Org: m.Membership.Org, Role: Role(m.Membership.Role),
		Status: m.Membership.Status, Account: m.User.Status, Invited: m.User.Password == "", Created: moment(m.User.Created), Updated: moment(m.User.Updated), login: m.User.Login}
}

// LockedOut reports whether a user who was read just now must wait because of
// too many tries at the password, or was locked by an administrator.
func (s *Service) LockedOut(ctx context.Context, u User) (bool, error) {
	if u.Status == Locked || u.Account == Locked {
		return true, nil
	}
	b, err := s.db.Attempts(ctx, s.subject("account", u.login, nil).key)
	now := s.now()
	return readTimes(b, now).free(now, accountLimits()).After(now), err
}

// Users gives the members of the principal's organization.
func (s *Service) Users(ctx context.Context, p Principal) ([]User, error) {
	if p.Anonymous() {
		return nil, anonymous()
	}
	rows, err := s.db.Members(ctx, p.Org)
	all := make([]User, 0, len(rows))
	for _, m := range rows {
		if s.genuineMember(ctx, m) {
			all = append(all, user(m))
		}
	}
	return all, err
}

// User gives a member of the principal's organization. Anybody else is
// CodeNotFound.
func (s *Service) User(ctx context.Context, p Principal, id int64) (User, error) {
	if p.Anonymous() {
		return User{}, anonymous()
	}
	m, err := s.db.Member(ctx, p.Org, id)
	if err == nil && !s.genuineMember(ctx, m) {
		err = noUser(id)
	}
	if err != nil {
		return User{}, err
	}
	return user(m), nil
}

func noUser(id int64) error {
	return &weir.Error{Code: weir.CodeNotFound, Where: fmt.Sprintf("user %d", id), Message: "there is none with this id"}
}

// NewUser says whom to add to the organization.
type NewUser struct {
	Email    string
	FullName string
	Role     Role        // at most the administrator's own
	Password weir.Secret // empty for a link with which the user chooses one
}

// CreateUser adds somebody to the principal's organization, as its
// administrators may. Without a password it also gives the value of a link
// that sets one. Somebody whom another organization has made is added as they
// are, with the name and the password they have.
func (s *Service) CreateUser(ctx context.Context, p Principal, n NewUser) (User, weir.Secret, error) {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return User{}, weir.Secret{}, err
	}
	u, err := s.newUser(ctx, p, n)
	if err != nil {
		return User{}, weir.Secret{}, err
	}
	var out store.Member
	var link weir.Secret
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		out, link, err = s.createUser(ctx, tx, p, u, n.Role)
		return err
	})
	if err != nil {
		return User{}, weir.Secret{}, err
	}
	return user(out), link, nil
}

func (s *Service) createUser(ctx context.Context, tx *store.Tx, p Principal, u store.User, role Role) (out store.Member, link weir.Secret, err error) {
	had, found, err := tx.UserByLogin(ctx, u.Login)
	if err != nil {
		return out, link, err
	}
	if found {
		u = had
		if err := s.mayJoin(ctx, tx, p.Org, had); err != nil {
			return out, link, err
		}
		// What they may do has grown: sessions from before do not grow along.
		if err := tx.EndSessions(ctx, 0, had.ID, 0); err != nil {
			return out, link, err
		}
	}
	if out, err = s.join(ctx, tx, p.Org, &u, role); err != nil {
		return out, link, err
	}
	if !found && u.Password == "" {
		if link, err = s.link(ctx, tx, p.Org, u.ID); err != nil {
			return out, link, err
		}
	}
	if err := s.tellMember(ctx, tx, p, store.MemberAdded, u.ID, "You may do in it what a member with the role "+string(role)+" may."); err != nil {
		return out, link, err
	}
	return out, link, s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "user.create", Kind: "user", Object: u.ID, Detail: map[string]any{"role": string(role)}})
}

// newUser checks what was typed and makes a row of it.
func (s *Service) newUser(ctx context.Context, p Principal, n NewUser) (u store.User, err error) {
	if u.Email, u.Login, err = emailAddress(n.Email); err != nil {
		return u, err
	}
	if u.FullName, err = named("full name", n.FullName); err != nil {
		return u, err
	}
	if err := grantable(p, n.Role); err != nil {
		return u, err
	}
	u.Status, u.Created = Active, s.now().UnixMicro()
	if n.Password.IsZero() {
		return u, nil
	}
	if err := acceptable(n.Password, u.Login); err != nil {
		return u, err
	}
	u.Password, err = s.hash(ctx, n.Password)
	return u, err
}

// grantable refuses roles that there are not, and those above one's own.
func grantable(p Principal, role Role) error {
	switch {
	case !role.Valid():
		return usage("role", "there is no such role", "Choose owner, admin, operator or collaborator")
	case !p.Role.AtLeast(role):
		return &weir.Error{Code: weir.CodeForbidden, Where: "role", Message: "nobody may give more than they have", Remedy: "Choose " + string(p.Role) + " or less"}
	}
	return nil
}

// mayJoin refuses who is a member already.
func (s *Service) mayJoin(ctx context.Context, tx *store.Tx, org int64, u store.User) error {
	if _, err := tx.Member(ctx, org, u.ID); weir.CodeOf(err) != weir.CodeNotFound {
		if err == nil {
			err = &weir.Error{Code: weir.CodeConflict, Where: "user", Message: "somebody already has this e-mail address", Remedy: "Use another one"}
		}
		return err
	}
	if !s.genuineUser(ctx, u) {
		return &weir.Error{Code: weir.CodeIntegrity, Where: "user", Message: "Weir has not written this user, and takes no notice of it", Remedy: "See who else writes this database"}
	}
	return nil
}

// Rename changes a full name: the user's own, or, for administrators, that of
// a member who has no more than themselves and belongs to no other organization.
func (s *Service) Rename(ctx context.Context, p Principal, id int64, fullName string) error {
	if p.Anonymous() {
		return anonymous()
	}
	name, err := named("full name", fullName)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.mayRename(ctx, tx, p, id); err != nil {
			return err
		}
		u, err := tx.User(ctx, id)
		if err != nil {
			return err
		}
		if !s.genuineUser(ctx, u) {
			return noUser(id)
		}
		u.FullName, u.Updated = name, s.now().UnixMicro()
		if err := tx.PutUser(ctx, &u, s.sealUser); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "user.rename", Kind: "user", Object: id})
	})
}

func (s *Service) mayRename(ctx context.Context, tx *store.Tx, p Principal, id int64) error {
	if id == p.User {
		return nil
	}
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return err
	}
	if _, _, err := s.held(ctx, tx, p, id); err != nil {
		return err
	}
	return s.only(ctx, tx, id)
}

// only refuses what would reach into a member's other organizations.
func (s *Service) only(ctx context.Context, tx *store.Tx, member int64) error {
	memberships, err := tx.Memberships(ctx, member)
	if err == nil && len(memberships) > 1 {
		err = &weir.Error{Code: weir.CodeForbidden, Where: "user", Message: "this user belongs to other organizations too", Remedy: "Let them do it themselves"}
	}
	return err
}
