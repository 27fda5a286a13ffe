package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"

	"github.com/weirhq/weir/internal/store"
)

// mac is over the database, the table and the fields, each with its length,
// so that no two rows have the same bytes. It does not keep somebody who
// writes the database from putting an old row back: the audit log tells that.
func (s *Service) mac(table string, fields ...any) []byte {
	h := hmac.New(sha256.New, s.macKey)
	text := func(b string) {
		_ = binary.Write(h, binary.BigEndian, int64(len(b))) // a hash takes everything
		_, _ = io.WriteString(h, b)
	}
	text(s.db.InstanceID())
	text(table)
	for _, f := range fields {
		switch f := f.(type) {
		case int64:
			_ = binary.Write(h, binary.BigEndian, f)
		case string:
			text(f)
		case []byte:
			text(string(f))
		case bool:
			_ = binary.Write(h, binary.BigEndian, f)
		default:
			panic("identity: a field of this type has no canonical form")
		}
	}
	return h.Sum(nil)
}

func (s *Service) sealUser(u store.User) []byte {
	return s.mac("user_account", u.ID, u.Login, u.Email, u.FullName, u.Password, u.Status, u.Created)
}

func (s *Service) sealMembership(m store.Membership) []byte {
	return s.mac("membership", m.Org, m.User, m.Role, m.Status, m.Created)
}

func (s *Service) sealTeamMember(m store.TeamMember) []byte {
	return s.mac("team_member", m.Team, m.User, m.Admin, m.Created)
}

func (s *Service) sealAccessor(a store.Accessor) []byte {
	return s.mac("accessor", a.Resource, a.Kind, a.Who, a.Role, a.Created)
}

func (s *Service) sealSession(e store.Session) []byte {
	return s.mac("session", e.ID, e.Hash, e.Org, e.User, e.Kind, e.Key, e.Scope, e.Created, e.Expires, e.Proved, e.Address, e.Agent)
}

func (s *Service) sealKey(k store.ServiceKey) []byte {
	fields := []any{k.ID, k.Hash, k.Org, k.User, k.Prefix, k.Name, k.Scope, k.Created, k.Expires, k.Revoked}
	if k.Confirmed != 0 { // keys from before there was such a thing keep their MAC
		fields = append(fields, k.Confirmed)
	}
	return s.mac("service_key", fields...)
}

func (s *Service) sealLink(l store.Link) []byte {
	return s.mac("link", l.Hash, l.Purpose, l.Org, l.User, l.Created, l.Expires)
}

// sealResource covers what of a resource steers secrets: whose it is, what it
// is, and the credential that it uses. Name, status and the like do not.
func (s *Service) sealResource(r store.Resource) []byte {
	return s.mac("resource", r.ID, r.Org, r.Owner, string(r.Kind), r.Type, []byte(r.Spec), r.Credential)
}

// genuine reports whether a row's MAC is ours. One that is not is reported:
// somebody has written into the database past Weir.
func (s *Service) genuine(ctx context.Context, table string, id int64, have, want []byte) bool {
	if hmac.Equal(have, want) {
		return true
	}
	s.log.ErrorContext(ctx, "a row was not written by Weir and is ignored: somebody else writes this database", "table", table, "id", id)
	return false
}

func (s *Service) genuineUser(ctx context.Context, u store.User) bool {
	return s.genuine(ctx, "user_account", u.ID, u.MAC, s.sealUser(u))
}

func (s *Service) genuineMembership(ctx context.Context, m store.Membership) bool {
	return s.genuine(ctx, "membership", m.User, m.MAC, s.sealMembership(m))
}

func (s *Service) genuineMember(ctx context.Context, m store.Member) bool {
	return s.genuineMembership(ctx, m.Membership) && s.genuineUser(ctx, m.User)
}

func (s *Service) genuineKey(ctx context.Context, k store.ServiceKey) bool {
	return s.genuine(ctx, "service_key", k.ID, k.MAC, s.sealKey(k))
}

func (s *Service) sealIdentity(i store.Identity) []byte {
	return s.mac("identity", i.Issuer, i.Subject, i.User, i.Created)
}
