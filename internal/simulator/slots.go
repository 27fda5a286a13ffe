package simulator

import (
	"net/http"
	"slices"
	"strconv"
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
