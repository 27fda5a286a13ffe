package simulator

import (
	"math"
	"math/rand/v2"
	"slices"
)

// bookingQuery is what a list of bookings asks for.
type bookingQuery struct {
	users         userSet
	guest         string // e-mail address of whoever also sees what they are invited to
	now           int64
	statuses      []string
	events        []int
	teams         []int
	attendeeEmail string
	attendeeName  string
	uid           string
	afterStart    *int64
	beforeEnd     *int64
	afterCreated  *int64
	beforeCreated *int64
	afterUpdated  *int64
	beforeUpdated *int64
	fromEnd       int64 // see narrow
	toEnd         int64
	longest       int64
	sort          sortKey
	backwards     bool
	take, skip    int
}

// total counts what matches. The server's count ignores the windows of
// creation and change (observed 2026-11-23), and so does this.
func (b *book) total(q *bookingQuery) int {
	q.narrow(b.longest)
	n := 0
	if q.plain() && b.lag == 0 {
		for id, live := range b.live {
			if q.users.has(uint8(id)) {
				n += live
			}
		}
		return n + b.invited(q)
	}
	key, cached := q.key()
	cached = cached && b.lag == 0
	if n, known := b.totals.find(key, b.version, q.now); cached && known {
		return n
	}
	by := byStart
	if b.span(q, byEnd) < b.span(q, byStart) {
		by = byEnd
	}
	low, high := q.bounds(by)
	b.indexes[by].scan(low, high, false, func(e entry) bool {
		if b.shows(q, e.row, e.user) && b.matches(q, e.row) {
			n++
		}
		return true
	})
	if cached {
		b.totals.keep(key, total{n, b.version, q.now, b.nextEnd(q.now)})
	}
	return n
}

// span is how many rows a query's windows leave in an index.
func (b *book) span(q *bookingQuery, by sortKey) int { return b.indexes[by].count(q.bounds(by)) }

// narrow turns the words that a list is filtered by into windows of start and
// end, so that a list of what is to come does not walk through the past.
func (q *bookingQuery) narrow(longest int64) {
	q.fromEnd, q.toEnd = math.MinInt64, math.MaxInt64
	if len(q.statuses) == 0 || q.now == 0 {
		return
	}
	future := !slices.ContainsFunc(q.statuses, func(s string) bool { return s == isPast || s == isCancelled })
	past := !slices.ContainsFunc(q.statuses, func(s string) bool { return s != isPast })
	switch {
	case future:
		q.fromEnd = q.now
	case past:
		q.toEnd = q.now
	}
	q.longest = longest
}

// shows says whether a booking is the caller's to see: by its host, or because
// the caller is invited.
func (b *book) shows(q *bookingQuery, i int32, host uint8) bool {
	if b.lag > 0 && b.hidden(i, q.now) {
		return false
	}
	return q.users.has(host) || q.guest != "" && len(b.details) > 0 && b.invites(i, q.guest)
}

// plain says that only the windows of creation and change restrict.
func (q *bookingQuery) plain() bool {
	return len(q.statuses)+len(q.events)+len(q.teams) == 0 && q.attendeeEmail+q.attendeeName+q.uid == "" && q.afterStart == nil && q.beforeEnd == nil
}

// matches tests all but the host and the windows of creation and change.
func (b *book) matches(q *bookingQuery, i int32) bool {
	r := &b.rows[i]
	if q.afterStart != nil && r.start < *q.afterStart || q.beforeEnd != nil && r.end() > *q.beforeEnd {
		return false
	}
	if len(q.statuses) > 0 && !slices.ContainsFunc(q.statuses, func(s string) bool { return r.is(s, q.now) }) {
		return false
	}
	if len(q.events)+len(q.teams) > 0 {
		e := b.dir.event(r)
		if e.deleted || len(q.events) > 0 && !slices.Contains(q.events, e.id) || len(q.teams) > 0 && !slices.Contains(q.teams, e.team) {
			return false
		}
	}
	if q.uid != "" && uidOf(r.tag) != q.uid {
		return false
	}
	return q.attendeeEmail+q.attendeeName == "" || slices.ContainsFunc(b.attendeesOf(i), func(a attendee) bool {
		return (q.attendeeEmail == "" || a.email == q.attendeeEmail) && (q.attendeeName == "" || a.name() == q.attendeeName)
	})
}

// The words that a list can be filtered by. They overlap.
const (
	isUpcoming    = "upcoming"
	isRecurring   = "recurring"
	isPast        = "past"
	isCancelled   = "cancelled"
	isUnconfirmed = "unconfirmed"
)

