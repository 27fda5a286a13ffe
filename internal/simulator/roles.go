package simulator

import (
	"net/http"
	"regexp"
	"slices"
)

// permissionForm is how permissions are written: a resource and an action.
var permissionForm = regexp.MustCompile(`^(\*|[a-zA-Z]+)\.(\*|[a-zA-Z]+)$`)

var isPermissions = constraint{"isPermissionString", "Permission must be a valid permission string in format 'resource.action' (e.g., 'eventType.read', 'booking.create')", eachIs(func(v any) bool {
	text, ok := v.(string)
	return ok && permissionForm.MatchString(text)
})}

var permissionsInput = input{required("permissions", isArray, isPermissions)}

// newRoles describes the roles of an organization or of one of its teams.
func newRoles(kind, owner, parameter string) *collection {
	return &collection{
		kind: kind, scope: scopedBy(parameter), missing: notFound("Role not found"),
		in: input{required("name", isString, notEmpty), optional("color", isString), optional("description", isString), optional("permissions", isArray, isPermissions)},
		fresh: func(c *call, o object) (object, *answer) {
			id, _ := c.id(parameter)
			color, _ := o.value("color")
			description, _ := o.value("description")
			return c.stamped(object{
				{"name", o.text("name")}, {"color", color}, {"description", description}, {owner, id}, {"type", "CUSTOM"}, {"permissions", texts(o.strings("permissions"))},
			}), nil
		},
	}
}

var (
	organizationRoles = newRoles("role", "organizationId", "org")
	teamRoles         = newRoles("teamrole", "teamId", "team")
)

func roleRoutes() []route {
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	return slices.Concat(
		organizationRoles.routes("/v2/organizations/{org}/roles", administered...),
		organizationRoles.permissions("/v2/organizations/{org}/roles/{role}/permissions", administered...),
		teamRoles.routes("/v2/organizations/{org}/teams/{team}/roles", inTeam...),
		teamRoles.permissions("/v2/organizations/{org}/teams/{team}/roles/{teamrole}/permissions", inTeam...),
	)
}

// permissions are the routes of what a role may do.
func (k *collection) permissions(prefix string, guards ...handler) []route {
	edit := func(next func(had, given []string) []string) handler {
		return func(c *call) *answer {
			o, refusal := c.read(permissionsInput)
			if refusal != nil {
				return refusal
			}
			return k.setPermissions(c, func(had []string) []string { return next(had, o.strings("permissions")) })
		}
	}
	without := func(named func(*call) []string) handler {
		return func(c *call) *answer {
			a := k.setPermissions(c, func(had []string) []string {
				return slices.DeleteFunc(had, func(p string) bool { return slices.Contains(named(c), p) })
			})
			if a.status < 300 {
				return &answer{status: http.StatusNoContent}
			}
			return a
		}
	}
	several := func(c *call) []string {
		for _, p := range c.query {
			if p.name == "permissions" {
				return p.flat()
			}
		}
		return nil
	}
	return []route{
		get(prefix, authRequired, func(c *call) *answer { return k.setPermissions(c, nil) }, guards...),
		post(prefix, authRequired, edit(func(had, given []string) []string { return append(had, given...) }), guards...).answersOK(),
		put(prefix, authRequired, edit(func(_, given []string) []string { return given }), guards...),
		remove(prefix, authRequired, without(several), guards...),
		remove(prefix+"/{permission}", authRequired, without(func(c *call) []string { return []string{c.path["permission"]} }), guards...),
	}
}

// setPermissions changes what a role may do, unless next is nil, and answers
// with it.
func (k *collection) setPermissions(c *call, next func([]string) []string) *answer {
	t, refusal := k.find(c)
	if refusal != nil {
		return refusal
	}
	if next != nil {
		all := next(t.data.strings("permissions"))
		slices.Sort(all)
		t.data = t.data.with("permissions", texts(slices.Compact(all))).with("updatedAt", clockText(c.now.UnixMilli()))
	}
	return c.ok(t.data.list("permissions"))
}
