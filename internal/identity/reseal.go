package identity

import (
	"context"
	"crypto/hmac"

	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Reseal brings the rows that give rights from an earlier MAC key under the
// one of the Options, and ends all sessions and links. It belongs to the
// change of keys, once: whoever had the earlier key could go on making rows
// with it as long as Reseal takes them. Rows that neither key fits stay as
// they are, and count for nothing. It returns how many rows were sealed anew.
func (s *Service) Reseal(ctx context.Context, earlier []byte) (n int, err error) {
	was := &Service{db: s.db, macKey: earlier}
	anew := func(have, old, next []byte) ([]byte, bool) {
		if !hmac.Equal(have, old) {
			return nil, false
		}
		n++
		return next, true
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		n = 0
		err := tx.Reseal(ctx, store.Seals{
			User: func(r store.User) ([]byte, bool) { return anew(r.MAC, was.sealUser(r), s.sealUser(r)) },
			Membership: func(r store.Membership) ([]byte, bool) {
				return anew(r.MAC, was.sealMembership(r), s.sealMembership(r))
			},
			TeamMember: func(r store.TeamMember) ([]byte, bool) {
				return anew(r.MAC, was.sealTeamMember(r), s.sealTeamMember(r))
			},
			Accessor: func(r store.Accessor) ([]byte, bool) { return anew(r.MAC, was.sealAccessor(r), s.sealAccessor(r)) },
			Key:      func(r store.ServiceKey) ([]byte, bool) { return anew(r.MAC, was.sealKey(r), s.sealKey(r)) },
			Identity: func(r store.Identity) ([]byte, bool) { return anew(r.MAC, was.sealIdentity(r), s.sealIdentity(r)) },
			Resource: func(r store.Resource) ([]byte, bool) { return anew(r.MAC, was.sealResource(r), s.sealResource(r)) },
		})
		if err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Action: "identity.reseal", Detail: map[string]any{"rows": n}})
	})
	return n, err
}
