package simulator

import (
	"net/http"
	"slices"
)

var absentInput = input{
	optional("host", isBool), optional("attendees", isArray).each(input{required("email", isEmail), required("absent", isBool)}),
}

// markAbsent moves the time of change for the host, not for attendees. In the
// observed version a stranger may mark the host (2026-11-23).
func (c *call) markAbsent() *answer {
	o, refusal := c.read(absentInput)
	if refusal != nil {
		return refusal
	}
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	b := c.sim.book
	if r := &b.rows[i]; r.start > c.now.UnixMilli() {
		return c.fail(http.StatusBadRequest, "Bookings can only be marked as absent after their scheduled start time. Current time in UTC+0: "+
			clockText(c.now.UnixMilli())+", Booking start time in UTC+0: "+clockText(r.start))
	}
	if refusal := c.markAttendees(i, o.list("attendees")); refusal != nil {
		return refusal
	}
	if v, given := o.value("host"); given && v != nil {
		b.change(i, func(r *row) {
			r.traits &^= hostAbsent
			if v == true {
				r.traits |= hostAbsent
			}
			r.updated = c.now.UnixMilli()
		})
	}
	return c.okBooking(i)
}

func (c *call) markAttendees(i int32, marks list) *answer {
	b := c.sim.book
	d := b.describe(i)
	next := slices.Clone(d.attendees)
	for _, m := range marks {
		mark := m.(object)
		at := slices.IndexFunc(next, func(a attendee) bool { return a.email == mark.text("email") })
		if at < 0 || !c.sees(i) {
			return bare(http.StatusInternalServerError, "Failed to update no-show status")
		}
		next[at].absent = mark.flag("absent")
	}
	if len(marks) == 0 {
		return nil
	}
	b.detailed(i).attendees = next
	c.announceAbsent(i, marks)
	return nil
}
