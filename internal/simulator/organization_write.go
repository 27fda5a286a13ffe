package simulator

import (
	"net/http"
	"slices"
	"strings"
)

var organizationUserInput = input{
	required("email", isEmail), optional("username", isString), optional("weekday", isString), optional("brandColor", isString), optional("bio", isString),
	optional("metadata", isObject), optional("darkBrandColor", isString), optional("hideBranding", isBool), optional("timeZone", isZone),
	optional("theme", isString), optional("appTheme", isString), optional("timeFormat", isNumber), optional("defaultScheduleId", isInt, least(0)),
	optional("locale", isString), optional("avatarUrl", isURL), optional("organizationRole", oneWord(roleMember, roleAdmin, roleOwner)), optional("autoAccept", isBool),
}

func organizationWriteRoutes() []route {
	of := append(slices.Clone(administered), (*call).isUserOfOrganization)
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	const users, types = "/v2/organizations/{org}/users", "/v2/organizations/{org}/teams/{team}/event-types"
	owner := func(do func(*call, int) *answer) handler {
		return func(c *call) *answer { id, _ := c.id("user"); return do(c, id) }
	}
	return []route{
		post(users, authRequired, (*call).createOrganizationUser, administered...),
		patch(users+"/{user}", authRequired, (*call).patchOrganizationUser, of...),
		remove(users+"/{user}", authRequired, (*call).deleteOrganizationUser, of...),
		post(users+"/{user}/schedules", authRequired, owner((*call).newSchedule), of...),
		get(users+"/{user}/schedules/{schedule}", authRequired, owner((*call).showSchedule), of...),
		patch(users+"/{user}/schedules/{schedule}", authRequired, owner((*call).patchScheduleOf), of...),
		remove(users+"/{user}/schedules/{schedule}", authRequired, owner((*call).deleteScheduleOf), of...),
		get("/v2/organizations/{org}/teams/event-types", authRequired, (*call).listOrganizationEventTypes, administered...),
		get("/v2/organizations/{org}/teams/{team}/users/{user}/schedules", authRequired, (*call).listOrganizationUserSchedules, append(slices.Clone(inTeam), (*call).isUserOfOrganization)...),
		get("/v2/organizations/{org}/teams/{team}/bookings/{uid}/references", authRequired, (*call).getReferences, inTeam...),
		post(types, authRequired, (*call).createTeamEventType, inTeam...),
		get(types+"/{event}", authRequired, (*call).getTeamEventType, inTeam...),
		patch(types+"/{event}", authRequired, (*call).patchTeamEventType, inTeam...),
		remove(types+"/{event}", authRequired, (*call).deleteTeamEventType, inTeam...),
		post(types+"/{event}/create-phone-call", authRequired, (*call).phoneCall, inTeam...),
	}
}

func (c *call) showSchedule(owner int) *answer {
	s, refusal := c.schedule(owner, http.StatusNotFound)
	if refusal != nil {
		return refusal
	}
	return c.ok(s.object())
}

func (c *call) listOrganizationEventTypes() *answer {
	types := c.sim.dir.eventTypesWhere(func(e *eventType) bool {
		t := c.sim.dir.team(e.team)
		return t != nil && t.parent == organizationID
	})
	c.sortByID(types)
	return okSpan(c, types, func(e *eventType) object { return e.object(c.sim.dir, true) })
}

// organizationObject is the published document's; it was not observed.
func (u *user) organizationObject(d *directory) object {
	created := clockText(d.born.UnixMilli())
	o := object{
		{"id", u.id}, {"username", u.username}, {"name", textOrNull(u.name)}, {"email", u.email}, {"emailVerified", created}, {"bio", nil},
		{"avatarUrl", nil}, {"timeZone", u.zone}, {"weekStart", "Monday"}, {"appTheme", nil}, {"theme", nil},
		{"defaultScheduleId", orNull(u.schedule)}, {"locale", "en"}, {"timeFormat", 12}, {"hideBranding", false}, {"brandColor", nil},
		{"darkBrandColor", nil}, {"allowDynamicBooking", true}, {"createdDate", created}, {"verified", false}, {"invitedTo", nil},
		{"metadata", object{}}, {"profile", object{{"id", u.id}, {"organizationId", organizationID}, {"userId", u.id}, {"username", u.username}}},
	}
	return o.merged(u.set.without("weekday"))
}

// taken says that an address or a name belongs to somebody else.
func (c *call) taken(own *user, o object) *answer {
	for _, u := range c.sim.dir.users {
		switch {
		case u == own:
		case o.given("email") && strings.EqualFold(u.email, o.text("email")):
			return c.fail(http.StatusConflict, "A user already exists with that email")
		case o.given("username") && u.username == o.text("username"):
			return c.fail(http.StatusConflict, "Username is already taken")
		}
	}
	return nil
}

func (u *user) settleInOrganization(o object) {
	u.settle(o)
	kept := o.without("email", "username", "timeZone", "defaultScheduleId", "organizationRole", "autoAccept", "weekday")
	u.set = u.set.merged(kept)
	if o.given("weekday") {
		u.set = u.set.with("weekStart", o.text("weekday"))
	}
}

func (c *call) createOrganizationUser() *answer {
	o, refusal := c.read(organizationUserInput)
	if refusal != nil {
		return refusal
	}
	if refusal := c.taken(nil, o); refusal != nil {
		return refusal
	}
	d := c.sim.dir
	next := 0
	for _, u := range d.users {
		next = max(next, u.id)
	}
	if next >= mostUsers {
		return c.fail(http.StatusBadRequest, "The simulator keeps no more than "+text10(mostUsers)+" users.")
	}
	name, _, _ := strings.Cut(o.text("email"), "@")
	u := &user{id: next + 1, username: name, zone: "Europe/London", organization: organizationID}
	u.settleInOrganization(o)
	d.users = append(d.users, u)
	accepted, given := o.value("autoAccept")
	m := &membership{id: d.nextID("membership"), team: organizationID, user: u.id, role: roleMember, accepted: !given || accepted == true}
	if o.given("organizationRole") {
		m.role = o.text("organizationRole")
	}
	d.memberships = append(d.memberships, m)
	return c.ok(u.organizationObject(d))
}

func (c *call) patchOrganizationUser() *answer {
	o, refusal := c.read(organizationUserInput.partial())
	if refusal != nil {
		return refusal
	}
	u, _ := c.organizationUser()
	if refusal := c.taken(u, o); refusal != nil {
		return refusal
	}
	u.settleInOrganization(o)
	return c.ok(u.organizationObject(c.sim.dir))
}

// deleteOrganizationUser takes the user out of the organization; the bookings
// keep their host.
func (c *call) deleteOrganizationUser() *answer {
	u, _ := c.organizationUser()
	d := c.sim.dir
	shown := u.organizationObject(d)
	u.organization = 0
	d.memberships = slices.DeleteFunc(d.memberships, func(m *membership) bool {
		t := d.team(m.team)
		return m.user == u.id && (m.team == organizationID || t != nil && t.parent == organizationID)
	})
	return c.ok(shown)
}
