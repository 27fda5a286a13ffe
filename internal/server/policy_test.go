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
	own       bool          // it is each user's own
	orAdmin   bool          // or an administrator's of its organization
}

var (
	everybody = need{everybody: true}
	signedIn  = need{}
	maker     = need{org: identity.RoleOperator}
	orgAdmin  = need{org: identity.RoleAdmin}
	looks     = need{on: identity.RoleCollaborator}
	operates  = need{on: identity.RoleOperator}
	changes   = need{on: identity.RoleAdmin}
	restores  = need{org: identity.RoleAdmin, inOrg: true}
	sees      = need{inOrg: true}
	own       = need{own: true}
	ownOrAll  = need{own: true, orAdmin: true}
)

// needs are all routes. A route that is not here fails TestEveryRouteIsRight.
func needs() map[string]need {
	all := map[string]need{
		"GET /openapi.json": everybody, "GET /setup": everybody, "POST /setup": everybody, "POST /token": everybody,
		"POST /token/logout": signedIn,
		"GET /vendors":       signedIn, "GET /vendors/{id}": signedIn, "GET /auth_templates": signedIn, "GET /auth_templates/{id}": signedIn,
		"GET /vendor_endpoints": signedIn, "GET /vendor_endpoints/{id}": signedIn,
		"GET /service_keys": signedIn, "POST /service_keys": signedIn, "DELETE /service_keys/{id}": changes,
		"GET /users": signedIn, "GET /users/current": signedIn, "GET /users/{id}": sees,
		"GET /orgs": signedIn, "GET /orgs/{id}": sees, "GET /orgs/{id}/members": sees, "GET /orgs/{id}/audit_log": restores,
		"GET /teams": signedIn, "POST /teams": maker, "GET /teams/{id}": looks, "PUT /teams/{id}": changes, "DELETE /teams/{id}": changes,
		"GET /teams/{id}/members": looks, "PUT /teams/{id}/members": changes, "POST /teams/{id}/members": changes, "DELETE /teams/{id}/members": changes,
		"GET /notifications": signedIn, "GET /notifications/count": signedIn, "DELETE /notifications/all": signedIn, "PUT /notifications/mark_read": signedIn,
		"PUT /notifications/mark_unread": signedIn, "GET /notifications/{id}": own, "DELETE /notifications/{id}": own,
		"GET /notification_types": signedIn, "GET /notification_types/list": signedIn,
		"GET /notification_settings": signedIn, "POST /notification_settings": signedIn, "GET /notification_settings/{id}": own, "PUT /notification_settings/{id}": own,
		"DELETE /notification_settings/{id}": own, "GET /notification_settings/notification_types/{id}": signedIn, "GET /notification_settings/{resource_type}/{id}": looks,
		"GET /notification_channel_settings": signedIn, "POST /notification_channel_settings": signedIn, "GET /notification_channel_settings/{id}": looks,
		"PUT /notification_channel_settings/{id}": changes, "DELETE /notification_channel_settings/{id}": changes, "POST /notification_channel_settings/{id}/test": operates,
		"GET /notification_dispatches": signedIn, "GET /notification_dispatches/{id}": ownOrAll, "POST /notification_dispatches/{id}/retry": ownOrAll,
		"GET /runs":  signedIn,
		"GET /flows": signedIn, "GET /flows/{id}": looks, "DELETE /flows/{id}": changes, "PUT /flows/{id}/activate": operates, "PUT /flows/{id}/pause": operates,
		"POST /flows/{id}/copy": {org: identity.RoleOperator, on: identity.RoleAdmin}, "GET /flows/{id}/logs": looks, "GET /flows/{id}/run_status/{run_id}": looks,
		"GET /data_credentials/{id}/probe": operates, "POST /data_credentials/{id}/probe/tree": operates, "POST /data_credentials/{id}/probe/sample": operates,
		"POST /data_credentials/{id}/rotate": changes,
		"GET /data_sources/{id}/plan":        operates, "GET /data_sources/{id}/runs": looks, "POST /data_sources/{id}/run_now": operates,
		"GET /data_sets/{id}/samples": looks, "GET /data_sets/{id}/docs": looks, "POST /data_sets/{id}/docs": changes, "GET /data_sets/{id}/quarantine": looks,
	}
	for row, n := range map[string]need{
		"GET /runs/{run_id}": looks, "GET /runs/{run_id}/logs": looks, "POST /flows/{id}/logs_v2": looks, "GET /health/org/all": signedIn, "GET /health/org/flows": signedIn,
		"GET /health/flow/{id}": looks, "GET /data_flows/metrics/daily": signedIn, "GET /data_flows/metrics/total": signedIn, "GET /data_flows/metrics/active_flows_metrics": signedIn,
		"GET /users/{id}/flows/account_metrics": looks, "GET /users/{id}/flows/status_metrics": looks, "GET /users/{id}/flows/dashboard": looks, "GET /users/{id}/metrics": looks,
		"GET /orgs/{id}/flows/account_metrics": restores, "GET /orgs/{id}/flows/status_metrics": restores, "GET /orgs/{id}/flows/dashboard": restores, "GET /limits": signedIn,
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
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "data_maps", "projects"} {
		add(all, noun, map[string]need{
			"GET ": signedIn, "POST ": maker, "GET /{id}": looks, "PUT /{id}": changes, "DELETE /{id}": changes, "POST /{id}/copy": changes, "POST /{id}/restore": restores,
			"GET /{id}/accessors": looks, "PUT /{id}/accessors": changes, "POST /{id}/accessors": changes, "DELETE /{id}/accessors": changes, "GET /{id}/audit_log": looks,
		})
	}
	delete(all, "POST /projects/{id}/copy") // a flow is in one project: there is nothing to copy
	all["POST /data_maps/{id}/copy"] = need{on: identity.RoleCollaborator, makes: true}
	for _, part := range []string{"data_sources", "data_sets", "data_sinks"} {
		add(all, part, map[string]need{
			"PUT /{id}/activate": operates, "PUT /{id}/pause": operates, "GET /{id}/flow": looks, "DELETE /{id}/flow": changes, "GET /{id}/flow/logs": looks,
			"GET /{id}/flow/metrics": looks, "GET /{id}/metrics": looks, "GET /{id}/metrics/run_summary": looks,
		})
	}
	return all
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
	case n.org != "" && !c.org.AtLeast(n.org):
		return http.StatusForbidden
	case n.own && c.owns(on), n.orAdmin && c.org.AtLeast(identity.RoleAdmin) && (on == "foreign") == (c.name == "foreign"):
		return 0
	case n.own:
		return http.StatusNotFound
	case n.inOrg && (on == "foreign") != (c.name == "foreign"), n.on != "" && role == "":
		return http.StatusNotFound
	case n.on != "" && !role.AtLeast(n.on), n.makes && !c.org.AtLeast(identity.RoleOperator):
		return http.StatusForbidden
	}
	return 0
}

