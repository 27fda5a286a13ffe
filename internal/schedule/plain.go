package schedule

import "time"

// Plain is the plain schedule that an expression means; false when it means
// more than one of those says.
func Plain(expression string) (Every, bool) {
	f, err := split(expression)
	if err != nil {
		return Every{}, false
	}
	c, ok := f.calendar()
	if !ok || c.years != "" || c.special != "" {
		return Every{}, false
	}
	e := c.plain()
	_, err = e.Expression()
	return e, err == nil
}

// plain is the plain schedule that comes nearest: one that is none has no count.
func (c calendar) plain() Every {
	daily := c.everyDay() && c.everyMonth()
	if len(c.minutes) > 1 {
		if from, by, even := steps(c.minutes, 0, 59); even && from == 0 && daily && c.everyHour() {
			return Every{Count: by, Unit: UnitMinute}
		}
		return Every{}
	}
	if len(c.hours) > 1 {
		if from, by, even := steps(c.hours, 0, 23); even && from == 0 && daily {
			return Every{Count: by, Unit: UnitHour, At: TimeOfDay{Minute: c.minutes[0]}}
		}
		return Every{}
	}
	at := TimeOfDay{Hour: c.hours[0], Minute: c.minutes[0]}
	day, days, everyDays := steps(c.days, 1, 31)
	month, months, everyMonths := steps(c.months, 1, 12)
	switch {
	case daily:
		return Every{Count: 1, Unit: UnitDay, At: at}
	case c.everyMonth() && len(c.weekdays) == 1:
		return Every{Count: 1, Unit: UnitWeek, At: at, On: time.Weekday(c.weekdays[0])}
	case c.everyMonth() && everyDays && day == 1:
		return Every{Count: days, Unit: UnitDay, At: at}
	case everyMonths && month == 1 && len(c.days) == 1:
		return Every{Count: months, Unit: UnitMonth, At: at, Day: c.days[0]}
	}
	return Every{}
}
