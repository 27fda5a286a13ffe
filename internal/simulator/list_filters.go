package simulator

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strings"
)

// The filters of the smaller lists, as the API's documentation has them; they
// were not observed.

// texts gives a query's list of words, or nil.
func (q query) texts(name string) []string {
	for _, p := range q {
		if p.name == name {
			return p.flat()
		}
	}
	return nil
}

// keep leaves what a filter of the query lets through; without the filter all.
func keep[T any](c *call, name string, all []T, fits func(one T, words []string) bool) []T {
	words := c.query.texts(name)
	if words == nil {
		return all
	}
	var kept []T
	for _, one := range all {
		if fits(one, words) {
			kept = append(kept, one)
		}
	}
	return kept
}

// sortedBy obeys a sorting parameter of the query.
func sortedBy[T any](c *call, name string, all []T, key func(T) string) {
	order, _ := c.query.first(name)
	if order != "asc" && order != "desc" {
		return
	}
	slices.SortStableFunc(all, func(a, b T) int {
		if order == "desc" {
			a, b = b, a
		}
		return cmp.Compare(key(a), key(b))
	})
}

func (c *call) listAbsencesOf(all []*absence) *answer {
	all = keep(c, "email", all, func(a *absence, words []string) bool { return slices.Contains(words, c.sim.dir.user(a.user).email) })
	sortedBy(c, "sortEnd", all, func(a *absence) string { return a.end })
	sortedBy(c, "sortStart", all, func(a *absence) string { return a.start })
	return okSpan(c, all, (*absence).object)
}

// listStamped is a list of forms or of their answers: it can be filtered and
// sorted by time, and take has no maximum.
func (c *call) listStamped(all []*thing, show func(*thing) object) *answer {
	var v validation
	windows := map[string]*int64{}
	rules := map[string]rule{}
	s := span{take: 250}
	rules["take"], rules["skip"] = whole(&s.take, 1, math.MaxInt32), whole(&s.skip, 0, math.MaxInt32)
	var found [4]*int64
	for i, name := range []string{"afterCreatedAt", "beforeCreatedAt", "afterUpdatedAt", "beforeUpdatedAt"} {
		rules[name] = moment(&found[i], name+" must be a valid ISO 8601 date string")
	}
	v.check(c.query, rules)
	if refusal := v.refusal(c); refusal != nil {
		return refusal
	}
	windows["createdAt>"], windows["createdAt<"], windows["updatedAt>"], windows["updatedAt<"] = found[0], found[1], found[2], found[3]
	all = slices.DeleteFunc(slices.Clone(all), func(t *thing) bool {
		return outside(t, "createdAt", windows) || outside(t, "updatedAt", windows)
	})
	all = keep(c, "routedToBookingUid", all, func(t *thing, words []string) bool { return slices.Contains(words, t.data.text("routedToBookingUid")) })
	all = keep(c, "teamIds", all, func(t *thing, words []string) bool { return slices.Contains(words, text10(t.data.whole("teamId"))) })
	sortedBy(c, "sortUpdatedAt", all, func(t *thing) string { return t.data.text("updatedAt") })
	sortedBy(c, "sortCreatedAt", all, func(t *thing) string { return t.data.text("createdAt") })
	return c.ok(shown(cut(all, s), show))
}

// outside says that a time is not in its window. Of two bounds only the upper
// one holds, as on the real server.
func outside(t *thing, member string, windows map[string]*int64) bool {
	at, has := instant(t.data.text(member))
	after, before := windows[member+">"], windows[member+"<"]
	switch {
	case after == nil && before == nil:
		return false
	case !has:
		return true
	case before != nil:
		return at > *before
	}
	return at < *after
}

// noRecord is what the server's database says when there is no such row.
func (c *call) noRecord() *answer {
	return c.errorAnswer(http.StatusNotFound, "NOT_FOUND", "Invalid Query: The requested record was not found.", nil)
}

// hidden says that a lagging replica does not show a booking yet.
func (b *book) hidden(i int32, now int64) bool {
	d := b.details[i]
	return b.lag > 0 && d != nil && d.visible > now
}

// invites says whether a booking has an attendee with an e-mail address. Only
// what was written can have one of the simulated users.
func (b *book) invites(i int32, email string) bool {
	d := b.details[i]
	return d != nil && email != "" && slices.ContainsFunc(d.attendees, func(a attendee) bool { return strings.EqualFold(a.email, email) })
}

// invited counts the bookings of others to which somebody is invited.
func (b *book) invited(q *bookingQuery) int {
	n := 0
	for i := range b.details {
		if r := &b.rows[i]; r.status != erased && !q.users.has(r.user) && b.invites(i, q.guest) {
			n++
		}
	}
	return n
}
