package simulator

import (
	"net/http"
	"strconv"
)

type schedule struct {
	id, owner  int
	name, zone string
	start, end string // of each working day, "15:04"
	byDefault  bool
	overrides  list
}

func seedSchedules() []schedule {
	return []schedule{
		{1, alice, "Working hours", "Europe/Berlin", "09:00", "17:00", true, nil},
		{2, alice, "Late shift", "Europe/Berlin", "14:00", "20:00", false, list{object{{"date", "2026-12-24"}, {"startTime", "10:00"}, {"endTime", "12:00"}}}},
		{3, bob, "NY hours", "America/New_York", "09:00", "17:00", true, nil},
		{4, carol, "India hours", "Asia/Kolkata", "09:00", "17:00", true, nil},
	}
}

func scheduleRoutes() []route {
	current := []string{version20240611, version20240614}
	return []route{
		get("/v2/schedules", authRequired, (*call).listSchedules).in(current...),
		get("/v2/schedules/default", authRequired, (*call).getDefaultSchedule).in(current...),
		get("/v2/schedules/{schedule}", authRequired, (*call).getSchedule).in(current...),
		get("/v2/schedules", authRequired, (*call).listOldSchedules).in(version20240415),
		get("/v2/schedules/default", authRequired, (*call).getOldDefaultSchedule).in(version20240415),
		get("/v2/schedules/{schedule}", authRequired, (*call).getOldSchedule).in(version20240415),
	}
}

// object is the shape of version 2024-06-11.
func (s schedule) object() object {
	return object{
		{"id", s.id}, {"ownerId", s.owner}, {"name", s.name}, {"timeZone", s.zone},
		{"availability", list{object{{"days", list{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}}, {"startTime", s.start}, {"endTime", s.end}}}},
		{"isDefault", s.byDefault}, {"overrides", s.overrides},
	}
}

// oldObject is the shape of version 2024-04-15; it was not observed.
func (s schedule) oldObject() object {
	day := object{{"id", s.id}, {"userId", s.owner}, {"scheduleId", s.id}, {"days", list{1, 2, 3, 4, 5}},
		{"startTime", "1970-01-01T" + s.start + ":00.000Z"}, {"endTime", "1970-01-01T" + s.end + ":00.000Z"}, {"date", nil}}
	return object{
		{"id", s.id}, {"name", s.name}, {"isManaged", false},
		{"workingHours", list{object{{"days", list{1, 2, 3, 4, 5}}, {"startTime", minutesOf(s.start)}, {"endTime", minutesOf(s.end)}, {"userId", s.owner}}}},
		{"schedule", list{day}}, {"timeZone", s.zone}, {"dateOverrides", list{}}, {"isDefault", s.byDefault}, {"isLastSchedule", false}, {"readOnly", false},
	}
}

func minutesOf(clock string) int {
	h, _ := strconv.Atoi(clock[:2])
	m, _ := strconv.Atoi(clock[3:])
	return h*60 + m
}

// schedulesOf lists the schedules of users, in the schedules' order.
func (d *directory) schedulesOf(set userSet) []schedule {
	var all []schedule
	for _, s := range d.schedules {
		if set.has(uint8(s.owner)) {
			all = append(all, s)
		}
	}
	return all
}

func (c *call) ownSchedules() []schedule {
	return c.sim.dir.schedulesOf(userSet(0).with(c.user.id))
}

func (c *call) listSchedules() *answer    { return c.ok(shown(c.ownSchedules(), schedule.object)) }
func (c *call) listOldSchedules() *answer { return c.ok(shown(c.ownSchedules(), schedule.oldObject)) }

func (c *call) getDefaultSchedule() *answer    { return c.defaultSchedule(schedule.object) }
func (c *call) getOldDefaultSchedule() *answer { return c.defaultSchedule(schedule.oldObject) }

func (c *call) defaultSchedule(show func(schedule) object) *answer {
	for _, s := range c.ownSchedules() {
		if s.byDefault {
			return c.ok(show(s))
		}
	}
	return c.ok(nil)
}

func (c *call) getSchedule() *answer    { return c.oneSchedule(schedule.object) }
func (c *call) getOldSchedule() *answer { return c.oneSchedule(schedule.oldObject) }

func (c *call) oneSchedule(show func(schedule) object) *answer {
	id, ok := c.id("schedule")
	if !ok {
		return c.broken()
	}
	s := byID(c.sim.dir.schedules, id, func(s *schedule) int { return s.id })
	if s == nil {
		return c.fail(http.StatusNotFound, "Schedule with ID="+strconv.Itoa(id)+" does not exist.")
	}
	if s.owner != c.user.id {
		return c.fail(http.StatusForbidden, "User with ID="+strconv.Itoa(c.user.id)+" does not own schedule with ID="+strconv.Itoa(id))
	}
	return c.ok(show(*s))
}

func (c *call) listTeamSchedules() *answer {
	var members userSet
	for _, m := range c.sim.dir.members(c.team("team").id) {
		members = members.with(m.user)
	}
	return okSpan(c, c.sim.dir.schedulesOf(members), schedule.object)
}

func (c *call) listOrganizationSchedules() *answer {
	return okSpan(c, c.sim.dir.schedulesOf(c.organizationSet()), schedule.object)
}

func (c *call) listOrganizationUserSchedules() *answer {
	u, refusal := c.organizationUser()
	if refusal != nil {
		return refusal
	}
	return c.ok(shown(c.sim.dir.schedulesOf(userSet(0).with(u.id)), schedule.object))
}

// organizationSet is the organization's users.
func (c *call) organizationSet() userSet {
	var set userSet
	for _, u := range c.organizationUsers() {
		set = set.with(u.id)
	}
	return set
}
