package simulator

import (
	"net/http"
	"slices"
	"strconv"
)

// administered guards what only an organization's owners and admins may use,
// and only when they pay for it.
var administered = []handler{(*call).isOrganization, (*call).isOrganizationAdmin, (*call).hasAdminAPI}

func organizationRoutes() []route {
	admin := administered
	own := func(pattern string, handle handler) route {
		return get("/v2/organizations/{org}/"+pattern, authRequired, handle, admin...)
	}
	inTeam := append(append([]handler(nil), admin...), (*call).isTeamOfOrganization)
	return []route{
		own("users", (*call).listOrganizationUsers),
		own("users/{user}/schedules", (*call).listOrganizationUserSchedules),
		own("users/{user}/bookings", (*call).listOrganizationUserBookings),
		own("memberships", (*call).listOrganizationMemberships),
		own("memberships/{membership}", (*call).getOrganizationMembership),
		own("schedules", (*call).listOrganizationSchedules),
		own("bookings", (*call).listOrganizationBookings),
		own("teams", (*call).listOrganizationTeams),
		get("/v2/organizations/{org}/teams/me", authRequired, (*call).listOwnOrganizationTeams, (*call).isOrganization, (*call).isOrganizationMember),
		get("/v2/organizations/{org}/teams/{team}", authRequired, (*call).getTeam, inTeam...),
		get("/v2/organizations/{org}/teams/{team}/memberships", authRequired, (*call).listTeamMemberships, inTeam...),
		get("/v2/organizations/{org}/teams/{team}/event-types", authRequired, (*call).listTeamEventTypes, inTeam...),
		get("/v2/organizations/{org}/teams/{team}/schedules", authRequired, (*call).listTeamSchedules, inTeam...),
		get("/v2/organizations/{org}/teams/{team}/bookings", authRequired, (*call).listTeamBookings, inTeam...),
	}
}

// isOrganization lets only an organization's id pass. A stranger learns that
// an organization exists, and that a team is none (observed 2026-11-23).
func (c *call) isOrganization() *answer {
	id, ok := c.id("org")
	if !ok {
		return c.broken()
	}
	if t := c.sim.dir.team(id); t == nil || !t.organization {
		return c.fail(http.StatusForbidden, "IsOrgGuard - provided organization id="+strconv.Itoa(id)+" does not represent any existing organization.")
	}
	return nil
}

func (c *call) isOrganizationMember() *answer {
	if c.sim.dir.role(c.user.id, organizationID) == "" {
		return c.fail(http.StatusForbidden, "RolesGuard - User is not a member of the organization with id="+c.path["org"]+".")
	}
	return nil
}

func (c *call) isOrganizationAdmin() *answer {
	if refusal := c.isOrganizationMember(); refusal != nil {
		return refusal
	}
	if ranks[c.sim.dir.role(c.user.id, organizationID)] < ranks[roleAdmin] {
		return c.fail(http.StatusForbidden, "RolesGuard - user with id="+strconv.Itoa(c.user.id)+
			" does not have the minimum required role=ORG_ADMIN within organization with id="+c.path["org"]+".")
	}
	return nil
}

func (c *call) hasAdminAPI() *answer {
	if c.sim.options.NoAdminAPI {
		return c.fail(http.StatusForbidden, "IsAdminAPIEnabledGuard - Organization does not have Admin API access, please contact https://cal.com/sales to upgrade")
	}
	return nil
}

func (c *call) isTeamOfOrganization() *answer {
	id, ok := c.id("team")
	if !ok {
		return c.broken()
	}
	t := c.sim.dir.team(id)
	if t == nil {
		return c.fail(http.StatusNotFound, "IsTeamInOrg - Team ("+strconv.Itoa(id)+") not found.")
	}
	if t.parent != organizationID {
		return c.fail(http.StatusForbidden, "IsTeamInOrg - Team with id="+strconv.Itoa(id)+" is not part of the organization with id="+c.path["org"]+".")
	}
	return nil
}

// organizationUser is the organization's user whom the path names.
func (c *call) organizationUser() (*user, *answer) {
	id, ok := c.id("user")
	if !ok {
		return nil, c.broken()
	}
	u := c.sim.dir.user(id)
	if u == nil || u.organization != organizationID {
		return nil, c.fail(http.StatusForbidden, "IsUserInOrg - user with id="+strconv.Itoa(id)+" is not part of the organization with id="+c.path["org"]+".")
	}
	return u, nil
}

func (c *call) organizationUsers() []*user {
	var all []*user
	for _, m := range c.sim.dir.members(organizationID) {
		all = append(all, c.sim.dir.user(m.user))
	}
	return all
}

// listOrganizationUsers takes up to 1000 users a page. The shape is the
// published document's; it was not observed.
func (c *call) listOrganizationUsers() *answer {
	s, refusal := c.span(1000)
	if refusal != nil {
		return refusal
	}
	users := keep(c, "emails", c.organizationUsers(), func(u *user, words []string) bool { return slices.Contains(words, u.email) })
	users = keep(c, "teamIds", users, func(u *user, words []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { id, _ := strconv.Atoi(w); return c.sim.dir.membership(u.id, id) != nil })
	})
	return c.ok(shown(cut(users, s), func(u *user) object { return u.organizationObject(c.sim.dir) }))
}

func (c *call) listOrganizationTeams() *answer {
	return okSpan(c, c.organizationTeams(), (*team).object)
}

func (c *call) listOwnOrganizationTeams() *answer {
	var own []*team
	for _, t := range c.organizationTeams() {
		if c.sim.dir.role(c.user.id, t.id) != "" {
			own = append(own, t)
		}
	}
	return okSpan(c, own, (*team).object)
}

func (c *call) organizationTeams() []*team {
	var all []*team
	for _, t := range c.sim.dir.teams {
		if t.parent == organizationID {
			all = append(all, t)
		}
	}
	return all
}
