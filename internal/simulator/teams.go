package simulator

import (
	"net/http"
	"strconv"
)

// organizationID is the one organization's id, as on the observed server.
const organizationID = 9

type team struct {
	id, parent   int
	name, slug   string
	zone         string
	organization bool
	set          object // what was written through the API, as it is shown
}

func seedTeams() []team {
	return []team{
		{1, 0, "Support Team", "support", "Europe/Berlin", false, nil},
		{2, 0, "Sales Team", "sales", "America/New_York", false, nil},
		{organizationID, 0, "Acme", "acme", "UTC", true, nil},
		{10, organizationID, "Acme Support", "acme-support", "UTC", false, nil},
	}
}

func (t *team) object() object {
	return object{
		{"hideBookATeamMember", false}, {"timeZone", t.zone}, {"weekStart", "Sunday"}, {"id", t.id}, {"parentId", orNull(t.parent)},
		{"name", t.name}, {"slug", t.slug}, {"logoUrl", nil}, {"calVideoLogo", nil}, {"appLogo", nil}, {"appIconLogo", nil}, {"bio", nil},
		{"hideBranding", false}, {"isOrganization", t.organization}, {"isPrivate", false}, {"metadata", object{}}, {"theme", nil},
		{"brandColor", nil}, {"darkBrandColor", nil}, {"bannerUrl", nil}, {"timeFormat", nil},
	}.merged(t.set)
}

func teamRoutes() []route {
	return []route{
		get("/v2/teams", authRequired, (*call).listTeams),
		get("/v2/teams/{team}", authRequired, (*call).getTeam, teamRole(roleMember)),
		get("/v2/teams/{team}/memberships", authRequired, (*call).listTeamMemberships, teamRole(roleAdmin)),
		get("/v2/teams/{team}/memberships/{membership}", authRequired, (*call).getTeamMembership, teamRole(roleAdmin)),
		get("/v2/teams/{team}/event-types", authOptional, (*call).listTeamEventTypes),
		get("/v2/teams/{team}/event-types/{event}", authRequired, (*call).getTeamEventType, teamRole(roleMember)),
		post("/v2/teams/{team}/event-types", authRequired, (*call).createTeamEventType, teamRole(roleAdmin)),
		patch("/v2/teams/{team}/event-types/{event}", authRequired, (*call).patchTeamEventType, teamRole(roleAdmin)),
		remove("/v2/teams/{team}/event-types/{event}", authRequired, (*call).deleteTeamEventType, teamRole(roleAdmin)),
		post("/v2/teams/{team}/event-types/{event}/create-phone-call", authRequired, (*call).phoneCall, teamRole(roleMember)),
		get("/v2/teams/{team}/schedules", authRequired, (*call).listTeamSchedules, teamRole(roleMember)),
		get("/v2/teams/{team}/bookings", authRequired, (*call).listTeamBookings, teamRole(roleAdmin)).newest(),
	}
}

func (c *call) listTeams() *answer {
	teams := list{}
	for _, m := range c.sim.dir.memberships {
		if t := c.sim.dir.team(m.team); m.user == c.user.id && !t.organization {
			teams = append(teams, t.object())
		}
	}
	return c.ok(teams)
}

func (c *call) getTeam() *answer { return c.ok(c.team().object()) }

// team is the team that the path names, after its guard let pass.
func (c *call) team() *team {
	id, _ := c.id("team")
	return c.sim.dir.team(id)
}

// teamRole guards a team's routes. A team that does not exist is refused like
// one that the caller is no member of (observed 2026-11-23).
func teamRole(least string) handler {
	return func(c *call) *answer {
		id, ok := c.id("team")
		if !ok {
			return c.broken()
		}
		role := c.sim.dir.role(c.user.id, id)
		if role == "" {
			return c.fail(http.StatusForbidden, "RolesGuard - User is not a member of the team with id="+strconv.Itoa(id)+".")
		}
		if ranks[role] < ranks[least] {
			return c.fail(http.StatusForbidden, "RolesGuard - user with id="+strconv.Itoa(c.user.id)+
				" does not have the minimum required role=TEAM_"+least+" within team with id="+strconv.Itoa(id)+".")
		}
		return nil
	}
}
