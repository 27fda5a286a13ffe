package server_test

import (
	"net/http"
	"strings"

	"github.com/weirhq/weir/internal/identity"
)

// need is what a route asks of who calls it, said here once more and by hand:
// a route whose policy is changed by mistake does not change its row.
type need struct {
	everybody bool
	org       identity.Role // in one's organization
	on        identity.Role // on the object that the path names
	inOrg     bool          // the object is in one's organization
	makes     bool          // and who may look at it must be one who makes things
	orAdmin   bool          // or an administrator's of its organization
	self      identity.Role // the user that the path names is oneself, or one has this in the organization
	own       bool          // the object is one's own, and nobody else's however much they may
	wide      bool          // of a session that may do more than look
	above     bool          // the object is of that kind, too
	browser   bool          // of a session in a cookie alone, and the callers have theirs in a header
}

var (
	everybody   = need{everybody: true}
	signedIn    = need{}
	maker       = need{org: identity.RoleOperator}
	orgAdmin    = need{org: identity.RoleAdmin}
	looks       = need{on: identity.RoleCollaborator}
	operates    = need{on: identity.RoleOperator}
	changes     = need{on: identity.RoleAdmin}
	restores    = need{org: identity.RoleAdmin, inOrg: true}
	sees        = need{inOrg: true}
	orgOwner    = need{org: identity.RoleOwner}
	owns        = need{org: identity.RoleOwner, inOrg: true}
	oneself     = need{inOrg: true, self: identity.RoleAdmin}
	oneselfWide = need{inOrg: true, self: identity.RoleAdmin, wide: true}
	ones        = need{own: true}
	anybody     = need{wide: true}
	onesWide    = need{own: true, wide: true}
	onesAbove   = need{own: true, above: true}
	browsing    = need{browser: true}
	ownOrAll    = need{own: true, orAdmin: true}
)

