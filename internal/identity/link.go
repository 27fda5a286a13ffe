package identity

import (
	"context"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// LinkAge is how long a link that sets a password is good.
const LinkAge = 72 * time.Hour

// setPassword is the only purpose of links so far; it is in their MAC.
const setPassword = "password"

// link makes a link for the user in place of earlier ones, and gives its value.
func (s *Service) link(ctx context.Context, tx *store.Tx, org, user int64) (weir.Secret, error) {
	value, now := linkForm.make(), s.now()
	l := store.Link{Hash: digest(value), Purpose: setPassword, Org: org, User: user, Created: now.UnixMicro(), Expires: now.Add(LinkAge).UnixMicro()}
	l.MAC = s.sealLink(l)
	return weir.NewSecret(value), tx.CreateLink(ctx, l)
}

// NewLink gives the value of a link with which a member sets a new password,
// good for 72 hours and once. Administrators make it for those who have no
// more than themselves, and not for members of other organizations too: who
// has the link has the account.
func (s *Service) NewLink(ctx context.Context, p Principal, member int64) (weir.Secret, error) {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return weir.Secret{}, err
	}
	if err := s.Recent(p); err != nil {
		return weir.Secret{}, err
	}
	var value weir.Secret
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		if _, _, err := s.held(ctx, tx, p, member); err != nil {
			return err
		}
		if err := s.only(ctx, tx, member); err != nil {
			return err
		}
		var err error
		if value, err = s.link(ctx, tx, p.Org, member); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "user.link", Kind: "user", Object: member})
	})
	return value, err
}

// LinkEmail says whose password a link sets; CodeAuth for one that is not good.
func (s *Service) LinkEmail(ctx context.Context, value string) (email string, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		m, err := s.linked(ctx, tx, value)
		email = m.User.Email
		return err
	})
	return email, err
}

// AcceptLink sets the password of the link's user, ends all their sessions and
// begins a new one. The link is used up.
func (s *Service) AcceptLink(ctx context.Context, value string, password weir.Secret, c Client) (Session, error) {
	email, err := s.LinkEmail(ctx, value)
	if err != nil {
		return Session{}, err
	}
	if err := acceptable(password, loginOf(email)); err != nil {
		return Session{}, err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	var out Session
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		m, err := s.linked(ctx, tx, value)
		if err != nil {
			return err
		}
		out, err = s.renew(ctx, tx, m, hash, c, "link")
		return err
	})
	return out, err
}

// linked gives who a link is for.
func (s *Service) linked(ctx context.Context, tx *store.Tx, value string) (m store.Member, err error) {
	bad := &weir.Error{Code: weir.CodeAuth, Where: "link", Message: "it is unknown, used or too old", Remedy: "Ask an administrator for a new one"}
	if !linkForm.fits(value) {
		return m, bad
	}
	l, found, err := tx.Link(ctx, digest(value))
	if err != nil {
		return m, err
	}
	if !found || l.Purpose != setPassword || s.now().UnixMicro() >= l.Expires || !s.genuine(ctx, "link", l.User, l.MAC, s.sealLink(l)) {
		return m, bad
	}
	if m, err = tx.Member(ctx, l.Org, l.User); err != nil {
		return m, err
	}
	if m.User.Status != Active || m.Membership.Status != Active || !s.genuineMember(ctx, m) {
		return m, bad
	}
	return m, nil
}

// renew stores a new password, ends everything that the old one opened, and
// begins a session.
func (s *Service) renew(ctx context.Context, tx *store.Tx, m store.Member, hash string, c Client, way string) (out Session, err error) {
	m.User.Password, m.User.Updated = hash, s.now().UnixMicro()
	if err := tx.PutUser(ctx, &m.User, s.sealUser); err != nil {
		return out, err
	}
	if err := tx.DropLinks(ctx, m.User.ID); err != nil {
		return out, err
	}
	if err := s.endAll(ctx, tx, m.User.ID); err != nil {
		return out, err
	}
	if out, err = s.beginBrowser(ctx, tx, m, c); err != nil {
		return out, err
	}
	if out.Device, err = s.meet(ctx, tx, m.User.ID, false, c); err != nil {
		return out, err
	}
	return out, s.audit.AppendTx(ctx, tx, audit.Entry{Org: m.Membership.Org, Actor: m.User.ID, Action: "user.password", Kind: "user", Object: m.User.ID,
		Detail: map[string]any{"way": way, "address": c.address()}})
}

// ChangePassword sets the user's own password. All their sessions end, those
// of service keys too, and a new one begins. The old password counts as one
// more try; a user who has none, because a provider signs them in, proves it
// by a recent sign-in.
func (s *Service) ChangePassword(ctx context.Context, p Principal, old, password weir.Secret, c Client) (Session, error) {
	if p.Anonymous() {
		return Session{}, anonymous()
	}
	login := loginOf(p.Email)
	if err := acceptable(password, login); err != nil {
		return Session{}, err
	}
	u, found, err := s.db.UserByLogin(ctx, login)
	if err != nil {
		return Session{}, err
	}
	if !found || u.ID != p.User || !s.genuineUser(ctx, u) {
		return Session{}, anonymous()
	}
	t := trial{user: u, right: true}
	if u.Password == "" {
		err = s.Recent(p)
	} else {
		err = s.prove(ctx, &t, old, c)
	}
	if err != nil {
		return Session{}, err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	var out Session
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		m, ok, err := s.enterable(ctx, tx, u, p.Org)
		if err != nil {
			return err
		}
		if !ok {
			return anonymous()
		}
		if err := s.giveBack(ctx, tx, t.subjects, t.at); err != nil {
			return err
		}
		out, err = s.renew(ctx, tx, m, hash, c, "change")
		return err
	})
	return out, err
}

// prove compares the password of a user who is signed in already.
func (s *Service) prove(ctx context.Context, t *trial, password weir.Secret, c Client) (err error) {
	device, err := s.deviceAccount(ctx, c)
	if err != nil {
		return err
	}
	t.known = device == t.user.ID
	t.subjects = s.subjects(t.user.Login, t.known, c)
	if err := s.try(ctx, t, password); err != nil || t.right {
		return err
	}
	if err := s.db.Change(ctx, func(tx *store.Tx) error { return s.failed(ctx, tx, *t, c) }); err != nil {
		return err
	}
	return &weir.Error{Code: weir.CodeForbidden, Where: "password", Message: "the old password is wrong", Remedy: "Type the one you signed in with"}
}
