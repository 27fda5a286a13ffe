package identity

import (
	"context"
	"crypto/subtle"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// FirstUser is what the first start asks for.
type FirstUser struct {
	Organization string // its name
	Email        string
	FullName     string
	Password     weir.Secret
	Client       Client
}

// NewSetupToken makes a token that an operator may choose for OfferSetupToken.
func NewSetupToken() string { return setupForm.make() }

// SetupToken makes the token that the first user must show, in place of an
// earlier one. Once there is a user none is needed, for ever.
func (s *Service) SetupToken(ctx context.Context) (token string, needed bool, err error) {
	return s.offer(ctx, setupForm.make())
}

// OfferSetupToken is SetupToken with one that NewSetupToken has made: several
// processes that start at once can be given the same.
func (s *Service) OfferSetupToken(ctx context.Context, token string) (needed bool, err error) {
	if !setupForm.fits(token) {
		return false, &weir.Error{Code: weir.CodeConfig, Where: "setup token", Message: "this is none, or not the whole of it", Remedy: "Make one with `weir setup-token`"}
	}
	_, needed, err = s.offer(ctx, token)
	return needed, err
}

func (s *Service) offer(ctx context.Context, token string) (offered string, needed bool, err error) {
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		n, err := tx.Users(ctx)
		if needed = n == 0; err != nil || !needed {
			return err
		}
		return tx.PutSetup(ctx, digest(token), s.now().UnixMicro())
	})
	if err != nil || !needed {
		return "", false, err
	}
	return token, true, nil
}

// SetupNeeded reports whether there is no user yet.
func (s *Service) SetupNeeded(ctx context.Context) (bool, error) {
	n, err := s.db.Users(ctx)
	return n == 0, err
}

// Setup makes the organization and its owner, burns the token and signs the
// owner in: all of it or nothing. With users there it is CodeConflict, with
// another token CodeAuth.
func (s *Service) Setup(ctx context.Context, token string, f FirstUser) (Session, error) {
	if !setupForm.fits(token) {
		return Session{}, mistyped("setup token")
	}
	email, login, err := emailAddress(f.Email)
	if err != nil {
		return Session{}, err
	}
	org, err := named("organization", f.Organization)
	if err != nil {
		return Session{}, err
	}
	name, err := named("full name", f.FullName)
	if err != nil {
		return Session{}, err
	}
	if err := acceptable(f.Password, login); err != nil {
		return Session{}, err
	}
	// Before a password is computed for whoever asks.
	if err := s.db.Change(ctx, func(tx *store.Tx) error { return s.maySetUp(ctx, tx, token) }); err != nil {
		return Session{}, err
	}
	hash, err := s.hash(ctx, f.Password)
	if err != nil {
		return Session{}, err
	}
	var out Session
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.maySetUp(ctx, tx, token); err != nil {
			return err
		}
		at := s.now().UnixMicro()
		o := store.Organization{Name: org, Created: at}
		if err := tx.CreateOrganization(ctx, &o); err != nil {
			return err
		}
		u := store.User{Login: login, Email: email, FullName: name, Password: hash, Status: Active, Created: at}
		m, err := s.join(ctx, tx, o.ID, &u, RoleOwner)
		if err != nil {
			return err
		}
		if err := tx.DropSetup(ctx); err != nil {
			return err
		}
		if out, err = s.beginBrowser(ctx, tx, m, f.Client); err != nil {
			return err
		}
		if out.Device, err = s.meet(ctx, tx, u.ID, false, f.Client); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: o.ID, Actor: u.ID, Action: "setup", Kind: "organization", Object: o.ID, Detail: map[string]any{"address": f.Client.address()}})
	})
	return out, err
}

// join stores the user, when it is new, and its membership.
func (s *Service) join(ctx context.Context, tx *store.Tx, org int64, u *store.User, role Role) (store.Member, error) {
	if u.ID == 0 {
		if err := tx.PutUser(ctx, u, s.sealUser); err != nil {
			return store.Member{}, err
		}
	}
	m := store.Membership{Org: org, User: u.ID, Role: string(role), Status: Active, Created: s.now().UnixMicro()}
	m.MAC = s.sealMembership(m)
	return store.Member{Membership: m, User: *u}, tx.PutMembership(ctx, m)
}

func (s *Service) maySetUp(ctx context.Context, tx *store.Tx, token string) error {
	hash, err := tx.Setup(ctx) // first: two who come at once take turns here
	if err != nil {
		return err
	}
	n, err := tx.Users(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		return &weir.Error{Code: weir.CodeConflict, Where: "setup", Message: "this server is already set up", Remedy: "Sign in, or ask an administrator for an account"}
	}
	if subtle.ConstantTimeCompare(hash, digest(token)) != 1 {
		return &weir.Error{Code: weir.CodeAuth, Where: "setup", Message: "this is not the setup token of the last start", Remedy: "Copy it from where the server printed it when it last started"}
	}
	return nil
}
