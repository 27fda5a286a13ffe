package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// measured is what one run did to one part of a flow.
type measured struct {
	run     Run
	records int
	errors  int
}

// parts are the nouns that have metrics and logs, with what the contract calls
// them there.
var parts = []struct {
	noun, title string
	kind        store.Kind
}{{"data_sources", "SOURCE", store.KindSource}, {"data_sets", "DATASET", store.KindDataset}, {"data_sinks", "SINK", store.KindDestination}}

func (a *API) registerMetrics() {
	const tag = "metrics"
	for _, p := range parts {
		read := mayRead(p.kind)
		register(a, Route{Method: http.MethodGet, Path: "/" + p.noun + "/{id}/metrics", Tag: tag, Summary: "What runs did, day by day", Policy: read},
			func(ctx context.Context, in *metricsInput) (*value[DailyMetrics], error) {
				return a.dailyMetrics(ctx, p.kind, in)
			})
		register(a, Route{Method: http.MethodGet, Path: "/" + p.noun + "/{id}/metrics/run_summary", Tag: tag, Summary: "What each run did", Policy: read},
			func(ctx context.Context, in *summaryInput) (*value[RunSummary], error) {
				return a.runSummary(ctx, p.kind, in)
			})
		register(a, Route{Method: http.MethodGet, Path: "/" + p.noun + "/{id}/flow/metrics", Tag: tag, Summary: "What each run of the flow did", Policy: read},
			func(ctx context.Context, in *flowMetricsInput) (*value[FlowMetrics], error) {
				return a.flowMetrics(ctx, p.kind, in)
			})
		register(a, Route{Method: http.MethodGet, Path: "/" + p.noun + "/{id}/flow/logs", Tag: tag, Summary: "What runs of the flow said", Policy: read},
			func(ctx context.Context, in *logsInput) (*value[FlowLogs], error) {
				return a.flowLogs(ctx, p.kind, in.ID, in)
			})
	}
	register(a, Route{Method: http.MethodGet, Path: "/flows/{id}/logs", Tag: tag, Summary: "What runs of a flow said; from and to are in seconds", Policy: signedIn}, a.logsOfFlow)
}

// measure gives what each run did to a part of a flow, newest first.
func (a *API) measure(ctx context.Context, kind store.Kind, id int64) ([]measured, error) {
	root, part, err := a.Flows.Tree(ctx, actor(ctx).Org, kind, id)
	if err != nil {
		return nil, err
	}
	src, err := a.Flows.Source(ctx, root.Org, root.ID)
	if err != nil {
		return nil, err
	}
	runs, err := a.runsOf(ctx, src, mostRuns)
	if err != nil {
		return nil, err
	}
	endpoint := ""
	if part.Kind == store.KindDataset {
		d, err := a.Flows.Dataset(ctx, part.Org, part.ID)
		if err != nil {
			return nil, err
		}
		endpoint = d.Endpoint
	}
	out := []measured{}
	for _, r := range runs {
		m := measured{run: r}
		for _, s := range r.Streams {
			m.add(s, part, endpoint)
		}
		out = append(out, m)
	}
	return out, nil
}

// add counts a stream where it belongs to the part.
func (m *measured) add(s RunStream, part *flow.Node, endpoint string) {
	failed := s.Quarantined
	if s.Error != "" {
		failed++
	}
	switch {
	case part.Kind == store.KindDestination:
		for _, d := range s.Deliveries {
			if d.DataSinkID != part.ID {
				continue
			}
			m.records += d.Written
			m.errors += d.Quarantined
			if d.Error != "" {
				m.errors++
			}
		}
	case part.Kind == store.KindSource || s.Name == endpoint:
		m.records += s.Read - s.Unchanged
		m.errors += failed
	}
}

type metricsInput struct {
	One
	From      string `query:"from" pattern:"^(\\d{4}-\\d{2}-\\d{2}(T.*)?)?$" maxLength:"40" doc:"A day, such as 2026-01-31"`
	To        string `query:"to" pattern:"^(\\d{4}-\\d{2}-\\d{2}(T.*)?)?$" maxLength:"40"`
	Aggregate flag   `query:"aggregate"`
}

// DailyMetrics is what runs did, day by day.
type DailyMetrics struct {
	Status  int         `json:"status"`
	Metrics []DayMetric `json:"metrics" nullable:"false"`
}

// DayMetric is one day's.
type DayMetric struct {
	Time    string `json:"time" doc:"The day, UTC"`
	Records int    `json:"records"`
	Size    int64  `json:"size" doc:"0: bytes are not counted"`
	Errors  int    `json:"errors"`
}

