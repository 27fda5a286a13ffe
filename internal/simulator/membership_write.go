package simulator

import (
	"net/http"
	"slices"
)

var membershipInput = input{
	required("userId", isInt), optional("accepted", isBool), optional("role", oneWord(roleMember, roleOwner, roleAdmin)), optional("disableImpersonation", isBool),
}

// memberRoutes are the routes that change the memberships of a team, or of the
// organization, by the path's parameter.
func memberRoutes(prefix, within string, show func(*membership, *directory) object, guards ...handler) []route {
	with := func(do func(*call, *membership) *answer) handler {
		return func(c *call) *answer {
			m, refusal := c.membership(within)
			if refusal != nil {
				return refusal
			}
			return do(c, m)
		}
	}
	return []route{
		post(prefix, authRequired, func(c *call) *answer { return c.createMembership(within, show) }, guards...),
		patch(prefix+"/{membership}", authRequired, with(func(c *call, m *membership) *answer {
			o, refusal := c.read(membershipInput[1:])
			if refusal != nil {
				return refusal
			}
			m.settle(o)
			return c.ok(show(m, c.sim.dir))
		}), guards...),
		remove(prefix+"/{membership}", authRequired, with(func(c *call, m *membership) *answer {
			c.sim.dir.memberships = dropOne(c.sim.dir.memberships, m)
			return c.ok(show(m, c.sim.dir))
		}), guards...),
	}
}

func membershipRoutes() []route {
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	return slices.Concat(
		memberRoutes("/v2/teams/{team}/memberships", "team", (*membership).object, teamRole(roleAdmin)),
		memberRoutes("/v2/organizations/{org}/teams/{team}/memberships", "team", (*membership).object, inTeam...),
		memberRoutes("/v2/organizations/{org}/memberships", "org", (*membership).organizationObject, administered...),
		[]route{get("/v2/organizations/{org}/teams/{team}/memberships/{membership}", authRequired, (*call).getTeamMembership, inTeam...)},
	)
}

func (m *membership) settle(o object) {
	if o.given("role") {
		m.role = o.text("role")
	}
	if o.given("accepted") {
		m.accepted = o.flag("accepted")
	}
	if o.given("disableImpersonation") {
		m.impersonation = o.flag("disableImpersonation")
	}
}

func (c *call) createMembership(within string, show func(*membership, *directory) object) *answer {
	o, refusal := c.read(membershipInput)
	if refusal != nil {
		return refusal
	}
	d := c.sim.dir
	team, _ := c.id(within)
	u := d.user(o.whole("userId"))
	switch {
	case u == nil:
		return c.errorAnswer(http.StatusBadRequest, "BAD_REQUEST", "Invalid Input: Foreign key constraint failed.", nil)
	case d.membership(u.id, team) != nil:
		return c.errorAnswer(http.StatusConflict, "CONFLICT", "Invalid Input: Trying to create a record that already exists.", nil)
	case d.team(team).parent == organizationID && u.organization != organizationID:
		return c.fail(http.StatusUnprocessableEntity, "User is not part of the Organization")
	}
	m := &membership{id: d.nextID("membership"), team: team, user: u.id, role: roleMember}
	m.settle(o)
	d.memberships = append(d.memberships, m)
	return c.ok(show(m, d))
}
