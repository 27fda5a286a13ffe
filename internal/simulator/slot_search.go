package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mostSlotDays bounds a search for slots.
const mostSlotDays = 400

// slotSearch is one search for slots.
type slotSearch struct {
	book    *book
	event   *eventType
	during  period
	now     int64
	place   *time.Location
	length  int64
	except  int32
	asRange bool
}

func (c *call) slotSearch(e *eventType, q object) (*slotSearch, *answer) {
	s := &slotSearch{book: c.sim.book, event: e, now: c.now.UnixMilli(), place: time.UTC, length: int64(e.length) * minute, except: none, asRange: q.text("format") == "range"}
	if name := q.text("timeZone"); name != "" {
		s.place, _ = zone(name)
	}
	s.during.from = dateIn(q.text("start"), s.place, false)
	s.during.to = min(dateIn(q.text("end"), s.place, true), s.during.from+mostSlotDays*day)
	if text := q.text("duration"); text != "" {
		n, _ := strconv.Atoi(text)
		if e.lengths != nil && !slices.Contains(e.lengths, n) {
			return nil, c.fail(http.StatusBadRequest, "Provided 'duration' is not one of the possible lengths for the event type. The possible lengths are: "+joined(e.lengths))
		}
		if e.lengths != nil {
			s.length = int64(n) * minute
		}
	}
	if i, ok := c.sim.book.lookup(q.text("bookingUidToReschedule")); ok {
		s.except = i
	}
	return s, nil
}

func joined(all []int) string {
	var parts []string
	for _, n := range all {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, ", ")
}

// dateIn reads a date or a time; a date is the beginning of the day in the
// place, or its end.
func dateIn(text string, place *time.Location, end bool) int64 {
	if t, err := time.ParseInLocation(time.DateOnly, text, place); err == nil {
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t.UnixMilli()
	}
	ms, _ := instant(text)
	return ms
}

// find lists the free slots in order.
func (s *slotSearch) find() []period {
	starts := map[int64]bool{}
	s.now = max(s.now, 0)
	hosts := s.event.hosts
	if s.event.team == 0 {
		hosts = []int{s.event.owner}
	}
	for n, host := range hosts {
		of := s.of(host)
		if !s.event.collective {
			for at := range of {
				starts[at] = true
			}
			continue
		}
		if n == 0 {
			starts = of
		}
		for at := range starts {
			if !of[at] {
				delete(starts, at)
			}
		}
	}
	var all []period
	for at := range starts {
		all = append(all, period{at, at + s.length})
	}
	slices.SortFunc(all, func(a, b period) int { return int(max(min(a.from-b.from, 1), -1)) })
	return all
}

// of finds the slots of one host.
func (s *slotSearch) of(host int) map[int64]bool {
	found := map[int64]bool{}
	taken := s.book.busy(host, s.event.buffered(s.during), s.except)
	for _, r := range s.book.dir.reservations {
		if r.event == s.event.id && r.until > s.now {
			taken = append(taken, period{r.start, r.end})
		}
	}
	step := s.length
	if n := s.event.set.whole("slotInterval"); n > 0 {
		step = int64(n) * minute
	}
	if step <= 0 {
		return found
	}
	for _, open := range s.book.dir.scheduleOf(host, s.event).working(s.during.from, s.during.to) {
		for at := s.first(open.from, step); at+s.length <= open.to; at += step {
			p := period{at, at + s.length}
			if at >= s.during.from && at < s.during.to && s.event.bookable(at, s.now) && s.clear(p, taken) {
				found[at] = true
			}
		}
	}
	return found
}

// first is the first slot's start in an opening: on a round time of the hour.
func (s *slotSearch) first(from, step int64) int64 {
	round := int64(1)
	for _, n := range []int64{60, 30, 20, 15, 10, 5} {
		if step/minute%n == 0 {
			round = n
			break
		}
	}
	local := time.UnixMilli(from).In(s.place)
	if over := int64(local.Minute()) % round; over != 0 {
		from += (round - over) * minute
	}
	return from + int64(s.event.set.whole("offsetStart"))*minute
}

// clear says whether a slot keeps clear of what is taken. A seated event's own
// bookings with seats left do not count.
func (s *slotSearch) clear(at period, taken []period) bool {
	if s.event.seats > 0 {
		if i, ok := s.book.seated(s.event, at.from); ok {
			return len(s.book.attendeesOf(i)) < s.event.seats
		}
	}
	wide := s.event.buffered(at)
	return !slices.ContainsFunc(taken, wide.overlaps)
}

func (s *slotSearch) show(at period) any {
	o := object{{"start", s.clock(at.from)}}
	if s.asRange {
		o = append(o, field{"end", s.clock(at.to)})
	}
	if s.event.seats > 0 {
		booked, uid := 0, any(nil)
		if i, ok := s.book.seated(s.event, at.from); ok {
			booked, uid = len(s.book.attendeesOf(i)), uidOf(s.book.rows[i].tag)
		}
		if uid != nil {
			o = append(o, field{"attendeesCount", booked}, field{"bookingUid", uid})
		}
	}
	return o
}

func (s *slotSearch) clock(ms int64) string {
	if s.place == time.UTC {
		return clockText(ms)
	}
	return time.UnixMilli(ms).In(s.place).Format("2006-01-02T15:04:05.000-07:00")
}

// seated finds the accepted booking of a seated event at a time.
func (b *book) seated(e *eventType, start int64) (int32, bool) {
	found, ok := none, false
	b.indexes[byStart].scan(start, start, false, func(en entry) bool {
		r := &b.rows[en.row]
		if r.status == accepted && int(r.event) == e.id && r.seats > 0 {
			found, ok = en.row, true
		}
		return !ok
	})
	return found, ok
}
