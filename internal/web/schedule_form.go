package web

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/schedule"
	"github.com/weirhq/weir/internal/web/ui"
)

// The choices of how often, as people say it.
var often = []struct {
	value, title string
	every        schedule.Every
}{
	{"once", "once, now", schedule.Every{Count: 1, Unit: schedule.UnitOnce}},
	{"15m", "every 15 minutes", schedule.Every{Count: 15, Unit: schedule.UnitMinute}},
	{"30m", "every 30 minutes", schedule.Every{Count: 30, Unit: schedule.UnitMinute}},
	{"1h", "every hour", schedule.Every{Count: 1, Unit: schedule.UnitHour}},
	{"6h", "every 6 hours", schedule.Every{Count: 6, Unit: schedule.UnitHour}},
	{"1d", "every day", schedule.Every{Count: 1, Unit: schedule.UnitDay}},
	{"1w", "every Monday", schedule.Every{Count: 1, Unit: schedule.UnitWeek, On: time.Monday}},
	{"1M", "every month", schedule.Every{Count: 1, Unit: schedule.UnitMonth, Day: 1}},
}

// byHand is the choice of an expression of one's own.
const byHand = "cron"

// scheduleFields ask how often a source is read.
func scheduleFields(form url.Values) []ui.Field {
	choice := ui.Field{Name: "often", Title: "How often", Kind: "select", Required: true, Value: "1h"}
	for _, o := range often {
		choice.Options = append(choice.Options, ui.Option{Value: o.value, Title: o.title})
	}
	choice.Options = append(choice.Options, ui.Option{Value: byHand, Title: "by an expression"})
	fields := []ui.Field{choice,
		{Name: "at", Title: "At", Kind: "time", Help: "The time of day, UTC; of every hour, its minute.", Value: "00:00"},
		{Name: "cron", Title: "Expression", Mono: true, Holder: "0 30 2 * * ? *", Help: "Second, minute, hour, day of month, month, day of week, year."},
	}
	return fill(fields, form)
}

// scheduleOf reads the choice as an expression; "" is once.
func scheduleOf(form url.Values) (string, error) {
	if form.Get("often") == byHand {
		text := strings.TrimSpace(form.Get("cron"))
		_, err := schedule.Parse(text, "UTC")
		return text, err
	}
	for _, o := range often {
		if o.value != form.Get("often") {
			continue
		}
		every := o.every
		if at := form.Get("at"); at != "" {
			if _, err := fmt.Sscanf(at, "%d:%d", &every.At.Hour, &every.At.Minute); err != nil {
				return "", &weir.Error{Code: weir.CodeUsage, Where: "at", Message: "it is no time of day", Remedy: "Write it as 02:30"}
			}
		}
		return every.Expression()
	}
	return "", &weir.Error{Code: weir.CodeUsage, Where: "often", Message: "it is none of the choices", Remedy: "Choose how often"}
}

// whenWords says when a source is read.
func whenWords(s *flow.Source) string {
	if s.After != 0 {
		return fmt.Sprintf("after source %d", s.After)
	}
	return scheduleWords(s.Schedule, s.Zone)
}

// scheduleWords says an expression as people say it, when it is one of the choices.
func scheduleWords(expression, zone string) string {
	if expression == "" {
		return "when it is told to"
	}
	if zone != "" && zone != "UTC" {
		zone = " (" + zone + ")"
	} else {
		zone = ""
	}
	for _, o := range often {
		plain, err := o.every.Expression()
		if err == nil && plain == expression {
			return o.title + zone
		}
	}
	return expression + zone
}
