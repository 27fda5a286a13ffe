package simulator

import (
	"math"
	"net/http"
	"strings"
)

// The shape of version 2024-04-15: what a missing, unknown or mistyped version
// header gets, with status 200 and without a word (observed 2026-11-23).

// listOldBookings shows ten upcoming bookings unless filters[status] and limit
// say otherwise; take is not known here.
func (c *call) listOldBookings() *answer {
	q := &bookingQuery{users: c.sim.dir.visible(c.user.id), now: c.now.UnixMilli(), take: 10}
	kind := isUpcoming
	var v validation
	v.check(c.oldQuery(), map[string]rule{
		"filters": func(p parameter) (any, object) { kind = p.values[0]; return object{{"status", kind}}, nil },
		"limit":   whole(&q.take, 1, 100), "cursor": whole(&q.skip, 0, math.MaxInt32),
	})
	if refusal := v.refusal(c); refusal != nil {
		return refusal
	}
	q.statuses = []string{kind}
	q.backwards = kind == isPast || kind == isCancelled
	b := c.sim.book
	bookings := list{}
	for _, i := range b.page(q, c.shuffle()) {
		bookings = append(bookings, b.oldListed(i))
	}
	total := b.total(q)
	var next any
	if q.skip+q.take < total {
		next = q.skip + q.take
	}
	return c.ok(object{{"bookings", bookings}, {"recurringInfo", b.recurringInfo(q.users)}, {"totalCount", total}, {"nextCursor", next}})
}

// oldQuery reads filters[status] as one parameter.
func (c *call) oldQuery() query {
	var q query
	for _, p := range c.query {
		if p.name == "filters[status]" {
			p.name = "filters"
		}
		q = append(q, p)
	}
	return q
}

// recurringInfo sums up the recurring series of some hosts.
func (b *book) recurringInfo(users userSet) list {
	info := list{}
	for n := range b.series {
		rows := b.seriesRows(int32(n))
		if len(rows) == 0 || !users.has(b.rows[rows[0]].user) {
			continue
		}
		starts := map[status]list{}
		first := int64(math.MaxInt64)
		for _, i := range rows {
			r := &b.rows[i]
			starts[r.status] = append(starts[r.status], clockText(r.start))
			first = min(first, r.start)
		}
		info = append(info, object{
			{"recurringEventId", uidOf(b.seriesTag(int32(n)))}, {"count", len(rows)}, {"firstDate", clockText(first)},
			{"bookings", object{{"ACCEPTED", starts[accepted]}, {"CANCELLED", starts[cancelled]}, {"REJECTED", starts[rejected]},
				{"PENDING", starts[pending]}, {"AWAITING_HOST", list{}}}},
		})
	}
	return info
}

func timeOrNull(ms int64) any {
	if ms == noTime {
		return nil
	}
	return clockText(ms)
}

func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (b *book) oldSeries(r *row) any {
	if r.series == none {
		return nil
	}
	return uidOf(b.seriesTag(r.series))
}

// oldMoves are the old shape's members about rescheduling.
func (b *book) oldMoves(r *row, d *detail) object {
	var from, moved any
	if r.from != none {
		from = uidOf(b.rows[r.from].tag)
	}
	if r.to != none {
		moved = true
	}
	return object{{"fromReschedule", from}, {"rescheduled", moved}, {"rescheduledBy", d.movedBy}}
}

// oldResponses always lists guests.
func (d *detail) oldResponses() object {
	return append(d.responses.without(), field{"guests", texts(d.guests)})
}

func (u *user) oldObject() object {
	return object{{"id", u.id}, {"name", u.name}, {"email", u.email}, {"avatarUrl", nil}, {"username", u.username}, {"timeZone", u.zone}}
}

