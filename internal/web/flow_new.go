package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

const newFlowTitle = "New flow"

func (w *Web) registerFlowNew() {
	w.show("/flows/new", maker, (*visit).newFlow)
	w.do("/flows/new", maker, (*visit).createFlow)
	w.do("/flows/test", maker, (*visit).testFlow)
}

// flowDraft is a flow as far as it was chosen. It lies in the addresses of
// the steps, so every step can be gone back to, kept and sent to somebody.
type flowDraft struct {
	Credential  *credentialView
	Endpoints   []connector.Endpoint // those that were chosen
	Params      map[string]string
	Destination int64 // a credential; 0 for none: records stay in Weir's log
	Form        url.Values
	Blind       []ui.Field // with which one goes on though the destination could not be looked at
}

// paramPrefix stands before the names of parameters in forms.
const paramPrefix = "param."

// draft reads a draft from a form or an address.
func (v *visit) draft(form url.Values) (*flowDraft, error) {
	d := &flowDraft{Params: map[string]string{}, Form: form}
	for name, values := range form {
		if after, ok := strings.CutPrefix(name, paramPrefix); ok && values[0] != "" {
			d.Params[after] = values[0]
		}
	}
	id := numberIn(form, "credential")
	if id == 0 {
		return d, nil
	}
	if err := v.People.Authorize(v.r.Context(), v.who, identity.Access(store.KindCredential, identity.RoleOperator), id); err != nil {
		return nil, err
	}
	c, err := v.Credentials.Credential(v.r.Context(), v.who.Org, id)
	if err != nil {
		return nil, err
	}
	d.Credential = &credentialView{Credential: c}
	if c.Kind.Connector == nil {
		return d, nil
	}
	for _, e := range c.Kind.Connector.Endpoints {
		if slices.Contains(form["endpoint"], e.ID) {
			d.Endpoints = append(d.Endpoints, e)
		}
	}
	d.Destination = numberIn(form, "destination")
	return d, nil
}

// Parameters are those of the chosen endpoints, each once.
func (d *flowDraft) Parameters() (all []ui.Field) {
	seen := map[string]bool{}
	for _, e := range d.Endpoints {
		for _, p := range e.Parameters {
			if !seen[p.Name] {
				seen[p.Name] = true
				all = append(all, parameterField(p, d.Params[p.Name]))
			}
		}
	}
	return all
}

// spec is the draft's source.
func (d *flowDraft) spec() flow.SourceSpec {
	spec := flow.SourceSpec{Params: d.Params}
	for _, e := range d.Endpoints {
		spec.Endpoints = append(spec.Endpoints, e.ID)
	}
	return spec
}

// Name is what the flow is called when nobody says otherwise.
func (d *flowDraft) Name() string {
	if name := strings.TrimSpace(d.Form.Get("name")); name != "" {
		return name
	}
	titles := []string{}
	for _, e := range d.Endpoints {
		titles = append(titles, e.Title)
	}
	if len(titles) > 2 {
		return fmt.Sprintf("%s and %d more", titles[0], len(titles)-1)
	}
	return strings.Join(titles, " and ")
}

func parameterField(p connector.Parameter, value string) ui.Field {
	f := ui.Field{Name: paramPrefix + p.Name, Title: sentence(strings.ReplaceAll(p.Name, "_", " ")), Help: strings.TrimSpace(p.Help), Required: p.Required, Value: value, Holder: p.Default, Long: 2048}
	switch {
	case len(p.Values) > 0:
		f.Kind = "select"
		f.Options = []ui.Option{{Value: "", Title: "any"}}
		for _, value := range p.Values {
			f.Options = append(f.Options, ui.Option{Value: value, Title: value})
		}
	case p.Type == connector.ParameterInt:
		f.Kind = "number"
	}
	return f
}

