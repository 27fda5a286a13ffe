package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// The simulator has no calendars, conferencing apps or payments of others: as
// on the observed server, accounts begin without any, and what would connect
// one is refused or leads to the other's page.

var conferencingApps = []string{"google-meet", "zoom", "msteams", "cal-video"}

func conferencingRoutes() []route {
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	var routes []route
	for _, place := range []struct {
		prefix string
		guards []handler
	}{{"/v2/conferencing", nil}, {"/v2/organizations/{org}/teams/{team}/conferencing", inTeam}} {
		routes = append(routes,
			get(place.prefix, authRequired, (*call).listConferencing, place.guards...),
			get(place.prefix+"/default", authRequired, (*call).getDefaultConferencing, place.guards...),
			post(place.prefix+"/{app}/connect", authRequired, (*call).connectConferencing, place.guards...).answersOK(),
			post(place.prefix+"/{app}/default", authRequired, (*call).setDefaultConferencing, place.guards...).answersOK(),
			remove(place.prefix+"/{app}/disconnect", authRequired, (*call).disconnectConferencing, place.guards...),
			get(place.prefix+"/{app}/oauth/auth-url", authRequired, (*call).conferencingURL, place.guards...),
		)
	}
	return routes
}

// listConferencing shows an account without conferencing apps, as observed.
func (c *call) listConferencing() *answer { return c.ok(list{}) }

// place is whose conferencing the path is about.
func (c *call) conferencingOf() string {
	if c.path["team"] != "" {
		return "team " + c.path["team"]
	}
	return "user " + text10(c.user.id)
}

// getDefaultConferencing has no data member at all when there is no default
// (observed 2026-11-23).
func (c *call) getDefaultConferencing() *answer {
	o := object{{"status", "success"}}
	if app := c.sim.dir.defaults[c.conferencingOf()]; app != "" {
		o = append(o, field{"data", object{{"appSlug", app}}})
	}
	return &answer{status: http.StatusOK, body: marshal(o)}
}

func (c *call) knownApp() *answer {
	if !slices.Contains(conferencingApps, c.path["app"]) {
		return c.fail(http.StatusBadRequest, "Invalid conferencing app, available apps are: "+strings.Join(conferencingApps, ", "))
	}
	return nil
}

func (c *call) connectConferencing() *answer {
	if c.path["app"] != "google-meet" {
		return c.fail(http.StatusBadRequest, "Invalid conferencing app. Available apps: GOOGLE_MEET.")
	}
	return c.fail(http.StatusBadRequest, "Google Meet requires a Google Calendar connection.")
}

// setDefaultConferencing takes Cal Video, which everybody has.
func (c *call) setDefaultConferencing() *answer {
	if refusal := c.knownApp(); refusal != nil {
		return refusal
	}
	if c.path["app"] != "cal-video" {
		return c.fail(http.StatusBadRequest, c.path["app"]+" not connected.")
	}
	c.sim.dir.defaults[c.conferencingOf()] = "daily-video"
	return &answer{status: http.StatusOK, body: marshal(object{{"status", "success"}})}
}

func (c *call) disconnectConferencing() *answer {
	if refusal := c.knownApp(); refusal != nil {
		return refusal
	}
	return c.fail(http.StatusBadRequest, c.path["app"]+" not connected.")
}

func (c *call) conferencingURL() *answer {
	switch c.path["app"] {
	case "zoom":
		return c.fail(http.StatusNotFound, "Zoom app not found")
	case "msteams":
		return c.fail(http.StatusNotFound, "Office365 app not found")
	}
	return c.fail(http.StatusBadRequest, "Invalid conferencing app, available apps are: zoom, msteams")
}

func paymentRoutes() []route {
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	const team = "/v2/organizations/{org}/teams/{team}/stripe"
	return []route{
		get("/v2/stripe/connect", authRequired, (*call).stripeURL), get("/v2/stripe/check", authRequired, (*call).checkStripe),
		get(team+"/connect", authRequired, (*call).stripeURL, inTeam...), get(team+"/check", authRequired, (*call).checkStripe, inTeam...),
	}
}

func (c *call) stripeURL() *answer {
	return c.ok(object{{"authUrl", "https://connect.stripe.com/oauth/authorize?response_type=code&scope=read_write"}})
}

func (c *call) checkStripe() *answer {
	return c.fail(http.StatusNotFound, "Credentials for stripe not found.")
}

func calendarWriteRoutes() []route {
	return []route{
		get("/v2/calendars/ics-feed/check", authRequired, func(c *call) *answer {
			return c.fail(http.StatusBadRequest, "Credentials for Ics Feed calendar not found.")
		}),
		post("/v2/calendars/ics-feed/save", authRequired, (*call).saveFeed),
		get("/v2/calendars/{calendar}/connect", authRequired, (*call).calendarURL),
		post("/v2/calendars/{calendar}/credentials", authRequired, (*call).calendarCredentials),
		post("/v2/calendars/{calendar}/disconnect", authRequired, (*call).disconnectCalendar).answersOK(),
		get("/v2/calendars/{calendar}/event/{reference}", authRequired, (*call).calendarEvent),
		patch("/v2/calendars/{calendar}/events/{reference}", authRequired, (*call).calendarEvent),
		put("/v2/destination-calendars", authRequired, (*call).setDestination),
		post("/v2/selected-calendars", authRequired, (*call).selectCalendar),
		remove("/v2/selected-calendars", authRequired, (*call).broken),
	}
}

