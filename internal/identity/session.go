package identity

import (
	"context"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// How long sessions live.
const (
	browserAge  = 7 * 24 * time.Hour
	browserIdle = 12 * time.Hour
	apiAge      = 24 * time.Hour
	seenEvery   = time.Minute // how exactly the last request is known
)

// Session is a session that has just begun. Its token is nowhere else.
type Session struct {
	Token     weir.Secret
	Expires   time.Time // at the latest
	Principal Principal
	Device    weir.Secret // the new value of the device cookie; empty when the browser was known
}

// begin makes a session in the transaction.
func (s *Service) begin(ctx context.Context, tx *store.Tx, m store.Member, row store.Session, c Client) (Session, error) {
	token, now := sessionForm.make(), s.now()
	age := browserAge
	if SessionKind(row.Kind) == API {
		age = apiAge
	}
	row.Hash, row.Org, row.User = digest(token), m.Membership.Org, m.User.ID
	row.Created, row.Expires = now.UnixMicro(), now.Add(age).UnixMicro()
	row.Address, row.Agent = c.address(), c.agent()
	if err := tx.CreateSession(ctx, &row, s.sealSession); err != nil {
		return Session{}, err
	}
	return Session{Token: weir.NewSecret(token), Expires: now.Add(age), Principal: principal(row, m)}, nil
}

// beginBrowser makes the session of a user who has just proved who they are.
func (s *Service) beginBrowser(ctx context.Context, tx *store.Tx, m store.Member, c Client) (Session, error) {
	return s.begin(ctx, tx, m, store.Session{Kind: string(Browser), Scope: string(RoleOwner), Proved: s.now().UnixMicro()}, c)
}

// Authenticate says whose session a token is. It is one read of indexes, and
// a write at most once a minute. Whatever ended the session, be it a sign-out,
// a revoked key or a deactivated user, counts from the next call on.
func (s *Service) Authenticate(ctx context.Context, token string) (Principal, error) {
	a, err := s.authentic(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	s.touch(ctx, a.Session)
	return principal(a.Session, store.Member{Membership: a.Membership, User: a.User}), nil
}

// Recognize is Authenticate for what a page that lies open asks by itself: nobody
// did anything, so the session idles on.
func (s *Service) Recognize(ctx context.Context, token string) (Principal, error) {
	a, err := s.authentic(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	return principal(a.Session, store.Member{Membership: a.Membership, User: a.User}), nil
}

func (s *Service) authentic(ctx context.Context, token string) (store.Authentic, error) {
	if !sessionForm.fits(token) {
		return store.Authentic{}, anonymous()
	}
	a, found, err := s.db.Authentic(ctx, digest(token))
	if err == nil && (!found || !s.alive(ctx, a)) {
		err = anonymous()
	}
	return a, err
}

// alive reports whether nothing has ended the session, and all that it rests
// on was written by us.
func (s *Service) alive(ctx context.Context, a store.Authentic) bool {
	now := s.now()
	e := a.Session
	if now.UnixMicro() >= e.Expires || a.User.Status != Active || a.Membership.Status != Active {
		return false
	}
	if SessionKind(e.Kind) == Browser && now.Sub(time.UnixMicro(e.Seen)) >= browserIdle {
		return false
	}
	if !s.genuine(ctx, "session", e.ID, e.MAC, s.sealSession(e)) || !s.genuineMember(ctx, store.Member{Membership: a.Membership, User: a.User}) {
		return false
	}
	if e.Key == 0 {
		return true
	}
	return a.Key != nil && s.genuineKey(ctx, *a.Key) && !expired(*a.Key, now) && !s.waits(*a.Key)
}

// touch notes the request. A database that takes no writes still lets people
// look at what is wrong.
func (s *Service) touch(ctx context.Context, e store.Session) {
	now := s.now()
	before := now.Add(-seenEvery).UnixMicro()
	if e.Seen > before {
		return
	}
	if err := s.db.TouchSession(ctx, e.ID, now.UnixMicro(), before); err != nil {
		s.log.WarnContext(ctx, "the time of the last request could not be noted", "session", e.ID, "error", err)
	}
}

// SignOut ends the session of the request.
func (s *Service) SignOut(ctx context.Context, p Principal) error {
	return s.EndSession(ctx, p, p.Session)
}

// EndSession ends one of the user's own sessions. It is no error when it has
// ended before. A session that was got with a key ends itself, and others that
// may do no more.
func (s *Service) EndSession(ctx context.Context, p Principal, session int64) error {
	if p.Anonymous() {
		return anonymous()
	}
	if err := s.mayEnd(ctx, p, session); err != nil {
		return err
	}
	action := "session.end"
	if p.Key != 0 && session == p.Session { // a program is done: there are very many of these
		action = "service_key.sign_out"
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if ended, err := tx.EndSession(ctx, p.User, session); err != nil || !ended {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: action, Kind: "session", Object: session})
	})
}

// mayEnd refuses a key's session that would end one which may do more.
func (s *Service) mayEnd(ctx context.Context, p Principal, session int64) error {
	if p.Key == 0 || session == p.Session {
		return nil
	}
	rows, err := s.db.Sessions(ctx, p.Org, p.User)
	for _, e := range rows {
		if e.ID == session && (SessionKind(e.Kind) == Browser || !p.Scope.AtLeast(Role(e.Scope))) {
			return &weir.Error{Code: weir.CodeForbidden, Where: "session", Message: "this session may do more than the key that asks", Remedy: "Sign in with a browser and do it there"}
		}
	}
	return err
}

// endToken ends the session of a token, where there is one.
func (s *Service) endToken(ctx context.Context, tx *store.Tx, token string) error {
	if !sessionForm.fits(token) {
		return nil
	}
	return tx.EndSessionByHash(ctx, digest(token))
}

// SignOutEverywhere ends all of the user's sessions, this one included, and
// forgets the browsers that were known. Service keys stay, and get new
// sessions; revoke those that should not. It is for browsers, and for keys that
// may do all that their user may.
func (s *Service) SignOutEverywhere(ctx context.Context, p Principal) error {
	if p.Anonymous() {
		return anonymous()
	}
	if p.Key != 0 && p.Scope != RoleOwner {
		return &weir.Error{Code: weir.CodeForbidden, Where: "session", Message: "some of the sessions may do more than the key that asks", Remedy: "Sign in with a browser and do it there"}
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		if err := s.endAll(ctx, tx, p.User); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "session.end_all", Kind: "user", Object: p.User})
	})
}

