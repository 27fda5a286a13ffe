package simulator

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// period is a span of time, in milliseconds since the epoch; to is not in it.
type period struct{ from, to int64 }

func (p period) overlaps(o period) bool { return p.from < o.to && o.from < p.to }
func (p period) holds(o period) bool    { return p.from <= o.from && o.to <= p.to }

// working lists when a schedule is open between two instants, in order.
func (s *schedule) working(from, to int64) []period {
	if s == nil {
		return nil
	}
	place, _ := zone(s.zone)
	var open []period
	first := time.UnixMilli(from).In(place).AddDate(0, 0, -1)
	for n := 0; ; n++ {
		at := time.Date(first.Year(), first.Month(), first.Day()+n, 0, 0, 0, 0, place)
		if at.UnixMilli() >= to {
			break
		}
		open = append(open, s.openOn(at)...)
	}
	slices.SortFunc(open, func(a, b period) int { return int(max(min(a.from-b.from, 1), -1)) })
	return open
}

// openOn lists when a schedule is open on the day that begins at midnight. An
// override takes the place of the weekly hours.
func (s *schedule) openOn(midnight time.Time) []period {
	var open []period
	add := func(start, end string) {
		p := period{onDay(midnight, start), onDay(midnight, end)}
		if p.to > p.from {
			open = append(open, p)
		}
	}
	date, overridden := midnight.Format(time.DateOnly), false
	for _, o := range s.overrides {
		if one, ok := o.(object); ok && one.text("date") == date {
			overridden = true
			add(one.text("startTime"), one.text("endTime"))
		}
	}
	if overridden {
		return open
	}
	for _, a := range s.availability {
		if one, ok := a.(object); ok && slices.Contains(one.strings("days"), midnight.Weekday().String()) {
			add(one.text("startTime"), one.text("endTime"))
		}
	}
	return open
}

// onDay is the instant of a clock time, "15:04", on a day. 23:59 counts as the
// day's end.
func onDay(midnight time.Time, clock string) int64 {
	hours, minutes, _ := strings.Cut(clock, ":")
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	if h == 23 && m == 59 {
		h, m = 24, 0
	}
	return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), h, m, 0, 0, midnight.Location()).UnixMilli()
}

// scheduleOf is the schedule by which a host gives an event, or nil: then the
// host is never free.
func (d *directory) scheduleOf(host int, e *eventType) *schedule {
	id := e.schedule
	if u := d.user(host); id == 0 && u != nil {
		id = u.schedule
	}
	return byID(d.schedules, id, func(s *schedule) int { return s.id })
}

// busy lists the times at which a host has accepted bookings, out of office
// among them, that reach into a period. The row except does not count.
func (b *book) busy(host int, during period, except int32) []period {
	var taken []period
	b.indexes[byStart].scan(during.from-b.longest, during.to, false, func(e entry) bool {
		r := &b.rows[e.row]
		p := period{r.start, r.end()}
		if r.status == accepted && int(r.user) == host && e.row != except && p.overlaps(during) {
			taken = append(taken, p)
		}
		return true
	})
	for _, a := range b.dir.absences {
		if from, to, ok := a.times(); ok && a.user == host && (period{from, to}).overlaps(during) {
			taken = append(taken, period{from, to})
		}
	}
	return taken
}

// free says whether a host can give an event at a time: within working hours,
// and with the event's buffers clear of other bookings.
func (b *book) free(host int, e *eventType, at period, except int32) bool {
	if !slices.ContainsFunc(b.dir.scheduleOf(host, e).working(at.from, at.to), func(open period) bool { return open.holds(at) }) {
		return false
	}
	return len(b.busy(host, e.buffered(at), except)) == 0
}

func (e *eventType) buffered(at period) period {
	return period{at.from - int64(e.set.whole("beforeEventBuffer"))*minute, at.to + int64(e.set.whole("afterEventBuffer"))*minute}
}

// organizer picks who gives an event at a time: the owner, the first free host
// of a round robin, or the first of all hosts when they are free together.
func (b *book) organizer(e *eventType, at period, except int32) (host int, ok bool) {
	if e.team == 0 {
		return e.owner, b.free(e.owner, e, at, except)
	}
	for _, h := range e.hosts {
		switch is := b.free(h, e, at, except); {
		case e.collective && !is:
			return 0, false
		case !e.collective && is:
			return h, true
		}
	}
	if !e.collective || len(e.hosts) == 0 {
		return 0, false
	}
	return e.hosts[0], true
}

// bookable says whether a time keeps the event's notice and lies within its
// booking window.
func (e *eventType) bookable(start, now int64) bool {
	if start < now+int64(e.notice())*minute {
		return false
	}
	window := e.set.object("bookingWindow")
	switch window.text("type") {
	case "calendarDays", "businessDays":
		days := int64(window.whole("value"))
		if window.text("type") == "businessDays" {
			days = days * 7 / 5
		}
		return start <= now+days*day
	case "range":
		ends := window.strings("value")
		if len(ends) != 2 {
			return true
		}
		from, okFrom := instant(ends[0])
		to, okTo := instant(ends[1])
		return !okFrom || !okTo || start >= from && start < to+day
	}
	return true
}

// defaultNotice is how many minutes ahead an event must be booked, unless its
// type says otherwise (observed 2026-11-23).
const defaultNotice = 120

func (e *eventType) notice() int {
	if n, set := e.set.number("minimumBookingNotice"); set {
		return int(max(min(n, 1<<30), 0))
	}
	return defaultNotice
}
