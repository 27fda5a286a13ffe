package simulator

import (
	"net/http"
)

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
