package simulator

import (
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
)

func bookingRoutes() []route {
	older := []string{version20240415, version20240611, version20240614}
	one := []string{version20240813}
	return []route{
		get("/v2/bookings", authPermissions, (*call).listBookings).in(one...),
		get("/v2/bookings/{uid}", authOptional, (*call).getBooking).in(one...),
		get("/v2/bookings/{uid}/calendar-links", authRequired, (*call).getCalendarLinks).in(one...),
		get("/v2/bookings/{uid}/references", authRequired, (*call).getReferences).in(one...),
		get("/v2/bookings/{uid}/recordings", authOptional, (*call).noCalVideo).in(one...),
		get("/v2/bookings/{uid}/transcripts", authOptional, (*call).noCalVideo).in(one...),
		get("/v2/bookings/{uid}/conferencing-sessions", authRequired, (*call).noCalVideo).in(one...),
		get("/v2/bookings", authPermissions, (*call).listOldBookings).in(older...),
		get("/v2/bookings/{uid}", authOptional, (*call).getOldBooking).in(older...),
	}
}

const (
	messageStatus = "Invalid status. Allowed are upcoming, recurring, past, cancelled, unconfirmed"
	messageAfter  = "fromDate must be a valid ISO 8601 date."
	messageBefore = "toDate must be a valid ISO 8601 date."
)

// sorts are the sorting parameters; the first one given wins.
var sorts = []struct {
	name, message string
	by            sortKey
}{
	{"sortStart", `SortStart must be either "asc" or "desc".`, byStart},
	{"sortEnd", `SortEnd must be either "asc" or "desc".`, byEnd},
	{"sortCreated", `SortCreated must be either "asc" or "desc".`, byCreated},
	{"sortUpdatedAt", `SortUpdatedAt must be either "asc" or "desc".`, byUpdated},
}

// bookingQuery reads the query of a list. Parameters that the list does not
// know are ignored, as page, limit and sortUpdated are on the real server.
func (c *call) bookingQuery(users userSet, windows bool) (*bookingQuery, *answer) {
	q := &bookingQuery{users: users, now: c.now.UnixMilli(), take: 100}
	words := map[string]*string{}
	rules := map[string]rule{
		"take": whole(&q.take, 1, 250), "skip": whole(&q.skip, 0, math.MaxInt32),
		"status":        manyOf(&q.statuses, messageStatus, isUpcoming, isRecurring, isPast, isCancelled, isUnconfirmed),
		"attendeeEmail": text(&q.attendeeEmail), "attendeeName": text(&q.attendeeName), "bookingUid": text(&q.uid),
		"eventTypeId": numbers(&q.events), "eventTypeIds": numbers(&q.events), "teamId": numbers(&q.teams), "teamsIds": numbers(&q.teams),
		"afterStart": moment(&q.afterStart, messageAfter), "beforeEnd": moment(&q.beforeEnd, messageBefore),
	}
	if windows {
		rules["afterCreatedAt"] = moment(&q.afterCreated, messageAfter)
		rules["beforeCreatedAt"] = moment(&q.beforeCreated, messageBefore)
		rules["afterUpdatedAt"] = moment(&q.afterUpdated, messageAfter)
		rules["beforeUpdatedAt"] = moment(&q.beforeUpdated, messageBefore)
	}
	for _, s := range sorts {
		word := new(string)
		words[s.name], rules[s.name] = word, oneOf(word, s.message, "asc", "desc")
	}
	var v validation
	v.check(c.query, rules)
	if refusal := v.refusal(c); refusal != nil {
		return nil, refusal
	}
	q.backwards = len(q.statuses) == 1 && (q.statuses[0] == isPast || q.statuses[0] == isCancelled)
	for _, s := range slices.Backward(sorts) {
		if word := *words[s.name]; word != "" {
			q.sort, q.backwards = s.by, word == "desc"
		}
	}
	return q, nil
}

// shuffle is the randomness of one request.
func (c *call) shuffle() *rand.Rand { return rand.New(rand.NewPCG(c.sim.options.Seed, c.number)) }

