package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/rights"
	"github.com/weirhq/weir/internal/store"
)

// The one type of flows that there is, in the contract's words.
const (
	flowType      = "streaming"
	ingestionMode = "full_ingestion"
)

// FlowNode is one part of a flow in its tree.
type FlowNode struct {
	ID            int64      `json:"id" doc:"Of the node: its own sequence"`
	OriginNodeID  int64      `json:"origin_node_id" doc:"The flow's id"`
	ParentNodeID  *int64     `json:"parent_node_id"`
	DataSourceID  *int64     `json:"data_source_id"`
	DataSetID     *int64     `json:"data_set_id"`
	DataSinkID    *int64     `json:"data_sink_id"`
	SharedOrigin  *int64     `json:"shared_origin_node_id"`
	Status        string     `json:"status"`
	ProjectID     *int64     `json:"project_id"`
	FlowType      string     `json:"flow_type"`
	IngestionMode string     `json:"ingestion_mode"`
	Name          string     `json:"name"`
	Description   string     `json:"description"`
	Children      []FlowNode `json:"children" nullable:"false"`
}

// FlowResponse is one or several flows, with what they are made of.
type FlowResponse struct {
	Flows           []FlowNode    `json:"flows" nullable:"false"`
	CodeContainers  []any         `json:"code_containers,omitzero"`
	DataSources     []Source      `json:"data_sources,omitzero"`
	DataSets        []DataSet     `json:"data_sets,omitzero"`
	DataSinks       []Destination `json:"data_sinks,omitzero"`
	DataCredentials []Credential  `json:"data_credentials,omitzero"`
	SharedDataSets  []any         `json:"shared_data_sets,omitzero"`
	Orgs            []any         `json:"orgs,omitzero"`
	Users           []any         `json:"users,omitzero"`
	Projects        []any         `json:"projects,omitzero"`
	Metrics         []RunMetric   `json:"metrics,omitzero" doc:"Only with include_run_metrics"`
}

// RunMetric is what the newest run of a flow did.
type RunMetric struct {
	OriginNodeID  int64  `json:"origin_node_id"`
	Records       int    `json:"records"`
	Size          int64  `json:"size"`
	Errors        int    `json:"errors"`
	ReportingDate string `json:"reporting_date"`
	RunID         int64  `json:"run_id"`
}

func (a *API) registerFlows() {
	const tag = "flows"
	register(a, Route{Method: http.MethodGet, Path: "/flows", Tag: tag, Summary: "All flows, as one object", Policy: signedIn}, a.listFlows)
	register(a, Route{Method: http.MethodGet, Path: "/flows/{id}", Tag: tag, Summary: "One flow", Policy: signedIn}, a.flow)
	register(a, Route{Method: http.MethodPut, Path: "/flows/{id}/activate", Tag: tag, Summary: "Activate a flow", Policy: signedIn}, a.activateFlow)
	register(a, Route{Method: http.MethodPut, Path: "/flows/{id}/pause", Tag: tag, Summary: "Pause a flow", Policy: signedIn}, a.pauseFlow)
	register(a, Route{Method: http.MethodPost, Path: "/flows/{id}/copy", Tag: tag, Summary: "Copy a flow", Policy: maker, Creates: true}, a.copyFlow)
	register(a, Route{Method: http.MethodDelete, Path: "/flows/{id}", Tag: tag, Summary: "Delete a flow that is paused", Policy: signedIn}, a.deleteFlow)
	for _, of := range []struct {
		noun string
		kind store.Kind
	}{{"data_sources", store.KindSource}, {"data_sets", store.KindDataset}, {"data_sinks", store.KindDestination}} {
		register(a, Route{Method: http.MethodGet, Path: "/" + of.noun + "/{id}/flow", Tag: tag, Summary: "The flow that it is part of", Policy: mayRead(of.kind)},
			func(ctx context.Context, in *flowInput) (*value[FlowResponse], error) {
				root, _, err := a.Flows.Tree(ctx, actor(ctx).Org, of.kind, in.ID)
				return a.oneFlow(ctx, root, in.FlowsOnly.On, err)
			})
		register(a, Route{Method: http.MethodDelete, Path: "/" + of.noun + "/{id}/flow", Tag: tag, Summary: "Delete the flow that it is part of", Policy: mayChange(of.kind)},
			func(ctx context.Context, in *One) (*Done, error) {
				root, _, err := a.Flows.Tree(ctx, actor(ctx).Org, of.kind, in.ID)
				return a.deleteTree(ctx, root, err)
			})
	}
}