// needs are all routes. A route that is not here fails TestEveryRouteIsRight.
func needs() map[string]need {
	all := map[string]need{
		"GET /openapi.json": everybody, "GET /setup": everybody, "POST /setup": everybody, "POST /token": everybody,
		"POST /token/logout": signedIn,
		"GET /vendors":       signedIn, "GET /vendors/{id}": signedIn, "GET /auth_templates": signedIn, "GET /auth_templates/{id}": signedIn,
		"GET /vendor_endpoints": signedIn, "GET /vendor_endpoints/{id}": signedIn,
		"GET /service_keys": signedIn, "POST /service_keys": signedIn, "DELETE /service_keys/{id}": changes, "POST /service_keys/{id}/confirm": changes,
		"GET /users": signedIn, "GET /users/current": signedIn, "GET /users/{id}": sees, "GET /user_settings": signedIn,
		"GET /orgs": signedIn, "GET /orgs/{id}": sees, "GET /orgs/{id}/members": sees, "GET /orgs/account_summary": signedIn, "GET /orgs/{id}/account_summary": sees,
		"GET /teams": signedIn, "POST /teams": maker, "GET /teams/{id}": looks, "PUT /teams/{id}": changes, "DELETE /teams/{id}": changes,
		"GET /teams/{id}/members": looks, "PUT /teams/{id}/members": changes, "POST /teams/{id}/members": changes, "DELETE /teams/{id}/members": changes,
		"GET /runs": signedIn, "GET /runs/events": signedIn, "GET /runs/{run_id}/events": looks,
		"POST /data_sources/{id}/cancel": operates, "GET /data_sources/{id}/schedule": looks, "PUT /data_sources/{id}/schedule": operates,
		"GET /notifications": signedIn, "GET /notifications/count": signedIn, "DELETE /notifications/all": signedIn, "PUT /notifications/mark_read": signedIn,
		"PUT /notifications/mark_unread": signedIn, "GET /notifications/{id}": ones, "DELETE /notifications/{id}": ones,
		"GET /notification_types": signedIn, "GET /notification_types/list": signedIn,
		"GET /notification_settings": signedIn, "POST /notification_settings": anybody, "GET /notification_settings/{id}": ones, "PUT /notification_settings/{id}": onesWide,
		"DELETE /notification_settings/{id}": onesWide, "GET /notification_settings/notification_types/{id}": signedIn, "GET /notification_settings/{resource_type}/{id}": looks,
		"GET /notification_channel_settings": signedIn, "POST /notification_channel_settings": anybody, "GET /notification_channel_settings/{id}": looks,
		"PUT /notification_channel_settings/{id}": changes, "DELETE /notification_channel_settings/{id}": changes, "POST /notification_channel_settings/{id}/test": operates,
		"GET /notification_dispatches": signedIn, "GET /notification_dispatches/{id}": ownOrAll, "POST /notification_dispatches/{id}/retry": ownOrAll,
		"GET /flows": signedIn, "GET /flows/{id}": looks, "DELETE /flows/{id}": changes, "PUT /flows/{id}/activate": operates, "PUT /flows/{id}/pause": operates,
		"POST /flows/{id}/copy": {org: identity.RoleOperator, on: identity.RoleAdmin}, "GET /flows/{id}/logs": looks, "GET /flows/{id}/run_status/{run_id}": looks,
		"GET /data_credentials/{id}/probe": operates, "POST /data_credentials/{id}/probe/tree": operates, "POST /data_credentials/{id}/probe/sample": operates,
		"POST /data_credentials/{id}/rotate": changes,
		"GET /data_sources/{id}/plan":        operates, "GET /data_sources/{id}/runs": looks, "POST /data_sources/{id}/run_now": operates,
		"GET /data_sets/{id}/samples": looks, "GET /data_sets/{id}/docs": looks, "POST /data_sets/{id}/docs": changes, "GET /data_sets/{id}/quarantine": looks, "GET /data_sets/{id}/schema_changes": looks,
	}
	people(all)
	for row, n := range map[string]need{
		"GET /runs/{run_id}": looks, "GET /runs/{run_id}/logs": looks, "POST /flows/{id}/logs_v2": looks, "GET /health/org/all": signedIn, "GET /health/org/flows": signedIn,
		"GET /health/flow/{id}": looks, "GET /data_flows/metrics/daily": signedIn, "GET /data_flows/metrics/total": signedIn, "GET /data_flows/metrics/active_flows_metrics": signedIn,
		"GET /users/{id}/flows/account_metrics": looks, "GET /users/{id}/flows/status_metrics": looks, "GET /users/{id}/flows/dashboard": looks, "GET /users/{id}/metrics": looks,
		"GET /orgs/{id}/flows/account_metrics": restores, "GET /orgs/{id}/flows/status_metrics": restores, "GET /orgs/{id}/flows/dashboard": restores, "GET /limits": signedIn,
		"GET /deliveries": signedIn, "POST /data_sinks/{id}/deliver_now": operates,
		"GET /quarantine": signedIn, "GET /quarantine/{id}": looks, "POST /quarantine/{id}/replay": operates, "POST /quarantine/{id}/drop": operates,
		"POST /quarantine/bulk/replay": signedIn, "POST /quarantine/bulk/drop": signedIn, "GET /budgets": signedIn, "GET /plan": signedIn,
		"POST /data_sets/{id}/docs/recommendation": looks, "POST /flows/{id}/docs/recommendation": looks, "POST /data_sources/{id}/file/ingest": operates,
	} {
		all[row] = n
	}
	add(all, "data_maps", map[string]need{
		"GET /{id}/entries": looks, "PUT /{id}/entries": changes, "GET /{id}/entries/{keys}": looks, "DELETE /{id}/entries/{keys}": changes})
	add(all, "projects", map[string]need{
		"GET /{id}/flows": looks, "PUT /{id}/flows": changes, "POST /{id}/flows": changes, "DELETE /{id}/flows": changes, "POST /{id}/flows/search": looks})
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "data_maps", "transforms", "projects"} {
		add(all, noun, map[string]need{
			"GET ": signedIn, "POST ": maker, "GET /{id}": looks, "PUT /{id}": changes, "DELETE /{id}": changes, "POST /{id}/copy": changes, "POST /{id}/restore": changes,
			"GET /{id}/accessors": looks, "PUT /{id}/accessors": changes, "POST /{id}/accessors": changes, "DELETE /{id}/accessors": changes, "GET /{id}/audit_log": looks,
		})
	}
	all["POST /projects/{id}/copy"] = need{on: identity.RoleAdmin, makes: true}
	add(all, "transforms", map[string]need{"GET /public": signedIn, "POST /preview": signedIn})
	all["POST /transforms/{id}/copy"] = need{on: identity.RoleCollaborator, makes: true}
	all["POST /data_maps/{id}/copy"] = need{on: identity.RoleCollaborator, makes: true}
	for _, noun := range []string{"teams", "flows"} {
		add(all, noun, map[string]need{
			"GET /{id}/accessors": looks, "PUT /{id}/accessors": changes, "POST /{id}/accessors": changes, "DELETE /{id}/accessors": changes, "GET /{id}/audit_log": looks,
		})
	}
	all["POST /teams/{id}/copy"], all["PUT /flows/{id}"] = need{org: identity.RoleOperator, on: identity.RoleCollaborator}, changes
	for _, part := range []string{"data_sources", "data_sets", "data_sinks"} {
		add(all, part, map[string]need{
			"PUT /{id}/activate": operates, "PUT /{id}/pause": operates, "GET /{id}/flow": looks, "DELETE /{id}/flow": changes, "GET /{id}/flow/logs": looks,
			"GET /{id}/flow/metrics": looks, "GET /{id}/metrics": looks, "GET /{id}/metrics/run_summary": looks,
		})
	}
	return all
}