// okBookings answers with the page that a query asks for.
func (c *call) okBookings(q *bookingQuery) *answer {
	b := c.sim.book
	rows := b.page(q, c.shuffle())
	w := writer{book: b, out: make([]byte, 0, 512+len(rows)*1400)}
	w.text(`{"status":"success","data":[`)
	for i, r := range rows {
		w.comma(i)
		w.booking(r)
	}
	w.text(`],"pagination":`)
	w.out = append(append(w.out, marshal(pagination(b.total(q), q.take, q.skip))...), '}')
	return &answer{status: http.StatusOK, body: w.out}
}

// pagination is computed from the total alone: under a window of change it
// promises pages that are empty (observed 2026-11-23).
func pagination(total, take, skip int) object {
	clamp := func(n, low, high int) int { return max(low, min(n, high)) }
	pages := (total + take - 1) / take
	current := 0
	if pages > 0 {
		current = clamp(skip/take+1, 1, pages)
	}
	return object{
		{"returnedItems", clamp(total-skip, 0, take)}, {"totalItems", total}, {"itemsPerPage", take},
		{"remainingItems", clamp(total-skip-take, 0, total)}, {"currentPage", current}, {"totalPages", pages},
		{"hasNextPage", skip+take < total}, {"hasPreviousPage", skip > 0},
	}
}

func (c *call) listBookings() *answer {
	q, refusal := c.bookingQuery(c.sim.dir.visible(c.user.id), true)
	if refusal != nil {
		return refusal
	}
	q.guest = c.user.email
	return c.okBookings(q)
}

// listTeamBookings has no windows of creation and change.
func (c *call) listTeamBookings() *answer {
	q, refusal := c.bookingQuery(everybody, false)
	if refusal != nil {
		return refusal
	}
	q.teams = []int{c.team().id}
	return c.okBookings(q)
}

func (c *call) listOrganizationBookings() *answer {
	q, refusal := c.bookingQuery(c.organizationSet(), true)
	if refusal != nil {
		return refusal
	}
	return c.okBookings(q)
}

func (c *call) listOrganizationUserBookings() *answer {
	u, refusal := c.organizationUser()
	if refusal != nil {
		return refusal
	}
	q, refusal := c.bookingQuery(userSet{}.with(u.id), true)
	if refusal != nil {
		return refusal
	}
	return c.okBookings(q)
}

// booking finds the live booking that the path names.
func (c *call) booking() (int32, *answer) {
	uid := c.path["uid"]
	if i, ok := c.sim.book.lookup(uid); ok && (c.request.Method != http.MethodGet || !c.sim.book.hidden(i, c.now.UnixMilli())) {
		return i, nil
	}
	return 0, c.fail(http.StatusNotFound, "Booking with uid="+uid+" was not found in the database")
}

// getBooking needs no key: whoever has the uid may read. The uid of a series
// gives a list.
func (c *call) getBooking() *answer {
	b := c.sim.book
	w := writer{book: b}
	w.text(`{"status":"success","data":`)
	if rows := b.lookupSeries(c.path["uid"]); len(rows) > 0 {
		w.text("[")
		for i, r := range rows {
			w.comma(i)
			w.booking(r)
		}
		w.text("]}")
		return &answer{status: http.StatusOK, body: w.out}
	}
	i, refusal := c.booking()
	if refusal != nil {
		return refusal
	}
	if b.details[i] != nil && c.hidesSeats(i) {
		return c.ok(b.object(i, b.details[i]).with("attendees", list{}))
	}
	w.booking(i)
	w.text("}")
	return &answer{status: http.StatusOK, body: w.out}
}

// getReferences shows a booking without calendar entries elsewhere.
func (c *call) getReferences() *answer {
	if _, refusal := c.booking(); refusal != nil {
		return refusal
	}
	return c.ok(list{})
}

// noCalVideo answers for what only a video conference has.
func (c *call) noCalVideo() *answer {
	if _, refusal := c.booking(); refusal != nil {
		return refusal
	}
	return c.fail(http.StatusNotFound, "No Cal Video reference found with booking uid "+c.path["uid"])
}
