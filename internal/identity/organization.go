package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Organization owns all that its members make.
type Organization struct {
	ID      int64
	Name    string
	Domain  string // of its e-mail addresses; "" when it has none
	About   string // what it is, in its own words
	Role    Role   // of who asks
	Created time.Time
	Updated time.Time
}

// Organizations gives the organizations of which the user is an active member,
// the oldest first.
func (s *Service) Organizations(ctx context.Context, p Principal) ([]Organization, error) {
	if p.Anonymous() {
		return nil, anonymous()
	}
	memberships, err := s.db.Memberships(ctx, p.User)
	if err != nil {
		return nil, err
	}
	all := []Organization{}
	for _, m := range memberships {
		if m.Status != Active || !s.genuineMembership(ctx, m) || p.Kind == API && m.Org != p.Org {
			continue
		}
		o, err := s.db.Organization(ctx, m.Org)
		if err != nil {
			return nil, err
		}
		all = append(all, Organization{ID: o.ID, Name: o.Name, Domain: o.Domain, About: o.About, Role: least(Role(m.Role), p.Scope), Created: moment(o.Created), Updated: moment(o.Updated)})
	}
	return all, nil
}

// UpdateOrganization writes the name, domain and description of the principal's
// own organization, as its administrators may. With the Updated of the one that
// they saw, a change that somebody else made since is CodeConflict.
func (s *Service) UpdateOrganization(ctx context.Context, p Principal, n Organization) error {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return err
	}
	name, err := named("organization", n.Name)
	if err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		before, err := tx.Organization(ctx, p.Org)
		if err != nil {
			return err
		}
		if !n.Updated.IsZero() && !n.Updated.Equal(moment(before.Updated)) {
			return &weir.Error{Code: weir.CodeConflict, Where: "organization", Message: "somebody else has changed it meanwhile", Remedy: "Look at it as it is now, and change it again"}
		}
		o := store.Organization{ID: p.Org, Name: name, Domain: printable(n.Domain, maxName), About: printable(n.About, maxText), Updated: s.now().UnixMicro()}
		if err := tx.UpdateOrganization(ctx, o); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "organization.update", Kind: "organization", Object: p.Org})
	})
}

// CreateOrganization makes one more organization, which the user owns, as the
// owners of another one may.
func (s *Service) CreateOrganization(ctx context.Context, p Principal, n Organization) (Organization, error) {
	if err := s.AllowedInOrg(p, RoleOwner); err != nil {
		return Organization{}, err
	}
	name, err := named("organization", n.Name)
	if err != nil {
		return Organization{}, err
	}
	o := store.Organization{Name: name, Domain: printable(n.Domain, maxName), About: printable(n.About, maxText), Created: s.now().UnixMicro()}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		m, err := tx.Member(ctx, p.Org, p.User)
		if err != nil {
			return err
		}
		if err := tx.CreateOrganization(ctx, &o); err != nil {
			return err
		}
		if _, err := s.join(ctx, tx, o.ID, &m.User, RoleOwner); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: o.ID, Actor: p.User, Action: "organization.create", Kind: "organization", Object: o.ID})
	})
	return Organization{ID: o.ID, Name: o.Name, Domain: o.Domain, About: o.About, Role: RoleOwner, Created: moment(o.Created), Updated: moment(o.Updated)}, err
}

// DeleteOrganization takes everybody out of the principal's own organization,
// for good, with its teams, keys, links and stored secrets. What it still has
// is CodeConflict: delete that first, so that nothing runs on unseen. So is the
// last organization of who asks: somebody must be able to sign in.
func (s *Service) DeleteOrganization(ctx context.Context, p Principal) error {
	if err := s.AllowedInOrg(p, RoleOwner); err != nil {
		return err
	}
	if err := s.Recent(p); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if _, err := tx.MembersIn(ctx, p.Org); err != nil { // held: nobody makes anything by joining meanwhile
			return err
		}
		elsewhere, err := s.activeElsewhere(ctx, tx, p.User, p.Org)
		if err != nil {
			return err
		}
		if !elsewhere {
			return &weir.Error{Code: weir.CodeConflict, Where: "organization", Message: "it is the only one that you are in", Remedy: "Make another one first"}
		}
		n, err := tx.Living(ctx, p.Org)
		if err != nil {
			return err
		}
		if n > 0 {
			return &weir.Error{Code: weir.CodeConflict, Where: "organization", Message: fmt.Sprintf("it still has %d credentials, sources and other things", n), Remedy: "Delete them first"}
		}
		if err := s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "organization.delete", Kind: "organization", Object: p.Org}); err != nil {
			return err
		}
		return tx.DropOrganization(ctx, p.Org)
	})
}

// Switch ends the session of the request and begins one in another of the
// user's organizations. The new one is as fresh a proof as the old one was.
func (s *Service) Switch(ctx context.Context, p Principal, org int64, c Client) (Session, error) {
	if p.Anonymous() {
		return Session{}, anonymous()
	}
	if p.Kind != Browser {
		return Session{}, forbidden("organization", RoleOwner)
	}
	var out Session
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		m, err := tx.Member(ctx, org, p.User)
		if err == nil && (m.Membership.Status != Active || !s.genuineMember(ctx, m)) {
			err = &weir.Error{Code: weir.CodeNotFound, Where: "organization", Message: "there is none with this id"}
		}
		if err != nil {
			return err
		}
		if _, err := tx.EndSession(ctx, p.User, p.Session); err != nil {
			return err
		}
		row := store.Session{Kind: string(Browser), Scope: string(RoleOwner)}
		if !p.Proved.IsZero() {
			row.Proved = p.Proved.UnixMicro()
		}
		if out, err = s.begin(ctx, tx, m, row, c); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: org, Actor: p.User, Action: "session.switch", Kind: "session", Object: out.Principal.Session})
	})
	return out, err
}
