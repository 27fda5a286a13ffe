package simulator

import (
	"net/http"
	"slices"
)

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
