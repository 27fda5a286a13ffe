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

var teamEventTypeInput = append(slices.Clone(eventTypeInput),
	required("schedulingType", oneWord("collective", "roundRobin", "managed")), optional("assignAllTeamMembers", isBool),
	optional("hosts", isArray).each(input{required("userId", isInt), optional("mandatory", isBool), optional("priority", oneWord("lowest", "low", "medium", "high", "highest"))}),
	optional("rescheduleWithSameRoundRobinHost", isBool),
)

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

// longestEvent bounds the length of an event, so that a day's search for
// clashes stays short.
const longestEvent = 1440 * 14

// settle takes what decides about bookings out of the settings that were
// written, and keeps those that are shown as given.
func (e *eventType) settle(o object) {
	if n, given := o.number("lengthInMinutes"); given {
		e.length = int(max(min(n, longestEvent), 1))
	}
	if o.given("lengthInMinutesOptions") {
		e.lengths = nil
		for _, v := range o.list("lengthInMinutesOptions") {
			e.lengths = append(e.lengths, int(max(min(v.(float64), longestEvent), 1)))
		}
	}
	for name, into := range map[string]*string{"title": &e.title, "slug": &e.slug, "description": &e.description} {
		if o.given(name) {
			*into = o.text(name)
		}
	}
	if o.given("hidden") {
		e.hidden = o.flag("hidden")
	}
	if o.given("scheduleId") {
		e.schedule = o.whole("scheduleId")
	}
	if p := o.object("confirmationPolicy"); p != nil {
		e.confirm = !p.flag("disabled")
	}
	if s := o.object("seats"); s != nil {
		e.seats = 0
		if !s.flag("disabled") {
			e.seats = max(min(s.whole("seatsPerTimeSlot"), 250), 1)
		}
	}
	if r := o.object("recurrence"); r != nil {
		e.recurs = 0
		if !r.flag("disabled") {
			e.recurs = max(min(r.whole("occurrences"), 100), 1)
		}
	}
	e.set = e.set.merged(o.without("lengthInMinutes", "lengthInMinutesOptions", "title", "slug", "description", "hidden", "scheduleId", "hosts", "schedulingType"))
	e.keepForms()
}

// keepForms writes settings as they are shown, which is not always as they
// are given.
func (e *eventType) keepForms() {
	for _, name := range []string{"recurrence", "seats"} {
		if o := e.set.object(name); o != nil && !o.flag("disabled") {
			e.set = e.set.with(name, append(object{{"disabled", false}}, o.without("disabled")...))
		}
	}
	if o := e.set.object("recurrence"); o.flag("disabled") {
		e.set = e.set.with("recurrence", nil)
	}
	if own := e.set.list("bookingFields"); own != nil {
		e.fields = nil
		for _, f := range own {
			if o, ok := f.(object); ok {
				e.fields = append(e.fields, shownField(o))
			}
		}
		e.set = e.set.without("bookingFields")
	}
	if e.lengths != nil {
		e.set = e.set.without("metadata")
	}
}

// shownField is one question as it is shown.
func shownField(o object) object {
	shown := object{{"isDefault", false}}
	for _, name := range []string{"type", "slug", "label", "required", "placeholder", "disableOnPrefill", "options", "hidden"} {
		if v, given := o.value(name); given {
			shown = append(shown, field{name, v})
		} else if name == "disableOnPrefill" || name == "hidden" || name == "required" {
			shown = append(shown, field{name, false})
		}
	}
	return shown
}

