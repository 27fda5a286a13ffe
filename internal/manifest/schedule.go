package manifest

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/schedule"
)

// units are the short names of intervals.
var units = map[string]schedule.Unit{"m": schedule.UnitMinute, "h": schedule.UnitHour, "d": schedule.UnitDay, "w": schedule.UnitWeek, "mo": schedule.UnitMonth}

var scheduleFields = []string{"every", "cron", "after", "at", "on", "day", "zone", "sweep_hours"}

// readSchedule reads when a source is read. An interval becomes the expression
// that the server would make of it, so that both sides compare.
func readSchedule(o *object) Schedule {
	p := o.part("schedule", scheduleFields...)
	s := Schedule{Cron: p.text("cron"), Zone: p.text("zone"), After: p.text("after"), SweepHours: p.number("sweep_hours", 24*366)}
	ways := 0
	for _, name := range []string{"every", "cron", "after"} {
		if p.has(name) {
			ways++
		}
	}
	if ways > 1 {
		o.wrong(o.place, "schedule", "it says in more than one way when the source is read", "Write one of every, cron and after")
		return s
	}
	if p.has("every") {
		s.Cron = interval(p)
	} else {
		for _, name := range []string{"at", "on", "day"} {
			if p.has(name) {
				o.wrong(o.place, "schedule."+name, "it says more of every, and that is not there", "Add every: 1d, for example")
			}
		}
	}
	if s.Cron == "" && s.Zone != "" && !p.has("every") {
		o.wrong(o.place, "schedule.zone", "there is no clock that it could be of", "Write every or cron, too, or leave it out")
	}
	if s.Cron != "" {
		if _, err := schedule.Parse(s.Cron, s.Zone); err != nil {
			name := "cron"
			if _, bad := time.LoadLocation(s.Zone); bad != nil || s.Zone == "Local" {
				name = "zone"
			}
			p.refused(name, err)
		}
	}
	return s
}

// interval reads every, at, on and day.
func interval(p *object) string {
	text := p.text("every")
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	unit := units[strings.TrimSpace(text[len(digits):])]
	count, err := strconv.Atoi(digits)
	if err != nil || unit == "" {
		p.wrong(p.place, p.path+"every", "it is no interval", "Write it as 15m, 2h, 1d, 1w or 3mo")
		return ""
	}
	e := schedule.Every{Count: count, Unit: unit, Day: p.number("day", 28)}
	if at := p.text("at"); at != "" {
		clock, err := time.Parse("15:04", at)
		if err != nil {
			p.wrong(p.place, p.path+"at", "it is no time of day", `Write it as "02:30", in quotes`)
			return ""
		}
		e.At = schedule.TimeOfDay{Hour: clock.Hour(), Minute: clock.Minute()}
	}
	if on := p.text("on"); on != "" {
		found := false
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(d.String(), on) {
				e.On, found = d, true
			}
		}
		if !found {
			p.wrong(p.place, p.path+"on", "it is no day of a week", "Write it as monday")
			return ""
		}
	}
	expression, err := e.Expression()
	if err != nil {
		p.refused("every", err)
	}
	return expression
}

// refused notes what another package said of a field.
func (o *object) refused(name string, err error) {
	message, remedy := err.Error(), ""
	var e *weir.Error
	if errors.As(err, &e) {
		message, remedy = e.Message, e.Remedy
	}
	o.wrong(o.place, o.path+name, message, remedy)
}