// grants are the roles on the objects of each set, by who calls.
var grants = map[string]map[string]identity.Role{
	"unshared":   {"admin": identity.RoleAdmin, "owner": identity.RoleOwner, "narrow": identity.RoleCollaborator},
	"shared":     {"guest": identity.RoleCollaborator, "helper": identity.RoleOperator, "admin": identity.RoleAdmin, "owner": identity.RoleOwner, "narrow": identity.RoleCollaborator},
	"operator's": {"operator": identity.RoleOwner, "admin": identity.RoleAdmin, "owner": identity.RoleAdmin},
	"foreign":    {"foreign": identity.RoleOwner},
}

// owns reports whether the objects of a set are the caller's own; the narrow
// key is the owner's.
func (c *caller) owns(set string) bool {
	switch set {
	case "foreign":
		return c.name == "foreign"
	case "operator's":
		return c.name == "operator"
	}
	return c.name == "owner" || c.name == "narrow"
}

// on is the caller's role on an object of a set. Teams have members instead of
// accessors, and keys only whose they are.
func (c *caller) on(set, noun string) identity.Role {
	role := grants[set][c.name]
	switch {
	case noun == "users": // a user's numbers are theirs, and the administrators'
		if c.name == map[string]string{"unshared": "lone", "shared": "guest", "operator's": "operator", "foreign": "foreign"}[set] {
			return identity.RoleOwner
		}
		if c.name != "admin" && c.name != "owner" {
			return ""
		}
	case noun == "teams" && c.name == "helper" && role != "":
		return identity.RoleCollaborator
	case noun == "service_keys" && (c.name == "guest" || c.name == "helper"):
		return ""
	case noun == "service_keys" && c.name == "narrow" && role != "":
		return identity.RoleOwner // a key may be taken away by whoever has it
	}
	return role
}