// checkEventType refuses settings that do not go together.
func (c *call) checkEventType(o object, own *eventType) *answer {
	d := c.sim.dir
	taken := func(e *eventType) bool {
		return e != own && e.slug == o.text("slug") && (own == nil && e.owner == c.user.id || own != nil && e.owner == own.owner && e.team == own.team)
	}
	switch seats, confirm := o.object("seats"), o.object("confirmationPolicy"); {
	case o.given("slug") && len(d.eventTypesWhere(taken)) > 0:
		return c.fail(http.StatusBadRequest, "User already has an event type with this slug.")
	case seats != nil && !seats.flag("disabled") && confirm != nil && !confirm.flag("disabled"):
		return c.fail(http.StatusBadRequest, "RequiresConfirmation Validation failed: Seats are enabled but requiresConfirmation is true.")
	case seats != nil && !seats.flag("disabled") && len(o.list("locations")) > 1:
		return c.fail(http.StatusBadRequest, "Seats Validation failed: Seats are enabled but more than one location provided.")
	}
	if id := o.whole("scheduleId"); o.given("scheduleId") {
		if s := byID(d.schedules, id, func(s *schedule) int { return s.id }); s == nil || s.owner != c.user.id {
			return c.fail(http.StatusNotFound, "User with ID="+text10(c.user.id)+" does not own schedule with ID="+text10(id))
		}
	}
	return nil
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

func (c *call) createTeamEventType() *answer {
	o, refusal := c.read(teamEventTypeInput)
	if refusal != nil {
		return refusal
	}
	t := c.team()
	if c.sim.dir.slugged(o.text("slug"), 0, t.id) != nil {
		return c.fail(http.StatusBadRequest, "Team already has an event type with this slug.")
	}
	e := &eventType{team: t.id, set: object{{"locations", list{}}}, collective: o.text("schedulingType") == "collective", managed: o.text("schedulingType") == "managed"}
	if refusal := c.setHosts(e, o); refusal != nil {
		return refusal
	}
	e.settle(o)
	c.sim.dir.addEventType(e)
	shown := e.object(c.sim.dir, true).with("team", object{{"id", t.id}}) // a new one's team has nothing else (observed 2026-11-23)
	return c.ok(shown)
}

// setHosts reads the hosts, who must be members.
func (c *call) setHosts(e *eventType, o object) *answer {
	if o.flag("assignAllTeamMembers") {
		e.hosts = nil
		for _, m := range c.sim.dir.members(e.team) {
			e.hosts = append(e.hosts, m.user)
		}
		return nil
	}
	if !o.given("hosts") {
		return nil
	}
	e.hosts = nil
	for _, h := range o.list("hosts") {
		id := h.(object).whole("userId")
		if c.sim.dir.membership(id, e.team) == nil {
			return c.fail(http.StatusNotFound, "Invalid hosts. User with ID="+text10(id)+" is not a member of the team with ID="+text10(e.team)+".")
		}
		e.hosts = append(e.hosts, id)
	}
	return nil
}

func (c *call) teamEventType() (*eventType, *answer) {
	e, refusal := c.anyEventType()
	if refusal == nil && e.team != c.team().id {
		return nil, c.fail(http.StatusNotFound, "Event type with ID="+c.path["event"]+" does not exist.")
	}
	return e, refusal
}

func (c *call) patchTeamEventType() *answer {
	o, refusal := c.read(teamEventTypeInput.partial())
	if refusal != nil {
		return refusal
	}
	e, refusal := c.teamEventType()
	if refusal != nil {
		return refusal
	}
	if s := o.text("slug"); s != "" && s != e.slug && c.sim.dir.slugged(s, 0, e.team) != nil {
		return c.fail(http.StatusBadRequest, "Team already has an event type with this slug.")
	}
	if refusal := c.setHosts(e, o); refusal != nil {
		return refusal
	}
	e.settle(o)
	return c.ok(e.object(c.sim.dir, true))
}

func (c *call) deleteTeamEventType() *answer {
	e, refusal := c.teamEventType()
	if refusal != nil {
		return refusal
	}
	return c.dropEventType(e)
}

// phoneCall needs a provider that the simulator does not have.
func (c *call) phoneCall() *answer {
	if _, refusal := c.teamEventType(); refusal != nil {
		return refusal
	}
	if _, refusal := c.read(input{required("yourPhoneNumber", isString), required("numberToCall", isString), required("calApiKey", isString)}); refusal != nil {
		return refusal
	}
	return c.fail(http.StatusBadRequest, "Phone calls need a provider, and none is configured.")
}
