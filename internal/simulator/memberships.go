package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

const (
	roleOwner  = "OWNER"
	roleAdmin  = "ADMIN"
	roleMember = "MEMBER"
)

// ranks orders the roles; an unknown one ranks below all.
var ranks = map[string]int{roleMember: 1, roleAdmin: 2, roleOwner: 3}

type membership struct {
	id, team, user int
	role           string
}

func seedMemberships() []membership {
	return []membership{
		{1, 1, alice, roleOwner}, {2, 1, bob, roleMember}, {3, 1, carol, roleAdmin},
		{4, 2, bob, roleOwner}, {5, 2, alice, roleMember}, {6, 2, carol, roleMember},
		{7, organizationID, orgadmin, roleOwner}, {8, organizationID, orgmember, roleMember},
		{9, 1, erin, roleMember}, {10, 10, orgadmin, roleOwner}, {11, 10, orgmember, roleMember},
	}
}

// object is a team's membership, as the API's document describes it.
func (m membership) object(d *directory) object {
	return object{
		{"id", m.id}, {"userId", m.user}, {"teamId", m.team}, {"accepted", true}, {"role", m.role}, {"disableImpersonation", false},
		{"user", d.user(m.user).asMember()},
	}
}

// organizationObject is an organization's membership (observed 2026-11-23).
func (m membership) organizationObject(d *directory) object {
	at := clockText(d.born.UnixMilli())
	return object{
		{"id", m.id}, {"teamId", m.team}, {"userId", m.user}, {"accepted", true}, {"role", m.role},
		{"customRoleId", strings.ToLower(m.role) + "_role"}, {"disableImpersonation", false}, {"createdAt", at}, {"updatedAt", at},
		{"user", d.user(m.user).asMember()}, {"attributes", list{}},
	}
}

func (u *user) asMember() object {
	return object{{"username", u.username}, {"email", u.email}, {"avatarUrl", nil}, {"name", u.name}, {"metadata", object{}}, {"bio", nil}}
}

func (c *call) listTeamMemberships() *answer {
	members := c.sim.dir.members(c.team("team").id)
	return okSpan(c, members, func(m membership) object { return m.object(c.sim.dir) })
}

func (c *call) getTeamMembership() *answer {
	m, refusal := c.membership("team")
	if refusal != nil {
		return refusal
	}
	return c.ok(m.object(c.sim.dir))
}

func (c *call) listOrganizationMemberships() *answer {
	return okSpan(c, c.sim.dir.members(organizationID), func(m membership) object { return m.organizationObject(c.sim.dir) })
}

func (c *call) getOrganizationMembership() *answer {
	m, refusal := c.membership("org")
	if refusal != nil {
		return refusal
	}
	return c.ok(m.organizationObject(c.sim.dir))
}

// membership finds the one that the path names within the team it names.
func (c *call) membership(within string) (membership, *answer) {
	id, ok := c.id("membership")
	if !ok {
		return membership{}, c.broken()
	}
	team, _ := c.id(within)
	for _, m := range c.sim.dir.members(team) {
		if m.id == id {
			return m, nil
		}
	}
	return membership{}, c.fail(http.StatusNotFound, "Membership with id "+strconv.Itoa(id)+" within team id "+strconv.Itoa(team)+" not found")
}
