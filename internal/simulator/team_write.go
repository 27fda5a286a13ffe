package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var teamInput = input{
	required("name", isString, notEmpty), optional("slug", isString), optional("logoUrl", isURL), optional("calVideoLogo", isURL), optional("appLogo", isURL),
	optional("appIconLogo", isURL), optional("bio", isString), optional("hideBranding", isBool), optional("isPrivate", isBool),
	optional("hideBookATeamMember", isBool), optional("metadata", isObject), optional("theme", isString), optional("brandColor", isString),
	optional("darkBrandColor", isString), optional("bannerUrl", isURL), optional("timeFormat", isNumber), optional("timeZone", isString),
	optional("weekStart", isString), optional("autoAcceptCreator", isBool),
}

func teamWriteRoutes() []route {
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	return []route{
		post("/v2/teams", authRequired, func(c *call) *answer { return c.createTeam(0) }),
		patch("/v2/teams/{team}", authRequired, (*call).patchTeam, teamRole(roleOwner)),
		remove("/v2/teams/{team}", authRequired, (*call).deleteTeam, teamRole(roleOwner)),
		post("/v2/teams/{team}/invite", authRequired, (*call).invite, teamRole(roleAdmin)).answersOK().newest(),
		post("/v2/organizations/{org}/teams", authRequired, func(c *call) *answer { return c.createTeam(organizationID) }, administered...),
		patch("/v2/organizations/{org}/teams/{team}", authRequired, (*call).patchTeam, inTeam...),
		remove("/v2/organizations/{org}/teams/{team}", authRequired, (*call).deleteTeam, inTeam...),
		post("/v2/organizations/{org}/teams/{team}/invite", authRequired, (*call).invite, inTeam...).answersOK(),
	}
}

func (t *team) settle(o object) {
	for name, into := range map[string]*string{"name": &t.name, "slug": &t.slug, "timeZone": &t.zone} {
		if o.given(name) {
			*into = o.text(name)
		}
	}
	t.set = t.set.merged(o.without("name", "slug", "timeZone", "autoAcceptCreator"))
}

func (c *call) createTeam(parent int) *answer {
	o, refusal := c.read(teamInput)
	if refusal != nil {
		return refusal
	}
	d := c.sim.dir
	t := &team{parent: parent, zone: "Europe/London", slug: slugOf(o.text("name"))}
	if o.given("slug") {
		t.slug = o.text("slug")
	}
	for _, other := range d.teams {
		if other.slug == t.slug && other.parent == parent {
			return c.errorAnswer(http.StatusConflict, "CONFLICT", "Invalid Input: Trying to create a record that already exists.", nil)
		}
	}
	if len(d.teams) >= mostThings {
		return c.fail(http.StatusBadRequest, "The simulator keeps no more than "+strconv.Itoa(mostThings)+" teams.")
	}
	t.id = d.nextID("team")
	t.settle(o)
	d.teams = append(d.teams, t)
	accepted, given := o.value("autoAcceptCreator")
	d.memberships = append(d.memberships, &membership{id: d.nextID("membership"), team: t.id, user: c.user.id, role: roleOwner, accepted: !given || accepted == true})
	return c.ok(t.object())
}

// slugOf makes a name fit for an address.
func slugOf(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-")
}

func (c *call) patchTeam() *answer {
	o, refusal := c.read(teamInput.partial())
	if refusal != nil {
		return refusal
	}
	t := c.team()
	t.settle(o)
	return c.ok(t.object())
}

// deleteTeam takes the team's memberships and event types along.
func (c *call) deleteTeam() *answer {
	t, d := c.team(), c.sim.dir
	d.teams = dropOne(d.teams, t)
	d.memberships = slices.DeleteFunc(d.memberships, func(m *membership) bool { return m.team == t.id })
	for _, e := range d.eventTypesWhere(func(e *eventType) bool { return e.team == t.id }) {
		c.dropEventType(e)
	}
	return c.ok(t.object())
}

func (c *call) invite() *answer {
	token := strings.ReplaceAll(c.sim.dir.nextUUID(), "-", "")
	return c.ok(object{{"token", token}, {"inviteLink", "https://app.cal.com/teams?token=" + token}})
}
