package simulator

import (
	"net/http"
	"time"
)

var moveInput = input{
	required("start", isISO601), optional("rescheduledBy", isString), optional("reschedulingReason", isString),
	optional("seatUid", isString), optional("emailVerificationCode", isString),
}

// rescheduleBooking cancels a booking and makes another in its place. It needs
// no key.
func (c *call) rescheduleBooking() *answer {
	o, refusal := c.readStrictly(c.forVersion(moveInput))
	if refusal != nil {
		return refusal
	}
	b, uid := c.sim.book, c.path["uid"]
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	old := b.rows[i]
	start, _ := instant(o.text("start"))
	e := b.dir.event(&old)
	switch {
	case e.deleted:
		return c.fail(http.StatusNotFound, "Booking with uid="+uid+" is missing event type")
	case old.seats > 0 && !o.given("seatUid"):
		return c.fail(http.StatusBadRequest, "Booking with uid="+uid+" is a seated booking which means you have to provide seatUid in the request body to specify which seat specifically you want to reschedule. First, fetch the booking using https://cal.com/docs/api-reference/v2/bookings/get-a-booking and then within the attendees array you will find the seatUid of the booking you want to reschedule.")
	case old.to != none:
		next := uidOf(b.rows[old.to].tag)
		return c.fail(http.StatusBadRequest, "Can't reschedule booking with uid="+uid+" because it has been cancelled and rescheduled already to booking with uid="+next+". You probably want to reschedule "+next+" instead by passing it within the request URL.")
	}
	q := &request{event: e, body: o, at: period{start, start + int64(old.minutes)*minute}, host: int(old.user)}
	if refusal := c.place(q, i); refusal != nil {
		return refusal // a cancelled booking too is only refused after the time is found free (observed 2026-11-23)
	}
	if old.status == cancelled || old.status == rejected {
		return c.fail(http.StatusBadRequest, "Can't reschedule booking with uid="+uid+" because it has been cancelled. Please provide uid of a booking that is not cancelled.")
	}
	to := b.move(i, q, o, c.now.UnixMilli())
	c.announce("BOOKING_RESCHEDULED", to)
	return c.okBooking(to)
}

// move makes the new booking and cancels the old one.
func (b *book) move(i int32, q *request, o object, now int64) int32 {
	d := b.describe(i).clone()
	next := b.rows[i]
	next.from, next.to, next.created, next.updated, next.start, next.user = i, none, now, now, q.at.from, uint8(q.host)
	next.traits, next.absent, next.rating, next.series = 0, 0, 0, none
	next.status = accepted
	if q.event.confirm {
		next.status = pending
	}
	d.reason, d.cancelledBy, d.moveReason, d.movedBy = "", "", o.text("reschedulingReason"), nil
	if by := o.text("rescheduledBy"); by != "" {
		d.movedBy = by
	}
	if d.moveReason != "" {
		d.responses = d.responses.with("rescheduledReason", d.moveReason)
	}
	for n := range d.attendees {
		d.attendees[n].absent = false
	}
	d.visible = now + b.lag
	to := b.add(next)
	b.details[to] = d
	b.detailed(i).movedBy = d.movedBy
	b.change(i, func(r *row) { r.status, r.to, r.updated = cancelled, to, now })
	return to
}

// step says how far apart the bookings of a series are.
type step struct {
	frequency string
	interval  int
}

func (s step) later(t time.Time, n int) time.Time {
	switch s.frequency {
	case "monthly":
		return t.AddDate(0, n*s.interval, 0)
	case "yearly":
		return t.AddDate(n*s.interval, 0, 0)
	case "daily":
		return t.AddDate(0, 0, n*s.interval)
	}
	return t.AddDate(0, 0, 7*n*s.interval)
}
