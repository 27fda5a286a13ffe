package identity

import (
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// SessionKind says how a session is carried, and how long it lives.
type SessionKind string

// The kinds of sessions.
const (
	Browser SessionKind = "browser" // in a cookie: ends after 12 h without a request, and after 7 days
	API     SessionKind = "api"     // in a header, got with a service key: ends after 24 h
)

// The states of users and memberships.
const (
	Active      = "active"
	Deactivated = "deactivated"
	Locked      = "locked" // as deactivated, until an administrator unlocks it
)

// Principal is who makes a request. The zero Principal is nobody.
type Principal struct {
	User     int64
	Email    string
	FullName string
	Org      int64
	Role     Role // in the organization, and never more than Scope
	Scope    Role // the most that its service key may do; RoleOwner without one
	Session  int64
	Kind     SessionKind
	Key      int64     // the service key the session was got with; 0 without one
	Proved   time.Time // when the user last proved who they are; zero for a service key
}

// Anonymous reports whether it is nobody.
func (p Principal) Anonymous() bool { return p.User == 0 }

func principal(e store.Session, m store.Member) Principal {
	p := Principal{User: m.User.ID, Email: m.User.Email, FullName: m.User.FullName, Org: e.Org,
		Scope: Role(e.Scope), Session: e.ID, Kind: SessionKind(e.Kind), Key: e.Key}
	p.Role = least(Role(m.Membership.Role), p.Scope)
	if e.Proved != 0 {
		p.Proved = time.UnixMicro(e.Proved)
	}
	return p
}

// ProofAge is how long a proof is good for what needs one.
const ProofAge = 15 * time.Minute

// Recent reports with CodeForbidden that the user must prove again who they
// are, as is asked before keys are made and passwords changed. A service key
// can not prove it.
func (s *Service) Recent(p Principal) error {
	if p.Kind == Browser && !p.Proved.IsZero() && s.now().Sub(p.Proved) < ProofAge {
		return nil
	}
	remedy := "Type your password again"
	if p.Kind != Browser {
		remedy = "Sign in with a browser and do it there"
	}
	return &weir.Error{Code: weir.CodeForbidden, Where: "session", Message: "this needs a fresh proof of who you are", Remedy: remedy, Err: ErrNotRecent}
}

// anonymous is the error for who is nobody.
func anonymous() error {
	return &weir.Error{Code: weir.CodeAuth, Where: "session", Message: "nobody is signed in, or the session has ended", Remedy: "Sign in"}
}