type flowInput struct {
	One
	FlowsOnly flag `query:"flows_only"`
}

type flowList struct {
	ListInput
	FlowsOnly  flag `query:"flows_only"`
	RunMetrics flag `query:"include_run_metrics"`
}

func (a *API) listFlows(ctx context.Context, in *flowList) (*value[FlowResponse], error) {
	f, err := a.filter(ctx, in.ListInput, store.KindSource)
	if err != nil {
		return nil, err
	}
	roots, _, err := a.Flows.Flows(ctx, f)
	if err != nil {
		return nil, err
	}
	out, err := a.flowsOf(ctx, roots, in.FlowsOnly.On)
	if err != nil || !in.RunMetrics.On {
		return out, err
	}
	out.Body.Metrics = []RunMetric{}
	ids := make([]int64, len(roots))
	for i, root := range roots {
		ids[i] = root.ID
	}
	newest, err := a.Store.RecentRuns(ctx, 1, ids...)
	if err != nil {
		return nil, err
	}
	for _, root := range roots {
		for _, r := range newest[root.ID] {
			t := r.Totals
			out.Body.Metrics = append(out.Body.Metrics, RunMetric{OriginNodeID: root.Node, Records: t.Fresh, Size: t.Bytes, Errors: t.Quarantined,
				ReportingDate: moment(r.Started), RunID: r.Number})
		}
	}
	return out, nil
}

// flowsOf shows trees, and what they are made of unless the trees are enough.
func (a *API) flowsOf(ctx context.Context, roots []*flow.Node, treesOnly bool) (*value[FlowResponse], error) {
	roles, err := a.rolesIn(ctx, roots...)
	if err != nil {
		return nil, err
	}
	out := FlowResponse{Flows: []FlowNode{}}
	for _, root := range roots {
		out.Flows = append(out.Flows, nodeOf(root, roles))
	}
	if treesOnly {
		return show(out), nil
	}
	if err := a.addParts(ctx, roots, roles, &out); err != nil {
		return nil, err
	}
	return show(out), nil
}

// rolesIn are what the caller may do with each part of flows. A right to one part
// is none to the others.
func (a *API) rolesIn(ctx context.Context, roots ...*flow.Node) (map[int64]identity.Role, error) {
	var parts []store.Resource
	for _, root := range roots {
		parts = append(parts, root.Parts()...)
	}
	return a.People.RolesOn(ctx, principal(ctx), parts...)
}

func (a *API) oneFlow(ctx context.Context, root *flow.Node, treesOnly bool, err error) (*value[FlowResponse], error) {
	if err != nil {
		return nil, err
	}
	out, err := a.flowsOf(ctx, []*flow.Node{root}, treesOnly)
	return out, err
}

// addParts lists the sources, datasets and destinations of flows that the
// caller may see, and the credentials that they use, each once.
func (a *API) addParts(ctx context.Context, roots []*flow.Node, roles map[int64]identity.Role, out *FlowResponse) error {
	var sources []*flow.Source
	var datasets []*flow.Dataset
	var destinations []*flow.Destination
	var first error
	for _, root := range roots {
		root.Walk(func(n *flow.Node) {
			if roles[n.ID] == identity.RoleNone {
				return
			}
			switch n.Kind {
			case store.KindSource:
				src, err := a.Flows.Source(ctx, n.Org, n.ID)
				sources, first = append(sources, src), errors.Join(first, err)
			case store.KindDataset:
				d, err := a.Flows.Dataset(ctx, n.Org, n.ID)
				datasets, first = append(datasets, d), errors.Join(first, err)
			case store.KindDestination:
				to, err := a.Flows.Destination(ctx, n.Org, n.ID)
				destinations, first = append(destinations, to), errors.Join(first, err)
			}
		})
	}
	if first != nil {
		return first
	}
	var err error
	if out.DataSources, err = a.showSources(ctx, sources...); err != nil {
		return err
	}
	if out.DataSets, err = a.showDataSets(ctx, datasets...); err != nil {
		return err
	}
	if out.DataSinks, err = a.showDestinations(ctx, destinations...); err != nil {
		return err
	}
	out.DataCredentials, err = a.visibleCredentials(ctx, credentialsOf(sources, destinations)...)
	return err
}

