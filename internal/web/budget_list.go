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

// budgetsOnAPage is how many keys the page of budgets shows.
const budgetsOnAPage = 20

func (w *Web) registerBudgets() { w.show("/budgets", signedIn, (*visit).budgets) }

// budgetView is one key's budget as pages show it.
type budgetView struct {
	credential.KeyBudget
	Names   []string // of its credentials, as far as one may know them
	Path    string   // of the first of them
	Minutes []ui.Bar // of the last hour
	Sent    int      // in that hour
	Refused int
	Flows   []shareView
	Lanes   []shareView
	Planned *flow.UpcomingBudget // nil for nothing
	Hours   []ui.Bar
}

// Title names the key by its credentials.
func (b *budgetView) Title() string {
	switch len(b.Names) {
	case 0:
		return "A key that you may not see"
	case 1:
		return b.Names[0]
	}
	return fmt.Sprintf("%s and %d more with the same key", b.Names[0], len(b.Names)-1)
}

// Gauge is how much of the window is used now.
func (b *budgetView) Gauge() (title string, used, limit float64, words string) {
	words = fmt.Sprintf("%d of %d", b.Used, b.Limit)
	if b.Blocked {
		words += ", waiting"
	}
	return "In the last " + ui.Span(b.Window), float64(b.Used), float64(b.Limit), words
}

// PerHour is what the key may do in an hour.
func (b *budgetView) PerHour() int {
	return int(float64(b.Limit) * float64(time.Hour) / float64(b.Window))
}

// HourLimit is the line of the chart of what is planned: none where it is so
// far above that nothing else could be seen.
func (b *budgetView) HourLimit() float64 {
	if b.Planned.BusiestUse < 0.1 {
		return 0
	}
	return float64(b.PerHour())
}

// keyBudgets are the budgets of the credentials that somebody may see.
func (v *visit) keyBudgets(page, size int, credentials ...int64) ([]*budgetView, int, error) {
	seen, err := v.ids(store.KindCredential, identity.RoleCollaborator)
	if err != nil {
		return nil, 0, err
	}
	f := store.BudgetFilter{Org: v.who.Org, Credentials: seen, Page: page, Size: size}
	if len(credentials) > 0 {
		f.Credentials = credentials
	}
	found, total, err := v.Credentials.KeyBudgets(v.r.Context(), f)
	views := make([]*budgetView, len(found))
	for i, b := range found {
		views[i] = &budgetView{KeyBudget: b}
		for _, c := range b.Credentials {
			if seen != nil && !slices.Contains(seen, c.ID) {
				continue
			}
			if views[i].Names = append(views[i].Names, c.Resource.Name); views[i].Path == "" {
				views[i].Path = fmt.Sprintf("/credentials/%d", c.ID)
			}
		}
	}
	return views, total, err
}

// addBudgets gives credentials the budgets of their keys.
func (v *visit) addBudgets(views []*credentialView) error {
	ids := []int64{}
	for _, c := range views {
		if c.Kind.Connection == "rest" {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	budgets, _, err := v.keyBudgets(1, len(ids), ids...)
	for _, b := range budgets {
		for _, held := range b.Credentials {
			for _, c := range views {
				if c.ID == held.ID {
					c.Budget = b
				}
			}
		}
	}
	return err
}

// budgets is each key's use, minute by minute, and what is planned.
func (v *visit) budgets() error {
	if v.exports() {
		return v.exportDue()
	}
	views, total, err := v.keyBudgets(pageNumber(v), budgetsOnAPage)
	if err != nil {
		return err
	}
	if err := v.addUse(views); err != nil {
		return err
	}
	plan, err := v.upcoming()
	if err != nil {
		return err
	}
	for _, b := range views {
		b.plan(plan)
	}
	t := ui.Table{Caption: "keys", Path: "/budgets", Query: v.query(), Total: total, Page: pageNumber(v), PerPage: budgetsOnAPage}
	return v.shown("Budget", budgetsPage(views, plan, t, dueTable(plan, dueListed), v.Now()))
}

// dueListed is how many flows that are due the page lists.
const dueListed = 50

// dueTable lists the costliest flows that are due within a day; most 0 is all.
func dueTable(plan *flow.Upcoming, most int) ui.Table {
	t := ui.Table{ID: "due", Caption: "what is due within a day", Path: "/budgets", Export: true, Columns: []ui.Column{{Title: "Flow", Wide: true}, {Title: "How often"}, {Title: "Next"},
		{Title: "Runs", Numeric: true}, {Title: "Requests a run", Numeric: true}, {Title: "Requests", Numeric: true}}}
	for i, s := range plan.Sources {
		if most > 0 && i == most {
			break
		}
		cost := ui.Words("not known yet")
		if s.PerRun >= 0 {
			cost = ui.Figure(int64(s.PerRun))
		}
		t.Rows = append(t.Rows, []ui.Cell{ui.Shown(s.Name, ui.Link(fmt.Sprintf("/flows/%d", s.Source), s.Name)), ui.Shown(s.Times().Words(""), whenWords(s.Times(), s.Times().Words(""))), ui.At(s.Next),
			ui.Figure(int64(s.Runs)), cost, ui.Figure(int64(s.Requests))})
	}
	t.Total = len(t.Rows)
	return t
}

// exportDue sends all flows that are due.
func (v *visit) exportDue() error {
	plan, err := v.upcoming()
	if err != nil {
		return err
	}
	return v.list("Budget", dueTable(plan, 0), nil)
}

// upcoming is what schedules will cost within a day.
func (v *visit) upcoming() (*flow.Upcoming, error) {
	f, err := v.visible(store.KindSource)
	if err != nil {
		return nil, err
	}
	return v.Flows.Upcoming(v.r.Context(), f)
}

// plan finds what schedules will cost the key.
func (b *budgetView) plan(all *flow.Upcoming) {
	for i := range all.Budgets {
		if all.Budgets[i].Name != b.Name {
			continue
		}
		b.Planned = &all.Budgets[i]
		for hour, n := range b.Planned.Hours {
			tone := ui.Good
			if n > b.PerHour() {
				tone = ui.Bad
			}
			b.Hours = append(b.Hours, ui.Bar{Title: ui.Clock(all.From.Add(time.Duration(hour) * time.Hour)), Value: float64(n), Tone: tone})
		}
	}
}
