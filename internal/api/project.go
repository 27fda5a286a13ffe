package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Project is a folder of flows. Sharing it shares none of them: what is shown
// of it to somebody are the flows that they may look at.
type Project struct {
	ID           int64         `json:"id"`
	Name         string        `json:"name"`
	Description  string        `json:"description"`
	Owner        Owner         `json:"owner"`
	Org          Organization  `json:"org"`
	AccessRoles  []string      `json:"access_roles" nullable:"false"`
	DataFlows    []ProjectFlow `json:"data_flows" nullable:"false"`
	Flows        []ProjectFlow `json:"flows" nullable:"false" doc:"The same"`
	FlowsCount   int           `json:"flows_count"`
	CopiedFromID *int64        `json:"copied_from_id"`
	Tags         []string      `json:"tags" nullable:"false"`
	CreatedAt    string        `json:"created_at"`
	UpdatedAt    string        `json:"updated_at"`
}

// ProjectFlow is one flow in a project.
type ProjectFlow struct {
	ID           int64  `json:"id"`
	ProjectID    int64  `json:"project_id"`
	FlowNodeID   int64  `json:"flow_node_id" doc:"The flow's id"`
	DataSourceID *int64 `json:"data_source_id"`
	DataSetID    *int64 `json:"data_set_id"`
	DataSinkID   *int64 `json:"data_sink_id"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	Status       string `json:"status"`
	CreatedAt    string `json:"created_at"`
	UpdatedAt    string `json:"updated_at"`
}

// FlowName names a flow by its source, or by one of its datasets.
type FlowName struct {
	DataSourceID int64 `json:"data_source_id,omitzero"`
	DataSetID    int64 `json:"data_set_id,omitzero"`
}

// FlowNames name flows by one of their parts, or by their nodes. It is exported
// because huma looks only into embedded types that are.
type FlowNames struct {
	DataFlows []FlowName `json:"data_flows,omitzero" maxItems:"1000"`
	Flows     []int64    `json:"flows,omitzero" maxItems:"1000" doc:"The ids of nodes, instead"`
}

// none reports whether no list was given, not even an empty one.
func (n *FlowNames) none() bool { return n.DataFlows == nil && n.Flows == nil }

// projectInput is the body that makes or changes a project.
type projectInput struct {
	Name        *name `json:"name,omitzero"`
	Description *text `json:"description,omitzero"`
	Tags        tags  `json:"tags,omitzero" maxItems:"100"`
	FlowNames
}

func (a *API) registerProjects() {
	const tag = "projects"
	read, change := mayRead(store.KindProject), mayChange(store.KindProject)
	register(a, Route{Method: http.MethodGet, Path: "/projects", Tag: tag, Summary: "List projects", Policy: signedIn}, a.listProjects)
	register(a, Route{Method: http.MethodPost, Path: "/projects", Tag: tag, Summary: "Make a project", Policy: maker, Creates: true}, a.createProject)
	register(a, Route{Method: http.MethodGet, Path: "/projects/{id}", Tag: tag, Summary: "One project", Policy: read}, a.project)
	register(a, Route{Method: http.MethodPut, Path: "/projects/{id}", Tag: tag, Summary: "Change a project", Policy: change}, a.updateProject)
	register(a, Route{Method: http.MethodDelete, Path: "/projects/{id}", Tag: tag, Summary: "Delete a project; its flows stay", Policy: change}, a.deleteProject)
	register(a, Route{Method: http.MethodPost, Path: "/projects/{id}/restore", Tag: tag, Summary: "Bring a deleted project back, with the flows that are in no other", Policy: mayRestore(store.KindProject)}, a.restoreProject)
	register(a, Route{Method: http.MethodPost, Path: "/projects/{id}/copy", Tag: tag, Summary: "Copy a project, with copies of the flows that you see in it", Policy: change, Creates: true}, a.copyProject)
	register(a, Route{Method: http.MethodGet, Path: "/projects/{id}/flows", Tag: tag, Summary: "The flows in a project, as one object", Policy: read}, a.flowsOfProject)
	register(a, Route{Method: http.MethodPut, Path: "/projects/{id}/flows", Tag: tag, Summary: "Put flows into a project, out of the one they were in", Policy: change},
		func(ctx context.Context, in *projectFlowsInput) (*value[[]ProjectFlow], error) {
			return a.changeFlows(ctx, in, identity.RoleAdmin, a.Flows.AddToProject)
		})
	register(a, Route{Method: http.MethodPost, Path: "/projects/{id}/flows", Tag: tag, Summary: "Replace all flows of a project", Policy: change},
		func(ctx context.Context, in *projectFlowsInput) (*value[[]ProjectFlow], error) {
			return a.changeFlows(ctx, in, identity.RoleAdmin, a.Flows.SetProject)
		})
	register(a, Route{Method: http.MethodDelete, Path: "/projects/{id}/flows", Tag: tag, Summary: "Take flows out of a project; without a body, all", Policy: change}, a.removeFlows)
	register(a, Route{Method: http.MethodPost, Path: "/projects/{id}/flows/search", Tag: tag, Summary: "The flows in a project that fit all filters", Policy: read}, a.searchFlows)
}

type projectList struct{ ListInput }

func (a *API) listProjects(ctx context.Context, in *projectList) (*List[Project], error) {
	f, err := a.filter(ctx, in.ListInput, store.KindProject)
	if err != nil {
		return nil, err
	}
	found, total, err := a.Flows.Projects(ctx, f)
	if err != nil {
		return nil, err
	}
	shown, err := a.showProjects(ctx, found...)
	return list(ctx, in.Paging, shown, total), err
}

func (a *API) showProjects(ctx context.Context, all ...store.Resource) ([]Project, error) {
	common, err := a.common(ctx, all...)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(all))
	for i, r := range all {
		ids[i] = r.ID
	}
	flows, err := a.flowsIn(ctx, ids...)
	if err != nil {
		return nil, err
	}
	shown := make([]Project, len(all))
	for i, r := range all {
		of := some(flows[r.ID])
		shown[i] = Project{ID: r.ID, Name: r.Name, Description: r.Description, Owner: common.owner(r.Owner), Org: common.org, AccessRoles: common.roles(r.ID),
			DataFlows: of, Flows: of, FlowsCount: len(of), CopiedFromID: idOrNull(r.CopiedFrom), Tags: some(r.Tags), CreatedAt: moment(r.Created), UpdatedAt: moment(r.Updated)}
	}
	return shown, nil
}

// flowsIn are the flows in the projects that the caller may look at, by project.
func (a *API) flowsIn(ctx context.Context, projects ...int64) (map[int64][]ProjectFlow, error) {
	entries, sources, err := a.Flows.ProjectFlows(ctx, principal(ctx).Org, projects...)
	if err != nil {
		return nil, err
	}
	all := make([]store.Resource, 0, len(sources))
	for _, r := range sources {
		all = append(all, r)
	}
	roles, err := a.People.RolesOn(ctx, principal(ctx), all...)
	if err != nil {
		return nil, err
	}
	out := map[int64][]ProjectFlow{}
	for _, e := range entries {
		src, living := sources[e.Source]
		if !living || roles[e.Source] == "" {
			continue
		}
		out[e.Project] = append(out[e.Project], ProjectFlow{ID: e.ID, ProjectID: e.Project, FlowNodeID: src.Node, DataSourceID: idOrNull(src.ID), Name: src.Name,
			Description: src.Description, Status: statusOf(src.Status), CreatedAt: moment(e.Added), UpdatedAt: moment(e.Added)})
	}
	return out, nil
}

func (a *API) oneProject(ctx context.Context, id int64) (*value[Project], error) {
	r, err := a.Flows.Project(ctx, actor(ctx).Org, id)
	if err != nil {
		return nil, err
	}
	shown, err := a.showProjects(ctx, r)
	if err != nil {
		return nil, err
	}
	return show(shown[0]), nil
}

func (a *API) project(ctx context.Context, in *expandable) (*value[Project], error) {
	return a.oneProject(ctx, in.ID)
}

type createProjectInput struct{ Body projectInput }

func (a *API) createProject(ctx context.Context, in *createProjectInput) (*value[Project], error) {
	sources, err := a.sourcesOf(ctx, in.Body.FlowNames, identity.RoleAdmin, nil)
	if err != nil {
		return nil, err
	}
	r, err := a.Flows.CreateProject(ctx, actor(ctx), flow.Common{Name: given(in.Body.Name), Description: given(in.Body.Description), Tags: in.Body.Tags}, sources...)
	if err != nil {
		return nil, err
	}
	return a.oneProject(ctx, r.ID)
}

type updateProjectInput struct {
	One
	Body projectInput
}

func (a *API) updateProject(ctx context.Context, in *updateProjectInput) (*value[Project], error) {
	edit := flow.ProjectEdit{Edit: flow.Edit{Name: changed(in.Body.Name), Description: changed(in.Body.Description), Tags: in.Body.Tags}}
	if !in.Body.none() {
		known, err := a.flowsIn(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if edit.Sources, err = a.sourcesOf(ctx, in.Body.FlowNames, identity.RoleAdmin, known[in.ID]); err != nil {
			return nil, err
		}
	}
	if err := a.Flows.UpdateProject(ctx, actor(ctx), in.ID, edit); err != nil {
		return nil, err
	}
	return a.oneProject(ctx, in.ID)
}

func (a *API) deleteProject(ctx context.Context, in *One) (*Done, error) {
	if err := a.Flows.Delete(ctx, actor(ctx), store.KindProject, in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}

func (a *API) restoreProject(ctx context.Context, in *One) (*value[Project], error) {
	if err := a.restore(ctx, store.KindProject, in.ID); err != nil {
		return nil, err
	}
	return a.oneProject(ctx, in.ID)
}

// sourcesOf finds the sources of the flows that are named, each once, for who
// has at least the role on them; what is in the project already may be named
// by all who see it.
func (a *API) sourcesOf(ctx context.Context, names FlowNames, role identity.Role, known []ProjectFlow) ([]int64, error) {
	sources := []int64{}
	add := func(field string, kind store.Kind, id int64) error {
		root, _, err := a.Flows.Tree(ctx, actor(ctx).Org, kind, id)
		if err != nil {
			return at(field, err)
		}
		need := role
		if slices.ContainsFunc(known, func(f ProjectFlow) bool { return *f.DataSourceID == root.ID }) {
			need = identity.RoleCollaborator
		}
		if err := a.Identity.Authorize(ctx, principal(ctx), identity.Access(store.KindSource, need), root.ID); err != nil {
			return at(field, err)
		}
		if !slices.Contains(sources, root.ID) {
			sources = append(sources, root.ID)
		}
		return nil
	}
	for i, one := range names.DataFlows {
		field, kind, id := fmt.Sprintf("data_flows[%d].data_source_id", i), store.KindSource, one.DataSourceID
		if one.DataSourceID == 0 {
			field, kind, id = fmt.Sprintf("data_flows[%d].data_set_id", i), store.KindDataset, one.DataSetID
		}
		if err := add(field, kind, id); err != nil {
			return nil, err
		}
	}
	for i, node := range names.Flows {
		field := fmt.Sprintf("flows[%d]", i)
		r, err := a.Flows.Part(ctx, actor(ctx).Org, node)
		if err == nil {
			err = add(field, r.Kind, r.ID)
		}
		if err != nil {
			return nil, at(field, err)
		}
	}
	return sources, nil
}

type projectFlowsInput struct {
	One
	Body FlowNames
}

// changeFlows changes what is in a project, and shows what that is now.
func (a *API) changeFlows(ctx context.Context, in *projectFlowsInput, role identity.Role, change func(context.Context, flow.Actor, int64, ...int64) error) (*value[[]ProjectFlow], error) {
	if in.Body.none() {
		return nil, refuse("data_flows", "it names no flows", `Send {"data_flows": [{"data_source_id": 1}]}, or {"flows": [1]} with the ids of nodes`)
	}
	known, err := a.flowsIn(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	sources, err := a.sourcesOf(ctx, in.Body, role, known[in.ID])
	if err != nil {
		return nil, err
	}
	if err := change(ctx, actor(ctx), in.ID, sources...); err != nil {
		return nil, err
	}
	return a.projectFlows(ctx, in.ID)
}

func (a *API) projectFlows(ctx context.Context, id int64) (*value[[]ProjectFlow], error) {
	flows, err := a.flowsIn(ctx, id)
	return show(some(flows[id])), err
}

type removeFlowsInput struct {
	One
	Body *FlowNames
}

func (a *API) removeFlows(ctx context.Context, in *removeFlowsInput) (*value[[]ProjectFlow], error) {
	if in.Body != nil {
		return a.changeFlows(ctx, &projectFlowsInput{One: in.One, Body: *in.Body}, identity.RoleCollaborator, a.Flows.TakeFromProject)
	}
	if err := a.Flows.SetProject(ctx, actor(ctx), in.ID); err != nil {
		return nil, err
	}
	return a.projectFlows(ctx, in.ID)
}

type flowsOfProjectInput struct {
	One
	Paging
	FlowsOnly flag `query:"flows_only"`
}

func (a *API) flowsOfProject(ctx context.Context, in *flowsOfProjectInput) (*value[FlowResponse], error) {
	return a.pageOfFlows(ctx, in, func(ProjectFlow) bool { return true })
}

// pageOfFlows shows one page of a project's flows that fit.
func (a *API) pageOfFlows(ctx context.Context, in *flowsOfProjectInput, fits func(ProjectFlow) bool) (*value[FlowResponse], error) {
	flows, err := a.flowsIn(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, f := range flows[in.ID] {
		if fits(f) {
			ids = append(ids, *f.DataSourceID)
		}
	}
	begin := min(in.offset(), len(ids))
	ids = ids[begin:min(begin+in.PerPage, len(ids))]
	roots, _, err := a.Flows.Flows(ctx, store.ResourceFilter{Org: actor(ctx).Org, IDs: ids})
	if err != nil {
		return nil, err
	}
	return a.flowsOf(ctx, roots, in.FlowsOnly.On)
}
