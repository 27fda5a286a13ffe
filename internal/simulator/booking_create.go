package simulator

import (
	"net/http"
	"strings"
)

const (
	messageTaken  = "User either already has booking at this time or is not available"
	messagePast   = "Attempting to book a meeting in the past."
	messageBounds = `The event type can't be booked at the "start" time provided. This could be because it's too soon (violating the minimum booking notice) or too far in the future (outside the event's scheduling window). Try fetching available slots first using the GET /v2/slots endpoint and then make a booking with "start" time equal to one of the available slots: https://cal.com/docs/api-reference/v2/slots`
)

// request is a booking that is asked for.
type request struct {
	event    *eventType
	body     object
	attendee attendee
	at       period
	host     int
	status   status
}

// createBooking books. It needs no key: whoever knows an event type's id may
// (observed 2026-11-23).
func (c *call) createBooking() *answer {
	o, refusal := c.bookingBody()
	if refusal != nil {
		return refusal
	}
	e, refusal := c.bookedEvent(o)
	if refusal != nil {
		return refusal
	}
	if refusal := c.bookableBy(e, o); refusal != nil {
		return refusal
	}
	minutes, refusal := c.bookedLength(e, o)
	if refusal != nil {
		return refusal
	}
	if refusal := c.checkFields(e, o); refusal != nil {
		return refusal
	}
	start, _ := instant(o.text("start"))
	q := &request{event: e, body: o, attendee: readAttendee(o.object("attendee")), at: period{start, start + int64(minutes)*minute}}
	if e.confirm {
		q.status = pending
	}
	switch {
	case o.given("recurrenceCount") || e.recurs > 0:
		return c.createSeries(q)
	case e.seats > 0:
		return c.createSeat(q)
	}
	if refusal := c.place(q, none); refusal != nil {
		return refusal
	}
	i := c.sim.book.make(q, c.now.UnixMilli())
	c.announceNew(i)
	return c.okBooking(i)
}

// bookableBy refuses what cannot be booked that way at all.
func (c *call) bookableBy(e *eventType, o object) *answer {
	switch {
	case o.flag("instant") && e.team == 0:
		return c.fail(http.StatusBadRequest, "Instant bookings are only supported for team event types, not individual user event types.")
	case e.set.flag("bookingRequiresAuthentication") && c.user == nil:
		return c.fail(http.StatusUnauthorized, "checkBookingRequiresAuthentication - request must be authenticated by passing credentials belonging to event type owner, host or team or org admin or owner.")
	case e.set.flag("bookingRequiresAuthentication") && !c.manages(e):
		return c.fail(http.StatusForbidden, "checkBookingRequiresAuthentication - user is not authorized to access this event type. User has to be either event type owner, host, team admin or owner or org admin or owner.")
	case e.team != 0 && len(e.hosts) == 0:
		return c.fail(http.StatusUnprocessableEntity, "Can't book this team event type because it has no hosts. Please, add at least 1 host to event type with id="+text10(e.id)+" belonging to team with id="+text10(e.team)+" and try again.")
	case o.given("recurrenceCount") && e.recurs == 0:
		return c.fail(http.StatusNotFound, "Event type with id="+text10(e.id)+" is not a recurring event")
	case o.whole("recurrenceCount") > e.recurs && e.recurs > 0:
		return c.fail(http.StatusBadRequest, "Provided recurrence count is higher than the event type's recurring event count.")
	}
	return nil
}

// manages says whether the caller is the owner or a host of an event type, or
// administers its team.
func (c *call) manages(e *eventType) bool {
	if c.user == nil {
		return false
	}
	if e.owner == c.user.id {
		return true
	}
	for _, h := range e.hosts {
		if h == c.user.id {
			return true
		}
	}
	return e.team != 0 && ranks[c.sim.dir.role(c.user.id, e.team)] >= ranks[roleAdmin]
}

// place finds the host for a request, or says why there is none. The row
// except may be in the way: it is the one that moves.
func (c *call) place(q *request, except int32) *answer {
	now := c.now.UnixMilli()
	switch {
	case q.at.from < now:
		return c.fail(http.StatusBadRequest, messagePast)
	case !q.event.bookable(q.at.from, now) && !c.mayForce(q, "allowBookingOutOfBounds"):
		return c.fail(http.StatusBadRequest, messageBounds)
	}
	if refusal := c.withinLimits(q); refusal != nil {
		return refusal
	}
	host, ok := c.sim.book.organizer(q.event, q.at, except)
	if !ok && c.mayForce(q, "allowConflicts") {
		host, ok = c.user.id, true
	}
	if !ok {
		return c.fail(http.StatusBadRequest, messageTaken)
	}
	q.host = host
	return nil
}

func readAttendee(o object) attendee {
	a := attendee{full: o.text("name"), email: o.text("email"), zone: o.text("timeZone"), phone: o.text("phoneNumber"), language: o.text("language")}
	if a.email == "" {
		a.email = strings.TrimPrefix(a.phone, "+") + "@sms.cal.com"
	}
	return a
}

// okBooking answers with one booking.
func (c *call) okBooking(i int32) *answer { return c.ok(c.sim.book.object(i, c.sim.book.describe(i))) }
