package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// colours are the domain's healths in the contract's words. A flow of which no
// run has ended has none.
var colours = map[store.Health]string{store.HealthGood: "GREEN", store.HealthDegraded: "YELLOW", store.HealthFailing: "RED"}

func healthOf(colour string) store.Health {
	for h, c := range colours {
		if c == colour {
			return h
		}
	}
	return ""
}

func (a *API) registerHealth() {
	const tag = "health"
	register(a, Route{Method: http.MethodGet, Path: "/health/org/all", Tag: tag, Summary: "How many flows are well", Policy: signedIn}, a.healthOfAll)
	register(a, Route{Method: http.MethodGet, Path: "/health/org/flows", Tag: tag, Summary: "How each flow stands", Policy: signedIn}, a.healthOfFlows)
	register(a, Route{Method: http.MethodGet, Path: "/health/flow/{id}", Tag: tag, Summary: "How one flow stands, with its last runs", Policy: signedIn}, a.healthOfFlow)
}

// HealthQuery says which flows' health is asked for.
type HealthQuery struct {
	OrgID   int64 `query:"org_id"`
	OwnerID int64 `query:"owner_id"`
	Span
}

// flows is the filter of a query, within what the caller may see.
func (a *API) healthFilter(ctx context.Context, q HealthQuery) (f store.HealthFilter, err error) {
	if err := ownOrg(ctx, q.OrgID); err != nil {
		return f, err
	}
	f = store.HealthFilter{Org: actor(ctx).Org, Owner: q.OwnerID}
	if f.Sources, err = a.visible(ctx, ListInput{}.ofAll(), store.KindSource); err != nil {
		return f, err
	}
	f.From, f.To, err = q.times()
	return f, err
}

// HealthCounts is how many flows are well.
type HealthCounts struct {
	Status int `json:"status"`
	Health struct {
		Green  int `json:"GREEN" doc:"The newest run succeeded, and left nothing out"`
		Yellow int `json:"YELLOW" doc:"Something was left out, set aside or interrupted"`
		Red    int `json:"RED" doc:"The newest run failed"`
		None   int `json:"NONE" doc:"No run has ended yet"`
		Total  int `json:"total"`
	} `json:"health"`
}

func (a *API) healthOfAll(ctx context.Context, in *struct{ HealthQuery }) (*value[HealthCounts], error) {
	f, err := a.healthFilter(ctx, in.HealthQuery)
	if err != nil {
		return nil, err
	}
	counts, err := a.Store.CountHealth(ctx, f)
	out := HealthCounts{Status: http.StatusOK}
	h := &out.Health
	h.Green, h.Yellow, h.Red, h.None = counts[store.HealthGood], counts[store.HealthDegraded], counts[store.HealthFailing], counts[""]
	h.Total = h.Green + h.Yellow + h.Red + h.None
	return show(out), err
}

// FlowHealth is how a flow stands since its newest run ended.
type FlowHealth struct {
	OriginNodeID      int64   `json:"origin_node_id"`
	DataSourceID      int64   `json:"data_source_id"`
	Name              string  `json:"name"`
	Status            string  `json:"status"`
	HealthStatus      *string `json:"healthStatus" doc:"GREEN, YELLOW, RED; null before the first run has ended"`
	LatestErrorCount  int     `json:"latestErrorCount"`
	LatestRecordCount int     `json:"latestRecordCount"`
	LatestRunID       *int64  `json:"latestRunId"`
	ErrorSummary      string  `json:"errorSummary"`
	UpdatedAtEpoch    *int64  `json:"updatedAtEpoch" doc:"Milliseconds since 1970"`
}

// healths finds how flows stand, as the caller may see it, and how many there are
// on all pages.
func (a *API) healths(ctx context.Context, f store.HealthFilter) ([]FlowHealth, int, error) {
	found, total, err := a.Store.FlowHealths(ctx, f)
	if err == nil {
		err = a.rights().Healths(ctx, principal(ctx), found)
	}
	out := make([]FlowHealth, len(found))
	for i, h := range found {
		out[i] = showHealth(h)
	}
	return out, total, err
}