// oldListed is a booking within a list.
func (b *book) oldListed(i int32) object {
	r, d := &b.rows[i], b.describe(i)
	host := b.dir.user(int(r.user))
	id := firstID + int(i)
	attendees, seats := list{}, list{}
	for n, a := range d.attendees {
		attendees = append(attendees, object{
			{"id", 2*id + n}, {"email", a.email}, {"name", a.name()}, {"timeZone", a.zone}, {"bookingId", id}, {"locale", "en"},
			{"phoneNumber", textOrNull(a.phone)}, {"noShow", a.absent},
			{"user", object{{"name", nil}, {"email", a.email}, {"avatarUrl", nil}, {"username", nil}}},
		})
		if r.seats > 0 {
			seats = append(seats, object{{"referenceUid", seatUID(r.tag, n)}, {"attendee", object{{"email", a.email}}}})
		}
	}
	e := b.dir.event(r)
	o := object{
		{"id", id}, {"title", d.title}, {"userPrimaryEmail", host.email}, {"description", ""}, {"customInputs", object{}},
		{"startTime", clockText(r.start)}, {"createdAt", clockText(r.created)}, {"updatedAt", timeOrNull(r.updated)},
		{"endTime", clockText(r.end())}, {"metadata", d.metadata}, {"uid", uidOf(r.tag)}, {"responses", d.oldResponses()},
		{"recurringEventId", b.oldSeries(r)}, {"location", d.location}, {"status", oldStatus(r.status)}, {"paid", false},
	}
	o = append(o, b.oldMoves(r, d)...)
	return append(o, object{
		{"cancelledBy", nil}, {"isRecorded", false}, {"cancellationReason", textOrNull(d.reason)}, {"rejectionReason", nil},
		{"routedFromRoutingFormReponse", nil}, {"eventType", e.oldOfBooking(b.dir)}, {"references", list{}}, {"payment", list{}},
		{"user", host.oldObject()}, {"attendees", attendees}, {"seatsReferences", seats}, {"assignmentReason", list{}}, {"report", nil},
		{"rescheduler", nil},
	}...)
}

// oldOfBooking is an event type within a booking of a list.
func (e *eventType) oldOfBooking(d *directory) object {
	if e.deleted {
		return object{{"price", 0}, {"recurringEvent", nil}, {"currency", "usd"}, {"metadata", object{}}}
	}
	var t any
	hosts := list{}
	if e.team != 0 {
		of := d.team(e.team)
		t = object{{"id", of.id}, {"name", of.name}, {"slug", of.slug}}
	}
	for _, id := range e.hosts {
		hosts = append(hosts, object{{"userId", id}, {"user", object{{"id", id}, {"email", d.user(id).email}}}})
	}
	return object{
		{"slug", e.slug}, {"id", e.id}, {"title", e.title}, {"eventName", nil}, {"price", 0}, {"recurringEvent", e.oldRecurrence()},
		{"currency", "usd"}, {"metadata", e.metadata()}, {"disableGuests", false}, {"bookingFields", e.oldBookingFields(false)},
		{"seatsPerTimeSlot", orNull(e.seats)}, {"seatsShowAttendees", e.seats > 0}, {"seatsShowAvailabilityCount", true},
		{"eventTypeColor", nil}, {"customReplyToEmail", nil}, {"allowReschedulingPastBookings", false}, {"hideOrganizerEmail", false},
		{"disableCancelling", false}, {"disableRescheduling", false}, {"minimumRescheduleNotice", nil}, {"teamId", orNull(e.team)},
		{"parentId", nil}, {"schedulingType", e.oldScheduling()}, {"hosts", hosts}, {"length", e.length}, {"team", t}, {"hostGroups", list{}},
	}
}

// getOldBooking is one booking asked for by uid.
func (c *call) getOldBooking() *answer {
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	b := c.sim.book
	r, d := &b.rows[i], b.describe(i)
	host := b.dir.user(int(r.user))
	attendees := list{}
	for _, a := range d.attendees {
		attendees = append(attendees, object{{"name", a.name()}, {"email", a.email}, {"timeZone", a.zone}, {"phoneNumber", textOrNull(a.phone)}})
	}
	e := b.dir.event(r)
	var id, kind any
	if !e.deleted {
		id = e.id
		kind = object{{"eventName", nil}, {"slug", e.slug}, {"timeZone", nil}, {"schedulingType", e.oldScheduling()}, {"hideOrganizerEmail", false}}
	}
	o := object{
		{"title", d.title}, {"id", firstID + int(i)}, {"uid", uidOf(r.tag)}, {"description", ""}, {"customInputs", object{}},
		{"smsReminderNumber", nil}, {"recurringEventId", b.oldSeries(r)}, {"startTime", clockText(r.start)}, {"endTime", clockText(r.end())},
		{"location", d.location}, {"status", oldStatus(r.status)}, {"metadata", d.metadata},
		{"cancellationReason", textOrNull(d.reason)}, {"cancelledBy", nil}, {"responses", d.oldResponses()},
		{"rejectionReason", nil}, {"userPrimaryEmail", host.email},
	}
	o = append(o, b.oldMoves(r, d)...)
	o = append(o, object{
		{"user", host.oldObject()}, {"attendees", attendees}, {"eventTypeId", id}, {"eventType", kind}, {"seatsReferences", list{}}, {"tracking", nil},
	}...)
	return &answer{status: http.StatusOK, body: marshal(object{{"status", "success"}, {"data", o}})}
}

func oldStatus(s status) string { return strings.ToUpper(statusNames[s]) }