// is says whether a booking is of a filter's kind.
func (r *row) is(kind string, now int64) bool {
	off := r.status == cancelled || r.status == rejected
	switch kind {
	case isUpcoming:
		return r.end() >= now && !off && (r.series == none || r.status == accepted)
	case isRecurring:
		return r.end() >= now && !off && r.series != none
	case isPast:
		return r.end() <= now && !off
	case isCancelled:
		return off
	case isUnconfirmed:
		return r.status == pending && r.end() >= now
	}
	return false
}

// bounds are the keys that a query's windows leave in an index.
func (q *bookingQuery) bounds(by sortKey) (low, high int64) {
	low, high = math.MinInt64, math.MaxInt64
	var after, before *int64
	switch by {
	case byStart:
		after = q.afterStart
		if q.fromEnd > 0 {
			low = q.fromEnd - q.longest
		}
		high = q.toEnd
	case byEnd:
		before = q.beforeEnd
		low, high = q.fromEnd, q.toEnd
	case byCreated:
		after, before = q.afterCreated, q.beforeCreated
	case byUpdated:
		after, before = q.afterUpdated, q.beforeUpdated
		if after != nil || before != nil {
			high = noTime - 1 // null never matches
		}
	}
	if after != nil {
		low = max(low, *after)
	}
	if before != nil {
		high = min(high, *before)
	}
	return low, high
}

// windowed says that there is a window of creation or change.
func (q *bookingQuery) windowed() bool {
	return q.afterCreated != nil || q.beforeCreated != nil || q.afterUpdated != nil || q.beforeUpdated != nil
}

// inWindows tests the windows of creation and change.
func (q *bookingQuery) inWindows(r *row) bool {
	low, high := q.bounds(byCreated)
	if r.created < low || r.created > high {
		return false
	}
	low, high = q.bounds(byUpdated)
	return r.updated >= low && r.updated <= high
}

// page gives the rows of a page. The server sorts by one column and nothing
// else, so that rows with the same value come in any order, which shuffle
// decides anew for each request.
func (b *book) page(q *bookingQuery, shuffle *rand.Rand) []int32 {
	q.narrow(b.longest)
	p := pager{q: q, shuffle: shuffle}
	plain, windowed := q.plain(), q.windowed()
	keep := func(e entry) bool {
		return b.shows(q, e.row, e.user) && (plain || b.matches(q, e.row)) && (!windowed || q.inWindows(&b.rows[e.row]))
	}
	if by, narrow := b.narrowest(q); narrow {
		var found []entry
		low, high := q.bounds(by)
		b.indexes[by].scan(low, high, false, func(e entry) bool {
			if keep(e) {
				found = append(found, b.entry(e.row, q.sort))
			}
			return true
		})
		slices.SortFunc(found, entry.compare)
		if q.backwards {
			slices.Reverse(found)
		}
		for _, e := range found {
			if !p.take(e) {
				break
			}
		}
		return p.finish()
	}
	low, high := q.bounds(q.sort)
	b.indexes[q.sort].scan(low, high, q.backwards, func(e entry) bool { return !keep(e) || p.take(e) })
	return p.finish()
}

// narrowest says whether another index than that of the sort leaves so few
// rows that gathering and sorting them is less work than walking.
func (b *book) narrowest(q *bookingQuery) (sortKey, bool) {
	low, high := q.bounds(q.sort)
	walk := b.indexes[q.sort].count(low, high)
	best, least := q.sort, walk
	for by := range b.indexes {
		low, high := q.bounds(sortKey(by))
		if n := b.indexes[by].count(low, high); n < least {
			best, least = sortKey(by), n
		}
	}
	const costOfSorting = 8 // steps of a walk that cost as much as sorting one row
	steps := float64(q.skip+q.take) * float64(len(b.rows)) / float64(least+1)
	return best, best != q.sort && float64(least*costOfSorting) < min(float64(walk), steps)
}

// pager cuts a page out of groups of rows that share their sort value.
type pager struct {
	q       *bookingQuery
	shuffle *rand.Rand
	group   []int32
	key     int64
	passed  int // rows before the group
	rows    []int32
}

// take adds the next row in order; false means that the page is full.
func (p *pager) take(e entry) bool {
	if len(p.group) > 0 && e.key != p.key && !p.close() {
		return false
	}
	p.key = e.key
	p.group = append(p.group, e.row)
	return true
}

// close ends a group: what of it lies on the page is taken, in random order.
func (p *pager) close() bool {
	from, to := p.q.skip-p.passed, p.q.skip+p.q.take-p.passed
	p.passed += len(p.group)
	if from < len(p.group) && to > 0 {
		p.shuffle.Shuffle(len(p.group), func(i, j int) { p.group[i], p.group[j] = p.group[j], p.group[i] })
		p.rows = append(p.rows, p.group[max(from, 0):min(to, len(p.group))]...)
	}
	p.group = p.group[:0]
	return len(p.rows) < p.q.take
}

func (p *pager) finish() []int32 {
	if len(p.rows) < p.q.take {
		p.close()
	}
	return p.rows
}
