package web

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/schedule"
	"github.com/weirhq/weir/internal/web/ui"
)

// The choices of how often, as people say it. Of those without a count the form
// asks for it.
var often = []struct {
	value, title string
	every        schedule.Every
}{
	{"once", "only when it is told to", schedule.Every{Count: 1, Unit: schedule.UnitOnce}},
	{"15m", "every 15 minutes", schedule.Every{Count: 15, Unit: schedule.UnitMinute}},
	{"30m", "every 30 minutes", schedule.Every{Count: 30, Unit: schedule.UnitMinute}},
	{"minutes", "every few minutes", schedule.Every{Unit: schedule.UnitMinute}},
	{"1h", "every hour", schedule.Every{Count: 1, Unit: schedule.UnitHour}},
	{"hours", "every few hours", schedule.Every{Unit: schedule.UnitHour}},
	{"1d", "every day", schedule.Every{Count: 1, Unit: schedule.UnitDay}},
	{"days", "every few days", schedule.Every{Unit: schedule.UnitDay}},
	{"1w", "every week", schedule.Every{Count: 1, Unit: schedule.UnitWeek}},
	{"1M", "every month", schedule.Every{Count: 1, Unit: schedule.UnitMonth}},
	{"months", "every few months", schedule.Every{Unit: schedule.UnitMonth}},
}

// The choices of an expression of one's own, and of another flow.
const (
	byExpression = "cron"
	afterFlow    = "after"
)

// The fields are called as the REST API calls them, so that errors find them.
const (
	fieldCron  = "cron"
	fieldZone  = "time_zone"
	fieldAfter = "run_after"
)

// scheduleForm asks when a source is read, and says what that costs.
type scheduleForm struct {
	Fields  []ui.Field
	Problem *ui.Problem
	Plan    *planView
	Path    string // where the plan is asked for
}

// scheduleFields ask when a source is read: they show the times that it has. zones
// are suggested, flows are those that it may follow.
func scheduleFields(t flow.Times, zones []string, flows []ui.Option) []ui.Field {
	choice := ui.Field{Name: "often", Title: "How often", Kind: "select", Required: true}
	for _, o := range often {
		choice.Options = append(choice.Options, ui.Option{Value: o.value, Title: o.title})
	}
	choice.Options = append(choice.Options, ui.Option{Value: byExpression, Title: "by an expression"})
	if len(flows) > 0 {
		choice.Options = append(choice.Options, ui.Option{Value: afterFlow, Title: "after another flow"})
	}
	e, value := oftenOf(t)
	choice.Value = value
	count, day, cron := "2", "1", ""
	if e.Count > 1 {
		count = fmt.Sprint(e.Count)
	}
	if e.Day > 1 {
		day = fmt.Sprint(e.Day)
	}
	if value == byExpression {
		cron = t.Schedule
	}
	return []ui.Field{choice,
		{Name: "count", Title: "How many", Always: true, Kind: "number", Value: count, Help: "Minutes that divide an hour, hours that divide a day, up to 27 days, or up to 11 months."},
		{Name: "on", Title: "On", Always: true, Kind: "select", Value: fmt.Sprint(int(e.On)), Options: weekdayOptions()},
		{Name: "day", Title: "Day of the month", Always: true, Kind: "number", Value: day, Help: "1 to 28, which every month has."},
		{Name: "at", Title: "At", Always: true, Kind: "time", Help: "The time of day; of hours, the minute.", Value: fmt.Sprintf("%02d:%02d", e.At.Hour, e.At.Minute)},
		{Name: fieldCron, Title: "Expression", Always: true, Mono: true, Long: 200, Value: cron, Holder: "0 30 2 * * ? *", Help: "Second, minute, hour, day of month, month, day of week, year."},
		{Name: fieldZone, Title: "Time zone", Long: 64, Value: t.Zone, Holder: "UTC", Suggest: zones, Help: "Whose clock it is, such as Europe/Berlin; UTC when it is empty."},
		{Name: fieldAfter, Title: "After which flow", Always: true, Kind: "select", Value: fmt.Sprint(t.After), Options: flows, Help: "It is read each time that one has been read."},
	}
}

// oftenOf is the choice that stands for times, with what it has besides.
func oftenOf(t flow.Times) (schedule.Every, string) {
	if t.After != 0 {
		return schedule.Every{On: time.Monday}, afterFlow
	}
	if t.Schedule == "" {
		return schedule.Every{On: time.Monday}, "once"
	}
	e, plain := schedule.Plain(t.Schedule)
	if !plain {
		return schedule.Every{On: time.Monday}, byExpression
	}
	value := ""
	for _, o := range often {
		if o.every.Unit == e.Unit && (o.every.Count == e.Count || o.every.Count == 0 && value == "") {
			value = o.value
		}
	}
	if e.Unit != schedule.UnitWeek {
		e.On = time.Monday
	}
	return e, value
}

// weekdayOptions are the days of the week, from Monday on.
func weekdayOptions() (all []ui.Option) {
	for d := time.Monday; d <= time.Saturday+1; d++ {
		all = append(all, ui.Option{Value: fmt.Sprint(int(d % 7)), Title: (d % 7).String()})
	}
	return all
}

// timesOf reads the choice.
func timesOf(form url.Values, now time.Time) (t flow.Times, err error) {
	zone := strings.TrimSpace(form.Get(fieldZone))
	switch value := form.Get("often"); value {
	case afterFlow:
		if t.After = numberIn(form, fieldAfter); t.After <= 0 {
			return t, &weir.Error{Code: weir.CodeUsage, Where: fieldAfter, Message: "no flow is chosen", Remedy: "Choose the one that it follows"}
		}
		return t, nil
	case byExpression:
		t = flow.Times{Schedule: strings.TrimSpace(form.Get(fieldCron)), Zone: zone}
	default:
		every, err := everyOf(form)
		if err != nil {
			return t, err
		}
		if t.Schedule, err = every.Expression(); err != nil || t.Schedule == "" {
			return t, err
		}
		t.Zone = zone
	}
	_, err = schedule.Coming(t.Schedule, t.Zone, now)
	return t, err
}

// everyOf reads a plain choice.
func everyOf(form url.Values) (schedule.Every, error) {
	for _, o := range often {
		if o.value != form.Get("often") {
			continue
		}
		e := o.every
		if e.Count == 0 {
			e.Count = int(min(numberIn(form, "count"), 1000))
		}
		switch e.Unit {
		case schedule.UnitOnce, schedule.UnitMinute:
			return e, nil
		case schedule.UnitWeek:
			e.On = time.Weekday(numberIn(form, "on") % 7)
		case schedule.UnitMonth:
			e.Day = int(min(numberIn(form, "day"), 1000))
		}
		if at := form.Get("at"); at != "" {
			clock, err := time.Parse("15:04", at)
			if err != nil {
				return e, &weir.Error{Code: weir.CodeUsage, Where: "at", Message: "it is no time of day", Remedy: "Write it as 02:30"}
			}
			e.At = schedule.TimeOfDay{Hour: clock.Hour(), Minute: clock.Minute()}
		}
		return e, nil
	}
	return schedule.Every{}, &weir.Error{Code: weir.CodeUsage, Where: "often", Message: "it is none of the choices", Remedy: "Choose how often"}
}

// scheduleError makes an error about a part of a schedule one about its field.
func scheduleError(err error) error {
	var e *weir.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	if out.Where = strings.TrimPrefix(e.Where, "schedule "); out.Where == "start.cron" {
		out.Where = fieldCron
	}
	return &out
}
