package simulator

import (
	"strings"
	"time"
)

// hookWanted says which webhooks hear of a booking: those of its host, of its
// event type, and of the host's team and organization.
func (c *call) hookWanted(i int32) func(*webhook) bool {
	r := &c.sim.book.rows[i]
	e, host := c.sim.dir.event(r), c.sim.dir.user(int(r.user))
	return func(h *webhook) bool {
		switch {
		case h.event != 0:
			return h.event == e.id
		case h.organization != 0:
			return h.organization == host.organization
		}
		return h.user == host.id
	}
}

// announceNew tells of a booking that was made.
func (c *call) announceNew(i int32) {
	if c.sim.book.rows[i].status == pending {
		c.announce("BOOKING_REQUESTED", i)
		return
	}
	c.announce("BOOKING_CREATED", i)
}

// announce tells of what happened to a booking.
func (c *call) announce(trigger string, i int32) {
	c.announceEvent(trigger, c.hookWanted(i), c.hookPayload(trigger, i))
}

// announceAbsent tells of attendees; a host's absence is not told (observed
// 2026-11-23).
func (c *call) announceAbsent(i int32, marks list) {
	var message []string
	people := list{}
	for _, m := range marks {
		mark := m.(object)
		said := " unmarked as no-show"
		if mark.flag("absent") {
			said = " marked as no-show"
		}
		message = append(message, mark.text("email")+said)
		people = append(people, object{{"email", mark.text("email")}, {"noShow", mark.flag("absent")}})
	}
	c.announceEvent("BOOKING_NO_SHOW_UPDATED", c.hookWanted(i), object{
		{"message", strings.Join(message, ", ")}, {"attendees", people}, {"bookingUid", uidOf(c.sim.book.rows[i].tag)}, {"bookingId", firstID + int(i)},
	})
}

// hookPayload is not the API's shape, and each trigger has its own (observed
// 2026-11-23 for created, cancelled and rejected bookings; requested and
// rescheduled ones are taken to be like created ones).
func (c *call) hookPayload(trigger string, i int32) object {
	b := c.sim.book
	r, d := &b.rows[i], b.describe(i)
	e := b.dir.event(r)
	uid := uidOf(r.tag)
	common := object{
		{"bookerUrl", "https://cal.com"}, {"title", d.title}, {"additionalNotes", ""}, {"type", e.slug}, {"eventTypeId", e.id}, {"customInputs", object{}},
		{"userFieldsResponses", e.userFields(d)}, {"organizer", b.hookOrganizer(r)}, {"uid", uid}, {"bookingId", firstID + int(i)}, {"location", d.location},
		{"customReplyToEmail", nil}, {"hideOrganizerEmail", false}, {"eventTitle", e.title}, {"currency", "usd"}, {"length", int(r.minutes)},
		{"description", e.description},
	}
	switch trigger {
	case "BOOKING_CANCELLED":
		return append(common, object{
			{"startTime", hookTime(r.start, "2006-01-02T15:04:05+00:00")}, {"endTime", hookTime(r.end(), "2006-01-02T15:04:05+00:00")},
			{"attendees", hookPeople(r, d, false)}, {"responses", d.hookResponses(false)}, {"destinationCalendar", list{}}, {"cancellationReason", d.reason},
			{"seatsPerTimeSlot", orNull(e.seats)}, {"seatsShowAttendees", false}, {"iCalUID", d.calendarUID}, {"iCalSequence", 1},
			{"organizationId", nil}, {"eventDescription", e.oldDescription()}, {"requiresConfirmation", nil}, {"price", nil},
			{"status", "CANCELLED"}, {"requestReschedule", false},
		}...)
	case "BOOKING_REJECTED":
		return append(common, object{
			{"startTime", clockText(r.start)}, {"endTime", clockText(r.end())}, {"attendees", hookPeople(r, d, false)}, {"responses", d.hookResponses(false)},
			{"destinationCalendar", list{}}, {"requiresConfirmation", e.confirm}, {"hideCalendarNotes", false}, {"hideCalendarEventDetails", false},
			{"organizationId", nil}, {"rejectionReason", d.rejection}, {"eventDescription", textOrNull(e.description)}, {"price", 0}, {"status", "REJECTED"},
		}...)
	}
	common = append(common, object{
		{"startTime", hookTime(r.start, time.RFC3339)}, {"endTime", hookTime(r.end(), time.RFC3339)}, {"attendees", hookPeople(r, d, true)},
		{"responses", d.hookResponses(true)}, {"hideCalendarNotes", false}, {"hideCalendarEventDetails", false}, {"schedulingType", e.oldScheduling()},
		{"seatsPerTimeSlot", orNull(e.seats)}, {"seatsShowAttendees", true}, {"seatsShowAvailabilityCount", true}, {"disableRescheduling", false},
		{"disableCancelling", false}, {"destinationCalendar", nil}, {"iCalUID", d.calendarUID}, {"iCalSequence", 0}, {"requiresConfirmation", e.confirm},
		{"oneTimePassword", nil}, {"hashedLink", nil}, {"eventDescription", e.oldDescription()}, {"price", 0},
		{"metadata", append(object{{"videoCallUrl", d.location}}, d.metadata...)}, {"status", strings.ToUpper(statusNames[r.status])},
	}...)
	if r.from != none {
		old := &b.rows[r.from]
		common = append(common, object{
			{"rescheduleId", firstID + int(r.from)}, {"rescheduleUid", uidOf(old.tag)},
			{"rescheduleStartTime", hookTime(old.start, time.RFC3339)}, {"rescheduleEndTime", hookTime(old.end(), time.RFC3339)}, {"rescheduledBy", d.movedBy},
		}...)
	}
	return common
}

