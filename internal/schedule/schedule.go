// Package schedule says when something is due: Quartz cron expressions of
// seven fields in a time zone, and the plain choices that people make instead.
//
//	schedule.go  an expression and its next time
//	quartz.go    Quartz's dialect in the words of the library that evaluates it
//	wall.go      what a clock on the wall shows, and when, across clock changes
//	every.go     "every 15 minutes", "every Monday at 9:00" as an expression
//	calendar.go  an expression as the numbers that it names
//	plain.go     an expression as the plain choice that it is
//	words.go     an expression as people say it
//
// A schedule is evaluated on the wall clock of its zone. A time that the clock
// skips in spring is due at the end of the gap; one that it shows twice in
// autumn is due the first time. A schedule that is due in every hour knows no
// hours, so it goes on evenly.
package schedule

import (
	"time"

	"github.com/adhocore/gronx"

	"github.com/weirhq/weir"
)

// Schedule is when something is due. The zero value never is. It does not
// change and may be used by many goroutines.
type Schedule struct {
	text   string // as the user wrote it
	expr   string // as gronx reads it
	zone   *time.Location
	hourly bool // due in every hour
}

// Parse reads a Quartz expression (second, minute, hour, day of month, month,
// day of week, and the year, which may be left out) and the IANA name of a
// time zone, "" for UTC. What is wrong is CodeUsage with field and remedy.
func Parse(text, zone string) (Schedule, error) {
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return Schedule{}, &weir.Error{Code: weir.CodeUsage, Where: "time_zone", Message: "it is no known time zone", Remedy: "Write it as Europe/Berlin, or leave it out for UTC"}
	}
	fields, err := split(text)
	if err != nil {
		return Schedule{}, err
	}
	s := Schedule{text: text, expr: fields.expression(), zone: location, hourly: fields.hourly()}
	if !gronx.IsValid(s.expr) {
		return Schedule{}, refuse("it is no cron expression", "")
	}
	// A date that never comes, such as 31 February, has a valid form.
	if _, err := gronx.NextTickAfter(s.expr, time.Unix(0, 0).UTC(), true); err != nil {
		return Schedule{}, refuse("it is never due", "Check day, month and year")
	}
	return s, nil
}

// Coming is Parse for an expression that somebody chooses now: one that is never due
// from here on is refused, too.
func Coming(text, zone string, now time.Time) (Schedule, error) {
	s, err := Parse(text, zone)
	if err != nil {
		return s, err
	}
	if _, ok := s.Next(now); !ok {
		return Schedule{}, refuse("it is never due again", "Check the year, or leave it out")
	}
	return s, nil
}

// String is the expression as it was written.
func (s Schedule) String() string { return s.text }

// Zone is the schedule's time zone.
func (s Schedule) Zone() *time.Location { return s.zone }

// Next is the first time after t at which the schedule is due, in its zone;
// false when there is none.
func (s Schedule) Next(t time.Time) (time.Time, bool) {
	if s.expr == "" {
		return time.Time{}, false
	}
	t = t.In(s.zone)
	if s.hourly {
		_, offset := t.Zone()
		next, ok := s.tick(t.In(time.FixedZone("", offset)))
		return next.In(s.zone), ok
	}
	for wall := onTheWall(t); ; {
		next, ok := s.tick(wall)
		if !ok {
			return time.Time{}, false
		}
		if at := shows(s.zone, next); at.After(t) {
			return at, true
		}
		wall = next // the hour is shown for the second time
	}
}

// tick is the next time in a zone whose clock never changes.
func (s Schedule) tick(after time.Time) (time.Time, bool) {
	next, err := gronx.NextTickAfter(s.expr, after, false)
	// After the last year of a range the library repeats the last tick.
	return next, err == nil && next.After(after)
}

func refuse(message, remedy string) error {
	if remedy == "" {
		remedy = "Write seconds, minutes, hours, day of month, month, day of week and year, as in 0 30 2 * * ? * for every day at 2:30"
	}
	return &weir.Error{Code: weir.CodeUsage, Where: "start.cron", Message: message, Remedy: remedy}
}
