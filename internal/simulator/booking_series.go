package simulator

import (
	"net/http"
	"time"
)

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

func (c *call) okBookingList(rows []int32) *answer {
	all := list{}
	for _, i := range rows {
		all = append(all, c.sim.book.object(i, c.sim.book.describe(i)))
	}
	return c.ok(all)
}
