package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// Run is one execution of a source.
type Run struct {
	ID           int64       `json:"id" doc:"When it began, in milliseconds since 1970"`
	RunID        string      `json:"run_id"`
	DataSourceID int64       `json:"data_source_id"`
	Status       string      `json:"status" doc:"queued, running, succeeded, partial, failed, cancelled, interrupted"`
	Why          string      `json:"why" doc:"asked, activated, schedule, after"`
	QueuedAt     string      `json:"queued_at"`
	StartedAt    string      `json:"started_at" doc:"When reading began; when it was asked for, before that"`
	EndedAt      *string     `json:"ended_at"`
	Attempts     int         `json:"attempts"`
	RetryAt      *string     `json:"retry_at" doc:"When it is tried again after a failure"`
	ErrorClass   string      `json:"error_class,omitzero"`
	Error        string      `json:"error,omitzero" doc:"What failed, and what to do next"`
	Requests     int         `json:"requests"`
	Read         int         `json:"read"`
	Written      int         `json:"written"`
	Unchanged    int         `json:"unchanged"`
	Deleted      int         `json:"deleted"`
	Quarantined  int         `json:"quarantined"`
	Streams      []RunStream `json:"streams" nullable:"false"`
}

// RunStream is what a run did to one endpoint.
type RunStream struct {
	Name        string        `json:"name"`
	Status      string        `json:"status"`
	Read        int           `json:"read"`
	Written     int           `json:"written"`
	Unchanged   int           `json:"unchanged"`
	Deleted     int           `json:"deleted"`
	Quarantined int           `json:"quarantined"`
	Requests    int           `json:"requests"`
	Seconds     float64       `json:"seconds"`
	Error       string        `json:"error,omitzero"`
	Deliveries  []RunDelivery `json:"deliveries" nullable:"false"`
}

// RunDelivery is what a run brought to one destination.
type RunDelivery struct {
	DataSinkID  int64  `json:"data_sink_id"`
	Written     int    `json:"written"`
	Quarantined int    `json:"quarantined"`
	Error       string `json:"error,omitzero"`
}

func (a *API) registerRuns() {
	const tag = "runs"
	a.registerRunEvents()
	register(a, Route{Method: http.MethodPost, Path: "/data_sources/{id}/run_now", Tag: tag, Summary: "Read a source now", Policy: mayOperate(store.KindSource),
		Detail: "While it is being read already, that run is the answer."}, a.runNow)
	register(a, Route{Method: http.MethodGet, Path: "/data_sources/{id}/runs", Tag: tag, Summary: "A source's runs, newest first", Policy: mayRead(store.KindSource)}, a.sourceRuns)
	register(a, Route{Method: http.MethodPost, Path: "/data_sources/{id}/cancel", Tag: tag, Summary: "Cancel a source's run that is queued or under way", Policy: mayOperate(store.KindSource),
		Detail: "What was read is kept; the next run goes on from there."}, a.cancelRun)
	register(a, Route{Method: http.MethodGet, Path: "/data_sources/{id}/plan", Tag: tag, Summary: "What the next run would cost", Policy: mayOperate(store.KindSource)}, a.planSource)
	register(a, Route{Method: http.MethodGet, Path: "/runs", Tag: tag, Summary: "Runs of all sources, newest first", Policy: signedIn}, a.listRuns)
	register(a, Route{Method: http.MethodGet, Path: "/flows/{id}/run_status/{run_id}", Tag: tag, Summary: "How a run of a flow stands", Policy: signedIn}, a.runStatus)
	a.registerMetrics()
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
	if err != nil {
		return nil, err
	}
	return show(showRun(&run)), nil
}

func (a *API) cancelRun(ctx context.Context, in *One) (*Done, error) {
	if err := a.Runner.Cancel(ctx, actor(ctx).Org, in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}

// showRun shows a run; one that is not over with what it has done so far.
func showRun(r *flow.Run) Run {
	out := Run{ID: flow.Number(r.ID), RunID: string(r.ID), DataSourceID: r.Flow, Status: r.Status, Why: r.Order.Why, QueuedAt: moment(r.Queued), StartedAt: moment(cmp.Or(r.Started, r.Queued)),
		EndedAt: momentOrNull(r.Ended), Attempts: r.Attempts, RetryAt: momentOrNull(r.RetryAt), ErrorClass: r.Class, Error: r.Problem, Streams: []RunStream{}}
	if r.Status == store.RunDelivering {
		out.Status = store.RunRunning
	}
	for _, s := range r.Result.Streams {
		out.add(s)
	}
	return out
}

// add adds what a run did to one stream.
func (r *Run) add(s flow.StreamResult) {
	stream := RunStream{Name: s.Name, Status: string(s.Status), Read: s.Read, Written: s.Written, Unchanged: s.Unchanged, Deleted: s.Deleted,
		Quarantined: s.Quarantined, Requests: s.Requests, Seconds: s.Seconds, Error: s.Error, Deliveries: []RunDelivery{}}
	for _, d := range s.Deliveries {
		stream.Deliveries = append(stream.Deliveries, RunDelivery{DataSinkID: d.Destination, Written: d.Written, Quarantined: d.Quarantined, Error: d.Error})
	}
	r.Streams = append(r.Streams, stream)
	r.Requests += s.Requests
	r.Read += s.Read
	r.Written += s.Written
	r.Unchanged += s.Unchanged
	r.Deleted += s.Deleted
	r.Quarantined += s.Quarantined
}

// runsOf shows a source's runs, newest first.
func (a *API) runsOf(ctx context.Context, src *flow.Source, n int) ([]Run, error) {
	rows, err := a.Flows.Runs(ctx, src, n)
	if err != nil {
		return nil, err
	}
	out := make([]Run, len(rows))
	for i := range rows {
		out[i] = showRun(&rows[i])
	}
	return out, nil
}

// mostRuns is how many of a source's runs are looked at.
const mostRuns = 1000

type sourceRunsInput struct {
	One
	Paging
}

func (a *API) sourceRuns(ctx context.Context, in *sourceRunsInput) (*List[Run], error) {
	src, err := a.Flows.Source(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	runs, err := a.runsOf(ctx, src, mostRuns)
	return pageOf(ctx, in.Paging, runs), err
}

type runList struct {
	ListInput
	DataSourceID int64 `query:"data_source_id"`
}

// runsEach is how many of each source's runs the list of all shows.
const runsEach = 20

func (a *API) listRuns(ctx context.Context, in *runList) (*List[Run], error) {
	f, err := a.filter(ctx, in.ListInput, store.KindSource)
	if err != nil {
		return nil, err
	}
	f.Page, f.Number = 0, 0
	if in.DataSourceID != 0 {
		f.IDs = []int64{in.DataSourceID}
	}
	sources, _, err := a.Flows.Sources(ctx, f)
	if err != nil {
		return nil, err
	}
	runs := []Run{}
	for _, src := range sources {
		some, err := a.runsOf(ctx, src, runsEach)
		if err != nil {
			return nil, err
		}
		runs = append(runs, some...)
	}
	slices.SortStableFunc(runs, func(a, b Run) int { return cmp.Compare(b.ID, a.ID) })
	return pageOf(ctx, in.Paging, runs), nil
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
	root, _, err := a.flowAt(ctx, in.ID, "collaborator")
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
	for _, r := range runs {
		if r.ID == in.RunID {
			return show(RunStatus{Status: r.Status, Run: r}), nil
		}
	}
	return nil, nowhere()
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
