package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

func (a *API) registerAccounts() {
	const tag = "metrics"
	for _, of := range []struct {
		noun  string
		owner func(context.Context, int64) (int64, error)
	}{{"users", a.userAccount}, {"orgs", a.orgAccount}} {
		path := "/" + of.noun + "/{id}/flows/"
		register(a, Route{Method: http.MethodGet, Path: path + "account_metrics", Tag: tag, Summary: "What all runs did together", Policy: signedIn},
			func(ctx context.Context, in *accountInput) (*value[AccountMetrics], error) {
				return a.accountMetrics(ctx, in, of.owner)
			})
		register(a, Route{Method: http.MethodGet, Path: path + "status_metrics", Tag: tag, Summary: "How many flows are active, and how many are well", Policy: signedIn},
			func(ctx context.Context, in *One) (*value[StatusMetrics], error) {
				return a.statusMetrics(ctx, in.ID, of.owner)
			})
		register(a, Route{Method: http.MethodGet, Path: path + "dashboard", Tag: tag, Summary: "What ran in the last 24 hours, part by part", Policy: signedIn},
			func(ctx context.Context, in *dashboardInput) (*value[Dashboard], error) {
				return a.dashboard(ctx, in.ID, of.owner)
			})
	}
	register(a, Route{Method: http.MethodGet, Path: "/users/{id}/metrics", Tag: tag, Summary: "What runs of a user's flows did, day by day", Policy: signedIn}, a.userMetrics)
	register(a, Route{Method: http.MethodGet, Path: "/limits", Tag: "limits", Summary: "How often you may ask this API", Policy: signedIn}, a.limits)
}

// userAccount is a user whose numbers the caller may see: themselves, and for
// administrators everybody of the organization.
func (a *API) userAccount(ctx context.Context, id int64) (owner int64, err error) {
	p := principal(ctx)
	if id != p.User && !p.Role.AtLeast(identity.RoleAdmin) {
		return 0, nowhere()
	}
	_, err = a.People.User(ctx, p, id)
	return id, err
}

// orgAccount is the caller's own organization, for its administrators: 0, which
// is all owners.
func (a *API) orgAccount(ctx context.Context, id int64) (owner int64, err error) {
	if err := a.People.AllowedInOrg(principal(ctx), identity.RoleAdmin); err != nil {
		return 0, err
	}
	if id != principal(ctx).Org {
		return 0, nowhere()
	}
	return 0, nil
}

// parts gives the ids of an owner's parts of a kind; nil for all owners'.
func (a *API) partsOf(ctx context.Context, owner int64, kind store.Kind) (ids []int64, err error) {
	if owner == 0 {
		return nil, nil
	}
	all, err := a.Store.ResourceIDs(ctx, store.ResourceFilter{Org: actor(ctx).Org, Kind: kind, Owner: owner})
	ids = []int64{}
	for _, r := range all {
		ids = append(ids, r.ID)
	}
	return ids, err
}

type accountInput struct {
	One
	Span
	OrgID     int64 `query:"org_id"`
	Aggregate flag  `query:"aggregate" doc:"One sum over the whole time; false for one each day"`
}

// AccountMetrics is what all runs did together.
type AccountMetrics struct {
	Status  int             `json:"status"`
	Metrics []AccountMetric `json:"metrics" nullable:"false"`
}

// AccountMetric is what runs did within a time.
type AccountMetric struct {
	StartTime string    `json:"start_time"`
	EndTime   string    `json:"end_time"`
	Data      TotalSums `json:"data"`
}