func showHealth(h store.FlowHealth) FlowHealth {
	out := FlowHealth{OriginNodeID: h.Node, DataSourceID: h.Source, Name: h.Name, Status: statusOf(h.Status), HealthStatus: orNull(colours[h.Health]),
		LatestErrorCount: h.Errors, LatestRecordCount: h.Records, LatestRunID: idOrNull(h.Number), ErrorSummary: h.Summary}
	if h.UpdatedAt != 0 {
		ms := h.UpdatedAt / 1000
		out.UpdatedAtEpoch = &ms
	}
	return out
}

// FlowHealths is how each flow stands.
type FlowHealths struct {
	Status int `json:"status"`
	Health struct {
		Data []FlowHealth `json:"data" nullable:"false"`
		Meta SummaryMeta  `json:"meta"`
	} `json:"health"`
}

type healthListInput struct {
	HealthQuery
	Health string `query:"health_status" enum:"GREEN,YELLOW,RED"`
	Page   int    `query:"page" minimum:"1" default:"1"`
	Size   int    `query:"size" minimum:"1" maximum:"1000" default:"100"`
	SortBy string `query:"sort_by" enum:"updatedAtEpoch,healthStatus,latestErrorCount,latestRecordCount,name,origin_node_id" default:"updatedAtEpoch"`
	Order  string `query:"sort_order" enum:"asc,desc,ASC,DESC" default:"desc"`
}

// healthOrders are the contract's words for what flows are sorted by.
var healthOrders = map[string]string{"updatedAtEpoch": "updated", "healthStatus": "health", "latestErrorCount": "errors", "latestRecordCount": "records", "name": "name", "origin_node_id": "flow"}

func (a *API) healthOfFlows(ctx context.Context, in *healthListInput) (*value[FlowHealths], error) {
	f, err := a.healthFilter(ctx, in.HealthQuery)
	if err != nil {
		return nil, err
	}
	f.Health, f.SortBy, f.Up = healthOf(in.Health), healthOrders[in.SortBy], in.Order == "asc" || in.Order == "ASC"
	f.Page, f.Size = min(in.Page, farthest/in.Size), in.Size
	found, total, err := a.healths(ctx, f)
	out := FlowHealths{Status: http.StatusOK}
	out.Health.Data = found
	out.Health.Meta = SummaryMeta{CurrentPage: in.Page, PageCount: pages(total, in.Size), TotalCount: total}
	return show(out), err
}

// FlowHealthDetail is how one flow stands, and why.
type FlowHealthDetail struct {
	Status int `json:"status"`
	Health struct {
		FlowHealth
		Quarantined      int    `json:"quarantined" doc:"Records that wait in quarantine"`
		CredentialStatus string `json:"credential_status"`
		Runs             []Run  `json:"runs" nullable:"false" doc:"The last ten"`
	} `json:"health"`
}

func (a *API) healthOfFlow(ctx context.Context, in *One) (*value[FlowHealthDetail], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	found, _, err := a.healths(ctx, store.HealthFilter{Org: root.Org, Sources: []int64{root.ID}, Page: 1, Size: 1})
	if err == nil && len(found) == 0 { // the flow was deleted a moment ago
		err = nowhere()
	}
	if err != nil {
		return nil, err
	}
	out := FlowHealthDetail{Status: http.StatusOK}
	out.Health.FlowHealth = found[0]
	src, err := a.Flows.Source(ctx, root.Org, root.ID)
	if err != nil {
		return nil, err
	}
	if c, err := a.Credentials.Credential(ctx, src.Org, src.Credential); missingIsEmpty(err) != nil {
		return nil, err
	} else if err == nil {
		out.Health.CredentialStatus = strings.ToUpper(string(c.Status()))
	}
	logs, err := a.Store.LogsOf(ctx, root.Org, nil, []int64{root.ID})
	if err != nil {
		return nil, err
	}
	if out.Health.Quarantined, err = a.Store.CountQuarantine(ctx, store.QuarantineFilter{Org: root.Org, Datasets: logs, State: store.QuarantineOpen}); err != nil {
		return nil, err
	}
	out.Health.Runs, _, err = a.runs(ctx, Paging{Page: 1, PerPage: runsShown}, store.RunFilter{Org: root.Org, Sources: []int64{root.ID}, Page: 1, Size: runsShown})
	return show(out), err
}