// people adds the rows about who somebody is. A browser's session belongs to who
// sits before it: no role lets anybody end another's.
func people(all map[string]need) {
	for route, n := range map[string]need{
		"POST /session": everybody, "GET /session": signedIn, "DELETE /session": signedIn, "POST /session/proof": browsing, "PUT /session/org": browsing,
		"PUT /users/current/password": browsing, "GET /sessions": signedIn, "DELETE /sessions": anybody, "DELETE /sessions/{id}": onesAbove,
		"POST /links/check": everybody, "POST /links/accept": everybody, "POST /users/{id}/link": restores,
		"GET /sign_in": everybody, "GET /sign_in/{provider}/start": everybody, "GET /sign_in/{provider}/callback": everybody,
		"POST /users": orgAdmin, "PUT /users/{id}": oneself, "DELETE /users/{id}": restores, "GET /users/{id}/audit_log": oneself,
		"GET /users/{id}/transferable": oneself, "PUT /users/{id}/transfer": restores,
		"POST /orgs": orgOwner, "PUT /orgs/{id}": restores, "DELETE /orgs/{id}": owns, "GET /orgs/{id}/auth_settings": restores, "PUT /orgs/{id}/auth_settings/{setting_id}": owns,
		"PUT /orgs/{id}/members": restores, "POST /orgs/{id}/members": restores, "DELETE /orgs/{id}/members": restores,
		"PUT /orgs/{id}/members/activate": restores, "PUT /orgs/{id}/members/deactivate": restores, "GET /orgs/{id}/audit_log": restores,
		"GET /users/{id}/quarantine_settings": oneself, "POST /users/{id}/quarantine_settings": oneselfWide, "PUT /users/{id}/quarantine_settings": oneselfWide,
		"DELETE /users/{id}/quarantine_settings": oneselfWide,
		"GET /orgs/{id}/custodians":              sees, "PUT /orgs/{id}/custodians": restores, "POST /orgs/{id}/custodians": restores, "DELETE /orgs/{id}/custodians": restores,
		"GET /identity_providers": orgAdmin, "POST /identity_providers": orgOwner, "GET /identity_providers/{id}": restores, "PUT /identity_providers/{id}": owns,
		"DELETE /identity_providers/{id}": owns,
	} {
		all[route] = n
	}
	for _, verb := range []string{"activate", "deactivate", "lock", "unlock"} {
		all["PUT /users/{id}/"+verb] = restores
	}
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "data_maps", "transforms", "projects", "users", "teams"} {
		all["GET /orgs/{id}/"+noun+"/audit_log"] = restores
	}
}