func (a *API) accountMetrics(ctx context.Context, in *accountInput, account func(context.Context, int64) (int64, error)) (*value[AccountMetrics], error) {
	if err := ownOrg(ctx, in.OrgID); err != nil {
		return nil, err
	}
	owner, err := account(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f := store.PartFilter{Org: actor(ctx).Org, Kind: store.KindSource}
	if f.Parts, err = a.partsOf(ctx, owner, store.KindSource); err != nil {
		return nil, err
	}
	if f.From, f.To, err = in.times(); err != nil {
		return nil, err
	}
	days, err := a.Store.DailyMetrics(ctx, f)
	if err != nil {
		return nil, err
	}
	out := AccountMetrics{Status: http.StatusOK, Metrics: []AccountMetric{}}
	if !in.Aggregate.Given || in.Aggregate.On {
		out.Metrics = append(out.Metrics, sumUp(days, f, a.Now()))
		return show(out), nil
	}
	for _, d := range days {
		from := time.Unix(d.Day*24*60*60, 0).UTC()
		out.Metrics = append(out.Metrics, AccountMetric{StartTime: moment(from.UnixMicro()), EndTime: moment(from.AddDate(0, 0, 1).UnixMicro()), Data: TotalSums{sumsOf(d), d.Runs}})
	}
	return show(out), nil
}

// sumUp sums days to one metric.
func sumUp(days []store.Metric, f store.PartFilter, now time.Time) AccountMetric {
	m := AccountMetric{StartTime: moment(f.From), EndTime: moment(now.UnixMicro())}
	if f.From == 0 && len(days) > 0 {
		m.StartTime = moment(days[0].Day * 24 * 60 * 60 * 1_000_000)
	}
	if f.To != 0 {
		m.EndTime = moment(f.To)
	}
	for _, d := range days {
		m.Data.Records, m.Data.Size, m.Data.Errors, m.Data.Runs = m.Data.Records+d.Records, m.Data.Size+d.Bytes, m.Data.Errors+d.Errors, m.Data.Runs+d.Runs
	}
	return m
}

// StatusMetrics is how many flows there are.
type StatusMetrics struct {
	Status  int `json:"status"`
	Metrics struct {
		Total  int            `json:"total"`
		Status map[string]int `json:"status" doc:"By ACTIVE, PAUSED, INIT"`
		Health map[string]int `json:"health" doc:"By GREEN, YELLOW, RED, NONE"`
	} `json:"metrics"`
}

func (a *API) statusMetrics(ctx context.Context, id int64, account func(context.Context, int64) (int64, error)) (*value[StatusMetrics], error) {
	owner, err := account(ctx, id)
	if err != nil {
		return nil, err
	}
	counts, err := a.Store.CountStatus(ctx, store.HealthFilter{Org: actor(ctx).Org, Owner: owner})
	out := StatusMetrics{Status: http.StatusOK}
	m := &out.Metrics
	m.Status, m.Health = map[string]int{"ACTIVE": 0, "PAUSED": 0, "INIT": 0}, map[string]int{"GREEN": 0, "YELLOW": 0, "RED": 0, "NONE": 0}
	for _, c := range counts {
		m.Total += c.Flows
		m.Status[statusOf(c.Status)] += c.Flows
		if colour, known := colours[c.Health]; known {
			m.Health[colour] += c.Flows
		} else {
			m.Health["NONE"] += c.Flows
		}
	}
	return show(out), err
}

type dashboardInput struct {
	One
	AccessRole string `query:"access_role" enum:"owner,collaborator,operator,admin,member,all" doc:"What a user owns is the only one"`
}

// Dashboard is what ran in the last 24 hours.
type Dashboard struct {
	Status  int `json:"status"`
	Metrics struct {
		Sources   map[string]DashboardPart `json:"sources"`
		Sinks     map[string]DashboardPart `json:"sinks"`
		Datasets  map[string]DashboardPart `json:"datasets"`
		StartTime string                   `json:"start_time"`
		EndTime   string                   `json:"end_time"`
	} `json:"metrics"`
}

// DashboardPart is one part's.
type DashboardPart struct {
	Sums
	Status string `json:"status" doc:"OK; WARNING when something went wrong; ERROR when nothing went well"`
}

func (a *API) dashboard(ctx context.Context, id int64, account func(context.Context, int64) (int64, error)) (*value[Dashboard], error) {
	owner, err := account(ctx, id)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	from := now.Add(-24 * time.Hour)
	out := Dashboard{Status: http.StatusOK}
	m := &out.Metrics
	m.StartTime, m.EndTime = moment(from.UnixMicro()), moment(now.UnixMicro())
	for _, of := range []struct {
		kind store.Kind
		into *map[string]DashboardPart
	}{{store.KindSource, &m.Sources}, {store.KindDestination, &m.Sinks}, {store.KindDataset, &m.Datasets}} {
		*of.into = map[string]DashboardPart{}
		ids, err := a.partsOf(ctx, owner, of.kind)
		if err != nil {
			return nil, err
		}
		found, err := a.Store.PartMetrics(ctx, store.PartFilter{Org: actor(ctx).Org, Kind: of.kind, Parts: ids, From: from.UnixMicro()})
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			(*of.into)[strconv.FormatInt(p.Part, 10)] = DashboardPart{Sums: sumsOf(p), Status: partStatus(p)}
		}
	}
	return show(out), nil
}

func partStatus(m store.Metric) string {
	switch {
	case m.Errors == 0:
		return "OK"
	case m.Records == 0:
		return "ERROR"
	}
	return "WARNING"
}

type userMetricsInput struct {
	One
	Span
	OrgID        int64  `query:"org_id"`
	ResourceType string `query:"resource_type" enum:"SOURCE,SINK" default:"SOURCE"`
	Aggregate    flag   `query:"aggregate" doc:"Sums by day are the only ones, with and without it"`
}

func (a *API) userMetrics(ctx context.Context, in *userMetricsInput) (*value[DailyMetrics], error) {
	if err := ownOrg(ctx, in.OrgID); err != nil {
		return nil, err
	}
	owner, err := a.userAccount(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f := store.PartFilter{Kind: store.KindSource}
	if in.ResourceType == "SINK" {
		f.Kind = store.KindDestination
	}
	if f.Parts, err = a.partsOf(ctx, owner, f.Kind); err != nil {
		return nil, err
	}
	return a.dailyMetrics(ctx, in.Span, f)
}

// Limits is how often the caller may ask.
type Limits struct {
	Minute map[string]LimitUse `json:"minute" doc:"All requests are common: there are no dearer ones"`
	Second map[string]LimitUse `json:"second" doc:"There is no limit by the second"`
	Day    map[string]LimitUse `json:"day" doc:"There is no limit by the day"`
}

// LimitUse is one limit, and what of it is used.
type LimitUse struct {
	Limit int `json:"limit"`
	Count int `json:"count"`
}

func (a *API) limits(ctx context.Context, _ *struct{}) (*value[Limits], error) {
	count := a.limiter.used(callerOf(principal(ctx)))
	return show(Limits{Minute: map[string]LimitUse{"common": {Limit: a.limiter.Requests, Count: count}}, Second: map[string]LimitUse{}, Day: map[string]LimitUse{}}), nil
}
