package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func slotRoutes() []route {
	one := []string{version20240904}
	return []route{
		get("/v2/slots", authOptional, (*call).listSlots).in(one...),
		get("/v2/slots/available", authOptional, (*call).listOldSlots).in(version20240415, version20240611, version20240614, version20240813),
		post("/v2/slots/reservations", authOptional, (*call).reserveSlot).in(one...),
		get("/v2/slots/reservations/{uid}", authOptional, (*call).getReservation).in(one...),
		patch("/v2/slots/reservations/{uid}", authOptional, (*call).patchReservation).in(one...),
		remove("/v2/slots/reservations/{uid}", authOptional, (*call).deleteReservation).in(one...),
	}
}

var slotsInput = input{
	required("start", isISO601), required("end", isISO601), optional("timeZone", isZone), optional("duration"),
	optional("format", oneWord("range", "time")), optional("bookingUidToReschedule"), optional("eventTypeId"), optional("eventTypeSlug"),
	optional("username"), optional("usernames"), optional("teamSlug"), optional("organizationSlug"),
}

// mostSlotDays bounds a search for slots.
const mostSlotDays = 400

// listSlots computes when an event can be booked. It needs no key.
func (c *call) listSlots() *answer {
	q := object{}
	for _, p := range c.query {
		q = append(q, field{p.name, p.values[0]})
	}
	if refusal := c.sentence(slotsInput, q); refusal != nil {
		return refusal
	}
	e, refusal := c.eventOf(q)
	if refusal != nil {
		return refusal
	}
	s, refusal := c.slotSearch(e, q)
	if refusal != nil {
		return refusal
	}
	return &answer{status: http.StatusOK, body: marshal(object{{"data", s.days()}, {"status", "success"}})}
}

var oldSlotsInput = input{
	required("startTime", isDate), required("endTime", isDate), optional("eventTypeId"), optional("eventTypeSlug"), optional("username"),
}

// listOldSlots is the shape of version 2024-04-15; it was not observed.
func (c *call) listOldSlots() *answer {
	q := object{}
	for _, p := range c.query {
		q = append(q, field{p.name, p.values[0]})
	}
	v := validation{errors: oldSlotsInput.complaints(oldSlotsInput.known(q))}
	if refusal := v.refusal(c); refusal != nil {
		return refusal
	}
	e, refusal := c.eventOf(q)
	if refusal != nil {
		return refusal
	}
	s, refusal := c.slotSearch(e, object{{"start", q.text("startTime")}, {"end", q.text("endTime")}})
	if refusal != nil {
		return refusal
	}
	days := object{}
	for _, d := range s.days() {
		times := list{}
		for _, slot := range d.value.(list) {
			times = append(times, object{{"time", slot.(object).text("start")}})
		}
		days = append(days, field{d.name, times})
	}
	return c.ok(object{{"slots", days}})
}

// days are the free slots by date.
func (s *slotSearch) days() object {
	days := object{}
	for _, at := range s.find() {
		date := time.UnixMilli(at.from).In(s.place).Format(time.DateOnly)
		slot := s.show(at)
		if n := len(days); n > 0 && days[n-1].name == date {
			days[n-1].value = append(days[n-1].value.(list), slot)
		} else {
			days = append(days, field{date, list{slot}})
		}
	}
	return days
}

// eventOf finds the event type that a request names by id, or by slug and
// owner.
func (c *call) eventOf(o object) (*eventType, *answer) {
	if v, has := o.value("eventTypeId"); has {
		id := o.whole("eventTypeId")
		if text, ok := v.(string); ok {
			id, _ = strconv.Atoi(text)
		}
		if e := c.sim.dir.eventType(id); e != nil && !e.deleted {
			return e, nil
		}
		return nil, c.fail(http.StatusNotFound, "Event Type with ID="+strconv.Itoa(id)+" not found")
	}
	slug, username, teamSlug := o.text("eventTypeSlug"), o.text("username"), o.text("teamSlug")
	switch {
	case username != "" && slug != "":
		u := c.sim.dir.userNamed(username)
		if u == nil {
			return nil, c.fail(http.StatusNotFound, "User with username "+username+" not found")
		}
		if e := c.sim.dir.slugged(slug, u.id, 0); e != nil {
			return e, nil
		}
	case teamSlug != "" && slug != "":
		t := c.sim.dir.teamNamed(teamSlug)
		if t == nil {
			return nil, c.fail(http.StatusNotFound, "Team with slug "+teamSlug+" not found")
		}
		if e := c.sim.dir.slugged(slug, 0, t.id); e != nil {
			return e, nil
		}
	}
	return nil, c.fail(http.StatusNotFound, "Event Type not found")
}

func (d *directory) slugged(slug string, owner, team int) *eventType {
	found := d.eventTypesWhere(func(e *eventType) bool { return e.slug == slug && e.owner == owner && e.team == team })
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func (d *directory) teamNamed(slug string) *team {
	i := slices.IndexFunc(d.teams, func(t *team) bool { return t.slug == slug })
	if i < 0 {
		return nil
	}
	return d.teams[i]
}

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
