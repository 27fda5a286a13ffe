package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// parts are the nouns that have metrics and logs, with what the contract calls
// them there.
var parts = []struct {
	noun, title string
	kind        store.Kind
}{{"data_sources", "SOURCE", store.KindSource}, {"data_sets", "DATASET", store.KindDataset}, {"data_sinks", "SINK", store.KindDestination}}

// titleOf is what the contract calls a kind in metrics and logs.
func titleOf(kind store.Kind) string {
	for _, p := range parts {
		if p.kind == kind {
			return p.title
		}
	}
	return ""
}

func (a *API) registerMetrics() {
	const tag = "metrics"
	for _, p := range parts {
		read := mayRead(p.kind)
		register(a, Route{Method: http.MethodGet, Path: "/" + p.noun + "/{id}/metrics", Tag: tag, Summary: "What runs did, day by day", Policy: read},
			func(ctx context.Context, in *metricsInput) (*value[DailyMetrics], error) {
				return a.dailyMetrics(ctx, in.Span, store.PartFilter{Part: in.ID})
			})
		register(a, Route{Method: http.MethodGet, Path: "/" + p.noun + "/{id}/metrics/run_summary", Tag: tag, Summary: "What each run did, newest first", Policy: read},
			func(ctx context.Context, in *summaryInput) (*value[RunSummary], error) {
				return a.runSummary(ctx, p.kind, in)
			})
		register(a, Route{Method: http.MethodGet, Path: "/" + p.noun + "/{id}/flow/metrics", Tag: tag, Summary: "What each run of the flow did, or each part of it", Policy: read},
			func(ctx context.Context, in *flowMetricsInput) (*value[FlowMetrics], error) {
				return a.flowMetrics(ctx, p.kind, in)
			})
	}
	register(a, Route{Method: http.MethodGet, Path: "/data_flows/metrics/daily", Tag: tag, Summary: "What runs of flows did, day by day", Policy: signedIn}, a.flowsDaily)
	register(a, Route{Method: http.MethodGet, Path: "/data_flows/metrics/total", Tag: tag, Summary: "What runs of flows did together", Policy: signedIn}, a.flowsTotal)
	register(a, Route{Method: http.MethodGet, Path: "/data_flows/metrics/active_flows_metrics", Tag: tag, Summary: "What runs did, flow by flow, of flows that are active", Policy: signedIn}, a.activeFlows)
}

type metricsInput struct {
	One
	Span
	Aggregate flag `query:"aggregate" doc:"Sums by day are the only ones, with and without it"`
}

// DailyMetrics is what runs did, day by day.
type DailyMetrics struct {
	Status  int         `json:"status"`
	Metrics []DayMetric `json:"metrics" nullable:"false"`
}

// DayMetric is one day's.
type DayMetric struct {
	Time string `json:"time" doc:"The day, UTC"`
	Sums
}

// Sums are what runs did together.
type Sums struct {
	Records int   `json:"records"`
	Size    int64 `json:"size" doc:"Bytes of answers; 0 for destinations"`
	Errors  int   `json:"errors"`
}

func sumsOf(m store.Metric) Sums { return Sums{Records: m.Records, Size: m.Bytes, Errors: m.Errors} }

// dailyMetrics sums the filter's parts day by day. Days without a run are left
// out.
func (a *API) dailyMetrics(ctx context.Context, span Span, f store.PartFilter) (*value[DailyMetrics], error) {
	var err error
	if f.From, f.To, err = span.times(); err != nil {
		return nil, err
	}
	f.Org = actor(ctx).Org
	days, err := a.Store.DailyMetrics(ctx, f)
	out := DailyMetrics{Status: http.StatusOK, Metrics: []DayMetric{}}
	for _, d := range days {
		out.Metrics = append(out.Metrics, DayMetric{Time: time.Unix(d.Day*24*60*60, 0).UTC().Format(time.DateOnly), Sums: sumsOf(d)})
	}
	return show(out), err
}

type summaryInput struct {
	One
	GroupBy string `query:"groupby" enum:"runId,lastWritten" doc:"Both are one line for each run"`
	OrderBy string `query:"orderby" enum:"runId,lastWritten" doc:"Both are the newest first"`
	RunID   int64  `query:"runId"`
	Span
	Page int `query:"page" minimum:"1" default:"1"`
	Size int `query:"size" minimum:"1" maximum:"1000" default:"100"`
}

// RunSummary is what each run did.
type RunSummary struct {
	Status  int `json:"status"`
	Metrics struct {
		Data []SummaryLine `json:"data" nullable:"false"`
		Meta SummaryMeta   `json:"meta"`
	} `json:"metrics"`
}