// saveFeed cannot: the simulator reads nobody's calendar.
func (c *call) saveFeed() *answer {
	if _, refusal := c.read(input{required("urls", isArray, areTexts), optional("readOnly", isBool)}); refusal != nil {
		return refusal
	}
	return c.fail(http.StatusBadRequest, "Could not add ICS feeds, try using private ics feed.")
}

var calendarKinds = []string{"google", "office365", "apple"}

const messageCalendarKinds = "Invalid calendar type, available calendars are: "

func (c *call) calendarURL() *answer {
	switch c.path["calendar"] {
	case "google":
		return c.ok(object{{"authUrl", "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent&response_type=code"}})
	case "office365":
		return c.ok(object{{"authUrl", "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?response_type=code"}})
	}
	return c.fail(http.StatusBadRequest, messageCalendarKinds+"google, office365")
}

func (c *call) calendarCredentials() *answer {
	o, refusal := c.read(input{required("username", isString), required("password", isString)})
	switch {
	case refusal != nil:
		return refusal
	case c.path["calendar"] != "apple":
		return c.fail(http.StatusBadRequest, messageCalendarKinds+"apple")
	case o.text("username") == "" || o.text("password") == "":
		return c.fail(http.StatusBadRequest, "Username or password cannot be empty")
	}
	return c.fail(http.StatusBadRequest, "Could not add this apple calendar account: there is none behind a simulation")
}

func (c *call) disconnectCalendar() *answer {
	if _, refusal := c.read(input{required("id", isInt)}); refusal != nil {
		return refusal
	}
	if !slices.Contains(calendarKinds, c.path["calendar"]) {
		return c.fail(http.StatusBadRequest, messageCalendarKinds+strings.Join(calendarKinds, ", "))
	}
	return c.fail(http.StatusNotFound, "Calendar credentials not found")
}

func (c *call) calendarEvent() *answer {
	if c.path["calendar"] != "google" {
		return c.fail(http.StatusBadRequest, "Meeting details are currently only available for Google Calendar")
	}
	return c.fail(http.StatusNotFound, "Booking reference not found")
}

func (c *call) setDestination() *answer {
	in := input{
		required("integration", oneWord("apple_calendar", "google_calendar", "office365_calendar")), required("externalId", isString), optional("delegationCredentialId", isString),
	}
	o, refusal := c.read(in)
	if refusal != nil {
		return refusal
	}
	return c.fail(http.StatusNotFound, "Could not find calendar "+o.text("externalId"))
}

func (c *call) selectCalendar() *answer {
	in := input{
		required("integration", isString), required("externalId", isString), required("credentialId", isInt), optional("delegationCredentialId", isString),
	}
	if _, refusal := c.read(in); refusal != nil {
		return refusal
	}
	return c.fail(http.StatusNotFound, "Calendar credentials not found")
}

// delegationRoutes need a workspace platform, and there is none.
func delegationRoutes() []route {
	const prefix = "/v2/organizations/{org}/delegation-credentials"
	return []route{
		post(prefix, authRequired, func(c *call) *answer {
			in := input{required("workspacePlatformSlug", isString), required("domain", isString), required("serviceAccountKey", isObject)}
			if _, refusal := c.read(in); refusal != nil {
				return refusal
			}
			return c.fail(http.StatusBadRequest, "Workspace platform not found")
		}, administered...),
		patch(prefix+"/{credential}", authRequired, func(c *call) *answer {
			if _, refusal := c.read(input{optional("enabled", isBool), optional("serviceAccountKey", isObject)}); refusal != nil {
				return refusal
			}
			return c.fail(http.StatusNotFound, "DelegationCredential with id "+c.path["credential"]+" not found")
		}, administered...),
	}
}

// clientRoutes are a platform's, and no simulated organization is one.
func clientRoutes() []route {
	refuse := func(c *call) *answer {
		if c.user.organization == 0 {
			return c.fail(http.StatusForbidden, "OrganizationRolesGuard - No organization associated with the user.")
		}
		return c.fail(http.StatusForbidden, "OrganizationRolesGuard - Organization is not a platform (SHP).")
	}
	const one = "/v2/oauth-clients/{client}"
	return []route{
		get("/v2/oauth-clients", authRequired, refuse), post("/v2/oauth-clients", authRequired, refuse),
		get(one, authRequired, refuse), patch(one, authRequired, refuse), remove(one, authRequired, refuse),
	}
}
