package web

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/web/ui"
)

// planView is what times would cost.
type planView struct {
	*flow.Forecast // nil when the times cannot be kept
	Times          flow.Times
	Words          string
	Names          map[int64]string // of flows with the same key
	Problem        *ui.Problem
	Asked          int // requests of a run, as far as that was asked for; the form keeps it
}

// planned is what times would cost, as pages show it.
func (v *visit) planned(d flow.Draft) (*planView, error) {
	f, err := v.Flows.Forecast(v.r.Context(), v.who.Org, d)
	if err != nil {
		return nil, err
	}
	about := []flow.Times{d.Times}
	for _, o := range f.Others[:min(len(f.Others), othersShown)] {
		about = append(about, flow.Times{After: o.Source}) // for its name alone
	}
	names, err := v.followed(about...)
	return &planView{Forecast: f, Times: d.Times, Words: d.Words(names[d.After]), Names: names}, err
}

// othersShown is how many other flows of the key are named that take most of it.
const othersShown = 3

// planTyped is what the times of a form would cost, instead of those there are
// now. What a run costs of which nobody knows it is asked for when the address says
// so.
func (v *visit) planTyped(form url.Values, d flow.Draft, now flow.Times, ask func() (int, error)) (p *planView, err error) {
	if d.Times, err = timesOf(form, v.Now()); err == nil {
		err = v.mayFollow(d.Times, now)
	}
	if err == nil {
		p, err = v.planned(d)
	}
	if err == nil && v.query().Has("ask") && p.PerRun == 0 {
		if d.PerRun, err = ask(); err == nil {
			p, err = v.planned(d)
		}
	}
	if err == nil {
		p.Asked = d.PerRun
		return p, nil
	}
	problem, err := blame(scheduleError(err), nil)
	return &planView{Problem: problem, Asked: d.PerRun}, err
}

// asked sums what the endpoints of a run would cost.
func asked(all []pipeline.Estimate, err error) (requests int, _ error) {
	for _, e := range all {
		requests += e.Requests
	}
	return requests, err
}

// Cost is what one run costs.
func (p *planView) Cost() string {
	if p.PerRun == 0 {
		return "not known before the first run"
	}
	if p.Takes < time.Second {
		return ui.Plural(int64(p.PerRun), "request") + ", about a second"
	}
	return ui.Plural(int64(p.PerRun), "request") + ", about " + ui.Span(p.Takes.Round(time.Second))
}

// Whole is what all schedules of the key take together.
func (p *planView) Whole() string {
	return percent(p.KeyShare) + fmt.Sprintf(" of its %s a minute", ui.Plural(int64(p.Limit), "request"))
}

// Most names the other flows that take most of the key.
func (p *planView) Most() string {
	var all []string
	for _, o := range p.Others[:min(len(p.Others), othersShown)] {
		if o.Share > 0 {
			name := "a flow that is not shared with you"
			if p.Names[o.Source] != "" {
				name = "«" + p.Names[o.Source] + "»"
			}
			all = append(all, name+" "+percent(o.Share))
		}
	}
	return strings.Join(all, ", ")
}

// percent is a part of a whole, in words.
func percent(share float64) string {
	switch {
	case share == 0:
		return "nothing"
	case share < 0.001:
		return "less than 0.1 %"
	case share < 0.1:
		return fmt.Sprintf("%.1f %%", share*100)
	}
	return fmt.Sprintf("%.0f %%", share*100)
}

// Advice is what to do about times that do not fit.
func (p *planView) Advice() string {
	if p.Fits == "" {
		return "Even once a day it would not fit. Read less with this key, or ask for a higher limit."
	}
	return sentence(p.Fits) + " it would fit."
}

// planNewFlow says what the times of a flow that is being made would cost.
func (v *visit) planNewFlow() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	d, err := v.draft(form)
	if err != nil {
		return err
	}
	if d.Credential == nil || len(d.Endpoints) == 0 {
		return v.to("/flows/new", ui.Warn, "Choose what to read first.")
	}
	draft := flow.Draft{Credential: d.Credential.ID}
	if !v.query().Has("ask") { // what was asked before may have been with other parameters
		draft.PerRun = int(numberIn(form, "per_run"))
	}
	p, err := v.planTyped(form, draft, flow.Times{}, func() (int, error) {
		return asked(v.Flows.PlanNew(v.r.Context(), v.actor(), d.spec(), d.Credential.ID))
	})
	if err != nil {
		return err
	}
	if v.scripted() {
		return v.part(planPart(p))
	}
	return v.finishFlow(d, p, nil)
}
