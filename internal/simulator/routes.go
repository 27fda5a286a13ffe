package simulator

import (
	"slices"
	"strings"
)

type handler func(c *call) *answer

// route is one line of the table: where, for which versions, by whom, and who
// answers.
type route struct {
	method   string
	pattern  string   // lower case; {name} takes one segment
	versions []string // that reach it; nil means all
	auth     auth
	guards   []handler // each answers to refuse, or nil to let pass
	handle   handler
	segments []string
	since    string   // the release that brought it; "" means it was observed
	status   int      // of a success
	limit    KeyLimit // in place of the caller's; without a name there is none
}

// The versions the server knows. A missing or unknown value silently means
// the oldest; a known value that a route lacks is a 404 (observed 2026-11-23).
const (
	version20240415 = "2024-04-15"
	version20240611 = "2024-06-11"
	version20240614 = "2024-06-14"
	version20240813 = "2024-08-13"
	version20240904 = "2024-09-04"
)

var knownVersions = []string{version20240415, version20240611, version20240614, version20240813, version20240904}

// routeTable is the whole surface.
func routeTable(release, profile string) []route {
	var table []route
	for _, part := range [][]route{
		keyRoutes(), meRoutes(), bookingRoutes(), bookingWriteRoutes(), eventTypeRoutes(), eventTypeWriteRoutes(), scheduleRoutes(), scheduleWriteRoutes(),
		slotRoutes(), calendarRoutes(), conferencingRoutes(),
		calendarWriteRoutes(), paymentRoutes(), teamRoutes(), teamWriteRoutes(), membershipRoutes(), absenceRoutes(), organizationWriteRoutes(), organizationRoutes(),
		attributeRoutes(), roleRoutes(), workflowRoutes(), routingFormRoutes(), privateLinkRoutes(), delegationRoutes(), webhookRoutes(),
		verifiedRoutes(), clientRoutes(),
	} {
		table = append(table, part...)
	}
	table = slices.DeleteFunc(table, func(r route) bool { return r.since > release })
	if profile == ProfileHosted {
		table = hosted(table)
	}
	for i := range table {
		table[i].segments = strings.Split(strings.TrimPrefix(table[i].pattern, "/"), "/")
	}
	return table
}

// routeKey is what tells most routes apart.
type routeKey struct {
	method   string
	segments int
}

// routesByKey sorts each group so that words come before parameters.
func routesByKey(table []route) map[routeKey][]*route {
	groups := map[routeKey][]*route{}
	for i := range table {
		r := &table[i]
		key := routeKey{r.method, len(r.segments)}
		groups[key] = append(groups[key], r)
	}
	for _, group := range groups {
		slices.SortStableFunc(group, func(a, b *route) int { return strings.Compare(a.plan(), b.plan()) })
	}
	return groups
}

// plan writes a word as 0 and a parameter as 1.
func (r *route) plan() string {
	plan := ""
	for _, s := range r.segments {
		if s[0] == '{' {
			plan += "1"
		} else {
			plan += "0"
		}
	}
	return plan
}

// match finds the call's route and fills in its parameters.
func (s *Simulator) match(c *call) *route {
	segments, ok := split(c.request.URL.Path)
	if !ok {
		return nil
	}
	version := c.version
	known := slices.Contains(knownVersions, version) || s.options.Profile == ProfileHosted && slices.Contains(hostedVersions, version)
	if !known {
		version = version20240415
	}
	method := c.request.Method
	if method == "HEAD" {
		method = "GET"
	}
	for _, r := range s.routes[routeKey{method, len(segments)}] {
		if (r.versions == nil || slices.Contains(r.versions, version)) && r.fits(segments) {
			c.path = r.parameters(segments)
			c.query = parseQuery(c.request.URL.RawQuery)
			c.status = r.status
			return r
		}
	}
	return nil
}

// split cuts a path as the server rewrites it: /api/v2 and /v2/ee are /v2, a
// slash at the end does not count, an empty segment fits nothing.
func split(path string) (segments []string, ok bool) {
	segments = strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
	if len(segments) > 1 && strings.EqualFold(segments[0], "api") {
		segments = segments[1:]
	}
	if len(segments) > 2 && strings.EqualFold(segments[1], "ee") {
		segments = append([]string{segments[0]}, segments[2:]...)
	}
	return segments, !slices.Contains(segments, "")
}

func (r *route) fits(segments []string) bool {
	if len(segments) != len(r.segments) {
		return false
	}
	for i, want := range r.segments {
		if want[0] != '{' && !strings.EqualFold(want, segments[i]) {
			return false
		}
	}
	return true
}

func (r *route) parameters(segments []string) map[string]string {
	var values map[string]string
	for i, want := range r.segments {
		if want[0] == '{' {
			if values == nil {
				values = map[string]string{}
			}
			values[strings.Trim(want, "{}")] = segments[i]
		}
	}
	return values
}

// The routes by method. A POST answers 201 unless it says otherwise.
func get(pattern string, a auth, h handler, guards ...handler) route {
	return route{method: "GET", pattern: pattern, auth: a, handle: h, guards: guards, status: 200}
}

func post(pattern string, a auth, h handler, guards ...handler) route {
	return route{method: "POST", pattern: pattern, auth: a, handle: h, guards: guards, status: 201}
}

func patch(pattern string, a auth, h handler, guards ...handler) route {
	return route{method: "PATCH", pattern: pattern, auth: a, handle: h, guards: guards, status: 200}
}

func put(pattern string, a auth, h handler, guards ...handler) route {
	return route{method: "PUT", pattern: pattern, auth: a, handle: h, guards: guards, status: 200}
}

func remove(pattern string, a auth, h handler, guards ...handler) route {
	return route{method: "DELETE", pattern: pattern, auth: a, handle: h, guards: guards, status: 200}
}

// in restricts a route to versions.
func (r route) in(versions ...string) route { r.versions = versions; return r }

// newest says that the newest release brought a route.
func (r route) newest() route { r.since = ReleaseNewest; return r }

// limited gives a route a limit of its own, which counts apart from the
// caller's.
func (r route) limited(name string, limit int) route {
	r.limit = KeyLimit{Name: name, Limit: limit, Window: DefaultWindow}
	return r
}

// answersOK says that a POST makes nothing: it answers 200.
func (r route) answersOK() route { r.status = 200; return r }

// writes says whether a route may change data.
func (r *route) writes() bool { return r.method != "GET" }
