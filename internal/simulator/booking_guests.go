package simulator

import (
	"net/http"
	"slices"
)

var guestInput = input{
	required("email", isEmail), optional("name", isString), optional("timeZone", isZone), optional("phoneNumber", isString), optional("language", isString),
}

var guestsInput = input{required("guests", isArray, atLeastItems(1), atMostItems(10)).each(guestInput)}

// addGuests brings people along, in the caller's time zone unless they say
// otherwise (observed 2026-11-23).
func (c *call) addGuests() *answer {
	o, refusal := c.read(guestsInput)
	if refusal != nil {
		return refusal
	}
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	if !c.sees(i) {
		return c.trpc(http.StatusForbidden)
	}
	d := c.sim.book.detailed(i)
	for _, one := range o.list("guests") {
		g := readAttendee(one.(object))
		if slices.ContainsFunc(d.attendees, func(a attendee) bool { return a.email == g.email }) {
			return c.trpc(http.StatusBadRequest)
		}
		c.bring(i, g)
	}
	return c.okBooking(i)
}

// bring adds somebody to a booking and moves its time of change.
func (c *call) bring(i int32, a attendee) {
	b := c.sim.book
	if a.zone == "" {
		a.zone = b.dir.user(int(b.rows[i].user)).zone
	}
	d := b.detailed(i)
	d.attendees = append(d.attendees, a)
	if b.rows[i].seats == 0 {
		d.guests, d.listsGuests = append(d.guests, a.email), true
	} else {
		last := &d.attendees[len(d.attendees)-1]
		last.seat, last.answers, last.metadata = c.sim.dir.nextUUID(), object{{"name", a.name()}}, object{}
		b.rows[i].seats = uint8(min(len(d.attendees), 255))
	}
	b.change(i, func(r *row) { r.updated = c.now.UnixMilli() })
}

var locationInput = input{required("location", isObject)}

func (c *call) patchLocation() *answer {
	o, refusal := c.read(locationInput)
	if refusal != nil {
		return refusal
	}
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	if !c.sees(i) {
		return c.fail(http.StatusForbidden, "User is not authorized to update this booking location. User must be the event type owner, host, team admin or owner, or org admin or owner.")
	}
	l := o.object("location")
	if kind := l.text("type"); !slices.Contains(locationKinds, kind) {
		return c.fail(http.StatusBadRequest, "Booking location with type "+kind+" not valid.")
	}
	c.sim.book.detailed(i).locate(o)
	c.sim.book.change(i, func(r *row) { r.updated = c.now.UnixMilli() })
	return c.okBooking(i)
}

var locationKinds = []string{
	"address", "attendeeAddress", "attendeeDefined", "attendeePhone", "integration", "link", "phone", "organizersDefaultApp",
}

// Attendees have ids of their own, after their booking's.
func (c *call) attendeeObject(i int32, n int, a attendee) object {
	return object{
		{"id", 2*(firstID+int(i)) + n}, {"bookingId", firstID + int(i)}, {"name", a.name()}, {"email", a.email}, {"displayEmail", a.email}, {"timeZone", a.zone},
		{"language", a.speaks()}, {"absent", a.absent}, {"phoneNumber", textOrNull(a.phone)},
	}
}

func (c *call) listAttendees() *answer {
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	all := list{}
	for n, a := range c.sim.book.attendeesOf(i) {
		all = append(all, c.attendeeObject(i, n, a))
	}
	return c.ok(all)
}

func (c *call) getAttendee() *answer {
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	id, ok := c.id("attendee")
	if !ok {
		return c.broken()
	}
	n := id - 2*(firstID+int(i))
	if all := c.sim.book.attendeesOf(i); n >= 0 && n < len(all) {
		return c.ok(c.attendeeObject(i, n, all[n]))
	}
	return c.fail(http.StatusNotFound, "Attendee with id "+text10(id)+" not found in booking "+c.path["uid"])
}

var addAttendeeInput = input{
	required("name", isString), required("timeZone", isZone), required("email", isEmail), optional("phoneNumber", isString), optional("language", isString),
}

func (c *call) addAttendee() *answer {
	o, refusal := c.read(addAttendeeInput)
	if refusal != nil {
		return refusal
	}
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	if !c.sees(i) {
		return c.trpc(http.StatusForbidden)
	}
	c.bring(i, readAttendee(o))
	all := c.sim.book.attendeesOf(i)
	return c.ok(c.attendeeObject(i, len(all)-1, all[len(all)-1]))
}

// getBySeat finds the booking of a seat.
func (c *call) getBySeat() *answer {
	b := c.sim.book
	for n := range b.rows {
		if b.rows[n].seats == 0 || b.rows[n].status == erased {
			continue
		}
		d := b.describe(int32(n))
		if slices.ContainsFunc(d.attendees, func(a attendee) bool { return a.seat == c.path["seat"] }) {
			return c.okBooking(int32(n))
		}
	}
	return c.fail(http.StatusNotFound, "Seat with uid="+c.path["seat"]+" does not exist.")
}