// add adds the rows of a noun: "PUT /{id}" becomes "PUT /data_sources/{id}".
func add(all map[string]need, noun string, rows map[string]need) {
	for row, n := range rows {
		method, path, _ := strings.Cut(row, " ")
		all[method+" /"+noun+path] = n
	}
}

// verdict is the status that a refusal has; 0 for who is let in. What one may
// not know of is 404, what one may not do with it 403.
func (n need) verdict(c *caller, on string, noun string) int {
	switch role := c.on(on, noun); {
	case n.everybody:
		return 0
	case c.who.Anonymous():
		return http.StatusUnauthorized
	case n.org != "" && !c.org.AtLeast(n.org), n.wide && c.name == "narrow":
		return http.StatusForbidden
	case n.inOrg && (on == "foreign") != (c.name == "foreign"), n.on != "" && role == "":
		return http.StatusNotFound
	case n.own && !c.is(set(on).maker()) && (!n.orAdmin || !c.org.AtLeast(identity.RoleAdmin) || (on == "foreign") != (c.name == "foreign")):
		return http.StatusNotFound
	case n.on != "" && !role.AtLeast(n.on), n.makes && !c.org.AtLeast(identity.RoleOperator), n.self != "" && !c.is(set(on).user()) && !c.org.AtLeast(n.self), n.browser, n.above && c.name == "narrow":
		return http.StatusForbidden
	}
	return 0
}

// set is the name of a set of objects.
type set string

// maker is whose its objects are.
func (s set) maker() string {
	if name, its := strings.CutSuffix(string(s), "'s"); its || s == "foreign" {
		return name
	}
	return "owner"
}

// user is who the user among its objects is.
func (s set) user() string {
	switch s {
	case "unshared":
		return "lone"
	case "shared":
		return "guest"
	}
	return s.maker()
}

// is reports whether the caller is somebody, with whatever session.
func (c *caller) is(name string) bool {
	return c.name == name || c.name == "narrow" && name == "owner"
}

// grants are the roles on the objects of each set, by who calls.
var grants = map[string]map[string]identity.Role{
	"unshared":   {"admin": identity.RoleAdmin, "owner": identity.RoleOwner, "narrow": identity.RoleCollaborator},
	"shared":     {"guest": identity.RoleCollaborator, "helper": identity.RoleOperator, "admin": identity.RoleAdmin, "owner": identity.RoleOwner, "narrow": identity.RoleCollaborator},
	"operator's": {"operator": identity.RoleOwner, "admin": identity.RoleAdmin, "owner": identity.RoleAdmin},
	"foreign":    {"foreign": identity.RoleOwner},
}

// on is the caller's role on an object of a set. Teams have members instead of
// accessors, and keys only whose they are.
func (c *caller) on(set, noun string) identity.Role {
	role := grants[set][c.name]
	switch {
	case noun == "teams" && c.name == "helper" && role != "":
		return identity.RoleCollaborator
	case noun == "users": // a user's numbers are theirs, and the administrators'
		if c.name == map[string]string{"unshared": "lone", "shared": "guest", "operator's": "operator", "foreign": "foreign"}[set] {
			return identity.RoleOwner
		}
		if c.name != "admin" && c.name != "owner" {
			return ""
		}
	case noun == "service_keys" && (c.name == "guest" || c.name == "helper"):
		return ""
	case noun == "service_keys" && c.name == "narrow" && role != "":
		return identity.RoleOwner // a key may be taken away by whoever has it
	}
	return role
}
