package simulator

import (
	"net/http"
	"slices"
	"time"
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

// confirmBooking makes any booking accepted that is not, a declined one too
// (observed 2026-11-23).
func (c *call) confirmBooking() *answer {
	i, refusal := c.decided()
	if refusal != nil {
		return refusal
	}
	if c.sim.book.rows[i].status == accepted {
		return c.trpc(http.StatusBadRequest)
	}
	c.sim.book.change(i, func(r *row) { r.status, r.updated = accepted, c.now.UnixMilli() })
	c.announce("BOOKING_CREATED", i)
	return c.okBooking(i)
}

var declineInput = input{optional("reason", isString)}

// declineBooking may be done again (observed 2026-11-23).
func (c *call) declineBooking() *answer {
	o, refusal := c.read(declineInput)
	if refusal != nil {
		return refusal
	}
	i, refusal := c.decided()
	if refusal != nil {
		return refusal
	}
	if c.sim.book.rows[i].status == accepted {
		return c.trpc(http.StatusBadRequest)
	}
	c.sim.book.detailed(i).rejection = o.text("reason")
	c.sim.book.change(i, func(r *row) { r.status, r.updated = rejected, c.now.UnixMilli() })
	c.announce("BOOKING_REJECTED", i)
	return c.okBooking(i)
}

// decided finds the booking that the caller may decide about: the host's own,
// and that of a member of what the caller administers.
func (c *call) decided() (int32, *answer) {
	i, refusal := c.booking()
	if refusal == nil && !c.sees(i) {
		return 0, c.trpc(http.StatusUnauthorized)
	}
	return i, refusal
}

// trpcTexts are all that is left of a reason behind the server's inner calls.
var trpcTexts = map[int]string{
	http.StatusBadRequest:   "Bad request: Please check your request data and try again",
	http.StatusUnauthorized: "You are not authorized to access this resource",
	http.StatusForbidden:    "You don't have necessary permissions to access this resource",
}

func (c *call) trpc(status int) *answer {
	return c.errorAnswer(status, "TRPCError", trpcTexts[status], nil)
}

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

var moveInput = input{
	required("start", isISO601), optional("rescheduledBy", isString), optional("reschedulingReason", isString),
	optional("seatUid", isString), optional("emailVerificationCode", isString),
	optional("allowConflicts", isBool), optional("allowBookingOutOfBounds", isBool),
}

// rescheduleBooking cancels a booking and makes another in its place. It needs
// no key.
func (c *call) rescheduleBooking() *answer {
	o, refusal := c.readStrictly(moveInput)
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
	q := &request{event: e, at: period{start, start + int64(old.minutes)*minute}, host: int(old.user)}
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

// reassignBooking gives a round robin's booking to another free host.
func (c *call) reassignBooking() *answer {
	i, refusal := c.reassigned()
	if refusal != nil {
		return refusal
	}
	b := c.sim.book
	r := &b.rows[i]
	e := b.dir.event(r)
	for _, h := range e.hosts {
		if h != int(r.user) && b.free(h, e, period{r.start, r.end()}, i) {
			return c.giveTo(i, h)
		}
	}
	return c.fail(http.StatusBadRequest, "Can't reassign the booking because no other host is available at that time.")
}

// reassigned finds the booking that the caller may give to somebody else.
func (c *call) reassigned() (int32, *answer) {
	i, refusal := c.booking()
	if refusal != nil {
		return 0, refusal
	}
	if !c.sees(i) {
		return 0, c.fail(http.StatusForbidden, "BookingPbacGuard - user with id="+text10(c.user.id)+" does not have access to booking with uid="+c.path["uid"])
	}
	if e := c.sim.dir.event(&c.sim.book.rows[i]); e.deleted || e.team == 0 || e.collective {
		return 0, c.fail(http.StatusBadRequest, "Can't reassign the booking because no other host is available at that time.")
	}
	return i, nil
}

var reasonInput = input{optional("reason", isString)}

func (c *call) reassignBookingTo() *answer {
	if _, refusal := c.read(reasonInput); refusal != nil {
		return refusal
	}
	id, ok := c.id("user")
	if !ok {
		return c.broken()
	}
	i, refusal := c.reassigned()
	if refusal != nil {
		return refusal
	}
	if c.sim.dir.user(id) == nil {
		return c.fail(http.StatusNotFound, "User with id="+text10(id)+" was not found in the database")
	}
	if e := c.sim.dir.event(&c.sim.book.rows[i]); !slices.Contains(e.hosts, id) {
		return c.fail(http.StatusBadRequest, "User with id="+text10(id)+" is not a valid Round Robin host - the user to which you reassign this booking must be one of the booking hosts. Fetch the booking using following endpoint and select id of one of the hosts: https://cal.com/docs/api-reference/v2/bookings/get-a-booking")
	}
	return c.giveTo(i, id)
}

func (c *call) giveTo(i int32, host int) *answer {
	b := c.sim.book
	d, u := b.detailed(i), b.dir.user(host)
	d.title = b.dir.event(&b.rows[i]).title + " between " + u.name + " and " + b.bookerOf(i).name()
	b.reassign(i, uint8(host), c.now.UnixMilli())
	return c.ok(object{
		{"bookingUid", c.path["uid"]},
		{"reassignedTo", object{{"id", u.id}, {"name", u.name}, {"email", u.email}, {"displayEmail", u.email}}},
	})
}

// reassign changes a row's host, which is part of every index.
func (b *book) reassign(i int32, host uint8, now int64) {
	b.live[b.rows[i].user]--
	b.live[host]++
	b.change(i, func(r *row) { r.user, r.updated = host, now })
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
