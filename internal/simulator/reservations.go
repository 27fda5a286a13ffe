package simulator

import (
	"net/http"
	"slices"
)

// reservation holds a slot for a while.
type reservation struct {
	uid        string
	event      int
	start, end int64
	until      int64
	minutes    int // for how long it was made
}

// reservedMinutes is how long a reservation holds unless it says otherwise
// (observed 2026-11-23).
const reservedMinutes = 5

var reservationInput = input{
	required("eventTypeId", isInt), required("slotStart", isISO601), optional("slotDuration", isInt, least(1)), optional("reservationDuration", isInt, least(1)),
}

func (r *reservation) object() object {
	return object{
		{"eventTypeId", r.event}, {"slotStart", clockText(r.start)}, {"slotEnd", clockText(r.end)}, {"slotDuration", int((r.end - r.start) / minute)},
		{"reservationUid", r.uid}, {"reservationDuration", r.minutes}, {"reservationUntil", clockText(r.until)},
	}
}

// read fills a reservation from a request's body.
func (c *call) reservation(r *reservation) *answer {
	o, refusal := c.read(reservationInput)
	if refusal != nil {
		return refusal
	}
	if o.given("reservationDuration") && c.user == nil {
		return c.fail(http.StatusUnauthorized, "reservationDuration can only be used for authenticated requests - use access token, api key or OAuth credentials")
	}
	e, refusal := c.eventOf(o)
	if refusal != nil {
		return refusal
	}
	length := e.length
	if n, given := o.number("slotDuration"); given {
		if e.lengths == nil {
			return c.fail(http.StatusBadRequest, "You passed 'slotDuration' but this event type is not a variable length event type.")
		}
		if length = int(n); !slices.Contains(e.lengths, length) {
			return c.fail(http.StatusBadRequest, "Provided 'slotDuration' is not one of the possible lengths for the event type. The possible lengths for this variable length event type are: "+joined(e.lengths))
		}
	}
	start, _ := instant(o.text("slotStart"))
	at := period{start, start + int64(length)*minute}
	if refusal := c.reservable(e, at, r); refusal != nil {
		return refusal
	}
	r.event, r.start, r.end, r.minutes = e.id, at.from, at.to, reservedMinutes
	if n, given := o.number("reservationDuration"); given {
		r.minutes = int(min(n, 1<<20))
	}
	r.until = c.now.UnixMilli() + int64(r.minutes)*minute
	return nil
}

func (c *call) reservable(e *eventType, at period, own *reservation) *answer {
	if i, ok := c.sim.book.seated(e, at.from); e.seats > 0 && ok {
		if len(c.sim.book.attendeesOf(i)) >= e.seats {
			return c.fail(http.StatusUnprocessableEntity, "Booking with id="+c.path["event"]+" at "+clockText(at.from)+" has no more seats left.")
		}
		return nil
	}
	hosts := e.hosts
	if e.team == 0 {
		hosts = []int{e.owner}
	}
	if len(hosts) == 0 {
		return c.fail(http.StatusBadRequest, "Cannot reserve a slot for a team event without any hosts")
	}
	if !slices.ContainsFunc(hosts, func(h int) bool { return len(c.sim.book.busy(h, at, none)) == 0 }) {
		return c.fail(http.StatusUnprocessableEntity, "Can't reserve a slot if the event is already booked.")
	}
	for _, r := range c.sim.dir.reservations {
		if r != own && r.event == e.id && r.until > c.now.UnixMilli() && at.overlaps(period{r.start, r.end}) {
			return c.fail(http.StatusUnprocessableEntity, "This time slot is already reserved by another user. Please choose a different time.")
		}
	}
	return nil
}

// mostReservations bounds how many are kept; the oldest goes first.
const mostReservations = 10_000

func (c *call) reserveSlot() *answer {
	r := &reservation{}
	if refusal := c.reservation(r); refusal != nil {
		return refusal
	}
	d := c.sim.dir
	r.uid = d.nextUUID()
	d.reservations = slices.DeleteFunc(d.reservations, func(old *reservation) bool { return old.until <= c.now.UnixMilli() })
	if len(d.reservations) >= mostReservations {
		d.reservations = d.reservations[1:]
	}
	d.reservations = append(d.reservations, r)
	return c.ok(r.object())
}

func (c *call) reserved() *reservation {
	for _, r := range c.sim.dir.reservations {
		if r.uid == c.path["uid"] && r.until > c.now.UnixMilli() {
			return r
		}
	}
	return nil
}

// getReservation answers null for an unknown one.
func (c *call) getReservation() *answer {
	if r := c.reserved(); r != nil {
		return c.ok(r.object().without("reservationDuration"))
	}
	return c.ok(nil)
}

func (c *call) patchReservation() *answer {
	r := c.reserved()
	if r == nil {
		return c.fail(http.StatusNotFound, "Slot with uid="+c.path["uid"]+" not found")
	}
	if refusal := c.reservation(r); refusal != nil {
		return refusal
	}
	return c.ok(r.object())
}

func (c *call) deleteReservation() *answer {
	r := c.reserved()
	if r == nil {
		return c.fail(http.StatusNotFound, "Slot with uid="+c.path["uid"]+" not found")
	}
	c.sim.dir.reservations = dropOne(c.sim.dir.reservations, r)
	return &answer{status: http.StatusOK, body: marshal(object{{"status", "success"}})}
}
