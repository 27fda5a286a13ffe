package identity

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Policy is what a route needs of who calls it. The zero Policy lets nobody
// in: a route that was given none is shut.
type Policy struct {
	need  need
	role  Role
	kind  store.Kind
	fresh bool
	write bool
	gone  bool
}

type need int

const (
	needImpossible need = iota
	needNothing
	needUser
	needOrgRole
	needAccess
)

// Public lets everybody in.
func Public() Policy { return Policy{need: needNothing} }

// Authenticated lets in who is signed in.
func Authenticated() Policy { return Policy{need: needUser} }

// InOrg lets in who has at least the role in the organization.
func InOrg(role Role) Policy { return Policy{need: needOrgRole, role: role} }

// Access lets in who has at least the role on the resource of that kind that
// the route's path names.
func Access(kind store.Kind, role Role) Policy {
	return Policy{need: needAccess, kind: kind, role: role}
}

// Gone is the policy of who has the role on a resource that was deleted: rights
// outlive what they are on.
func (p Policy) Gone() Policy { p.gone = true; return p }

// Fresh is the policy that also asks for a recent proof of who calls.
func (p Policy) Fresh() Policy { p.fresh = true; return p }

// Writing is the policy that also refuses a service key which may only look: what
// is its user's own is not for it to change.
func (p Policy) Writing() Policy { p.write = true; return p }

// Decides reports whether the policy can let anybody in: the zero one cannot.
func (p Policy) Decides() bool { return p.need != needImpossible }

// IsPublic reports whether the policy lets everybody in.
func (p Policy) IsPublic() bool { return p.need == needNothing && !p.fresh && !p.write }

// Kind is the kind of resource that the route's path must name; "" for none.
func (p Policy) Kind() store.Kind { return p.kind }

// String says what it needs, for tables of routes.
func (p Policy) String() string {
	text := "nobody"
	switch p.need {
	case needNothing:
		text = "everybody"
	case needUser:
		text = "signed in"
	case needOrgRole:
		text = string(p.role) + " of the organization"
	case needAccess:
		text = string(p.role) + " of the " + string(p.kind)
	}
	if p.gone {
		text += ", which may be deleted"
	}
	if p.write {
		text += ", by more than a look"
	}
	if p.fresh {
		text += ", recently proved"
	}
	return text
}

// Authorize reports whether the principal may do what needs the policy, to the
// resource of that id (0 where the path names none).
func (s *Service) Authorize(ctx context.Context, p Principal, need Policy, resource int64) error {
	if need.IsPublic() {
		return nil
	}
	if need.need != needImpossible && p.Anonymous() {
		return anonymous()
	}
	var err error
	switch need.need {
	case needUser, needNothing:
	case needOrgRole:
		err = s.AllowedInOrg(p, need.role)
	case needAccess:
		err = s.allowed(ctx, p, need, resource)
	default:
		err = &weir.Error{Code: weir.CodeForbidden, Where: "route", Message: "nobody may do this", Remedy: "Report it: the route has no policy"}
	}
	if err == nil && need.write && !p.Scope.AtLeast(RoleOperator) {
		err = &weir.Error{Code: weir.CodeForbidden, Where: "session", Message: "this service key may only look", Remedy: "Use a key of scope operator, or do it in a browser"}
	}
	if err == nil && need.fresh {
		err = s.Recent(p)
	}
	return err
}

// Denied writes down that somebody was not allowed to do something: what is
// the action, such as "PUT /data_sources/{id}".
func (s *Service) Denied(ctx context.Context, p Principal, what string, kind store.Kind, id int64, c Client) error {
	return s.audit.Append(ctx, audit.Entry{Org: p.Org, Actor: p.User, Action: "access.denied", Kind: string(kind), Object: id,
		Detail: map[string]any{"what": printable(what, maxAgent), "address": c.address()}})
}
