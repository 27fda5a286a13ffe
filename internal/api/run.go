package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Run is one execution of a source.
type Run struct {
	ID           int64       `json:"id" doc:"When it began, in milliseconds since 1970; run_id is unique, this is not"`
	RunID        string      `json:"run_id"`
	DataSourceID int64       `json:"data_source_id"`
	Status       string      `json:"status" doc:"queued, running, succeeded, partial, failed, cancelled, interrupted"`
	Why          string      `json:"why" doc:"What it began for: asked, activated, schedule, after, replay"`
	QueuedAt     string      `json:"queued_at"`
	StartedAt    string      `json:"started_at" doc:"When reading began; when it was asked for, before that"`
	EndedAt      *string     `json:"ended_at"`
	Attempts     int         `json:"attempts"`
	RetryAt      *string     `json:"retry_at" doc:"When it is tried again after a failure"`
	ErrorClass   string      `json:"error_class,omitzero"`
	Error        string      `json:"error,omitzero" doc:"What failed, and what to do next"`
	DurationMS   *int64      `json:"duration_ms" doc:"null while it runs"`
	Requests     int         `json:"requests"`
	Retries      int         `json:"retries" doc:"Of the requests, those that failed in passing and were made again"`
	Bytes        int64       `json:"bytes" doc:"Of answers"`
	Read         int         `json:"read" doc:"Records that the source sent, with those sent again"`
	Fresh        int         `json:"fresh" doc:"Of them, those that are new or changed"`
	Unchanged    int         `json:"unchanged" doc:"Of them, those that Weir had already as they are"`
	Deleted      int         `json:"deleted" doc:"Records that were proved gone from the source"`
	Written      int         `json:"written" doc:"Rows that destinations inserted, changed or marked gone, all destinations together"`
	Filtered     int         `json:"filtered" doc:"Records that datasets' rules kept back, all destinations together"`
	Quarantined  int         `json:"quarantined" doc:"Records that were set aside, when they were read or by a destination"`
	Failure      *Failure    `json:"failure" doc:"What speaks for the run; null when nothing failed"`
	Waits        []RunWait   `json:"waits" nullable:"false" doc:"While the run is not over: why nothing comes, and when that is tried again; of one run, and of lists with expand=1"`
	Streams      []RunStream `json:"streams" nullable:"false" doc:"Endpoint by endpoint: of one run, and of lists with expand=1"`
}

// Failure is what went wrong, for programs and for people.
type Failure struct {
	Class   string `json:"class" doc:"auth, forbidden, throttled, transient, capability, data, conflict, local, cancelled …"`
	Reason  string `json:"reason,omitzero" doc:"Finer than the class, such as key_expired"`
	Where   string `json:"where"`
	Message string `json:"message"`
	Remedy  string `json:"remedy" doc:"What to do next"`
}

// failureOf shows what went wrong; nil for nothing.
func failureOf(f *flow.Failure) *Failure {
	if f == nil {
		return nil
	}
	return &Failure{Class: string(f.Code), Reason: f.Reason, Where: f.Where, Message: f.Message, Remedy: f.Remedy}
}

// RunWait is why a run makes no headway at some place.
type RunWait struct {
	Stream     string  `json:"stream,omitzero" doc:"The endpoint that waits; none when the whole reading does"`
	DataSinkID *int64  `json:"data_sink_id" doc:"The destination that takes nothing; null when it is the source that waits"`
	Tries      int     `json:"tries" doc:"How often it failed so far, in a row"`
	Most       int     `json:"most,omitzero" doc:"How often it is tried at most, before the reading is tried again as a whole, or given up"`
	RetryAt    *string `json:"retry_at" doc:"When the next try begins; null when nobody knows, as while the key waits for room"`
	Failure    Failure `json:"failure"`
}

// waitOf shows why a run waits.
func waitOf(w flow.Wait) RunWait {
	return RunWait{Stream: w.Stream, DataSinkID: idOrNull(w.Destination), Tries: w.Tries, Most: w.Most, RetryAt: momentOrNull(w.At), Failure: *failureOf(&w.Failure)}
}

// RunStream is what a run did to one endpoint.
type RunStream struct {
	Name        string        `json:"name"`
	Status      string        `json:"status"`
	Read        int           `json:"read"`
	Fresh       int           `json:"fresh" doc:"Of the records read, those that are new or changed"`
	Written     int           `json:"written"`
	Unchanged   int           `json:"unchanged"`
	Deleted     int           `json:"deleted"`
	Quarantined int           `json:"quarantined"`
	Filtered    int           `json:"filtered" doc:"Records that datasets' rules kept back, at each destination"`
	Requests    int           `json:"requests"`
	Retries     int           `json:"retries"`
	Bytes       int64         `json:"bytes"`
	Seconds     float64       `json:"seconds"`
	Error       string        `json:"error,omitzero"`
	Failure     *Failure      `json:"failure,omitzero"`
	Deliveries  []RunDelivery `json:"deliveries" nullable:"false"`
}

