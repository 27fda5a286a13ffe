package simulator

import (
	"net/http"
	"slices"
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
	accepted       bool
	impersonation  bool // is disabled
}

func seedMemberships() []membership {
	return []membership{
		{id: 1, team: 1, user: alice, role: roleOwner, accepted: true}, {id: 2, team: 1, user: bob, role: roleMember, accepted: true}, {id: 3, team: 1, user: carol, role: roleAdmin, accepted: true},
		{id: 4, team: 2, user: bob, role: roleOwner, accepted: true}, {id: 5, team: 2, user: alice, role: roleMember, accepted: true}, {id: 6, team: 2, user: carol, role: roleMember, accepted: true},
		{id: 7, team: organizationID, user: orgadmin, role: roleOwner, accepted: true}, {id: 8, team: organizationID, user: orgmember, role: roleMember, accepted: true},
		{id: 9, team: 1, user: erin, role: roleMember, accepted: true}, {id: 10, team: 10, user: orgadmin, role: roleOwner, accepted: true}, {id: 11, team: 10, user: orgmember, role: roleMember, accepted: true},
	}
}

// object is a team's membership, as the API's document describes it.
func (m *membership) object(d *directory) object {
	return object{
		{"id", m.id}, {"userId", m.user}, {"teamId", m.team}, {"accepted", m.accepted}, {"role", m.role}, {"disableImpersonation", m.impersonation},
		{"user", d.user(m.user).asMember()},
	}
}

// organizationObject is an organization's membership (observed 2026-11-23).
func (m *membership) organizationObject(d *directory) object {
	at := clockText(d.born.UnixMilli())
	return object{
		{"id", m.id}, {"teamId", m.team}, {"userId", m.user}, {"accepted", m.accepted}, {"role", m.role},
		{"customRoleId", strings.ToLower(m.role) + "_role"}, {"disableImpersonation", m.impersonation}, {"createdAt", at}, {"updatedAt", at},
		{"user", d.user(m.user).asMember()}, {"attributes", list{}},
	}
}

func (u *user) asMember() object {
	return object{{"username", u.username}, {"email", u.email}, {"avatarUrl", nil}, {"name", u.name}, {"metadata", object{}}, {"bio", nil}}
}

func (c *call) listTeamMemberships() *answer {
	members := keep(c, "emails", c.sim.dir.members(c.team().id), func(m *membership, words []string) bool {
		return slices.Contains(words, c.sim.dir.user(m.user).email)
	})
	return okSpan(c, members, func(m *membership) object { return m.object(c.sim.dir) })
}

func (c *call) getTeamMembership() *answer {
	m, refusal := c.membership("team")
	if refusal != nil {
		return refusal
	}
	return c.ok(m.object(c.sim.dir))
}

func (c *call) listOrganizationMemberships() *answer {
	return okSpan(c, c.sim.dir.members(organizationID), func(m *membership) object { return m.organizationObject(c.sim.dir) })
}

func (c *call) getOrganizationMembership() *answer {
	m, refusal := c.membership("org")
	if refusal != nil {
		return refusal
	}
	return c.ok(m.organizationObject(c.sim.dir))
}

// membership finds the one that the path names within the team it names.
func (c *call) membership(within string) (*membership, *answer) {
	id, ok := c.id("membership")
	if !ok {
		return nil, c.broken()
	}
	team, _ := c.id(within)
	for _, m := range c.sim.dir.members(team) {
		if m.id == id {
			return m, nil
		}
	}
	if within == "org" {
		return nil, c.fail(http.StatusNotFound, "IsMembershipInOrg - Membership ("+strconv.Itoa(id)+") not found.")
	}
	return nil, c.fail(http.StatusNotFound, "Organization's Team membership not found")
}
