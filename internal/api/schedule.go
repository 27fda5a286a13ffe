package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/schedule"
	"github.com/weirhq/weir/internal/store"
)

// Schedule is when a source is read.
type Schedule struct {
	Cron         string  `json:"cron" doc:"Quartz's seven fields; empty for a source that is read when asked, or after another one"`
	TimeZone     string  `json:"time_zone" doc:"An IANA name; empty for UTC"`
	RunAfter     *int64  `json:"run_after" doc:"The source after whose runs this one is read"`
	SweepHours   int     `json:"sweep_hours" doc:"How old the last reading of everything may be; 0 for a day"`
	Words        string  `json:"words" doc:"When it is read, for people, such as every hour at minute 5, Europe/Berlin"`
	Active       bool    `json:"active"`
	NextAt       *string `json:"next_at" doc:"When it is read next; null while it is paused"`
	LastAt       *string `json:"last_at" doc:"The tick of its last scheduled run"`
	EverySeconds float64 `json:"every_seconds" doc:"From one tick to the next"`
	DelaySeconds float64 `json:"delay_seconds" doc:"After each tick, so that not all sources of a key begin at once"`
	Requests     int     `json:"requests" doc:"Of the last run; 0 when nobody knows"`
	KeyShare     float64 `json:"key_share" doc:"The part of the key's budget that all schedules of the key take together"`
	Note         string  `json:"note,omitzero" doc:"What the planner has to say"`
}

// scheduleInput is a schedule as people choose it: an interval, a cron
// expression, or another source.
type scheduleInput struct {
	Cron       string `json:"cron,omitzero" maxLength:"200" doc:"Quartz's seven fields, such as 0 30 2 * * ? *"`
	Every      int    `json:"every,omitzero" minimum:"1" maximum:"60" doc:"How many units from one run to the next"`
	Unit       string `json:"unit,omitzero" enum:"once,minute,hour,day,week,month"`
	At         string `json:"at,omitzero" maxLength:"5" doc:"Time of day, such as 02:30"`
	On         string `json:"on,omitzero" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" doc:"Of a week"`
	Day        int    `json:"day,omitzero" minimum:"1" maximum:"28" doc:"Of a month"`
	TimeZone   string `json:"time_zone,omitzero" maxLength:"64" doc:"An IANA name, such as Europe/Berlin; UTC without one"`
	RunAfter   int64  `json:"run_after,omitzero" minimum:"1" doc:"Read it after each run of this source"`
	SweepHours int    `json:"sweep_hours,omitzero" minimum:"0" maximum:"8784"`
}

func (a *API) registerSchedules() {
	const tag = "Sources"
	register(a, Route{Method: http.MethodGet, Path: "/data_sources/{id}/schedule", Tag: tag, Summary: "When a source is read", Policy: mayRead(store.KindSource)}, a.schedule)
	register(a, Route{Method: http.MethodPut, Path: "/data_sources/{id}/schedule", Tag: tag, Summary: "Choose when a source is read", Policy: mayOperate(store.KindSource),
		Detail: "Give cron, or every and unit, or run_after; an empty body, or the unit once, for when it is asked for. It holds while the source is active."}, a.setSchedule)
}