// RunDelivery is what a run brought to one destination.
type RunDelivery struct {
	DataSinkID  int64    `json:"data_sink_id"`
	Written     int      `json:"written"`
	Quarantined int      `json:"quarantined"`
	Filtered    int      `json:"filtered" doc:"Records that the dataset's rules kept back"`
	Error       string   `json:"error,omitzero"`
	Failure     *Failure `json:"failure,omitzero"`
}

func (a *API) registerRuns() {
	const tag = "runs"
	a.registerRunEvents()
	register(a, Route{Method: http.MethodPost, Path: "/data_sources/{id}/run_now", Tag: tag, Summary: "Read a source now", Policy: mayOperate(store.KindSource), Creates: true,
		Detail: "While it is being read already, that run is the answer."}, a.runNow)
	register(a, Route{Method: http.MethodGet, Path: "/data_sources/{id}/runs", Tag: tag, Summary: "A source's runs, newest first", Policy: mayRead(store.KindSource)}, a.sourceRuns)
	register(a, Route{Method: http.MethodPost, Path: "/data_sources/{id}/cancel", Tag: tag, Summary: "Cancel a source's run that is queued or under way", Policy: mayOperate(store.KindSource),
		Detail: "What was read is kept; the next run goes on from there."}, a.cancelRun)
	register(a, Route{Method: http.MethodGet, Path: "/runs", Tag: tag, Summary: "Runs of all sources, newest first", Policy: signedIn}, a.listRuns)
	register(a, Route{Method: http.MethodGet, Path: "/runs/{run_id}", Tag: tag, Summary: "One run, endpoint by endpoint", Policy: signedIn}, a.oneRun)
	register(a, Route{Method: http.MethodGet, Path: "/flows/{id}/run_status/{run_id}", Tag: tag, Summary: "How a run of a flow stands", Policy: signedIn}, a.runStatus)
}

type runNowInput struct {
	One
	Body *struct {
		FullRefresh bool `json:"full_refresh,omitzero" doc:"Read everything again, and mark what is gone"`
		AllowDelete bool `json:"allow_deletes,omitzero" doc:"Mark records deleted even when very many are gone at once"`
	}
}

func (a *API) runNow(ctx context.Context, in *runNowInput) (*value[Run], error) {
	o := flow.Order{Source: in.ID}
	if in.Body != nil {
		o.FullRefresh, o.AllowDelete = in.Body.FullRefresh, in.Body.AllowDelete
	}
	run, _, err := a.Runner.Start(ctx, actor(ctx), o)
	return a.shownRun(ctx, run, err)
}