func (a *API) dailyMetrics(ctx context.Context, kind store.Kind, in *metricsInput) (*value[DailyMetrics], error) {
	all, err := a.measure(ctx, kind, in.ID)
	if err != nil {
		return nil, err
	}
	days := map[string]*DayMetric{}
	for _, m := range all {
		day := m.run.StartedAt[:len(time.DateOnly)]
		if in.From != "" && day < in.From[:len(time.DateOnly)] || in.To != "" && day > in.To[:len(time.DateOnly)] {
			continue
		}
		if days[day] == nil {
			days[day] = &DayMetric{Time: day}
		}
		days[day].Records += m.records
		days[day].Errors += m.errors
	}
	out := DailyMetrics{Status: http.StatusOK, Metrics: []DayMetric{}}
	for _, d := range days {
		out.Metrics = append(out.Metrics, *d)
	}
	slices.SortFunc(out.Metrics, func(a, b DayMetric) int { return cmp.Compare(a.Time, b.Time) })
	return show(out), nil
}

type summaryInput struct {
	One
	GroupBy string `query:"groupby" enum:"runId,lastWritten"`
	OrderBy string `query:"orderby" enum:"runId,lastWritten"`
	RunID   int64  `query:"runId"`
	From    string `query:"from" maxLength:"40"`
	To      string `query:"to" maxLength:"40"`
	Page    int    `query:"page" minimum:"1" default:"1"`
	Size    int    `query:"size" minimum:"1" maximum:"1000" default:"100"`
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
	Records     int    `json:"records"`
	Size        int64  `json:"size"`
	Errors      int    `json:"errors"`
}

// SummaryMeta says which page it is.
type SummaryMeta struct {
	CurrentPage int `json:"currentPage"`
	PageCount   int `json:"pageCount"`
	TotalCount  int `json:"totalCount"`
}

func (a *API) runSummary(ctx context.Context, kind store.Kind, in *summaryInput) (*value[RunSummary], error) {
	all, err := a.measure(ctx, kind, in.ID)
	if err != nil {
		return nil, err
	}
	if in.RunID != 0 {
		all = slices.DeleteFunc(all, func(m measured) bool { return m.run.ID != in.RunID })
	}
	out := RunSummary{Status: http.StatusOK}
	out.Metrics.Data = []SummaryLine{}
	out.Metrics.Meta = SummaryMeta{CurrentPage: in.Page, PageCount: (len(all) + in.Size - 1) / in.Size, TotalCount: len(all)}
	begin := min(Paging{Page: in.Page, PerPage: in.Size}.offset(), len(all))
	for _, m := range all[begin:min(begin+in.Size, len(all))] {
		line := SummaryLine{RunID: m.run.ID, LastWritten: m.run.ID, Records: m.records, Errors: m.errors}
		if kind == store.KindDataset {
			line.DataSetID = &in.ID
		}
		out.Metrics.Data = append(out.Metrics.Data, line)
	}
	return show(out), nil
}

type flowMetricsInput struct {
	One
	GroupBy string `query:"groupby" maxLength:"40"`
	OrderBy string `query:"orderby" maxLength:"40"`
	From    string `query:"from" maxLength:"40"`
	To      string `query:"to" maxLength:"40"`
	Paging
}

// FlowMetrics is what each run of a flow did, by the run's number.
type FlowMetrics struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
	Metrics struct {
		Data map[string]RunMetric `json:"data"`
		Meta SummaryMeta          `json:"meta"`
	} `json:"metrics"`
}

func (a *API) flowMetrics(ctx context.Context, kind store.Kind, in *flowMetricsInput) (*value[FlowMetrics], error) {
	root, _, err := a.Flows.Tree(ctx, actor(ctx).Org, kind, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := a.measure(ctx, store.KindSource, root.ID)
	if err != nil {
		return nil, err
	}
	out := FlowMetrics{Status: http.StatusOK, Message: "Ok"}
	out.Metrics.Data = map[string]RunMetric{}
	out.Metrics.Meta = SummaryMeta{CurrentPage: in.Page, PageCount: (len(all) + in.PerPage - 1) / in.PerPage, TotalCount: len(all)}
	begin := min(in.offset(), len(all))
	for _, m := range all[begin:min(begin+in.PerPage, len(all))] {
		out.Metrics.Data[fmt.Sprint(m.run.ID)] = RunMetric{OriginNodeID: root.Node, Records: m.records, Errors: m.errors, ReportingDate: m.run.StartedAt, RunID: m.run.ID}
	}
	return show(out), nil
}

type logsInput struct {
	One
	RunID    int64  `query:"run_id"`
	From     int64  `query:"from" doc:"Milliseconds since 1970"`
	To       int64  `query:"to"`
	Severity string `query:"severity" enum:"INFO,WARNING,ERROR"`
	Paging
}

// FlowLogs is what runs said.
type FlowLogs struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
	Logs    struct {
		Data []LogLine `json:"data" nullable:"false"`
		Meta LogMeta   `json:"meta"`
	} `json:"logs"`
}

