package api

import (
	"context"
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/store"
)

func (a *API) registerPlans() {
	const tag = "plans"
	register(a, Route{Method: http.MethodGet, Path: "/data_sources/{id}/plan", Tag: tag, Summary: "What the next run would cost", Policy: mayOperate(store.KindSource)}, a.planSource)
	register(a, Route{Method: http.MethodGet, Path: "/plan", Tag: tag, Summary: "What schedules will cost each key within a day", Policy: signedIn,
		Detail: "A run is taken to cost what those of the last 30 days did; nothing is asked of any service."}, a.planAll)
}

// Estimate is what a run would cost for one endpoint.
type Estimate struct {
	Name     string `json:"name"`
	Reading  string `json:"reading" doc:"everything, or changes"`
	Records  int    `json:"records" doc:"-1 when nobody knows"`
	Requests int    `json:"requests"`
	Open     bool   `json:"open" doc:"It may be more"`
	Note     string `json:"note,omitzero"`
}

// planSource says what the next run of a source would cost.
func (a *API) planSource(ctx context.Context, in *One) (*value[[]Estimate], error) {
	plan, err := a.Flows.Plan(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, upstream(err)
	}
	out := []Estimate{}
	for _, e := range plan {
		out = append(out, Estimate(e))
	}
	return show(out), nil
}

// Plan is what schedules will cost within a day.
type Plan struct {
	From    string       `json:"from"`
	To      string       `json:"to"`
	Sources []PlanSource `json:"sources" nullable:"false" doc:"Active ones with a schedule, or that follow one, the costliest first"`
	Budgets []PlanBudget `json:"budgets" nullable:"false"`
}

// PlanSource is what one source's schedule will cost.
type PlanSource struct {
	DataSourceID   int64   `json:"data_source_id"`
	CredentialID   int64   `json:"data_credentials_id"`
	Name           string  `json:"name"`
	Schedule       string  `json:"schedule"`
	Words          string  `json:"words" doc:"The schedule for people"`
	NextRunAt      *string `json:"next_run_at"`
	Runs           int     `json:"runs"`
	RequestsPerRun *int    `json:"requests_per_run" doc:"null when it has not run yet"`
	Requests       int     `json:"requests"`
}

// PlanBudget is what schedules will cost one key.
type PlanBudget struct {
	Credentials []CredentialRef `json:"credentials" nullable:"false" doc:"All that hold the key"`
	Origin      string          `json:"origin"`
	Limit       int             `json:"limit" doc:"Requests in a window"`
	Sources     int             `json:"sources"`
	Unknown     int             `json:"unknown_sources" doc:"Of them, those that have not run yet: what they cost is not in the sums"`
	Runs        int             `json:"runs"`
	Requests    int             `json:"requests"`
	Hours       []int           `json:"hours" nullable:"false" doc:"Requests by hour from now"`
	Share       float64         `json:"share" doc:"Of what the key may do within the day"`
	BusiestFrom string          `json:"busiest_hour_from"`
	BusiestUse  float64         `json:"busiest_hour_share" doc:"Of what the key may do in that hour: above 1, runs will last beyond it"`
}

func (a *API) planAll(ctx context.Context, in *struct{ ListInput }) (*value[Plan], error) {
	ids, err := a.visible(ctx, in.ListInput.ofAll(), store.KindSource)
	if err != nil {
		return nil, err
	}
	u, err := a.Flows.Upcoming(ctx, store.ResourceFilter{Org: actor(ctx).Org, IDs: ids})
	if err != nil {
		return nil, err
	}
	out := Plan{From: u.From.Format(time.RFC3339), To: u.To.Format(time.RFC3339), Sources: []PlanSource{}, Budgets: []PlanBudget{}}
	for _, src := range u.Sources {
		shown := PlanSource{DataSourceID: src.Source, CredentialID: src.Credential, Name: src.Name, Schedule: src.Times().Schedule, Words: src.Times().Words(""), Runs: src.Runs, Requests: src.Requests}
		if src.PerRun >= 0 {
			shown.RequestsPerRun = &src.PerRun
		}
		if !src.Next.IsZero() {
			next := src.Next.UTC().Format(time.RFC3339)
			shown.NextRunAt = &next
		}
		out.Sources = append(out.Sources, shown)
	}
	seen, err := a.visible(ctx, ListInput{}.ofAll(), store.KindCredential)
	if err != nil {
		return nil, err
	}
	for i := range u.Budgets {
		b := &u.Budgets[i]
		out.Budgets = append(out.Budgets, PlanBudget{
			Credentials: a.refs(b.Credentials, seen), Origin: b.Origin, Limit: b.Limit, Sources: b.Sources, Unknown: b.Unknown, Runs: b.Runs, Requests: b.Requests, Hours: b.Hours[:],
			Share: b.Share, BusiestFrom: b.BusiestFrom.Format(time.RFC3339), BusiestUse: b.BusiestUse,
		})
	}
	return show(out), nil
}