func (s *Service) endAll(ctx context.Context, tx *store.Tx, user int64) error {
	if err := tx.ForgetDevices(ctx, user); err != nil {
		return err
	}
	return tx.EndSessions(ctx, 0, user, 0)
}

// SessionInfo is what a user is shown of a session.
type SessionInfo struct {
	ID      int64
	Kind    SessionKind
	Key     int64 // 0 without one
	Created time.Time
	Seen    time.Time // to a minute
	Expires time.Time
	Address string
	Agent   string
	Current bool // it is the one that asks
}

// Sessions gives the user's own sessions in the organization, newest first.
func (s *Service) Sessions(ctx context.Context, p Principal) ([]SessionInfo, error) {
	if p.Anonymous() {
		return nil, anonymous()
	}
	rows, err := s.db.Sessions(ctx, p.Org, p.User)
	all := make([]SessionInfo, 0, len(rows))
	for _, e := range rows {
		if e.Expires > s.now().UnixMicro() {
			all = append(all, SessionInfo{ID: e.ID, Kind: SessionKind(e.Kind), Key: e.Key, Created: time.UnixMicro(e.Created), Seen: time.UnixMicro(e.Seen),
				Expires: time.UnixMicro(e.Expires), Address: e.Address, Agent: e.Agent, Current: e.ID == p.Session})
		}
	}
	return all, err
}