// LogLine is one thing that a run said.
type LogLine struct {
	Timestamp    int64  `json:"timestamp" doc:"Milliseconds since 1970"`
	ResourceID   int64  `json:"resource_id"`
	ResourceType string `json:"resource_type"`
	Log          string `json:"log"`
	LogType      string `json:"log_type"`
	Severity     string `json:"severity"`
	RunID        int64  `json:"run_id"`
}

// LogMeta says which page it is.
type LogMeta struct {
	CurrentPage int   `json:"current_page"`
	PagesCount  int   `json:"pages_count"`
	TotalCount  int   `json:"total_count"`
	OrgID       int64 `json:"org_id"`
	RunID       int64 `json:"run_id"`
}

// logsOfFlow takes its times in seconds, where the others take milliseconds.
func (a *API) logsOfFlow(ctx context.Context, in *logsInput) (*value[FlowLogs], error) {
	_, part, err := a.flowAt(ctx, in.ID, "collaborator")
	if err != nil {
		return nil, err
	}
	in.From, in.To = in.From*1000, in.To*1000
	return a.flowLogs(ctx, part.Kind, part.ID, in)
}

func (a *API) flowLogs(ctx context.Context, kind store.Kind, id int64, in *logsInput) (*value[FlowLogs], error) {
	all, err := a.measure(ctx, kind, id)
	if err != nil {
		return nil, err
	}
	lines := []LogLine{}
	for _, m := range all {
		if in.RunID == 0 || m.run.ID == in.RunID {
			lines = append(lines, logOf(m.run)...)
		}
	}
	lines = slices.DeleteFunc(lines, func(l LogLine) bool {
		return in.From != 0 && l.Timestamp < in.From || in.To != 0 && l.Timestamp > in.To || in.Severity != "" && l.Severity != in.Severity
	})
	out := FlowLogs{Status: http.StatusOK, Message: "Ok"}
	out.Logs.Meta = LogMeta{CurrentPage: in.Page, PagesCount: (len(lines) + in.PerPage - 1) / in.PerPage, TotalCount: len(lines), OrgID: actor(ctx).Org, RunID: in.RunID}
	begin := min(in.offset(), len(lines))
	out.Logs.Data = lines[begin:min(begin+in.PerPage, len(lines))]
	return show(out), nil
}

// logOf tells a run in lines: that it began, what became of each stream and
// delivery, and how it ended.
func logOf(r Run) []LogLine {
	line := func(severity, kind, text string, at int64, resource int64, of string) LogLine {
		return LogLine{Timestamp: at, ResourceID: resource, ResourceType: of, Log: text, LogType: kind, Severity: severity, RunID: r.ID}
	}
	end := r.ID
	if r.EndedAt != nil {
		if t, err := time.Parse(time.RFC3339, *r.EndedAt); err == nil {
			end = t.UnixMilli()
		}
	}
	lines := []LogLine{line("INFO", "LOG", "Run "+r.RunID+" began.", r.ID, r.DataSourceID, "SOURCE")}
	for _, s := range r.Streams {
		severity, text := "INFO", fmt.Sprintf("%s %s: %d read, %d written, %d unchanged, %d quarantined, %d requests, %.1f s.", s.Name, s.Status, s.Read, s.Written, s.Unchanged, s.Quarantined, s.Requests, s.Seconds)
		switch {
		case s.Error != "" && s.Status == "succeeded", s.Status == "skipped", s.Quarantined > 0:
			severity = "WARNING"
		case s.Error != "":
			severity = "ERROR"
		}
		lines = append(lines, line(severity, "LOG", strings.TrimSpace(text+" "+s.Error), end, r.DataSourceID, "SOURCE"))
		for _, d := range s.Deliveries {
			severity := "INFO"
			if d.Error != "" {
				severity = "ERROR"
			}
			lines = append(lines, line(severity, "LOG", strings.TrimSpace(fmt.Sprintf("%s: %d written, %d quarantined. %s", s.Name, d.Written, d.Quarantined, d.Error)), end, d.DataSinkID, "SINK"))
		}
	}
	if r.Status != "running" && r.Status != "queued" {
		lines = append(lines, line("INFO", "SUMMARY", fmt.Sprintf("Run %s %s: %d read, %d written, %d requests.", r.RunID, r.Status, r.Read, r.Written, r.Requests), end, r.DataSourceID, "SOURCE"))
	}
	return lines
}