// SummaryLine is one run's.
type SummaryLine struct {
	RunID       int64  `json:"runId"`
	LastWritten int64  `json:"lastWritten" doc:"Milliseconds since 1970"`
	DataSetID   *int64 `json:"dataSetId"`
	Sums
}

// SummaryMeta says which page it is.
type SummaryMeta struct {
	CurrentPage int `json:"currentPage"`
	PageCount   int `json:"pageCount"`
	TotalCount  int `json:"totalCount"`
}

// partRuns gives what runs did to one part, a page of it.
func (a *API) partRuns(ctx context.Context, span Span, p Paging, f store.PartFilter) ([]store.PartRun, SummaryMeta, error) {
	var err error
	if f.From, f.To, err = span.times(); err != nil {
		return nil, SummaryMeta{}, err
	}
	f.Org, f.Page, f.Size = actor(ctx).Org, p.page(), p.PerPage
	runs, total, err := a.Store.PartRuns(ctx, f)
	return runs, SummaryMeta{CurrentPage: p.Page, PageCount: pages(total, p.PerPage), TotalCount: total}, err
}

func (a *API) runSummary(ctx context.Context, kind store.Kind, in *summaryInput) (*value[RunSummary], error) {
	runs, meta, err := a.partRuns(ctx, in.Span, Paging{Page: in.Page, PerPage: in.Size}, store.PartFilter{Part: in.ID, Number: in.RunID})
	if err != nil {
		return nil, err
	}
	out := RunSummary{Status: http.StatusOK}
	out.Metrics.Data, out.Metrics.Meta = []SummaryLine{}, meta
	for _, r := range runs {
		line := SummaryLine{RunID: r.Number, LastWritten: r.Number, Sums: Sums{Records: r.Records, Size: r.Bytes, Errors: r.Errors}}
		if kind == store.KindDataset {
			line.DataSetID = &in.ID
		}
		out.Metrics.Data = append(out.Metrics.Data, line)
	}
	return show(out), nil
}

type flowMetricsInput struct {
	One
	GroupBy string `query:"groupby" enum:"runId,lastWritten,resource" doc:"resource: by part of the flow instead of by run"`
	OrderBy string `query:"orderby" enum:"runId,lastWritten" doc:"Both are the newest first"`
	Span
	Paging
}

// FlowMetrics is what each run of a flow did, by the run's number, or what runs
// did to each part, by the part's id.
type FlowMetrics struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
	Metrics struct {
		Data map[string]FlowMetric `json:"data"`
		Meta SummaryMeta           `json:"meta"`
	} `json:"metrics"`
}

// FlowMetric is one run's, or one part's.
type FlowMetric struct {
	OriginNodeID int64 `json:"origin_node_id"`
	Sums
	ReportingDate string `json:"reporting_date,omitzero"`
	RunID         int64  `json:"run_id,omitzero"`
	ResourceID    int64  `json:"resource_id,omitzero"`
	ResourceType  string `json:"resource_type,omitzero"`
}

func (a *API) flowMetrics(ctx context.Context, kind store.Kind, in *flowMetricsInput) (*value[FlowMetrics], error) {
	root, _, err := a.Flows.Tree(ctx, actor(ctx).Org, kind, in.ID)
	if err != nil {
		return nil, err
	}
	out := FlowMetrics{Status: http.StatusOK, Message: "Ok"}
	out.Metrics.Data = map[string]FlowMetric{}
	if in.GroupBy == "resource" {
		return a.metricsByPart(ctx, in, root.Node, idsOf(root), out)
	}
	runs, meta, err := a.partRuns(ctx, in.Span, in.Paging, store.PartFilter{Part: root.ID})
	out.Metrics.Meta = meta
	for _, r := range runs {
		out.Metrics.Data[decimal(r.Number)] = FlowMetric{OriginNodeID: root.Node, Sums: Sums{Records: r.Records, Size: r.Bytes, Errors: r.Errors}, ReportingDate: moment(r.Started), RunID: r.Number}
	}
	return show(out), err
}

func (a *API) metricsByPart(ctx context.Context, in *flowMetricsInput, node int64, ids []int64, out FlowMetrics) (*value[FlowMetrics], error) {
	f := store.PartFilter{Org: actor(ctx).Org, Parts: ids}
	var err error
	if f.From, f.To, err = in.times(); err != nil {
		return nil, err
	}
	found, err := a.Store.PartMetrics(ctx, f)
	begin := min(in.offset(), len(found))
	for _, m := range found[begin:min(begin+in.PerPage, len(found))] {
		out.Metrics.Data[strconv.FormatInt(m.Part, 10)] = FlowMetric{OriginNodeID: node, Sums: sumsOf(m), ResourceID: m.Part, ResourceType: titleOf(m.Kind)}
	}
	out.Metrics.Meta = SummaryMeta{CurrentPage: in.Page, PageCount: pages(len(found), in.PerPage), TotalCount: len(found)}
	return show(out), err
}

