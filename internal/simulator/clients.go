package simulator

import "net/http"

func clientRoutes() []route {
	return []route{get("/v2/oauth-clients", authRequired, (*call).listClients)}
}

// listClients refuses whoever has no organization, and shows an organization
// without clients.
func (c *call) listClients() *answer {
	if c.user.organization == 0 {
		return c.fail(http.StatusForbidden, "OrganizationRolesGuard - No organization associated with the user.")
	}
	return c.ok(list{})
}