// newFlow shows the step that comes next.
func (v *visit) newFlow() error {
	d, err := v.draft(v.query())
	if err != nil {
		return err
	}
	switch {
	case d.Credential == nil:
		return v.chooseCredential()
	case len(d.Endpoints) == 0 && v.query().Has("go"):
		nothing := &ui.Problem{Message: "No endpoint is chosen", Remedy: "Choose at least one"}
		return v.again(newFlowTitle, flowEndpointsPage(d, endpointGroups(d.Credential.Kind), nothing))
	case len(d.Endpoints) == 0 || v.query().Has("back"):
		return v.shown(newFlowTitle, flowEndpointsPage(d, endpointGroups(d.Credential.Kind), nil))
	}
	return v.finishFlow(d, nil, nil)
}

// chooseCredential is the first step: whose data.
func (v *visit) chooseCredential() error {
	f, err := v.searched(store.KindCredential)
	if err != nil {
		return err
	}
	f.Page, f.Number = pageNumber(v), tilesOnAPage
	for _, k := range v.Credentials.Kinds() {
		if k.Source && k.Connector != nil {
			f.Types = append(f.Types, k.Name)
		}
	}
	all, total, err := v.Credentials.List(v.r.Context(), f)
	if err != nil {
		return err
	}
	views, err := v.credentialViews(v.r.Context(), all...)
	if err != nil {
		return err
	}
	kind, err := v.Credentials.Kind(credential.KindCalcom)
	if err != nil {
		return err
	}
	form := v.newCredentialForm(kind)
	form.Next = "/flows/new"
	table := ui.Table{Caption: "credentials", Path: "/flows/new", Query: v.query(), Total: total, Page: f.Page, PerPage: f.Number}
	return v.shown(newFlowTitle, flowCredentialPage(views, table, form, v.Now()))
}

// finishFlow is the last step: where to, how often, what it costs. plan is nil
// for what the usual schedule costs, wrong is what is wrong with what was typed.
func (v *visit) finishFlow(d *flowDraft, plan *planView, wrong error) error {
	targets, err := v.targets()
	if err != nil {
		return err
	}
	flows, err := v.followable(0, flow.Times{})
	if err != nil {
		return err
	}
	zones := v.zones(d.Credential.ID)
	usual := flow.Times{Schedule: usualSchedule, Zone: zones[0]}
	s := &scheduleForm{Path: "/flows/plan", Plan: plan, Fields: fill(scheduleFields(usual, zones, flows), d.Form)}
	if plan == nil && wrong == nil {
		if s.Plan, err = v.planned(flow.Draft{Times: usual, Credential: d.Credential.ID}); err != nil {
			return err
		}
	}
	if s.Plan == nil {
		s.Plan = &planView{Asked: int(numberIn(d.Form, "per_run"))}
	}
	if s.Problem, err = blame(scheduleError(wrong), s.Fields); err != nil {
		return err
	}
	page := flowFinishPage(d, targets, s)
	if wrong != nil {
		return v.again(newFlowTitle, page)
	}
	return v.shown(newFlowTitle, page)
}

// usualSchedule is what a new flow has unless somebody chooses otherwise.
const usualSchedule = "0 0 0/1 * * ? *"

// targets are the credentials to which a dataset can go.
func (v *visit) targets() ([]*credentialView, error) {
	f, err := v.visible(store.KindCredential)
	if err != nil {
		return nil, err
	}
	f.Page, f.Number = 1, mostWatched
	for _, k := range v.Credentials.Kinds() {
		if k.Destination && k.Connection != "rest" {
			f.Types = append(f.Types, k.Name)
		}
	}
	all, _, err := v.Credentials.List(v.r.Context(), f)
	if err != nil {
		return nil, err
	}
	return v.credentialViews(v.r.Context(), all...)
}

// testFlow reads the first records of what was chosen, and stores nothing.
func (v *visit) testFlow() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	d, err := v.draft(form)
	if err != nil {
		return err
	}
	if d.Credential == nil || len(d.Endpoints) == 0 {
		return v.part(testFailed(&ui.Problem{Message: "Nothing is chosen", Remedy: "Choose an endpoint first"}))
	}
	parts, err := v.tests(d)
	if err != nil {
		return err
	}
	return v.part(testsShown(parts))
}

