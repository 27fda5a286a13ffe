package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

type schedule struct {
	id, owner    int
	name, zone   string
	byDefault    bool
	availability list // objects of days, startTime and endTime
	overrides    list // objects of date, startTime and endTime
}

// officeHours are the hours of each working day, and of a schedule for which
// none are given.
func officeHours(start, end string) list {
	return list{object{{"days", texts(workingDays)}, {"startTime", start}, {"endTime", end}}}
}

var workingDays = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}

func seedSchedules() []schedule {
	return []schedule{
		{1, alice, "Working hours", "Europe/Berlin", true, officeHours("09:00", "17:00"), nil},
		{2, alice, "Late shift", "Europe/Berlin", false, officeHours("14:00", "20:00"), list{object{{"date", "2026-12-24"}, {"startTime", "10:00"}, {"endTime", "12:00"}}}},
		{3, bob, "NY hours", "America/New_York", true, officeHours("09:00", "17:00"), nil},
		{4, carol, "India hours", "Asia/Kolkata", true, officeHours("09:00", "17:00"), nil},
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
func (s *schedule) object() object {
	return object{
		{"id", s.id}, {"ownerId", s.owner}, {"name", s.name}, {"timeZone", s.zone}, {"availability", s.availability},
		{"isDefault", s.byDefault}, {"overrides", s.overrides},
	}
}

// oldObject is the shape of version 2024-04-15; it was not observed.
func (s *schedule) oldObject() object {
	hours, days := list{}, list{}
	for _, v := range s.availability {
		a := v.(object)
		numbers := list{}
		for _, name := range a.strings("days") {
			numbers = append(numbers, weekday(name))
		}
		start, end := a.text("startTime"), a.text("endTime")
		hours = append(hours, object{{"days", numbers}, {"startTime", minutesOf(start)}, {"endTime", minutesOf(end)}, {"userId", s.owner}})
		days = append(days, object{{"id", s.id}, {"userId", s.owner}, {"scheduleId", s.id}, {"days", numbers},
			{"startTime", "1970-01-01T" + start + ":00.000Z"}, {"endTime", "1970-01-01T" + end + ":00.000Z"}, {"date", nil}})
	}
	return object{
		{"id", s.id}, {"name", s.name}, {"isManaged", false}, {"workingHours", hours}, {"schedule", days}, {"timeZone", s.zone},
		{"dateOverrides", list{}}, {"isDefault", s.byDefault}, {"isLastSchedule", false}, {"readOnly", false},
	}
}

func weekday(name string) int {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if d.String() == name {
			return int(d)
		}
	}
	return -1
}

func minutesOf(clock string) int {
	hours, minutes, _ := strings.Cut(clock, ":")
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	return h*60 + m
}

// schedulesOf lists the schedules of users, in the schedules' order.
func (d *directory) schedulesOf(set userSet) []*schedule {
	var all []*schedule
	for _, s := range d.schedules {
		if set.has(uint8(s.owner)) {
			all = append(all, s)
		}
	}
	return all
}

func (c *call) ownSchedules() []*schedule {
	return c.sim.dir.schedulesOf(userSet{}.with(c.user.id))
}

func (c *call) listSchedules() *answer { return c.ok(shown(c.ownSchedules(), (*schedule).object)) }
func (c *call) listOldSchedules() *answer {
	return c.ok(shown(c.ownSchedules(), (*schedule).oldObject))
}

func (c *call) getDefaultSchedule() *answer    { return c.defaultSchedule((*schedule).object) }
func (c *call) getOldDefaultSchedule() *answer { return c.defaultSchedule((*schedule).oldObject) }

func (c *call) defaultSchedule(show func(*schedule) object) *answer {
	for _, s := range c.ownSchedules() {
		if s.byDefault {
			return c.ok(show(s))
		}
	}
	return c.ok(nil)
}

func (c *call) getSchedule() *answer    { return c.oneSchedule((*schedule).object) }
func (c *call) getOldSchedule() *answer { return c.oneSchedule((*schedule).oldObject) }

func (c *call) oneSchedule(show func(*schedule) object) *answer {
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
	return c.ok(show(s))
}

func (c *call) listTeamSchedules() *answer {
	var members userSet
	for _, m := range c.sim.dir.members(c.team().id) {
		members = members.with(m.user)
	}
	return okSpan(c, c.sim.dir.schedulesOf(members), (*schedule).object)
}

func (c *call) listOrganizationSchedules() *answer {
	return okSpan(c, c.sim.dir.schedulesOf(c.organizationSet()), (*schedule).object)
}

func (c *call) listOrganizationUserSchedules() *answer {
	u, refusal := c.organizationUser()
	if refusal != nil {
		return refusal
	}
	return c.ok(shown(c.sim.dir.schedulesOf(userSet{}.with(u.id)), (*schedule).object))
}

// organizationSet is the organization's users.
func (c *call) organizationSet() userSet {
	var set userSet
	for _, u := range c.organizationUsers() {
		set = set.with(u.id)
	}
	return set
}
