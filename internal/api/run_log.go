package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

func (a *API) registerLogs() {
	const tag = "logs"
	for _, p := range parts {
		register(a, Route{Method: http.MethodGet, Path: "/" + p.noun + "/{id}/flow/logs", Tag: tag, Summary: "What runs of the flow said, newest first; from and to are in milliseconds", Policy: mayRead(p.kind)},
			func(ctx context.Context, in *logsInput) (*value[FlowLogs], error) {
				root, _, err := a.Flows.Tree(ctx, actor(ctx).Org, p.kind, in.ID)
				if err != nil {
					return nil, err
				}
				return a.flowLogs(ctx, root, in, 1000)
			})
	}
	register(a, Route{Method: http.MethodGet, Path: "/flows/{id}/logs", Tag: tag, Summary: "What runs of a flow said, newest first; from and to are in seconds", Policy: signedIn}, a.logsOfFlow)
	register(a, Route{Method: http.MethodPost, Path: "/flows/{id}/logs_v2", Tag: tag, Summary: "Search what runs of a flow said; from and to are in seconds", Policy: signedIn}, a.searchLogs)
	register(a, Route{Method: http.MethodGet, Path: "/runs/{run_id}/logs", Tag: tag, Summary: "What one run said, oldest first", Policy: signedIn}, a.logsOfRun)
}

type logsInput struct {
	One
	RunID    int64  `query:"run_id"`
	From     int64  `query:"from" minimum:"0" maximum:"253402300799999" doc:"Since 1970; 0 for the beginning"`
	To       int64  `query:"to" minimum:"0" maximum:"253402300799999" doc:"Included; 0 for now"`
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
	Facets map[string][]LogFacet `json:"facets,omitzero" doc:"How many lines there are of each severity, type and run"`
}

// LogFacet is how many lines have one value.
type LogFacet struct {
	Value string `json:"value"`
	Count int    `json:"count"`
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
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	return a.flowLogs(ctx, root, in, 1_000_000)
}

// flowLogs shows a page of a flow's lines; unit is how many µs one of the
// input's units of time has.
func (a *API) flowLogs(ctx context.Context, root *flow.Node, in *logsInput, unit int64) (*value[FlowLogs], error) {
	f := store.LogFilter{From: micros(in.From, unit, false), To: micros(in.To, unit, true)}
	if in.Severity != "" {
		f.Severities = []string{strings.ToLower(in.Severity)}
	}
	if in.RunID != 0 {
		f.Runs = []int64{in.RunID}
	}
	f.Source = root.ID
	return a.lines(ctx, in.Paging, f)
}

// micros is a time in some unit as µs; the end of the unit for what is the end
// of a span. 0 stays 0.
func micros(at, unit int64, end bool) int64 {
	const most = 253402300799999 * 1000 // year 9999, whatever the unit
	switch {
	case at == 0:
		return 0
	case at > most/unit:
		return most
	case end:
		return at*unit + unit - 1
	}
	return at * unit
}

func (a *API) lines(ctx context.Context, p Paging, f store.LogFilter) (*value[FlowLogs], error) {
	f.Org, f.Page, f.Size = actor(ctx).Org, p.page(), p.PerPage
	found, total, err := a.Store.RunLines(ctx, f)
	if err == nil {
		err = a.rights().Lines(ctx, principal(ctx), found)
	}
	out := FlowLogs{Status: http.StatusOK, Message: "Ok"}
	out.Logs.Data = []LogLine{}
	out.Logs.Meta = LogMeta{CurrentPage: p.Page, PagesCount: pages(total, p.PerPage), TotalCount: total, OrgID: f.Org}
	if len(f.Runs) == 1 {
		out.Logs.Meta.RunID = f.Runs[0]
	}
	for _, l := range found {
		out.Logs.Data = append(out.Logs.Data, LogLine{Timestamp: l.At / 1000, ResourceID: l.Part, ResourceType: titleOf(l.Kind), Log: l.Text,
			LogType: strings.ToUpper(l.Type), Severity: strings.ToUpper(l.Severity), RunID: l.Number})
	}
	return show(out), err
}

type searchLogsInput struct {
	One
	From   int64  `query:"from" minimum:"0" maximum:"253402300799" doc:"Seconds since 1970"`
	To     int64  `query:"to" minimum:"0" maximum:"253402300799" doc:"Seconds since 1970; included"`
	Size   int    `query:"size" minimum:"1" maximum:"1000" default:"100"`
	Page   int    `query:"page" minimum:"1" default:"1"`
	Sort   string `query:"sort" enum:"asc,desc" default:"desc" doc:"desc is the newest first"`
	Facets flag   `query:"facets"`
	Body   *struct {
		RunIDs   []int64  `json:"run_ids,omitzero" maxItems:"1000"`
		Severity []string `json:"severity,omitzero" maxItems:"3" enum:"INFO,WARNING,ERROR"`
		LogType  []string `json:"log_type,omitzero" maxItems:"2" enum:"LOG,SUMMARY"`
		Search   string   `json:"search_string,omitzero" maxLength:"1000" doc:"A part of the line, whatever the case"`
	}
}

func (a *API) searchLogs(ctx context.Context, in *searchLogsInput) (*value[FlowLogs], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	f := store.LogFilter{Source: root.ID, From: micros(in.From, 1_000_000, false), To: micros(in.To, 1_000_000, true), OldestFirst: in.Sort == "asc"}
	if b := in.Body; b != nil {
		f.Runs, f.Severities, f.Types, f.Contains = b.RunIDs, lower(b.Severity), lower(b.LogType), b.Search
	}
	if err := a.rights().LogSearch(ctx, principal(ctx), &f); err != nil {
		return nil, err
	}
	out, err := a.lines(ctx, Paging{Page: in.Page, PerPage: in.Size}, f)
	if err != nil || !in.Facets.On {
		return out, err
	}
	f.Org = actor(ctx).Org
	found, err := a.Store.LogFacets(ctx, f)
	out.Body.Facets = map[string][]LogFacet{}
	for name, facets := range found {
		shown := []LogFacet{}
		for _, one := range facets {
			value := one.Value
			if name != "run_id" {
				value = strings.ToUpper(value)
			}
			shown = append(shown, LogFacet{Value: value, Count: one.Count})
		}
		out.Body.Facets[name] = shown
	}
	return out, err
}

func lower(all []string) (out []string) {
	for _, one := range all {
		out = append(out, strings.ToLower(one))
	}
	return out
}

type runLogsInput struct {
	RunID string `path:"run_id" maxLength:"40"`
	Paging
}

func (a *API) logsOfRun(ctx context.Context, in *runLogsInput) (*value[FlowLogs], error) {
	r, err := a.runFor(ctx, in.RunID)
	if err != nil {
		return nil, err
	}
	out, err := a.lines(ctx, in.Paging, store.LogFilter{Source: r.Resource, Run: string(r.ID), OldestFirst: true})
	if err == nil {
		out.Body.Logs.Meta.RunID = r.Number
	}
	return out, err
}