// tests reads the first records of each endpoint, one after the other, because
// they share the key's window. Those for which there is no time are said to be left.
func (v *visit) tests(d *flowDraft) (parts []templ.Component, err error) {
	begun := v.Now()
	for i, e := range d.Endpoints {
		if i > 0 && v.Now().Sub(begun) > testTime {
			return append(parts, testsLeft(d.Endpoints[i:])), nil
		}
		spec := d.spec()
		spec.Endpoints = []string{e.ID}
		preview, err := v.Flows.Test(v.r.Context(), v.actor(), spec, d.Credential.ID, testRecords)
		if err != nil {
			problem, err := blame(err, nil)
			if err != nil {
				return nil, err
			}
			parts = append(parts, endpointFailed(e, problem))
			continue
		}
		parts = append(parts, testShown(e, preview, sampleTable(preview, e.PrimaryKey)))
	}
	return parts, nil
}

// testTime is after how long a test tries no other endpoint: a page has thirty seconds.
const testTime = 12 * time.Second

// testRecords is how many records a test shows.
const testRecords = 5

// createFlow stores the source, its destinations, and starts it.
func (v *visit) createFlow() error {
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
	ctx, spec := v.r.Context(), d.spec()
	times, err := timesOf(form, v.Now())
	if err == nil {
		err = v.mayFollow(times, flow.Times{})
	}
	if err != nil {
		return v.finishFlow(d, nil, err)
	}
	spec.Read(times)
	in := flow.SourceInput{Common: flow.Common{Name: d.Name()}, SourceSpec: spec, Credential: d.Credential.ID}
	if err := v.roomFor(in, d); err != nil {
		d.Blind = blind(err)
		return v.finishFlow(d, nil, err)
	}
	src, err := v.Flows.CreateSource(ctx, v.actor(), in)
	if err != nil {
		return v.finishFlow(d, nil, err)
	}
	path := fmt.Sprintf("/flows/%d", src.ID)
	if err := v.connect(src, d); err != nil {
		return v.told(path, "", err)
	}
	if err := v.Runner.Activate(ctx, v.actor(), store.KindSource, src.ID, true); err != nil {
		return v.told(path, "", err)
	}
	return v.to(path, ui.Good, "The flow is made, and its first run has begun.")
}

// connect lets every dataset of the source go to the chosen destination.
func (v *visit) connect(src *flow.Source, d *flowDraft) error {
	if d.Destination == 0 {
		return nil
	}
	ctx := v.r.Context()
	if err := v.People.Authorize(ctx, v.who, identity.Access(store.KindCredential, identity.RoleOperator), d.Destination); err != nil {
		return err
	}
	root, _, err := v.Flows.Tree(ctx, v.who.Org, store.KindSource, src.ID)
	if err != nil {
		return err
	}
	to, err := v.Credentials.Credential(ctx, v.who.Org, d.Destination)
	if err != nil {
		return err
	}
	for _, dataset := range root.Children {
		_, err := v.Flows.CreateDestination(ctx, v.actor(), flow.DestinationInput{
			Common: flow.Common{Name: dataset.Name + " → " + to.Name}, DestinationSpec: flow.DestinationSpec{}.Keep(weir.ModeUpsert), Credential: to.ID, Dataset: dataset.ID})
		if err != nil {
			return err
		}
	}
	return nil
}

// query is the draft as an address.
func (d *flowDraft) query() url.Values {
	q := url.Values{"credential": {fmt.Sprint(d.Credential.ID)}}
	for _, e := range d.Endpoints {
		q.Add("endpoint", e.ID)
	}
	for name, value := range d.Params {
		q.Set(paramPrefix+name, value)
	}
	return q
}

// Again is the query with which the step before is shown once more.
func (d *flowDraft) Again() string {
	q := d.query()
	q.Set("back", "1")
	return q.Encode()
}

// Here is the address of this step, for a query.
func (d *flowDraft) Here() string { return url.QueryEscape("/flows/new?" + d.query().Encode()) }

// NeedsParameters reports whether something must be filled in.
func (d *flowDraft) NeedsParameters() bool {
	return slices.ContainsFunc(d.Parameters(), func(f ui.Field) bool { return f.Required })
}
