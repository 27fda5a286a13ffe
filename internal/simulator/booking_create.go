package simulator

import (
	"net/http"
	"strings"
	"time"
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
	case !q.event.bookable(q.at.from, now):
		return c.fail(http.StatusBadRequest, messageBounds)
	}
	if refusal := c.withinLimits(q); refusal != nil {
		return refusal
	}
	host, ok := c.sim.book.organizer(q.event, q.at, except)
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

// make adds the row and the detail of a request.
func (b *book) make(q *request, now int64) int32 {
	r := row{
		from: none, to: none, series: none, start: q.at.from, minutes: uint16(min((q.at.to-q.at.from)/minute, 65535)), created: now, updated: now,
		event: uint32(q.event.id), user: uint8(q.host), status: q.status,
	}
	i := b.add(r)
	uid := uidOf(b.rows[i].tag)
	guests := q.body.strings("guests")
	d := &detail{
		title: q.event.title + " between " + b.dir.organizerName(q.event, q.host) + " and " + q.attendee.name(), description: "", metadata: object{},
		location: b.dir.placeOf(q.event, q.host), attendees: []attendee{q.attendee}, guests: guests, listsGuests: len(guests) > 0, calendarUID: uid + "@Cal.com",
	}
	for _, email := range guests {
		d.attendees = append(d.attendees, attendee{email: email, zone: q.attendee.zone})
	}
	if m := q.body.object("metadata"); m != nil {
		d.metadata = m
	}
	d.responses = q.responses()
	d.locate(q.body)
	d.visible = now + b.lag
	b.details[i] = d
	return i
}

// organizerName is how a title names who gives an event.
func (d *directory) organizerName(e *eventType, host int) string {
	if e.team != 0 && e.collective {
		return d.team(e.team).name
	}
	return d.user(host).name
}

func (q *request) responses() object {
	o := object{{"email", q.attendee.email}}
	if q.attendee.phone != "" {
		o = append(o, field{"attendeePhoneNumber", q.attendee.phone})
	}
	o = append(o, field{"name", q.attendee.name()})
	for _, f := range q.body.object("bookingFieldsResponses") {
		if f.name != "email" && f.name != "name" && f.name != "guests" {
			o = o.with(f.name, f.value)
		}
	}
	return o
}

// placeOf is where an event takes place unless the booking says otherwise.
func (d *directory) placeOf(e *eventType, host int) string {
	if locations := e.set.list("locations"); locations != nil {
		if len(locations) == 0 {
			return "integrations:daily"
		}
		first, _ := locations[0].(object)
		for _, name := range []string{"link", "address", "phone", "integration"} {
			if text := first.text(name); text != "" {
				return text
			}
		}
		return first.text("type")
	}
	switch e.place {
	case placeCalVideo:
		return "integrations:daily"
	case placeAddress:
		return "1 Main St, Berlin"
	}
	if u := d.user(e.owner); u != nil {
		return "https://meet.example.com/" + u.username
	}
	return "https://meet.example.com/" + d.user(host).username
}

// locate obeys the location of a request's body. A link is the event type's
// affair: naming one changes nothing but the answers (observed 2026-11-23).
func (d *detail) locate(body object) {
	if url := body.text("meetingUrl"); url != "" {
		d.location = url
	}
	l := body.object("location")
	if l == nil {
		return
	}
	option := ""
	for _, name := range []string{"address", "phone", "location", "integration"} {
		if text := l.text(name); text != "" {
			d.location, option = text, text
		}
	}
	d.responses = d.responses.with("location", object{{"value", l.text("type")}, {"optionValue", option}})
}

// createSeries books a weekly, monthly or yearly series: all times must be
// free, and the answer is a list.
func (c *call) createSeries(q *request) *answer {
	count := q.event.recurs
	if n, given := q.body.number("recurrenceCount"); given {
		count = int(n)
	}
	var all []request
	for n := range count {
		one := *q
		shift := q.event.recurrence().later(time.UnixMilli(q.at.from).UTC(), n).UnixMilli() - q.at.from
		one.at = period{q.at.from + shift, q.at.to + shift}
		if refusal := c.place(&one, none); refusal != nil {
			return refusal
		}
		all = append(all, one)
	}
	b := c.sim.book
	series := int32(len(b.series))
	b.series = append(b.series, nil)
	b.names[series] = c.sim.dir.nextUUID()
	var rows []int32
	for n := range all {
		i := b.make(&all[n], c.now.UnixMilli())
		b.rows[i].series = series
		rows = append(rows, i)
		c.announceNew(i)
	}
	b.series[series] = rows
	return c.okBookingList(rows)
}

// createSeat books one seat: of the booking that is there at the time, or of a
// new one.
func (c *call) createSeat(q *request) *answer {
	b := c.sim.book
	q.attendee.seat, q.attendee.metadata = c.sim.dir.nextUUID(), object{}
	q.attendee.answers = object{{"name", q.attendee.name()}, {"guests", texts(q.body.strings("guests"))}}
	if m := q.body.object("metadata"); m != nil {
		q.attendee.metadata = m
	}
	i, there := b.seated(q.event, q.at.from)
	switch {
	case !there:
		if refusal := c.place(q, none); refusal != nil {
			return refusal
		}
		i = b.make(q, c.now.UnixMilli())
		b.rows[i].seats = 1
		d := b.details[i]
		d.description, d.attendees, d.calendarUID = nil, d.attendees[:1], uidOf(mix(b.rows[i].tag))+"@Cal.com"
	case len(b.attendeesOf(i)) >= q.event.seats:
		return c.fail(http.StatusConflict, "No more seats left at this seated booking.")
	default: // a second seat does not move the time of change (observed 2026-11-23)
		d := b.detailed(i)
		d.attendees = append(d.attendees, q.attendee)
		b.rows[i].seats++
	}
	c.announceNew(i)
	o := b.object(i, b.detailed(i))
	return c.ok(append(o, field{"seatUid", q.attendee.seat}))
}

// hidesSeats says that an event type does not show to the caller who else has
// a seat.
func (c *call) hidesSeats(i int32) bool {
	r := &c.sim.book.rows[i]
	seats := c.sim.dir.event(r).set.object("seats")
	return r.seats > 0 && seats != nil && !seats.flag("showAttendeeInfo") && !c.sees(i)
}

// okBooking answers with one booking.
func (c *call) okBooking(i int32) *answer { return c.ok(c.sim.book.object(i, c.sim.book.describe(i))) }

func (c *call) okBookingList(rows []int32) *answer {
	all := list{}
	for _, i := range rows {
		all = append(all, c.sim.book.object(i, c.sim.book.describe(i)))
	}
	return c.ok(all)
}
