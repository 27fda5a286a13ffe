package simulator

import (
	"net/http"
)

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