func (a *API) cancelRun(ctx context.Context, in *One) (*Done, error) {
	if err := a.Runner.Cancel(ctx, actor(ctx).Org, in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}

func streamOf(s flow.StreamResult) RunStream {
	out := RunStream{Name: s.Name, Status: string(s.Status), Read: s.Read, Fresh: s.Fresh, Written: s.Written, Unchanged: s.Unchanged, Deleted: s.Deleted, Quarantined: s.Quarantined, Filtered: s.Filtered,
		Requests: s.Requests, Retries: s.Retries, Bytes: s.Bytes, Seconds: s.Seconds, Error: s.Error, Failure: failureOf(s.Failure), Deliveries: []RunDelivery{}}
	for _, d := range s.Deliveries {
		out.Deliveries = append(out.Deliveries, RunDelivery{DataSinkID: d.Destination, Written: d.Written, Quarantined: d.Quarantined, Filtered: d.Filtered, Error: d.Error, Failure: failureOf(d.Failure)})
	}
	return out
}

// showRuns shows runs as the caller may see them; one that is not over with what
// it has done so far.
func (a *API) showRuns(ctx context.Context, runs ...*flow.Run) ([]Run, error) {
	err := a.rights().Runs(ctx, principal(ctx), runs...)
	out := make([]Run, len(runs))
	for i, r := range runs {
		out[i] = runOf(r)
	}
	return out, err
}

// shownRun is the answer that shows one run.
func (a *API) shownRun(ctx context.Context, r *flow.Run, err error) (*value[Run], error) {
	if err != nil {
		return nil, err
	}
	shown, err := a.showRuns(ctx, r)
	if err != nil {
		return nil, err
	}
	return show(shown[0]), nil
}

// runOf puts a run into the shape of the API, whoever asks.
func runOf(r *flow.Run) Run {
	t := r.Totals
	out := Run{
		ID: r.Number, RunID: string(r.ID), DataSourceID: r.Resource, Status: r.Status, Why: string(r.Order.Why), QueuedAt: moment(r.Queued), StartedAt: moment(r.Started),
		EndedAt: momentOrNull(r.Ended), Attempts: r.Attempts, RetryAt: momentOrNull(r.RetryAt), ErrorClass: r.Class, Error: r.Problem, Failure: failureOf(r.Failure), Waits: []RunWait{}, Streams: []RunStream{},
		Requests: t.Requests, Retries: t.Retries, Bytes: t.Bytes, Read: t.Read, Fresh: t.Fresh, Written: t.Written, Filtered: t.Filtered, Unchanged: t.Unchanged, Deleted: t.Deleted, Quarantined: t.Quarantined,
	}
	for _, w := range r.Waits {
		out.Waits = append(out.Waits, waitOf(w))
	}
	for _, s := range r.Result.Streams {
		out.Streams = append(out.Streams, streamOf(s))
	}
	if r.Ended != 0 {
		ms := (r.Ended - r.Started) / 1000
		out.DurationMS = &ms
	}
	return out
}

// RunQuery is what lists of runs are narrowed by.
type RunQuery struct {
	Status string `query:"status" enum:"queued,running,succeeded,partial,failed,cancelled,interrupted"`
	Since  string `query:"since" maxLength:"40" doc:"Runs that began then or later: a day, or a time"`
	Until  string `query:"until" maxLength:"40" doc:"Runs that began before: a day, which is included, or a time"`
	Expand flag   `query:"expand" doc:"With each run's streams"`
}

func (q RunQuery) filter(ctx context.Context, p Paging) (f store.RunFilter, err error) {
	f = store.RunFilter{Org: actor(ctx).Org, Status: q.Status, Whole: q.Expand.On, Page: p.Page, Size: p.PerPage}
	if f.From, err = when("since", q.Since, false); err != nil {
		return f, err
	}
	f.To, err = when("until", q.Until, true)
	return f, err
}

func (a *API) runs(ctx context.Context, p Paging, f store.RunFilter) ([]Run, int, error) {
	if p.offset() >= farthest {
		return nil, 0, nil
	}
	return a.runsOf(ctx, f)
}

// runsOf finds runs, as the caller may see them, and how many there are on all
// pages.
func (a *API) runsOf(ctx context.Context, f store.RunFilter) ([]Run, int, error) {
	found, total, err := a.Flows.ListRuns(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	each := make([]*flow.Run, len(found))
	for i := range found {
		each[i] = &found[i]
	}
	out, err := a.showRuns(ctx, each...)
	return out, total, err
}

type sourceRunsInput struct {
	One
	Paging
	RunQuery
}

func (a *API) sourceRuns(ctx context.Context, in *sourceRunsInput) (*List[Run], error) {
	f, err := in.filter(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	f.Sources = []int64{in.ID}
	runs, total, err := a.runs(ctx, in.Paging, f)
	if err != nil {
		return nil, err
	}
	return list(ctx, in.Paging, runs, total), nil
}

type runList struct {
	ListInput
	RunQuery
	DataSourceID int64 `query:"data_source_id"`
}

func (a *API) listRuns(ctx context.Context, in *runList) (*List[Run], error) {
	f, err := in.filter(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	if f.Sources, err = a.visible(ctx, in.ListInput.ofAll(), store.KindSource); err != nil {
		return nil, err
	}
	f.Sources = only(f.Sources, in.DataSourceID)
	runs, total, err := a.runs(ctx, in.Paging, f)
	return list(ctx, in.Paging, runs, total), err
}

type oneRunInput struct {
	RunID string `path:"run_id" maxLength:"40"`
}

// runFor finds a run whose source the caller may look at. One of a source that
// was deleted is for administrators.
func (a *API) runFor(ctx context.Context, id string) (*flow.Run, error) {
	r, err := a.Flows.Run(ctx, actor(ctx).Org, id)
	if err != nil {
		return nil, err
	}
	err = a.Identity.Authorize(ctx, principal(ctx), mayRead(store.KindSource), r.Resource)
	if weir.CodeOf(err) == weir.CodeNotFound && principal(ctx).Role.AtLeast(identity.RoleAdmin) {
		err = nil
	}
	return r, err
}

func (a *API) oneRun(ctx context.Context, in *oneRunInput) (*value[Run], error) {
	r, err := a.runFor(ctx, in.RunID)
	return a.shownRun(ctx, r, err)
}

type runStatusInput struct {
	One
	RunID int64 `path:"run_id"`
}

// RunStatus is how a run of a flow stands.
type RunStatus struct {
	Status string `json:"status"`
	Run    Run    `json:"run"`
}

func (a *API) runStatus(ctx context.Context, in *runStatusInput) (*value[RunStatus], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	r, err := a.Flows.RunOf(ctx, root.Org, root.ID, in.RunID)
	if err != nil {
		return nil, err
	}
	shown, err := a.showRuns(ctx, r)
	if err != nil {
		return nil, err
	}
	return show(RunStatus{Status: shown[0].Status, Run: shown[0]}), nil
}
