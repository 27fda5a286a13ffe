package identity

import (
	"context"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// keyAge is the longest life of a service key.
const keyAge = 365 * 24 * time.Hour

// shownDigits is how much of a key is kept in clear, to tell keys apart.
const shownDigits = len(keyForm) + 1 + 6

// ServiceKey is what is known of a key that a program signs in with.
type ServiceKey struct {
	ID      int64
	User    int64 // whose key it is: it may never do more than they
	Name    string
	Prefix  string // the key's first letters
	Scope   Role   // the most it may do
	Created time.Time
	Expires time.Time
	Used    time.Time // zero for never
	Revoked time.Time // zero while it lives
	Waits   bool      // it does nothing until somebody confirms it, since the server was restored
}

func (s *Service) serviceKey(k store.ServiceKey) ServiceKey {
	return ServiceKey{ID: k.ID, User: k.User, Name: k.Name, Prefix: k.Prefix, Scope: Role(k.Scope),
		Created: moment(k.Created), Expires: moment(k.Expires), Used: moment(k.Used), Revoked: moment(k.Revoked), Waits: s.waits(k) && !expired(k, s.now())}
}

// waits reports whether a key is from before the server was restored, and
// nobody has confirmed it since: it may have been revoked after the backup was
// made, and nothing in the database says so.
func (s *Service) waits(k store.ServiceKey) bool {
	return k.Created < s.keysBefore && k.Confirmed < s.keysBefore
}

// moment is the time of µs, zero for 0.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us)
}

func expired(k store.ServiceKey, now time.Time) bool {
	return k.Revoked != 0 || now.UnixMicro() >= k.Expires
}

// NewKey says which key to make.
type NewKey struct {
	Name    string
	Scope   Role          // at most the maker's own
	Expires time.Duration // from now; 0 for the longest, a year
}

// CreateKey makes a service key of the user's own. Its value is shown here
// and never again. It needs a recent proof of who the user is.
func (s *Service) CreateKey(ctx context.Context, p Principal, n NewKey) (value weir.Secret, k ServiceKey, err error) {
	if err := s.Recent(p); err != nil {
		return weir.Secret{}, k, err
	}
	name, err := named("service key", n.Name)
	if err != nil {
		return weir.Secret{}, k, err
	}
	if n.Expires == 0 {
		n.Expires = keyAge
	}
	if n.Expires < 0 || n.Expires > keyAge {
		return weir.Secret{}, k, usage("service key", "it would not expire within a year", "Choose an earlier day")
	}
	if !n.Scope.Valid() || !p.Role.AtLeast(n.Scope) {
		return weir.Secret{}, k, usage("service key", "a key may do at most what you may", "Choose "+string(p.Role)+" or less")
	}
	token, now := keyForm.make(), s.now()
	row := store.ServiceKey{Hash: digest(token), Org: p.Org, User: p.User, Prefix: token[:shownDigits], Name: name, Scope: string(n.Scope),
		Created: now.UnixMicro(), Expires: now.Add(n.Expires).UnixMicro()}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		if err := tx.CreateKey(ctx, &row, s.sealKey); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "service_key.create", Kind: "service_key", Object: row.ID,
			Detail: map[string]any{"name": name, "scope": string(n.Scope), "prefix": row.Prefix}})
	})
	if err != nil {
		return weir.Secret{}, k, err
	}
	return weir.NewSecret(token), s.serviceKey(row), nil
}

// Keys gives the user's own keys; an administrator's call gives everybody's.
func (s *Service) Keys(ctx context.Context, p Principal) ([]ServiceKey, error) {
	if p.Anonymous() {
		return nil, anonymous()
	}
	user := p.User
	if p.Role.AtLeast(RoleAdmin) {
		user = 0
	}
	rows, err := s.db.Keys(ctx, p.Org, user)
	all := make([]ServiceKey, 0, len(rows))
	for _, k := range rows {
		if s.genuineKey(ctx, k) {
			all = append(all, s.serviceKey(k))
		}
	}
	return all, err
}

