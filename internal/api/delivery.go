package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// Delivery is how a destination stands.
type Delivery struct {
	DataSinkID   int64   `json:"data_sink_id"`
	Name         string  `json:"name"`
	DataSetID    *int64  `json:"data_set_id"`
	State        string  `json:"state" enum:"new,paused,waiting,failing,behind,current" doc:"current: it has all there is; behind: what it lacks is on its way; waiting: nothing ever went there, or its dataset is paused; failing: it takes nothing, and is tried again by itself"`
	TookAt       *string `json:"took_at" doc:"When it last took records"`
	Behind       int64   `json:"behind" doc:"How many changes it lacks"`
	LacksSince   *string `json:"lacks_since" doc:"When the oldest of them was read"`
	FailingSince *string `json:"failing_since"`
	Class        string  `json:"class,omitzero" doc:"Of the error: auth, conflict, transient, local …"`
	Problem      string  `json:"problem,omitzero" doc:"Why it takes nothing, and what to do next"`
	WaitsFor     string  `json:"waits_for,omitzero" doc:"Of one that waits: for what, and what somebody can do"`
	Failures     int     `json:"failures" doc:"How often in a row it took nothing"`
	RetryAt      *string `json:"retry_at" doc:"When it is tried again; null when that follows from something else: its source is read, or somebody says so"`
}

func (a *API) registerDeliveries() {
	const tag = "deliveries"
	register(a, Route{Method: http.MethodGet, Path: "/deliveries", Tag: tag, Summary: "How each destination stands", Policy: signedIn}, a.listDeliveries)
	register(a, Route{Method: http.MethodPost, Path: "/data_sinks/{id}/deliver_now", Tag: tag, Summary: "Bring a destination what it lacks", Policy: mayOperate(store.KindDestination), Creates: true,
		Detail: "The destination itself is asked how far it is, so one that was emptied is filled again. It costs no request."}, a.deliverNow)
}

type deliveryList struct {
	ListInput
	DataSinkID int64 `query:"data_sink_id"`
	DataSetID  int64 `query:"data_set_id"`
}

func (a *API) listDeliveries(ctx context.Context, in *deliveryList) (*List[Delivery], error) {
	f, err := a.filter(ctx, in.ListInput.ofAll(), store.KindDestination)
	if err != nil {
		return nil, err
	}
	if in.DataSetID != 0 {
		there, err := a.Flows.DestinationsOf(ctx, f.Org, in.DataSetID)
		if err != nil {
			return nil, err
		}
		f.IDs = []int64{}
		for _, to := range there {
			f.IDs = append(f.IDs, to.ID)
		}
	}
	if in.DataSinkID != 0 {
		f.IDs = only(f.IDs, in.DataSinkID)
	}
	found, total, err := a.Flows.Destinations(ctx, f)
	if err != nil {
		return nil, err
	}
	shown, err := a.showDeliveries(ctx, found)
	return list(ctx, in.Paging, shown, total), err
}

func (a *API) showDeliveries(ctx context.Context, all []*flow.Destination) ([]Delivery, error) {
	resources := make([]store.Resource, len(all))
	for i, to := range all {
		resources[i] = to.Resource
	}
	standings, err := a.Flows.Standings(ctx, resources...)
	shown := make([]Delivery, len(all))
	for i, to := range all {
		s := standings[to.ID]
		shown[i] = Delivery{DataSinkID: to.ID, Name: to.Name, DataSetID: idOrNull(to.Dataset), State: string(s.State), TookAt: momentOrNull(s.Took), Behind: s.Behind(), LacksSince: momentOrNull(s.Lacks), WaitsFor: s.WaitsFor}
		if s.State == flow.StateFailing {
			shown[i].FailingSince, shown[i].Class, shown[i].Problem = momentOrNull(s.Failing), string(s.Class), s.Problem
			shown[i].Failures, shown[i].RetryAt = s.Failures, momentOrNull(s.RetryAt)
		}
	}
	return shown, err
}

func (a *API) deliverNow(ctx context.Context, in *One) (*value[Run], error) {
	run, started, err := a.Runner.Fill(ctx, actor(ctx), in.ID)
	if err == nil && !started {
		err = &weir.Error{Code: weir.CodeConflict, Where: "destination", Message: "there is nothing to bring: nothing was read yet", Remedy: "Run its source"}
	}
	return a.shownRun(ctx, run, err)
}
