package simulator

import (
	"net/http"
	"strings"
	"time"
)

const messageActive = "Attendee with this email can't book because the maximum number of active bookings has been reached."

// withinLimits holds a request against the event type's limits: how often it
// may be given in a day, a week, a month or a year, and how many bookings to
// come one booker may have.
func (c *call) withinLimits(q *request) *answer {
	if limit := q.event.set.object("bookerActiveBookingsLimit"); limit.given("maximumActiveBookings") && !limit.flag("disabled") {
		if c.sim.book.active(q.event, q.attendee.email, c.now.UnixMilli()) >= limit.whole("maximumActiveBookings") {
			return c.fail(http.StatusBadRequest, messageActive)
		}
	}
	counts := q.event.set.object("bookingLimitsCount")
	if counts == nil || counts.flag("disabled") {
		return nil
	}
	place := c.sim.dir.placeOfEvent(q.event)
	for _, unit := range []string{"day", "week", "month", "year"} {
		if most, set := counts.number(unit); set && float64(c.sim.book.given(q.event, around(q.at.from, unit, place))) >= most {
			return c.fail(http.StatusBadRequest, messageTaken)
		}
	}
	return nil
}

// placeOfEvent is the time zone in which an event's days are counted.
func (d *directory) placeOfEvent(e *eventType) *time.Location {
	if u := d.user(e.owner); u != nil {
		place, _ := zone(u.zone)
		return place
	}
	return time.UTC
}

// around is the day, week, month or year in which a time lies.
func around(ms int64, unit string, place *time.Location) period {
	t := time.UnixMilli(ms).In(place)
	from := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, place)
	to := from.AddDate(0, 0, 1)
	switch unit {
	case "week":
		from = from.AddDate(0, 0, -int(t.Weekday()))
		to = from.AddDate(0, 0, 7)
	case "month":
		from = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, place)
		to = from.AddDate(0, 1, 0)
	case "year":
		from = time.Date(t.Year(), 1, 1, 0, 0, 0, 0, place)
		to = from.AddDate(1, 0, 0)
	}
	return period{from.UnixMilli(), to.UnixMilli()}
}

// given counts the accepted bookings of an event type that begin in a period.
func (b *book) given(e *eventType, in period) int {
	n := 0
	b.indexes[byStart].scan(in.from, in.to-1, false, func(en entry) bool {
		if r := &b.rows[en.row]; r.status == accepted && int(r.event) == e.id {
			n++
		}
		return true
	})
	return n
}

// active counts the bookings to come of one booker.
func (b *book) active(e *eventType, email string, now int64) int {
	n := 0
	b.indexes[byStart].scan(now, noTime-1, false, func(en entry) bool {
		r := &b.rows[en.row]
		if (r.status == accepted || r.status == pending) && int(r.event) == e.id && strings.EqualFold(b.bookerOf(en.row).email, email) {
			n++
		}
		return true
	})
	return n
}