// RevokeKey ends a key of the user's own, or anybody's for an administrator,
// and every session that was got with it: the next request is refused.
// Revoking needs no recent proof, for it is what one does in a hurry. A session
// that was got with a key ends that key, and others that may do no more.
func (s *Service) RevokeKey(ctx context.Context, p Principal, id int64) error {
	if p.Anonymous() {
		return anonymous()
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		k, err := s.ownKey(ctx, tx, p, id)
		if err != nil || k.Revoked != 0 {
			return err
		}
		if err := tx.RevokeKey(ctx, &k, s.now().UnixMicro(), s.sealKey); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "service_key.revoke", Kind: "service_key", Object: id})
	})
}

// ownKey reads a key that is the principal's to do something with.
func (s *Service) ownKey(ctx context.Context, tx *store.Tx, p Principal, id int64) (k store.ServiceKey, err error) {
	if k, err = tx.Key(ctx, p.Org, id); err != nil {
		return k, err
	}
	switch {
	case k.User != p.User && !p.Role.AtLeast(RoleAdmin):
		err = &weir.Error{Code: weir.CodeNotFound, Where: "service key", Message: "there is none with this id"}
	case p.Key != 0 && p.Key != k.ID && !p.Scope.AtLeast(Role(k.Scope)):
		err = &weir.Error{Code: weir.CodeForbidden, Where: "service key", Message: "this key may do more than the one that asks", Remedy: "Sign in with a browser, or use a key of scope " + k.Scope}
	case k.Revoked == 0 && !s.genuineKey(ctx, k):
		err = &weir.Error{Code: weir.CodeIntegrity, Where: "service key", Message: "Weir has not written this key, and takes no notice of it", Remedy: "See who else writes this database"}
	}
	return k, err
}

// ConfirmKey lets a key work again that waits since the server was restored, as
// whose it is and the administrators may: only they know whether it was revoked
// after the backup was made. A browser needs a recent proof, as for a new key.
func (s *Service) ConfirmKey(ctx context.Context, p Principal, id int64) error {
	if p.Anonymous() {
		return anonymous()
	}
	if p.Key == 0 {
		if err := s.Recent(p); err != nil {
			return err
		}
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		k, err := s.ownKey(ctx, tx, p, id)
		if err != nil {
			return err
		}
		if expired(k, s.now()) {
			return &weir.Error{Code: weir.CodeConflict, Where: "service key", Message: "it has ended", Remedy: "Make a new one"}
		}
		if !s.waits(k) {
			return nil
		}
		if err := tx.ConfirmKey(ctx, &k, s.now().UnixMicro(), s.sealKey); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "service_key.confirm", Kind: "service_key", Object: id})
	})
}

// ExchangeKey begins a session for a program that has a service key.
func (s *Service) ExchangeKey(ctx context.Context, key string, c Client) (Session, error) {
	if !LooksLikeKey(key) {
		return Session{}, mistyped("service key")
	}
	var out Session
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		k, found, err := tx.KeyByHash(ctx, digest(key))
		if err != nil {
			return err
		}
		if !found || expired(k, s.now()) || !s.genuineKey(ctx, k) {
			return badKey()
		}
		if s.waits(k) {
			return waitingKey()
		}
		m, err := tx.Member(ctx, k.Org, k.User)
		if weir.CodeOf(err) == weir.CodeNotFound {
			return badKey()
		}
		if err != nil {
			return err
		}
		if m.User.Status != Active || m.Membership.Status != Active || !s.genuineMember(ctx, m) {
			return badKey()
		}
		if err := tx.UseKey(ctx, k.ID, s.now().UnixMicro()); err != nil {
			return err
		}
		out, err = s.begin(ctx, tx, m, store.Session{Kind: string(API), Key: k.ID, Scope: k.Scope}, c)
		if err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: k.Org, Actor: k.User, Action: "service_key.sign_in", Kind: "service_key", Object: k.ID, Detail: map[string]any{"address": c.address()}})
	})
	return out, err
}

func waitingKey() error {
	return &weir.Error{Code: weir.CodeAuth, Where: "service key", Message: "it waits to be confirmed, because the server was restored from a backup and nobody knows whether it was revoked since",
		Remedy: "Whose it is, or an administrator, confirms it under Keys; or make a new one"}
}

func badKey() error {
	return &weir.Error{Code: weir.CodeAuth, Where: "service key", Message: "it is unknown, expired or revoked", Remedy: "Make a new one"}
}