// credentialsOf are the credentials that parts of flows use, each once.
func credentialsOf(sources []*flow.Source, destinations []*flow.Destination) (ids []int64) {
	for _, src := range sources {
		ids = append(ids, src.Credential)
	}
	for _, to := range destinations {
		ids = append(ids, to.Credential)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// nodeOf puts a node and what hangs below it into the contract's shape. Of a
// part without a role it says that it is there.
func nodeOf(n *flow.Node, roles map[int64]identity.Role) FlowNode {
	out := FlowNode{
		ID: n.Node, OriginNodeID: n.Origin().Node, ProjectID: idOrNull(n.Origin().Project), Status: statusOf(n.Status), FlowType: flowType, IngestionMode: ingestionMode,
		Children: []FlowNode{},
	}
	if roles[n.ID] != identity.RoleNone {
		out.Name, out.Description = n.Name, n.Description
	}
	if n.Parent != nil {
		out.ParentNodeID = idOrNull(n.Parent.Node)
	}
	switch n.Kind {
	case store.KindSource:
		out.DataSourceID = idOrNull(n.ID)
	case store.KindDataset:
		out.DataSetID = idOrNull(n.ID)
	case store.KindDestination:
		out.DataSinkID = idOrNull(n.ID)
	}
	for _, child := range n.Children {
		out.Children = append(out.Children, nodeOf(child, roles))
	}
	return out
}

// treeOf is the tree of the flow that something is part of.
func (a *API) treeOf(ctx context.Context, kind store.Kind, id int64) ([]FlowNode, error) {
	root, _, err := a.Flows.Tree(ctx, actor(ctx).Org, kind, id)
	if err != nil {
		return nil, err
	}
	roles, err := a.rolesIn(ctx, root)
	return []FlowNode{nodeOf(root, roles)}, err
}

// flowAt finds a flow by any of its nodes, for who has at least the role on
// that part.
func (a *API) flowAt(ctx context.Context, node int64, role identity.Role) (root, part *flow.Node, err error) {
	r, err := a.Flows.Part(ctx, actor(ctx).Org, node)
	if err != nil {
		return nil, nil, err
	}
	if err := a.Identity.Authorize(ctx, principal(ctx), identity.Access(r.Kind, role), r.ID); err != nil {
		return nil, nil, err
	}
	return a.Flows.Tree(ctx, r.Org, r.Kind, r.ID)
}

func (a *API) flow(ctx context.Context, in *flowInput) (*value[FlowResponse], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleCollaborator)
	return a.oneFlow(ctx, root, in.FlowsOnly.On, err)
}

// switching activates or pauses a part of a flow, and with all what hangs below
// it but what is spared.
type switching func(ctx context.Context, who flow.Actor, kind store.Kind, id int64, all bool, spared ...int64) error

// switchPart activates or pauses what a path names.
func (a *API) switchPart(ctx context.Context, kind store.Kind, in *statusInput, change switching) error {
	root, part, err := a.Flows.Tree(ctx, actor(ctx).Org, kind, in.ID)
	if err != nil {
		return err
	}
	return a.switchFlow(ctx, root, part, in, change)
}

// switchFlow activates or pauses a part of a flow and all below it, or as much as
// was asked for. The whole flow is so for who may operate its source; what is not
// the caller's to operate is spared.
func (a *API) switchFlow(ctx context.Context, root, part *flow.Node, in *statusInput, change switching) error {
	if in.whole() && part != root {
		roles, err := a.rolesIn(ctx, root)
		if err != nil {
			return err
		}
		if roles[root.ID].AtLeast(identity.RoleOperator) {
			part = root
		}
	}
	spared, err := a.rights().Spared(ctx, principal(ctx), part)
	if err != nil {
		return err
	}
	return change(ctx, actor(ctx), part.Kind, part.ID, !in.alone(), spared...)
}

func (a *API) activateFlow(ctx context.Context, in *statusInput) (*value[FlowResponse], error) {
	root, part, err := a.flowAt(ctx, in.ID, identity.RoleOperator)
	if err != nil {
		return nil, err
	}
	if err := a.switchFlow(ctx, root, part, in, a.Runner.Activate); err != nil {
		return nil, err
	}
	root, _, err = a.flowAt(ctx, in.ID, identity.RoleOperator)
	return a.oneFlow(ctx, root, false, err)
}

func (a *API) pauseFlow(ctx context.Context, in *statusInput) (*value[FlowResponse], error) {
	root, part, err := a.flowAt(ctx, in.ID, identity.RoleOperator)
	if err != nil {
		return nil, err
	}
	if err := a.switchFlow(ctx, root, part, in, a.Runner.Pause); err != nil {
		return nil, err
	}
	root, _, err = a.flowAt(ctx, in.ID, identity.RoleOperator)
	return a.oneFlow(ctx, root, false, err)
}

func (a *API) copyFlow(ctx context.Context, in *copyInput) (*value[FlowResponse], error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleAdmin)
	if err != nil {
		return nil, err
	}
	if err := copyField(a.rights().Copy(ctx, principal(ctx), root)); err != nil {
		return nil, err
	}
	c, err := a.copying(ctx, in, root.Parts()...)
	if err != nil {
		return nil, err
	}
	made, err := a.Flows.CopyFlow(ctx, actor(ctx), root, c)
	return a.oneFlow(ctx, made, false, validation(err))
}

