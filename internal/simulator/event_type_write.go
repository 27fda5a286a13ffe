package simulator

import (
	"net/http"
	"slices"
)

// eventTypeInput describes version 2024-06-14. Members without rules are kept
// as they are given.
var eventTypeInput = input{
	required("lengthInMinutes", isInt, least(1)), optional("lengthInMinutesOptions", isArray, areInts), required("title", isString), required("slug", isString),
	optional("description", isString), optional("bookingFields", isArray), optional("locations", isArray), optional("disableGuests", isBool),
	optional("slotInterval", isInt, least(1)), optional("minimumBookingNotice", isInt, least(0)), optional("beforeEventBuffer", isInt, least(0)),
	optional("afterEventBuffer", isInt, least(0)), optional("scheduleId", isInt), optional("bookingLimitsCount", isObject),
	optional("bookerActiveBookingsLimit", isObject), optional("onlyShowFirstAvailableSlot", isBool), optional("bookingLimitsDuration", isObject),
	optional("bookingWindow", isObject), optional("offsetStart", isInt, least(0)), optional("bookerLayouts", isObject),
	optional("confirmationPolicy", isObject), optional("recurrence", isObject), optional("requiresBookerEmailVerification", isBool),
	optional("hideCalendarNotes", isBool), optional("lockTimeZoneToggleOnBookingPage", isBool), optional("color", isObject), optional("seats", isObject),
	optional("customName", isString), optional("destinationCalendar", isObject), optional("useDestinationCalendarEmail", isBool),
	optional("hideCalendarEventDetails", isBool), optional("successRedirectUrl", isURL), optional("hideOrganizerEmail", isBool),
	optional("calVideoSettings", isObject), optional("hidden", isBool), optional("bookingRequiresAuthentication", isBool), optional("disableCancelling", isObject),
	optional("disableRescheduling", isObject), optional("interfaceLanguage", isString), optional("allowReschedulingPastBookings", isBool),
	optional("allowReschedulingCancelledBookings", isBool), optional("showOptimizedSlots", isBool), optional("metadata", isObject),
}

func eventTypeWriteRoutes() []route {
	return []route{
		post("/v2/event-types", authPermissions, (*call).createEventType).in(version20240614),
		patch("/v2/event-types/{event}", authPermissions, (*call).patchEventType).in(version20240614),
		remove("/v2/event-types/{event}", authPermissions, (*call).deleteEventType).in(version20240614),
		post("/v2/event-types", authPermissions, (*call).createOldEventType).in(version20240415, version20240611),
		patch("/v2/event-types/{event}", authPermissions, (*call).patchOldEventType).in(version20240415, version20240611),
		remove("/v2/event-types/{event}", authPermissions, (*call).deleteEventType).in(version20240415, version20240611),
	}
}

func (d *directory) addEventType(e *eventType) {
	e.id = d.nextID("event type")
	d.events = append(d.events, e)
	d.byEvent[e.id] = e
}

func (c *call) createEventType() *answer {
	o, refusal := c.read(eventTypeInput)
	if refusal != nil {
		return refusal
	}
	if refusal := c.checkEventType(o, nil); refusal != nil {
		return refusal
	}
	e := &eventType{owner: c.user.id, set: object{{"locations", list{}}}}
	e.settle(o)
	c.sim.dir.addEventType(e)
	return c.ok(e.object(c.sim.dir, true))
}

func (c *call) patchEventType() *answer {
	o, refusal := c.read(eventTypeInput.partial())
	if refusal != nil {
		return refusal
	}
	e, refusal := c.writableEventType()
	if refusal != nil {
		return refusal
	}
	if refusal := c.checkEventType(o, e); refusal != nil {
		return refusal
	}
	e.settle(o)
	return c.ok(e.object(c.sim.dir, true))
}

// writableEventType is the caller's own one that the path names; somebody
// else's is as if it were not there (observed 2026-11-23).
func (c *call) writableEventType() (*eventType, *answer) {
	e, refusal := c.anyEventType()
	if refusal == nil && e.owner != c.user.id {
		return nil, c.fail(http.StatusNotFound, "Event type with id "+text10(e.id)+" not found")
	}
	return e, refusal
}

// deleteEventType tells a missing event type in other words than reading one
// does (observed 2026-11-23).
func (c *call) deleteEventType() *answer {
	e, refusal := c.anyEventType()
	switch {
	case refusal != nil && refusal.status == http.StatusNotFound:
		return c.fail(http.StatusNotFound, "Event type with ID="+c.path["event"]+" does not exist.")
	case refusal != nil:
		return refusal
	case e.owner != c.user.id:
		return c.fail(http.StatusForbidden, "User with ID="+text10(c.user.id)+" does not own event type with ID="+text10(e.id))
	}
	return c.dropEventType(e)
}

// dropEventType deletes; the bookings stay, their time of change too.
func (c *call) dropEventType(e *eventType) *answer {
	e.deleted = true
	c.sim.dir.events = dropOne(c.sim.dir.events, e)
	c.sim.dir.webhooks = slices.DeleteFunc(c.sim.dir.webhooks, func(h *webhook) bool { return h.event == e.id })
	return c.ok(object{{"id", e.id}, {"lengthInMinutes", e.length}, {"slug", e.slug}, {"title", e.title}})
}

// oldEventTypeInput describes version 2024-04-15.
var oldEventTypeInput = input{
	required("length", isNumber, least(1)), required("slug", isString), required("title", isString), optional("description", isString),
	optional("hidden", isBool), optional("locations", isArray), optional("metadata", isObject), optional("slotInterval", isInt),
	optional("minimumBookingNotice", isInt), optional("beforeEventBuffer", isInt), optional("afterEventBuffer", isInt),
}

func (o object) fromOld() object {
	next := o.without("length", "locations")
	if n, given := o.number("length"); given {
		next = append(next, field{"lengthInMinutes", n})
	}
	return next
}

func (c *call) createOldEventType() *answer {
	o, refusal := c.read(oldEventTypeInput)
	if refusal != nil {
		return refusal
	}
	if refusal := c.checkEventType(o, nil); refusal != nil {
		return refusal
	}
	e := &eventType{owner: c.user.id, set: object{{"locations", list{}}}}
	e.settle(o.fromOld())
	c.sim.dir.addEventType(e)
	return c.ok(e.oldSingle(c.sim.dir))
}

func (c *call) patchOldEventType() *answer {
	o, refusal := c.read(oldEventTypeInput.partial())
	if refusal != nil {
		return refusal
	}
	e, refusal := c.writableEventType()
	if refusal != nil {
		return refusal
	}
	e.settle(o.fromOld())
	return c.ok(e.oldSingle(c.sim.dir))
}
