package simulator

import (
	"net/http"

	"github.com/google/uuid"
)

// oldBookingInput describes a booking of version 2024-04-15.
var oldBookingInput = input{
	optional("end", isString), required("start", isString), required("eventTypeId", isNumber), optional("eventTypeSlug", isString),
	optional("rescheduleUid", isString), optional("recurringEventId", isString), required("timeZone", isZone), optional("user", isArray),
	required("language", isString), optional("bookingUid", isString), required("metadata", isObject), optional("hasHashedBookingLink", isBool),
	optional("hashedLink", isString), optional("seatReferenceUid", isString), optional("responses", isObject),
}

// createOldBooking books in the shape of version 2024-04-15.
func (c *call) createOldBooking() *answer {
	o, refusal := c.read(oldBookingInput)
	if refusal != nil {
		return refusal
	}
	start, ok := instant(o.text("start"))
	if !ok {
		return c.fail(http.StatusBadRequest, "Invalid start time")
	}
	e, refusal := c.bookedEvent(o)
	if refusal != nil {
		return refusal
	}
	in := o.object("responses")
	q := &request{event: e, at: period{start, start + int64(e.length)*minute}, body: object{{"guests", in.list("guests")}, {"metadata", o.object("metadata")}}}
	q.attendee = attendee{full: in.text("name"), email: in.text("email"), zone: o.text("timeZone"), language: o.text("language")}
	if e.confirm {
		q.status = pending
	}
	if refusal := c.place(q, none); refusal != nil {
		return refusal
	}
	i := c.sim.book.make(q, c.now.UnixMilli())
	c.announceNew(i)
	return c.ok(c.sim.book.oldCreated(i, in))
}

// oldCreated is what a booking answers that was made in the old version: the
// database's row, more or less (observed 2026-11-23).
func (b *book) oldCreated(i int32, responses object) object {
	r, d := &b.rows[i], b.describe(i)
	u := b.dir.user(int(r.user))
	who := uuid.NewSHA1(uuid.NameSpaceURL, []byte("user "+u.username)).String()
	key := uuid.NewSHA1(uuid.NameSpaceURL, []byte(text10(int(r.start))+"."+text10(int(r.end()))+"."+text10(u.id))).String()
	if v, given := responses.value("attendeePhoneNumber"); given && v == nil {
		responses = responses.with("attendeePhoneNumber", "")
	}
	people := list{}
	for n, a := range d.attendees {
		people = append(people, object{
			{"id", 2*(firstID+int(i)) + n}, {"email", a.email}, {"name", a.name()}, {"timeZone", a.zone}, {"phoneNumber", a.phone}, {"locale", a.speaks()},
			{"bookingId", firstID + int(i)}, {"noShow", false},
		})
	}
	return object{
		{"id", firstID + int(i)}, {"uid", uidOf(r.tag)}, {"idempotencyKey", key}, {"userId", u.id}, {"userPrimaryEmail", u.email}, {"eventTypeId", int(r.event)},
		{"title", d.title}, {"description", d.description}, {"customInputs", object{}}, {"responses", responses}, {"startTime", clockText(r.start)},
		{"endTime", clockText(r.end())}, {"location", d.location}, {"createdAt", clockText(r.created)}, {"updatedAt", timeOrNull(r.updated)},
		{"status", oldStatus(r.status)}, {"paid", false}, {"destinationCalendarId", nil}, {"cancellationReason", nil}, {"rejectionReason", nil},
		{"reassignReason", nil}, {"reassignById", nil}, {"dynamicEventSlugRef", nil}, {"dynamicGroupSlugRef", nil}, {"rescheduled", nil},
		{"fromReschedule", nil}, {"recurringEventId", nil}, {"smsReminderNumber", nil}, {"scheduledJobs", list{}}, {"metadata", d.metadata},
		{"isRecorded", false}, {"iCalUID", d.calendarUID}, {"iCalSequence", 0}, {"rating", nil}, {"ratingFeedback", nil}, {"noShowHost", false},
		{"oneTimePassword", nil}, {"cancelledBy", nil}, {"rescheduledBy", nil}, {"creationSource", "API_V2"},
		{"user", object{{"uuid", who}, {"email", nil}, {"name", u.name}, {"timeZone", u.zone}, {"username", u.username}}}, {"attendees", people},
		{"payment", list{}}, {"references", list{}}, {"userUuid", who}, {"paymentRequired", false}, {"luckyUsers", list{}}, {"isDryRun", false},
		{"videoCallUrl", d.location}, {"organizationId", orNull(u.organization)}, {"previousBooking", nil},
	}
}

// cancelOldBooking answers with less than the current version does.
func (c *call) cancelOldBooking() *answer {
	a := c.cancelBooking()
	if a.status != http.StatusOK {
		return a
	}
	i, _ := c.sim.book.lookup(c.path["uid"])
	return c.ok(object{{"bookingId", firstID + int(i)}, {"bookingUid", c.path["uid"]}, {"onlyRemovedAttendee", false}})
}
