package schedule

import (
	"fmt"
	"time"

	"github.com/weirhq/weir"
)

// Unit is what a plain schedule counts.
type Unit string

// The units. UnitOnce is a schedule that is never due again: what has it runs
// when it is activated.
const (
	UnitOnce   Unit = "once"
	UnitMinute Unit = "minute"
	UnitHour   Unit = "hour"
	UnitDay    Unit = "day"
	UnitWeek   Unit = "week"
	UnitMonth  Unit = "month"
)

// Every is a plain schedule: every Count Units, at a time of day.
type Every struct {
	Count int
	Unit  Unit
	At    TimeOfDay    // of days, weeks and months; of hours the minute alone; minutes have none
	On    time.Weekday // of weeks
	Day   int          // of months, 1 when 0; no more than 28, which every month has
}

// TimeOfDay is what a clock shows.
type TimeOfDay struct{ Hour, Minute int }

// Expression is the plain schedule as a Quartz expression, "" for once.
// Days and months begin anew with the month and the year. Counts and times
// that make no sense, and minutes and hours that would be unlike the others at
// the end of an hour or of a day, are CodeUsage.
func (e Every) Expression() (string, error) {
	if e.At.Hour < 0 || e.At.Hour > 23 || e.At.Minute < 0 || e.At.Minute > 59 {
		return "", wrong("at", "it is no time of day", "Write it as 02:30")
	}
	if most := map[Unit]int{UnitOnce: 1, UnitMinute: 30, UnitHour: 23, UnitDay: 27, UnitWeek: 1, UnitMonth: 11}[e.Unit]; most == 0 {
		return "", wrong("unit", fmt.Sprintf("%q is none", e.Unit), "Use once, minute, hour, day, week or month")
	} else if e.Count < 1 || e.Count > most {
		return "", wrong("count", fmt.Sprintf("every %d %ss is not possible", e.Count, e.Unit), fmt.Sprintf("Use 1 to %d", most))
	}
	switch e.Unit {
	case UnitMinute:
		if 60%e.Count != 0 {
			return "", wrong("count", fmt.Sprintf("an hour does not divide into %d minutes", e.Count), "Use 1, 2, 3, 4, 5, 6, 10, 12, 15, 20 or 30")
		}
		if e.At != (TimeOfDay{}) {
			return "", wrong("at", "what happens every few minutes has no time of day", "Leave it out, or choose hours, days, weeks or months")
		}
		return fmt.Sprintf("0 0/%d * * * ? *", e.Count), nil
	case UnitHour:
		if 24%e.Count != 0 {
			return "", wrong("count", fmt.Sprintf("a day does not divide into %d hours", e.Count), "Use 1, 2, 3, 4, 6, 8 or 12; or an expression, which begins anew at midnight")
		}
		return fmt.Sprintf("0 %d 0/%d * * ? *", e.At.Minute, e.Count), nil
	case UnitDay:
		return fmt.Sprintf("0 %d %d 1/%d * ? *", e.At.Minute, e.At.Hour, e.Count), nil
	case UnitWeek:
		return fmt.Sprintf("0 %d %d ? * %s *", e.At.Minute, e.At.Hour, days[int(e.On)%7+1]), nil
	case UnitMonth:
		day := max(e.Day, 1)
		if day > 28 {
			return "", wrong("day", fmt.Sprintf("not every month has a day %d", day), "Use 1 to 28")
		}
		return fmt.Sprintf("0 %d %d %d 1/%d ? *", e.At.Minute, e.At.Hour, day, e.Count), nil
	}
	return "", nil
}

func wrong(field, message, remedy string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: "schedule " + field, Message: message, Remedy: remedy}
}
