package web

import (
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerOverview() { w.show("/{$}", signedIn, (*visit).overview) }

// How much the overview shows of each thing.
const (
	needsShown   = 10
	budgetsShown = 6
	barsShown    = 60
	dueShown     = 6
)

// overviewView is what somebody sees first.
type overviewView struct {
	Credentials, Flows int
	Health             map[store.Health]int
	Records            int // new or changed since midnight, UTC
	Needs              []need
	Budgets            []*budgetView
	Runs               []ui.Bar // of the last day, oldest first
	RunTotal           int
	Due                []flow.UpcomingSource // the next first
	Hours              []ui.Bar              // what is planned for the next day
	Now                time.Time
}

// need is something that a person should look at.
type need struct {
	Tone              ui.Tone
	Title, What, Path string
}

// overview is what somebody sees first: how it goes, and what needs them.
func (v *visit) overview() error {
	o := &overviewView{Now: v.Now()}
	sources, err := v.ids(store.KindSource, identity.RoleCollaborator)
	if err != nil {
		return err
	}
	for _, add := range []func(*overviewView, []int64) error{v.addCredentials, v.addFlows, v.addDestinations, v.addQuarantine, v.addUndelivered, v.addRuns, v.addDue} {
		if err := add(o, sources); err != nil {
			return err
		}
	}
	if o.Budgets, _, err = v.keyBudgets(1, budgetsShown); err != nil {
		return err
	}
	return v.shown("Overview", overviewPage(o))
}

// addCredentials finds those that fail, and those that end soon.
func (v *visit) addCredentials(o *overviewView, _ []int64) error {
	f, err := v.visible(store.KindCredential)
	if err != nil {
		return err
	}
	f.Page, f.Number = 1, needsShown
	for _, status := range []credential.Status{credential.StatusFailed, credential.StatusUnknown} {
		f.Status = string(status)
		failing, _, err := v.Credentials.List(v.r.Context(), f)
		if err != nil {
			return err
		}
		for _, c := range failing {
			o.Needs = append(o.Needs, need{ui.Bad, c.Name, sentence(c.Problem), fmt.Sprintf("/credentials/%d", c.ID)})
		}
	}
	f.Status, f.Number = "", mostWatched
	all, total, err := v.Credentials.List(v.r.Context(), f)
	o.Credentials = total
	for _, c := range all {
		view := &credentialView{Credential: c}
		if c.ExpiresAt == 0 || len(o.Needs) >= needsShown {
			continue
		}
		if tone, words := view.Expiry(o.Now); tone != ui.Plain {
			o.Needs = append(o.Needs, need{tone, c.Name, sentence(words), view.Path()})
		}
	}
	return err
}

// mostWatched is how many credentials are looked at for their expiry; of more
// than these the notifications tell.
const mostWatched = 200

// addFlows counts flows by how they stand, and names those that fail.
func (v *visit) addFlows(o *overviewView, sources []int64) (err error) {
	ctx := v.r.Context()
	f := store.HealthFilter{Org: v.who.Org, Sources: sources}
	if o.Health, err = v.Store.CountHealth(ctx, f); err != nil {
		return err
	}
	for _, n := range o.Health {
		o.Flows += n
	}
	f.Page, f.Size = 1, needsShown
	for _, bad := range []struct {
		health store.Health
		tone   ui.Tone
		says   string
	}{{store.HealthFailing, ui.Bad, "Its newest run failed: "}, {store.HealthDegraded, ui.Warn, "Its newest run left something out: "}} {
		f.Health = bad.health
		flows, _, err := v.Store.FlowHealths(ctx, f)
		if err == nil {
			err = v.rights().Healths(ctx, v.who, flows)
		}
		if err != nil {
			return err
		}
		for _, h := range flows {
			o.Needs = append(o.Needs, need{bad.tone, h.Name, bad.says + h.Summary, runPath(string(h.Run))})
		}
	}
	return nil
}

func (v *visit) addQuarantine(o *overviewView, _ []int64) error {
	f, err := v.rejectFilter(identity.RoleCollaborator)
	if err != nil {
		return err
	}
	n, err := v.Store.CountQuarantine(v.r.Context(), f)
	if n > 0 {
		o.Needs = append(o.Needs, need{ui.Warn, "Quarantine", ui.Plural(int64(n), "record") + " could not be taken. Look why, mend them, send them on.", "/quarantine"})
	}
	return err
}

// addUndelivered counts messages that no receiver took.
func (v *visit) addUndelivered(o *overviewView, _ []int64) error {
	_, total, err := v.Notify.Dispatches(v.r.Context(), v.undelivered(1, 1))
	if total > 0 {
		o.Needs = append(o.Needs, need{ui.Warn, "Notifications", ui.Plural(int64(total), "message") + " could not be delivered.", "/notifications/channels"})
	}
	return err
}

// addRuns draws the runs of the last day.
func (v *visit) addRuns(o *overviewView, sources []int64) error {
	ctx := v.r.Context()
	f := store.RunFilter{Org: v.who.Org, Sources: sources, From: o.Now.Add(-24 * time.Hour).UnixMicro(), Page: 1, Size: barsShown}
	runs, total, err := v.Flows.ListRuns(ctx, f)
	if err != nil {
		return err
	}
	o.RunTotal = total
	for i := len(runs) - 1; i >= 0; i-- {
		r := &runs[i]
		o.Runs = append(o.Runs, ui.Bar{Title: ui.Moment(micros(r.Started)) + ", " + r.Status, Value: float64(r.Totals.Fresh), Tone: runTone(r.Status), Path: runPath(string(r.ID))})
	}
	days, err := v.Store.DailyMetrics(ctx, store.PartFilter{Org: v.who.Org, Kind: store.KindSource, Parts: sources, From: o.Now.UTC().Truncate(24 * time.Hour).UnixMicro()})
	for _, d := range days {
		o.Records += d.Records
	}
	return err
}

// addDue says what runs next.
func (v *visit) addDue(o *overviewView, _ []int64) error {
	plan, err := v.upcoming()
	if err != nil {
		return err
	}
	for _, s := range plan.Sources {
		if !s.Next.IsZero() {
			o.Due = append(o.Due, s)
		}
	}
	o.Hours = plannedHours(plan)
	slices.SortStableFunc(o.Due, func(a, b flow.UpcomingSource) int { return a.Next.Compare(b.Next) })
	o.Due = o.Due[:min(len(o.Due), dueShown)]
	return nil
}

// plannedHours are the requests that all schedules will make in each hour of the
// next day; nothing when they make none.
func plannedHours(plan *flow.Upcoming) []ui.Bar {
	bars, some := make([]ui.Bar, 24), false
	for hour := range bars {
		bars[hour] = ui.Bar{Title: ui.Clock(plan.From.Add(time.Duration(hour) * time.Hour)), Tone: ui.Good}
		for i := range plan.Budgets {
			bars[hour].Value += float64(plan.Budgets[i].Hours[hour])
		}
		some = some || bars[hour].Value > 0
	}
	if !some {
		return nil
	}
	return bars
}
