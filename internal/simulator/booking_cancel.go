package simulator

import (
	"net/http"
	"slices"
)

var cancelInput = input{
	optional("cancellationReason", isString), optional("cancelSubsequentBookings", isBool), optional("seatUid", isString),
}

// hosts says whether the caller is the host of a booking.
func (c *call) hosts(i int32) bool { return c.user != nil && int(c.sim.book.rows[i].user) == c.user.id }

// sees says whether a booking is in the caller's list.
func (c *call) sees(i int32) bool {
	if c.user == nil {
		return false
	}
	set := c.sim.dir.visible(c.user.id)
	return set.has(c.sim.book.rows[i].user)
}

// cancelBooking needs no key; only a host must give a reason (observed
// 2026-11-23).
func (c *call) cancelBooking() *answer {
	o, refusal := c.readStrictly(cancelInput)
	if refusal != nil {
		return refusal
	}
	b, uid := c.sim.book, c.path["uid"]
	if rows := b.lookupSeries(uid); len(rows) > 0 {
		return c.cancelSeries(rows, o)
	}
	i, ok := b.lookup(uid)
	if !ok {
		return c.fail(http.StatusNotFound, "Booking with uid="+uid+" not found")
	}
	r := &b.rows[i]
	if r.status == cancelled || r.status == rejected {
		return c.fail(http.StatusBadRequest, "Can't cancel booking with uid="+uid+" because it has been cancelled already. Please provide uid of a booking that is not cancelled.")
	}
	switch {
	case o.given("seatUid"):
		return c.cancelSeat(i, o)
	case c.hosts(i) && o.text("cancellationReason") == "":
		return bare(http.StatusBadRequest, "Cancellation reason is required when you are the host")
	case r.end() < c.now.UnixMilli():
		return bare(http.StatusBadRequest, "Cannot cancel a booking that has already ended")
	}
	if o.flag("cancelSubsequentBookings") {
		if r.series == none {
			return c.fail(http.StatusBadRequest, "Cannot cancel subsequent bookings for recurring event - you have to provide uid of one of the individual bookings of a recurring booking.")
		}
		from := r.start
		rows := slices.DeleteFunc(b.seriesRows(r.series), func(other int32) bool { return b.rows[other].start < from })
		return c.cancelSeries(rows, o)
	}
	c.cancelOne(i, o.text("cancellationReason"))
	return c.okBooking(i)
}

func (c *call) cancelOne(i int32, reason string) {
	c.sim.book.detailed(i).reason = reason
	c.sim.book.change(i, func(r *row) { r.status, r.updated = cancelled, c.now.UnixMilli() })
	c.announce("BOOKING_CANCELLED", i)
}

func (c *call) cancelSeries(rows []int32, o object) *answer {
	if c.hosts(rows[0]) && o.text("cancellationReason") == "" {
		return bare(http.StatusBadRequest, "Cancellation reason is required when you are the host")
	}
	for _, i := range rows {
		if r := &c.sim.book.rows[i]; r.status != cancelled && r.end() >= c.now.UnixMilli() {
			c.cancelOne(i, o.text("cancellationReason"))
		}
	}
	return c.okBookingList(rows)
}

// cancelSeat takes one attendee out; the time of change stays (observed
// 2026-11-23). The last seat's end is the booking's.
func (c *call) cancelSeat(i int32, o object) *answer {
	b := c.sim.book
	if c.hosts(i) && o.text("cancellationReason") == "" {
		return bare(http.StatusBadRequest, "Cancellation reason is required when you are the host")
	}
	d := b.describe(i)
	at := slices.IndexFunc(d.attendees, func(a attendee) bool { return a.seat != "" && a.seat == o.text("seatUid") })
	if at < 0 {
		return c.fail(http.StatusNotFound, "Seat with uid="+o.text("seatUid")+" does not exist.")
	}
	d = b.detailed(i)
	d.attendees = slices.Delete(slices.Clone(d.attendees), at, at+1)
	b.rows[i].seats = uint8(max(len(d.attendees), 1))
	if len(d.attendees) == 0 {
		c.cancelOne(i, o.text("cancellationReason"))
		return c.okBooking(i)
	}
	c.announce("BOOKING_CANCELLED", i)
	return c.okBooking(i)
}
