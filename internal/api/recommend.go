package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

func (a *API) registerRecommendations() {
	const tag = "docs"
	const detail = "A data dictionary in Markdown, made from the learned schema and the newest records alone: columns, types, how often they are empty, keys, freshness. The same data give the same text. No example is anybody's. Nothing is stored: save what you like of it with POST /data_sets/{id}/docs."
	register(a, Route{Method: http.MethodPost, Path: "/data_sets/{id}/docs/recommendation", Tag: tag, Summary: "Describe a dataset", Policy: mayRead(store.KindDataset), Detail: detail}, a.recommendDataSet)
	register(a, Route{Method: http.MethodPost, Path: "/flows/{id}/docs/recommendation", Tag: tag, Summary: "Describe a flow", Policy: signedIn, Detail: detail}, a.recommendFlow)
	register(a, Route{Method: http.MethodPost, Path: "/data_sources/{id}/file/ingest", Tag: "data_sources", Summary: "Refused: no source of this version reads files", Policy: mayOperate(store.KindSource)}, a.ingestFile)
}

// Recommendation is a text that somebody may keep.
type Recommendation struct {
	Recommendation string `json:"recommendation"`
	Status         string `json:"status"`
}

type recommendInput struct {
	One
	Body *object
}

func (a *API) recommendDataSet(ctx context.Context, in *recommendInput) (*value[Recommendation], error) {
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	text, err := a.Flows.Dictionary(ctx, d)
	return show(Recommendation{Recommendation: text, Status: "success"}), err
}

// recommendFlow describes what of a flow the caller may look at.
func (a *API) recommendFlow(ctx context.Context, in *recommendInput) (*value[Recommendation], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleCollaborator)
	if err != nil {
		return nil, err
	}
	var parts []store.Resource
	root.Walk(func(n *flow.Node) { parts = append(parts, n.Resource) })
	roles, err := a.People.RolesOn(ctx, principal(ctx), parts...)
	if err != nil {
		return nil, err
	}
	text, err := a.Flows.FlowDictionary(ctx, root, func(n *flow.Node) bool { return roles[n.ID].AtLeast(identity.RoleCollaborator) })
	return show(Recommendation{Recommendation: text, Status: "success"}), err
}

type ingestInput struct {
	One
	Body *struct {
		File string `json:"file,omitzero" maxLength:"4096"`
	}
}

func (a *API) ingestFile(ctx context.Context, in *ingestInput) (*Done, error) {
	if _, err := a.Flows.Source(ctx, actor(ctx).Org, in.ID); err != nil {
		return nil, err
	}
	return nil, refuse("file", "this source reads an API, not files", "Read it again with POST /data_sources/{id}/run_now")
}
