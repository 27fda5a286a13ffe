package simulator

import "net/http"

func conferencingRoutes() []route {
	return []route{
		get("/v2/conferencing", authRequired, (*call).listConferencing),
		get("/v2/conferencing/default", authRequired, (*call).getDefaultConferencing),
	}
}

// listConferencing shows an account without conferencing apps, as observed.
func (c *call) listConferencing() *answer { return c.ok(list{}) }

// getDefaultConferencing has no data member at all when there is no default
// (observed 2026-11-23).
func (c *call) getDefaultConferencing() *answer {
	return &answer{status: http.StatusOK, body: marshal(object{{"status", "success"}})}
}
