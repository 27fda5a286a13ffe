package simulator

import (
	"net/http"
	"slices"
)

// Profiles of the server.
const (
	ProfileOpen   = "open"   // the open-source server, as it was observed
	ProfileHosted = "hosted" // with what only the hosted service has, known from its documentation
)

// Versions that only the hosted service knows.
const (
	version20260225 = "2026-02-25" // writes of bookings
	version20260501 = "2026-05-01" // lists of bookings with cursors
	version20260612 = "2026-06-12" // event types
)

var hostedVersions = []string{version20260225, version20260501, version20260612}

// hosted adds to the routes what the hosted service has.
func hosted(table []route) []route {
	for i := range table {
		r := &table[i]
		switch {
		case slices.Contains(r.versions, version20240813):
			r.versions = append(slices.Clone(r.versions), version20260225)
		case slices.Contains(r.versions, version20240614) && !slices.Contains(r.versions, version20240611) && !slices.Contains(r.versions, version20240415):
			r.versions = append(slices.Clone(r.versions), version20260612)
		}
		if r.pattern == "/v2/organizations/{org}/bookings" {
			r.handle = byVersion(version20260501, func(c *call) *answer { return c.listByCursor(c.organizationSet()) }, r.handle)
		}
	}
	one := []string{version20240813, version20260225}
	return append(table,
		get("/v2/bookings", authPermissions, func(c *call) *answer { return c.listByCursor(c.sim.dir.visible(c.user.id)) }).in(version20260501),
		get("/v2/bookings/{uid}", authOptional, (*call).getBooking).in(version20260501),
		post("/v2/bookings/{uid}/request-reschedule", authPermissions, (*call).requestReschedule).in(one...).answersOK(),
		get("/v2/bookings/{uid}/routing-trace", authPermissions, func(c *call) *answer { return c.getReferences() }).in(one...),
		get("/v2/me/ooo", authRequired, ownAbsences((*call).listUserAbsences)),
		post("/v2/me/ooo", authRequired, ownAbsences((*call).createAbsence)),
		patch("/v2/me/ooo/{ooo}", authRequired, ownAbsences((*call).patchAbsence)),
		remove("/v2/me/ooo/{ooo}", authRequired, ownAbsences((*call).deleteAbsence)),
	)
}

// byVersion chooses by the version that was asked for.
func byVersion(version string, then, otherwise handler) handler {
	return func(c *call) *answer {
		if c.version == version {
			return then(c)
		}
		return otherwise(c)
	}
}

// ownAbsences puts the caller in the place of the path's user.
func ownAbsences(h handler) handler {
	return func(c *call) *answer {
		if c.path == nil {
			c.path = map[string]string{}
		}
		c.path["user"] = text10(c.user.id)
		return h(c)
	}
}

// requestReschedule cancels a booking and asks its attendee for another time.
func (c *call) requestReschedule() *answer {
	o, refusal := c.read(input{optional("reschedulingReason", isString), optional("rescheduleReason", isString)})
	if refusal != nil {
		return refusal
	}
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	if !c.hosts(i) {
		return c.trpc(http.StatusForbidden)
	}
	if s := c.sim.book.rows[i].status; s == cancelled || s == rejected {
		return c.trpc(http.StatusBadRequest)
	}
	c.cancelOne(i, o.text("reschedulingReason"))
	return &answer{status: http.StatusOK, body: marshal(object{{"status", "success"}})}
}