func hookTime(ms int64, layout string) string { return time.UnixMilli(ms).UTC().Format(layout) }

// utcOffset is a zone's distance from UTC at a time, in minutes.
func utcOffset(name string, ms int64) int {
	place, _ := zone(name)
	_, seconds := time.UnixMilli(ms).In(place).Zone()
	return seconds / 60
}

func (b *book) hookOrganizer(r *row) object {
	u := b.dir.user(int(r.user))
	return object{
		{"id", u.id}, {"name", u.name}, {"email", u.email}, {"username", u.username}, {"timeZone", u.zone}, {"language", object{{"locale", "en"}}},
		{"timeFormat", "h:mma"}, {"utcOffset", utcOffset(u.zone, r.start)},
	}
}

func hookPeople(r *row, d *detail, made bool) list {
	all := list{}
	for _, a := range d.attendees {
		o := object{{"email", a.email}, {"name", a.name()}, {"timeZone", a.zone}, {"language", object{{"locale", a.speaks()}}}, {"utcOffset", utcOffset(a.zone, r.start)}}
		if made {
			o = append(o, field{"firstName", ""}, field{"lastName", ""})
		} else {
			o = append(o, field{"phoneNumber", textOrNull(a.phone)})
		}
		all = append(all, o)
	}
	return all
}

// hookResponses are the answers with their questions' labels. Once a booking
// is made, the place is no longer told.
func (d *detail) hookResponses(made bool) object {
	answer := func(label string, v any, hidden bool) object {
		o := object{{"label", label}}
		if v != nil {
			o = append(o, field{"value", v})
		}
		return append(o, field{"isHidden", hidden})
	}
	var place, guests any
	o := object{}
	if made {
		place = object{{"value", d.location}, {"optionValue", ""}}
		o = append(o, field{"attendeePhoneNumber", answer("phone_number", d.responses.phone(), true)})
	}
	if d.listsGuests {
		guests = texts(d.guests)
	}
	name, _ := d.responses.value("name")
	return append(o, object{
		{"name", answer("your_name", name, false)}, {"email", answer("email_address", d.responses.text("email"), false)},
		{"location", answer("location", place, false)}, {"title", answer("what_is_this_meeting_about", nil, true)},
		{"notes", answer("additional_notes", nil, false)}, {"guests", answer("additional_guests", guests, false)},
		{"rescheduleReason", answer("reason_for_reschedule", nil, false)},
	}...)
}

func (o object) phone() any { v, _ := o.value("attendeePhoneNumber"); return v }

// userFields are the answers to an event type's own questions.
func (e *eventType) userFields(d *detail) object {
	o := object{}
	for _, q := range e.questions() {
		if v, given := d.responses.value(q.text("slug")); given && !q.flag("isDefault") {
			o = append(o, field{q.text("slug"), object{{"label", q.text("label")}, {"value", v}, {"isHidden", q.flag("hidden")}}})
		}
	}
	return o
}
