package simulator

import (
	"net/http"
	"slices"
	"strings"
)

var (
	hoursInput    = input{required("days", isArray, words("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")), required("startTime", isClock), required("endTime", isClock)}
	overrideInput = input{required("date", isDay), required("startTime", isClock), required("endTime", isClock)}
	scheduleInput = input{
		required("name", isString), required("timeZone", isZone), optional("availability", isArray).each(hoursInput),
		required("isDefault", isBool), optional("overrides", isArray).each(overrideInput),
	}
)

func scheduleWriteRoutes() []route {
	current := []string{version20240611, version20240614, version20240415}
	return []route{
		post("/v2/schedules", authRequired, (*call).createSchedule).in(current...),
		patch("/v2/schedules/{schedule}", authRequired, (*call).patchSchedule).in(current...),
		remove("/v2/schedules/{schedule}", authRequired, (*call).deleteSchedule).in(current...),
	}
}

// shownMembers keeps the members of each object of a list, in their order.
func shownMembers(all list, names ...string) list {
	out := list{}
	for _, v := range all {
		o, _ := v.(object)
		var kept object
		for _, name := range names {
			member, _ := o.value(name)
			kept = append(kept, field{name, member})
		}
		out = append(out, kept)
	}
	return out
}

// settle takes over what was written.
func (s *schedule) settle(d *directory, o object) {
	if o.given("name") {
		s.name = o.text("name")
	}
	if o.given("timeZone") {
		s.zone = o.text("timeZone")
	}
	if o.given("availability") {
		s.availability = shownMembers(o.list("availability"), "days", "startTime", "endTime")
	}
	if o.given("overrides") {
		s.overrides = shownMembers(o.list("overrides"), "date", "startTime", "endTime")
	}
	if !o.flag("isDefault") {
		return
	}
	for _, other := range d.schedules {
		if other.owner == s.owner {
			other.byDefault = other == s
		}
	}
	s.byDefault = true
	if u := d.user(s.owner); u != nil {
		u.schedule = s.id
	}
}

// newSchedule is the same for one's own and for an organization's user.
func (c *call) newSchedule(owner int) *answer {
	o, refusal := c.read(scheduleInput)
	if refusal != nil {
		return refusal
	}
	d := c.sim.dir
	s := &schedule{id: d.nextID("schedule"), owner: owner, availability: officeHours("09:00", "17:00"), overrides: list{}}
	d.schedules = append(d.schedules, s)
	s.settle(d, o)
	return c.okSchedule(s)
}

// okSchedule answers in the shape of the version that was asked for.
func (c *call) okSchedule(s *schedule) *answer {
	older := c.version != version20240611 && c.version != version20240614
	if older && strings.HasPrefix(strings.ToLower(c.request.URL.Path), "/v2/schedules") {
		return c.ok(s.oldObject())
	}
	return c.ok(s.object())
}

func (c *call) createSchedule() *answer { return c.newSchedule(c.user.id) }

// schedule finds the one that the path names, with a status of its own for one
// that is not there.
func (c *call) schedule(owner, missing int) (*schedule, *answer) {
	id, ok := c.id("schedule")
	if !ok {
		return nil, c.broken()
	}
	s := byID(c.sim.dir.schedules, id, func(s *schedule) int { return s.id })
	switch {
	case s == nil:
		return nil, c.fail(missing, "Schedule with ID="+text10(id)+" does not exist.")
	case s.owner != owner:
		return nil, c.fail(http.StatusForbidden, "User with ID="+text10(owner)+" does not own schedule with ID="+text10(id))
	}
	return s, nil
}

func (c *call) patchScheduleOf(owner int) *answer {
	o, refusal := c.read(scheduleInput.partial())
	if refusal != nil {
		return refusal
	}
	s, refusal := c.schedule(owner, http.StatusNotFound)
	if refusal != nil {
		return refusal
	}
	s.settle(c.sim.dir, o)
	return c.okSchedule(s)
}

func (c *call) patchSchedule() *answer { return c.patchScheduleOf(c.user.id) }

// deleteScheduleOf answers 400 for one that is not there (observed 2026-11-23).
func (c *call) deleteScheduleOf(owner int) *answer {
	s, refusal := c.schedule(owner, http.StatusBadRequest)
	if refusal != nil {
		return refusal
	}
	d := c.sim.dir
	d.schedules = dropOne(d.schedules, s)
	if u := d.user(owner); u != nil && u.schedule == s.id {
		u.schedule = 0
		if i := slices.IndexFunc(d.schedules, func(other *schedule) bool { return other.owner == owner }); i >= 0 {
			u.schedule, d.schedules[i].byDefault = d.schedules[i].id, true
		}
	}
	return &answer{status: http.StatusOK, body: marshal(object{{"status", "success"}})}
}

func (c *call) deleteSchedule() *answer { return c.deleteScheduleOf(c.user.id) }
