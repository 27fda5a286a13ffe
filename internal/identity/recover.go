package identity

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Recover gives the value of a link with which a user sets a new password, as
// NewLink does, to whoever has the server's database and its root key: the
// only owner may have forgotten theirs, and nobody is left to ask.
func (s *Service) Recover(ctx context.Context, email string) (value weir.Secret, err error) {
	u, found, err := s.db.UserByLogin(ctx, loginOf(email))
	if err != nil {
		return value, err
	}
	if !found || !s.genuineUser(ctx, u) {
		return value, &weir.Error{Code: weir.CodeNotFound, Where: "user", Message: "nobody signs in with this e-mail address", Remedy: "Give the address as it was typed in at setup"}
	}
	all, err := s.db.Memberships(ctx, u.ID)
	if err != nil {
		return value, err
	}
	for _, m := range all {
		if m.Status != Active || u.Status != Active {
			continue
		}
		err := s.db.Change(ctx, func(tx *store.Tx) (err error) {
			if value, err = s.link(ctx, tx, m.Org, u.ID); err != nil {
				return err
			}
			return s.audit.AppendTx(ctx, tx, audit.Entry{Org: m.Org, Action: "user.link", Kind: "user", Object: u.ID, Detail: map[string]any{"way": "machine"}})
		})
		return value, err
	}
	return value, &weir.Error{Code: weir.CodeForbidden, Where: "user", Message: "the user is deactivated", Remedy: "Have an administrator activate them"}
}