func (a *API) deleteFlow(ctx context.Context, in *One) (*Done, error) {
	root, _, err := a.flowAt(ctx, in.ID, identity.RoleAdmin)
	return a.deleteTree(ctx, root, err)
}

// deleteTree deletes a flow for who may delete its source and each of its
// destinations. Datasets go with their source.
func (a *API) deleteTree(ctx context.Context, root *flow.Node, err error) (*Done, error) {
	if err == nil {
		err = a.People.AllowedAll(ctx, principal(ctx), identity.RoleAdmin, root.Parts(store.KindSource, store.KindDestination)...)
	}
	if err == nil {
		err = a.Flows.DeleteFlow(ctx, actor(ctx), root)
	}
	if err != nil {
		return nil, activeFirst(err)
	}
	return done(), nil
}

// restore brings back what was deleted, as the pages do: by the same rights.
func (a *API) restore(ctx context.Context, kind store.Kind, id int64) error {
	who := actor(ctx)
	r, err := a.Store.DeletedResource(ctx, who.Org, kind, id)
	if err != nil {
		return a.Store.NotDeleted(ctx, who.Org, kind, id, err)
	}
	read, err := a.rights().Restore(ctx, principal(ctx), r)
	if err != nil {
		return err
	}
	return a.Flows.Restore(ctx, who, kind, id, read...)
}

// rights says what rights to a part of a flow let somebody do with the rest.
func (a *API) rights() rights.Judge { return rights.Judge{People: a.People, Flows: a.Flows} }

// mayReuse makes sure that the caller may use what a copy of a part of a flow
// would use.
func (a *API) mayReuse(ctx context.Context, kind store.Kind, id int64) error {
	return copyField(a.rights().Reuse(ctx, principal(ctx), kind, id))
}

// copyField names the field in which what is lacking would be given.
func copyField(err error) error {
	var lack *rights.Lack
	if !errors.As(err, &lack) {
		return err
	}
	return lackIn(map[store.Kind]string{store.KindCredential: "data_credentials_id", store.KindDataset: "data_set_id", store.KindLookup: "source_config.rest.iterations.map.id",
		store.KindTransform: "transform_id", store.KindSource: "run_after"}[lack.Kind], err)
}

// lackIn names the field that a lack is about.
func lackIn(field string, err error) error {
	var lack *rights.Lack
	if !errors.As(err, &lack) {
		return err
	}
	return at(field, lack.Err)
}

// activeFirst is 405 for what must be paused before it is deleted, naming it.
func activeFirst(err error) error {
	var active *flow.ActiveError
	var e *weir.Error
	switch {
	case errors.As(err, &active):
		p := &problem{status: http.StatusMethodNotAllowed, code: "CONF_002", message: active.Error(), remedy: "Pause the flow first", parts: &activeParts{Message: active.Error()}}
		for _, n := range active.Parts {
			p.parts.add(n)
		}
		return p
	case errors.As(err, &e) && e.Reason == "active":
		p := problemOf(err, http.MethodDelete)
		p.status, p.code = http.StatusMethodNotAllowed, "CONF_002"
		return p
	}
	return err
}

// activeParts are the parts of a flow that are active, as the contract lists
// them beside the error.
type activeParts struct {
	DataSources []int64
	DataSets    []int64
	DataSinks   []int64
	Message     string
}

func (p *activeParts) add(n *flow.Node) {
	switch n.Kind {
	case store.KindSource:
		p.DataSources = append(p.DataSources, n.ID)
	case store.KindDataset:
		p.DataSets = append(p.DataSets, n.ID)
	case store.KindDestination:
		p.DataSinks = append(p.DataSinks, n.ID)
	}
}
