package identity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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

// Thing is a resource that is shared.
type Thing struct {
	Kind store.Kind
	ID   int64
}

// sharing changes with whom one resource is shared.
type sharing struct {
	verb   string
	change func(ctx context.Context, tx *store.Tx, p Principal, id int64, with []Accessor) error
}

// Share gives roles on things, in place of those that the same accessors had:
// on all of them, or on none. It needs the role admin on each, and nobody gives
// more than they have.
func (s *Service) Share(ctx context.Context, p Principal, with []Accessor, things ...Thing) error {
	return s.reshare(ctx, p, sharing{"share", s.putAccessors}, with, things)
}

// ShareOnly replaces all accessors of things.
func (s *Service) ShareOnly(ctx context.Context, p Principal, with []Accessor, things ...Thing) error {
	return s.reshare(ctx, p, sharing{"share_only", func(ctx context.Context, tx *store.Tx, p Principal, id int64, with []Accessor) error {
		if err := tx.DropAccessors(ctx, id); err != nil {
			return err
		}
		return s.putAccessors(ctx, tx, p, id, with)
	}}, with, things)
}

// Unshare removes accessors of things; none named means all.
func (s *Service) Unshare(ctx context.Context, p Principal, with []Accessor, things ...Thing) error {
	for i := range with {
		with[i].Role = RoleCollaborator // whatever it is, it may be taken away
	}
	return s.reshare(ctx, p, sharing{"unshare", func(ctx context.Context, tx *store.Tx, _ Principal, id int64, with []Accessor) error {
		if len(with) == 0 {
			return tx.DropAccessors(ctx, id)
		}
		for _, a := range with {
			if err := tx.DropAccessor(ctx, id, a.Kind, a.Who); err != nil {
				return err
			}
		}
		return nil
	}}, with, things)
}

// reshare changes the accessors of all things for who may, and writes it down.
func (s *Service) reshare(ctx context.Context, p Principal, how sharing, with []Accessor, things []Thing) error {
	for _, t := range things {
		role, err := s.RoleOn(ctx, p, t.Kind, t.ID)
		if err != nil {
			return err
		}
		if t.Kind == KindTeam {
			return usage("team", "teams are not shared", "Add members to it")
		}
		if !role.AtLeast(RoleAdmin) {
			return forbidden(fmt.Sprintf("%s %d", t.Kind, t.ID), RoleAdmin)
		}
		if err := mayGive(role, with); err != nil {
			return err
		}
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		rows := make([]store.Resource, len(things))
		for i, t := range slices.SortedFunc(slices.Values(things), func(a, b Thing) int { return cmp.Compare(a.ID, b.ID) }) {
			r, err := tx.Resource(ctx, p.Org, t.Kind, t.ID) // held: nobody deletes it meanwhile
			if err != nil {
				return err
			}
			rows[i] = r
		}
		for _, r := range rows {
			if err := how.change(ctx, tx, p, r.ID, with); err != nil {
				return err
			}
		}
		for _, r := range rows {
			if how.verb != "unshare" {
				if err := s.tellShared(ctx, tx, p, r, with); err != nil {
					return err
				}
			}
			if err := s.writeShared(ctx, tx, p, r.Kind, r.ID, how.verb, with); err != nil {
				return err
			}
		}
		return nil
	})
}

// mayGive refuses roles that are none, or more than who gives them has.
func mayGive(has Role, with []Accessor) error {
	for _, a := range with {
		if !a.Role.Valid() {
			return usage("role", "there is no such role", "Choose owner, admin, operator or collaborator")
		}
		if !has.AtLeast(a.Role) {
			return &weir.Error{Code: weir.CodeForbidden, Where: "role", Message: "nobody may give more than they have", Remedy: "Choose " + string(has) + " or less"}
		}
	}
	return nil
}

// writeShared writes down with whom something is shared now, or is no more.
func (s *Service) writeShared(ctx context.Context, tx *store.Tx, p Principal, kind store.Kind, id int64, verb string, with []Accessor) error {
	told := make([]string, len(with))
	for i, a := range with {
		told[i] = fmt.Sprintf("%s %d %s", a.Kind, a.Who, a.Role)
	}
	return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: string(kind) + "." + verb, Kind: string(kind), Object: id, Detail: map[string]any{"accessors": told}})
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