func (a *API) schedule(ctx context.Context, in *One) (*value[Schedule], error) {
	src, err := a.Flows.Source(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	return a.showSchedule(ctx, src)
}

func (a *API) showSchedule(ctx context.Context, src *flow.Source) (*value[Schedule], error) {
	words, err := a.timesInWords(ctx, src)
	if err != nil {
		return nil, err
	}
	out := Schedule{Cron: src.Schedule, TimeZone: src.Zone, RunAfter: idOrNull(src.After), SweepHours: src.SweepHours, Words: words[0]}
	t, err := a.Flows.Timetable(ctx, src.Org, src.ID)
	if err != nil || t == nil {
		return show(out), err
	}
	out.Active, out.NextAt, out.LastAt, out.Requests, out.KeyShare = t.Active, momentOrNull(t.Due), momentOrNull(t.Last), t.Cost, t.Share
	out.EverySeconds = t.Interval.Seconds()
	if t.Due > 0 {
		out.DelaySeconds = (time.Duration(t.Delay) * time.Microsecond).Seconds()
	}
	switch delay := time.Duration(t.Delay) * time.Microsecond; {
	case t.Active && src.Schedule != "" && t.Due == 0:
		out.Note = "It is never due again: its last year is over. Choose another schedule"
	case t.Share > 1:
		out.Note = fmt.Sprintf("All schedules of this key together need %.0f%% of its budget: runs will be late. Read less often, or ask for a higher limit", 100*t.Share)
	case t.Due > 0 && delay > time.Minute:
		out.Note = fmt.Sprintf("It begins %s after its tick, because other sources of the same key are due then, too, and do not fit into one minute of the key's budget", delay.Round(time.Second))
	}
	return show(out), nil
}

// timesInWords says when sources are read, with the names of those that they
// follow as far as the caller may know them.
func (a *API) timesInWords(ctx context.Context, all ...*flow.Source) ([]string, error) {
	var ids []int64
	for _, src := range all {
		if src.After != 0 {
			ids = append(ids, src.After)
		}
	}
	names := map[int64]string{}
	if len(ids) > 0 {
		found, _, err := a.Store.Resources(ctx, store.ResourceFilter{Org: actor(ctx).Org, Kind: store.KindSource, IDs: ids})
		if err != nil {
			return nil, err
		}
		roles, err := a.People.RolesOn(ctx, principal(ctx), found...)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if roles[r.ID] != identity.RoleNone {
				names[r.ID] = r.Name
			}
		}
	}
	words := make([]string, len(all))
	for i, src := range all {
		words[i] = src.Times().Words(names[src.After])
	}
	return words, nil
}

type setScheduleInput struct {
	One
	Body scheduleInput
}

func (a *API) setSchedule(ctx context.Context, in *setScheduleInput) (*value[Schedule], error) {
	src, err := a.Runner.Reschedule(ctx, actor(ctx), in.ID, func(spec *flow.SourceSpec) error { return a.chooseSchedule(ctx, spec, in.Body, "") })
	if err != nil {
		return nil, err
	}
	return a.showSchedule(ctx, src)
}

// chooseSchedule translates a choice into the domain's words. Errors name the
// fields of the choice, which stands under that prefix of the body.
func (a *API) chooseSchedule(ctx context.Context, spec *flow.SourceSpec, in scheduleInput, under string) error {
	err := a.choose(ctx, spec, in)
	if err == nil && spec.Schedule != "" {
		_, err = schedule.Coming(spec.Schedule, spec.Zone, a.Now())
	}
	var e *weir.Error
	if !errors.As(err, &e) {
		return err
	}
	named := *e
	if named.Where = strings.TrimPrefix(e.Where, "schedule "); named.Where == "start.cron" {
		named.Where = "cron"
	}
	if named.Where != "schedule" { // that is the choice itself
		named.Where = under + named.Where
	}
	return &named
}

func (a *API) choose(ctx context.Context, spec *flow.SourceSpec, in scheduleInput) error {
	ways := 0
	for _, given := range []bool{in.Cron != "", in.Every > 0 || in.Unit != "", in.RunAfter > 0} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return refuse("schedule", "it says in more than one way when the source is read", "Give cron, or every and unit, or run_after")
	}
	if in.RunAfter > 0 {
		if err := a.mayUse(ctx, "run_after", store.KindSource, in.RunAfter); err != nil {
			return err
		}
	}
	var err error
	spec.Schedule, spec.Zone, spec.After, spec.SweepHours = in.Cron, in.TimeZone, in.RunAfter, in.SweepHours
	if in.Every > 0 || in.Unit != "" {
		spec.Schedule, err = in.expression()
	}
	return err
}

// expression is an interval as a Quartz expression.
func (in scheduleInput) expression() (string, error) {
	e := schedule.Every{Count: max(in.Every, 1), Unit: schedule.Unit(in.Unit), Day: in.Day}
	if in.Unit == "" {
		return "", refuse("unit", "it says not of what", "Use once, minute, hour, day, week or month")
	}
	if in.At != "" {
		at, err := time.Parse("15:04", in.At)
		if err != nil {
			return "", refuse("at", "it is no time of day", "Write it as 02:30")
		}
		e.At = schedule.TimeOfDay{Hour: at.Hour(), Minute: at.Minute()}
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), in.On) {
			e.On = d
		}
	}
	return e.Expression()
}