type flowsMetricsInput struct {
	Span
	OriginNodeID int64 `query:"origin_node_id" doc:"Only of this flow"`
	OrgID        int64 `query:"org_id"`
	OwnerID      int64 `query:"owner_id"`
	Paging
}

// sources gives which flows' metrics are asked for, by their sources: nil for
// all of the organization.
func (a *API) sources(ctx context.Context, in *flowsMetricsInput, status string) (ids []int64, err error) {
	if err := ownOrg(ctx, in.OrgID); err != nil {
		return nil, err
	}
	if in.OriginNodeID != 0 {
		root, _, err := a.flowAt(ctx, in.OriginNodeID, "collaborator")
		if err != nil {
			return nil, err
		}
		return []int64{root.ID}, nil
	}
	f, err := a.filter(ctx, ListInput{}.ofAll(), store.KindSource)
	if err != nil {
		return nil, err
	}
	if in.OwnerID == 0 && status == "" && f.Sharing == nil && f.Owner == 0 {
		return nil, nil
	}
	f.Owner, f.Status, f.Page, f.Number = in.OwnerID, status, 0, 0
	return a.visibleOf(ctx, f)
}

func (a *API) flowsDaily(ctx context.Context, in *flowsMetricsInput) (*value[DailyMetrics], error) {
	ids, err := a.sources(ctx, in, "")
	if err != nil {
		return nil, err
	}
	return a.dailyMetrics(ctx, in.Span, store.PartFilter{Kind: store.KindSource, Parts: ids})
}

// TotalMetrics is what runs did together.
type TotalMetrics struct {
	Status  int       `json:"status"`
	Metrics TotalSums `json:"metrics"`
}

// TotalSums are sums, with how many runs they are of.
type TotalSums struct {
	Sums
	Runs int `json:"runs"`
}

func (a *API) flowsTotal(ctx context.Context, in *flowsMetricsInput) (*value[TotalMetrics], error) {
	ids, err := a.sources(ctx, in, "")
	if err != nil {
		return nil, err
	}
	total, err := a.total(ctx, in.Span, store.PartFilter{Kind: store.KindSource, Parts: ids})
	return show(TotalMetrics{Status: http.StatusOK, Metrics: total}), err
}

// total sums the filter's parts.
func (a *API) total(ctx context.Context, span Span, f store.PartFilter) (out TotalSums, err error) {
	if f.From, f.To, err = span.times(); err != nil {
		return out, err
	}
	f.Org = actor(ctx).Org
	days, err := a.Store.DailyMetrics(ctx, f)
	for _, d := range days {
		out.Records, out.Size, out.Errors, out.Runs = out.Records+d.Records, out.Size+d.Bytes, out.Errors+d.Errors, out.Runs+d.Runs
	}
	return out, err
}

// ActiveFlows is what runs did, flow by flow.
type ActiveFlows struct {
	Status  int `json:"status"`
	Metrics struct {
		ActiveFlows int          `json:"active_flows"`
		Data        []ActiveFlow `json:"data" nullable:"false" doc:"Those that ran in the time"`
		Meta        SummaryMeta  `json:"meta"`
	} `json:"metrics"`
}

// ActiveFlow is one flow's.
type ActiveFlow struct {
	DataSourceID int64 `json:"data_source_id"`
	TotalSums
}

func (a *API) activeFlows(ctx context.Context, in *flowsMetricsInput) (*value[ActiveFlows], error) {
	ids, err := a.sources(ctx, in, "active")
	if err != nil {
		return nil, err
	}
	f := store.PartFilter{Org: actor(ctx).Org, Kind: store.KindSource, Parts: ids}
	if f.From, f.To, err = in.times(); err != nil {
		return nil, err
	}
	found, err := a.Store.PartMetrics(ctx, f)
	out := ActiveFlows{Status: http.StatusOK}
	out.Metrics.ActiveFlows, out.Metrics.Data = len(ids), []ActiveFlow{}
	begin := min(in.offset(), len(found))
	for _, m := range found[begin:min(begin+in.PerPage, len(found))] {
		out.Metrics.Data = append(out.Metrics.Data, ActiveFlow{DataSourceID: m.Part, TotalSums: TotalSums{Sums: sumsOf(m), Runs: m.Runs}})
	}
	out.Metrics.Meta = SummaryMeta{CurrentPage: in.Page, PageCount: pages(len(found), in.PerPage), TotalCount: len(found)}
	return show(out), err
}
