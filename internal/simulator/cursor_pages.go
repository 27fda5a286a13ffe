package simulator

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"

	"github.com/google/uuid"
)

// The list of version 2026-05-01, which only the hosted service has: cursors
// in place of take and skip. It is known from the API's documentation, not
// observed. The order is that of the bookings' time-ordered UUIDs, which here
// are made of the time of creation and the row.

// uuidOfRow is a row's UUID of version 7.
func (b *book) uuidOfRow(i int32) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(b.rows[i].created)<<16|7<<12|b.rows[i].tag&0xfff)
	binary.BigEndian.PutUint64(id[8:], 2<<62|uint64(i))
	return id
}

// cursorOf writes a cursor that points at a row.
func (b *book) cursorOf(i int32) string {
	return base64.StdEncoding.EncodeToString(marshal(object{{"v", 1}, {"sortUuid", b.uuidOfRow(i).String()}}))
}

// readCursor finds the place in the index at which a cursor points.
func readCursor(text string) (entry, bool) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return entry{}, false
	}
	v, err := parse(data)
	o, ok := v.(object)
	if err != nil || !ok {
		return entry{}, false
	}
	id, err := uuid.Parse(o.text("sortUuid"))
	if err != nil || o.whole("v") != 1 {
		return entry{}, false
	}
	return entry{key: int64(binary.BigEndian.Uint64(id[:]) >> 16), row: int32(binary.BigEndian.Uint64(id[8:]))}, true
}

const (
	cursorLimit     = 50  // bookings on a page, unless limit says otherwise
	mostCursorLimit = 100 // more is refused
)

// listByCursor takes sorting parameters and does not obey them, and one status
// at most.
func (c *call) listByCursor(users userSet) *answer {
	limit, from := cursorLimit, entry{}
	var asked query
	var wrong object
	for _, p := range c.query {
		switch p.name {
		case "limit":
			if _, wrong = whole(&limit, 1, mostCursorLimit)(p); wrong != nil {
				return c.complain(p, wrong)
			}
		case "cursor":
			at, ok := readCursor(p.values[0])
			if !ok {
				return c.fail(http.StatusBadRequest, "Invalid cursor")
			}
			from = at
		case "take", "skip":
		case "status":
			if len(p.flat()) > 1 {
				return c.complain(p, object{{"arrayMaxSize", "status must contain no more than 1 elements"}})
			}
			asked = append(asked, p)
		default:
			asked = append(asked, p)
		}
	}
	c.query = asked
	q, refusal := c.bookingQuery(users, true)
	if refusal != nil {
		return refusal
	}
	return c.okCursorPage(q, from, limit)
}

func (c *call) complain(p parameter, constraints object) *answer {
	v := validation{errors: list{object{{"target", object{{p.name, p.values[0]}}}, {"value", p.values[0]}, {"property", p.name}, {"children", list{}}, {"constraints", constraints}}}}
	return v.refusal(c)
}

func (c *call) okCursorPage(q *bookingQuery, from entry, limit int) *answer {
	b := c.sim.book
	forward := len(q.statuses) == 1 && q.statuses[0] != isPast && q.statuses[0] != isCancelled
	q.sort = byCreated
	low, high := q.bounds(byCreated)
	if from != (entry{}) && forward {
		low = max(low, from.key)
	} else if from != (entry{}) {
		high = min(high, from.key)
	}
	var rows []int32
	more := false
	b.indexes[byCreated].scan(low, high, !forward, func(e entry) bool {
		if from != (entry{}) {
			if past := (entry{key: e.key, row: e.row}).compare(entry{key: from.key, row: from.row}); forward && past <= 0 || !forward && past >= 0 {
				return true
			}
		}
		if !q.users.has(e.user) || !b.matches(q, e.row) || !q.inWindows(&b.rows[e.row]) {
			return true
		}
		if len(rows) == limit {
			more = true
			return false
		}
		rows = append(rows, e.row)
		return true
	})
	w := writer{book: b}
	w.text(`{"status":"success","data":[`)
	for i, r := range rows {
		w.comma(i)
		w.booking(r)
	}
	var next any
	if more {
		next = b.cursorOf(rows[len(rows)-1])
	}
	w.text(`],"pagination":`, string(marshal(object{{"nextCursor", next}, {"hasMore", more}})), "}")
	return &answer{status: http.StatusOK, body: w.out}
}
