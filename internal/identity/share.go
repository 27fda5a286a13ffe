package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Accessor is whom a resource is shared with, and how far.
type Accessor struct {
	Kind    string // AccessorUser, AccessorTeam or AccessorOrg
	Who     int64  // a user's, a team's or the organization's id
	Role    Role
	Created time.Time
}

// Accessors gives whom a resource is shared with, to all who may look at it.
func (s *Service) Accessors(ctx context.Context, p Principal, kind store.Kind, id int64) ([]Accessor, error) {
	if err := s.Allowed(ctx, p, RoleCollaborator, kind, id); err != nil {
		return nil, err
	}
	rows, err := s.db.AccessorsOf(ctx, id)
	all := []Accessor{}
	for _, a := range rows {
		if s.genuine(ctx, "accessor", a.Resource, a.MAC, s.sealAccessor(a)) {
			all = append(all, Accessor{Kind: a.Kind, Who: a.Who, Role: Role(a.Role), Created: moment(a.Created)})
		}
	}
	return all, err
}

// Share gives roles on a resource, in place of those that the same accessors
// had. It needs the role admin on it, and nobody gives more than they have.
func (s *Service) Share(ctx context.Context, p Principal, kind store.Kind, id int64, with ...Accessor) error {
	return s.reshare(ctx, p, kind, id, "share", with, func(tx *store.Tx) error { return s.putAccessors(ctx, tx, p, id, with) })
}

// ShareOnly replaces all accessors of a resource.
func (s *Service) ShareOnly(ctx context.Context, p Principal, kind store.Kind, id int64, with ...Accessor) error {
	return s.reshare(ctx, p, kind, id, "share_only", with, func(tx *store.Tx) error {
		if err := tx.DropAccessors(ctx, id); err != nil {
			return err
		}
		return s.putAccessors(ctx, tx, p, id, with)
	})
}

// Unshare removes accessors of a resource; none named means all.
func (s *Service) Unshare(ctx context.Context, p Principal, kind store.Kind, id int64, with ...Accessor) error {
	for i := range with {
		with[i].Role = RoleCollaborator // whatever it is, it may be taken away
	}
	return s.reshare(ctx, p, kind, id, "unshare", with, func(tx *store.Tx) error {
		if len(with) == 0 {
			return tx.DropAccessors(ctx, id)
		}
		for _, a := range with {
			if err := tx.DropAccessor(ctx, id, a.Kind, a.Who); err != nil {
				return err
			}
		}
		return nil
	})
}

// ShareAlike shares a resource with those that another one of its kind is shared
// with, and nobody else.
func (s *Service) ShareAlike(ctx context.Context, p Principal, kind store.Kind, from, to int64) error {
	with, err := s.Accessors(ctx, p, kind, from)
	if err != nil {
		return err
	}
	return s.ShareOnly(ctx, p, kind, to, with...)
}

// reshare changes the accessors for who may, and writes it down.
func (s *Service) reshare(ctx context.Context, p Principal, kind store.Kind, id int64, verb string, with []Accessor, change func(*store.Tx) error) error {
	role, err := s.RoleOn(ctx, p, kind, id)
	if err != nil {
		return err
	}
	if kind == KindTeam {
		return usage("team", "teams are not shared", "Add members to it")
	}
	if !role.AtLeast(RoleAdmin) {
		return forbidden(fmt.Sprintf("%s %d", kind, id), RoleAdmin)
	}
	told := make([]string, len(with))
	for i, a := range with {
		if !a.Role.Valid() {
			return usage("role", "there is no such role", "Choose owner, admin, operator or collaborator")
		}
		if !role.AtLeast(a.Role) {
			return &weir.Error{Code: weir.CodeForbidden, Where: "role", Message: "nobody may give more than they have", Remedy: "Choose " + string(role) + " or less"}
		}
		told[i] = fmt.Sprintf("%s %d %s", a.Kind, a.Who, a.Role)
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		r, err := tx.Resource(ctx, p.Org, kind, id) // held: nobody deletes it meanwhile
		if err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		if verb != "unshare" {
			if err := s.tellShared(ctx, tx, p, r, with); err != nil {
				return err
			}
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: string(kind) + "." + verb, Kind: string(kind), Object: id, Detail: map[string]any{"accessors": told}})
	})
}

func (s *Service) putAccessors(ctx context.Context, tx *store.Tx, p Principal, id int64, with []Accessor) error {
	for _, a := range with {
		if err := s.ofOrg(ctx, tx, p.Org, a); err != nil {
			return err
		}
		row := store.Accessor{Resource: id, Kind: a.Kind, Who: a.Who, Role: string(a.Role), Created: s.now().UnixMicro()}
		row.MAC = s.sealAccessor(row)
		if err := tx.PutAccessor(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// ofOrg refuses accessors that are not of the organization.
func (s *Service) ofOrg(ctx context.Context, tx *store.Tx, org int64, a Accessor) (err error) {
	switch a.Kind {
	case AccessorUser:
		_, err = tx.Member(ctx, org, a.Who)
	case AccessorTeam:
		_, err = tx.Team(ctx, org, a.Who)
	case AccessorOrg:
		if a.Who != org {
			err = &weir.Error{Code: weir.CodeNotFound, Where: fmt.Sprintf("organization %d", a.Who), Message: "there is none with this id"}
		}
	default:
		err = usage("accessor", "there is no such kind of accessor", "Choose USER, TEAM or ORG")
	}
	return err
}
