package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

func (w *Web) registerFlowSchedule() {
	operate := identity.Access(store.KindSource, identity.RoleOperator)
	w.show("/flows/{id}/schedule", operate, (*visit).flowSchedule)
	w.do("/flows/{id}/schedule", operate, (*visit).reschedule)
	w.do("/flows/{id}/plan", operate, (*visit).planFlow)
	w.do("/flows/plan", maker, (*visit).planNewFlow)
}

// scheduleView is the form that changes when a flow is read.
type scheduleView struct {
	*flow.Source
	scheduleForm
	Words string // what is so now
}

// Back is where the flow's page lies.
func (s *scheduleView) Back() string { return fmt.Sprintf("/flows/%d", s.ID) }

// Seen names the times over which the form is written.
func (s *scheduleView) Seen() string { return seenTimes(s.Times()) }

func seenTimes(t flow.Times) string { return fmt.Sprintf("%s|%s|%d", t.Schedule, t.Zone, t.After) }

// scheduleHere is the form of the flow that the path names, with what was typed.
func (v *visit) scheduleHere(typed url.Values) (*scheduleView, error) {
	ctx := v.r.Context()
	src, err := v.Flows.Source(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	names, err := v.followed(src.Times())
	if err != nil {
		return nil, err
	}
	flows, err := v.followable(src.ID, src.Times())
	if err != nil {
		return nil, err
	}
	s := &scheduleView{Source: src, Words: src.Times().Words(names[src.After])}
	s.Path = s.Back() + "/plan"
	s.Fields = fill(scheduleFields(src.Times(), v.zones(src.Credential), flows), typed)
	return s, nil
}

// zones are time zones to suggest: that of the credential's account, and UTC.
func (v *visit) zones(credential int64) []string {
	c, err := v.Credentials.Credential(v.r.Context(), v.who.Org, credential)
	if err != nil || c.Account == nil || c.Account.TimeZone == "" || c.Account.TimeZone == "UTC" {
		return []string{"UTC"}
	}
	return []string{c.Account.TimeZone, "UTC"}
}

func (s *scheduleView) title() string { return "When " + s.Name + " is read" }

// flowSchedule is the form, and what the present times cost.
func (v *visit) flowSchedule() error {
	s, err := v.scheduleHere(nil)
	if err != nil {
		return err
	}
	if s.Plan, err = v.planned(flow.Draft{Times: s.Times(), Source: s.ID, Credential: s.Credential}); err != nil {
		return err
	}
	return v.scheduleShown(http.StatusOK, s)
}

func (v *visit) scheduleShown(status int, s *scheduleView) error {
	return v.write(status, s.title(), flowSchedulePage(s))
}

// reschedule changes when a flow is read, and nothing else of it, unless somebody
// else has done so since the form was shown.
func (v *visit) reschedule() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	t, err := timesOf(form, v.Now())
	if err == nil {
		_, err = v.Runner.Reschedule(v.r.Context(), v.actor(), v.number("id"), func(spec *flow.SourceSpec) error {
			if seen := form.Get("seen"); seen != "" && seen != seenTimes(spec.Times()) {
				return changedBySomebody()
			}
			if err := v.mayFollow(t, spec.Times()); err != nil {
				return err
			}
			spec.Read(t)
			return nil
		})
	}
	if err == nil {
		names, err := v.followed(t)
		return v.told(v.thisFlow(), "It is read "+t.Words(names[t.After])+".", err)
	}
	return v.scheduleAgain(form, err)
}

// mayFollow makes sure that who lets a flow follow another one operates that.
func (v *visit) mayFollow(t, before flow.Times) error {
	if t.After == 0 || t.After == before.After {
		return nil
	}
	err := v.People.Authorize(v.r.Context(), v.who, identity.Access(store.KindSource, identity.RoleOperator), t.After)
	var e *weir.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	if out.Where = fieldAfter; out.Code == weir.CodeNotFound {
		out.Code, out.Message, out.Remedy = weir.CodeUsage, "there is no such flow, or not for you", "Choose another one"
	}
	return &out
}

// scheduleAgain shows the form with what was typed, and what is wrong with it.
func (v *visit) scheduleAgain(form url.Values, wrong error) error {
	s, err := v.scheduleHere(form)
	if err != nil {
		return err
	}
	s.Plan = &planView{Asked: int(numberIn(form, "per_run"))}
	if s.Problem, err = blame(scheduleError(wrong), s.Fields); err != nil {
		return err
	}
	return v.scheduleShown(http.StatusUnprocessableEntity, s)
}

// planFlow says what typed times would cost: a script gets that part, any other
// browser the page with it.
func (v *visit) planFlow() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	s, err := v.scheduleHere(form)
	if err != nil {
		return err
	}
	d := flow.Draft{Source: s.ID, Credential: s.Credential, PerRun: int(numberIn(form, "per_run"))}
	s.Plan, err = v.planTyped(form, d, s.Times(), func() (int, error) { return asked(v.Flows.Plan(v.r.Context(), v.actor(), s.ID)) })
	if err != nil {
		return err
	}
	if v.scripted() {
		return v.part(planPart(s.Plan))
	}
	return v.scheduleShown(http.StatusOK, s)
}

// scripted reports whether a script asks, for a part of a page.
func (v *visit) scripted() bool { return v.r.Header.Get("HX-Request") == "true" }
