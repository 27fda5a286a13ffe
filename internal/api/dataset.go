package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// DataSet is what a source yields. The contract's clients call it a Nexset.
type DataSet struct {
	ID             int64             `json:"id"`
	Name           string            `json:"name"`
	Description    string            `json:"description"`
	Status         string            `json:"status"`
	Owner          Owner             `json:"owner"`
	Org            Organization      `json:"org"`
	AccessRoles    []string          `json:"access_roles" nullable:"false"`
	FlowType       string            `json:"flow_type"`
	DataSourceID   *int64            `json:"data_source_id"`
	DataSource     *SourceBrief      `json:"data_source"`
	Endpoint       string            `json:"endpoint" doc:"Of the source, which yields it; records for a configuration by hand"`
	ParentDataSets []DataSetBrief    `json:"parent_data_sets" nullable:"false"`
	DataSinks      []DataSinkBrief   `json:"data_sinks" nullable:"false"`
	TransformID    *int64            `json:"transform_id"`
	CustomRules    bool              `json:"has_custom_transform" doc:"It has rules of its own"`
	Transform      *OwnTransform     `json:"transform" doc:"Its own rules"`
	OutputSchema   map[string]any    `json:"output_schema"`
	Version        int64             `json:"version"`
	CopiedFromID   *int64            `json:"copied_from_id"`
	Tags           []string          `json:"tags" nullable:"false"`
	CreatedAt      string            `json:"created_at"`
	UpdatedAt      string            `json:"updated_at"`
	Flows          []FlowNode        `json:"flows,omitzero" doc:"Of activate and pause: the flow's tree"`
	Quarantined    int               `json:"quarantined" doc:"Records that failed"`
	Warnings       []string          `json:"warnings,omitzero" nullable:"false" doc:"Of rules that were given: what of them is most likely not meant so, judged by the newest records"`
	Docs           []DocContainer    `json:"-"`
	Extra          map[string]string `json:"-"`
}

// OwnTransform is the rules of one dataset.
type OwnTransform struct {
	CodeType string          `json:"code_type"`
	Code     []TransformRule `json:"code" nullable:"false"`
}

// SourceBrief is a source as it stands inside other resources.
type SourceBrief struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	SourceType string `json:"source_type"`
}

// DataSinkBrief is a destination as it stands inside other resources.
type DataSinkBrief struct {
	ID       int64  `json:"id"`
	OwnerID  int64  `json:"owner_id"`
	OrgID    int64  `json:"org_id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	SinkType string `json:"sink_type"`
}

// DocContainer is a piece of documentation.
type DocContainer struct {
	ID          int64        `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	DocType     string       `json:"doc_type"`
	Text        string       `json:"text"`
	Owner       Owner        `json:"owner"`
	Org         Organization `json:"org"`
	AccessRoles []string     `json:"access_roles" nullable:"false"`
	Tags        []string     `json:"tags" nullable:"false"`
}

func (a *API) registerDataSets() {
	const tag = "data_sets"
	read, operate, change := mayRead(store.KindDataset), mayOperate(store.KindDataset), mayChange(store.KindDataset)
	register(a, Route{Method: http.MethodGet, Path: "/data_sets", Tag: tag, Summary: "List datasets", Policy: signedIn}, a.listDataSets)
	register(a, Route{Method: http.MethodPost, Path: "/data_sets", Tag: tag, Summary: "Make a dataset from another one, with rules that change its records", Policy: maker, Creates: true}, a.createDataSet)
	register(a, Route{Method: http.MethodGet, Path: "/data_sets/{id}", Tag: tag, Summary: "One dataset, with its schema", Policy: read}, a.dataSet)
	register(a, Route{Method: http.MethodPut, Path: "/data_sets/{id}", Tag: tag, Summary: "Change a dataset's name, description, tags or rules", Policy: change,
		Detail: "Other rules bring all its records to its destinations anew, from the log: that costs no request. They need the role operator on the dataset that it is made from, too."}, a.updateDataSet)
	register(a, Route{Method: http.MethodDelete, Path: "/data_sets/{id}", Tag: tag, Summary: "Delete a dataset that nothing uses", Policy: change}, a.deleteDataSet)
	register(a, Route{Method: http.MethodPost, Path: "/data_sets/{id}/restore", Tag: tag, Summary: "Bring a deleted dataset back, paused", Policy: mayRestore(store.KindDataset)}, a.restoreDataSet)
	register(a, Route{Method: http.MethodPut, Path: "/data_sets/{id}/activate", Tag: tag, Summary: "Activate a dataset", Policy: operate}, a.activateDataSet)
	register(a, Route{Method: http.MethodPut, Path: "/data_sets/{id}/pause", Tag: tag, Summary: "Pause a dataset: nothing of it is delivered; what is made from it goes on", Policy: operate}, a.pauseDataSet)
	register(a, Route{Method: http.MethodPost, Path: "/data_sets/{id}/copy", Tag: tag, Summary: "Make one beside it with the same rules; of one that a source yields, one below it that shows the same records", Policy: change, Creates: true}, a.copyDataSet)
	register(a, Route{Method: http.MethodGet, Path: "/data_sets/{id}/samples", Tag: tag, Summary: "The newest records", Policy: read}, a.samples)
	register(a, Route{Method: http.MethodGet, Path: "/data_sets/{id}/docs", Tag: tag, Summary: "A dataset's documentation", Policy: read}, a.docs)
	register(a, Route{Method: http.MethodPost, Path: "/data_sets/{id}/docs", Tag: tag, Summary: "Replace a dataset's documentation", Policy: change}, a.setDocs)
	register(a, Route{Method: http.MethodGet, Path: "/data_sets/{id}/schema_changes", Tag: tag, Summary: "How a dataset's records have changed since its first reading, newest first", Policy: read,
		Detail: "The newest 500 are kept. A dataset whose records rules make has none: ask for those of the one that it is made from."}, a.schemaChanges)
	register(a, Route{Method: http.MethodGet, Path: "/data_sets/{id}/quarantine", Tag: tag, Summary: "Records that failed, with the reason", Policy: read}, a.quarantine)
}

type dataSetList struct{ ListInput }

func (a *API) listDataSets(ctx context.Context, in *dataSetList) (*List[DataSet], error) {
	f, err := a.filter(ctx, in.ListInput, store.KindDataset)
	if err != nil {
		return nil, err
	}
	found, total, err := a.Flows.Datasets(ctx, f)
	if err != nil {
		return nil, err
	}
	shown, err := a.showDataSets(ctx, found...)
	return list(ctx, in.Paging, shown, total), err
}

func (a *API) showDataSets(ctx context.Context, all ...*flow.Dataset) ([]DataSet, error) {
	resources, ids := make([]store.Resource, len(all)), make([]int64, len(all))
	for i, d := range all {
		resources[i], ids[i] = d.Resource, d.ID
	}
	common, err := a.common(ctx, resources...)
	if err != nil {
		return nil, err
	}
	sinks, err := a.Flows.DestinationsByDataset(ctx, principal(ctx).Org, ids...)
	if err != nil {
		return nil, err
	}
	shown := make([]DataSet, len(all))
	for i, d := range all {
		if shown[i], err = a.showDataSet(ctx, d, common, sinks[d.ID]); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

func (a *API) showDataSet(ctx context.Context, d *flow.Dataset, common *common, sinks []store.Resource) (DataSet, error) {
	out := DataSet{
		ID: d.ID, Name: d.Name, Description: d.Description, Status: statusOf(d.Status), Owner: common.owner(d.Owner), Org: common.org, AccessRoles: common.roles(d.ID),
		FlowType: flowType, DataSourceID: idOrNull(d.Source), Endpoint: d.Endpoint, ParentDataSets: []DataSetBrief{}, DataSinks: []DataSinkBrief{}, OutputSchema: map[string]any{},
		Version: d.Version, CopiedFromID: idOrNull(d.CopiedFrom), Tags: some(d.Tags), CreatedAt: moment(d.Created), UpdatedAt: moment(d.Updated),
	}
	out.TransformID, out.CustomRules = idOrNull(d.Transform), len(d.Rules) > 0
	if out.CustomRules {
		out.Transform = &OwnTransform{CodeType: codeRules, Code: showCode(d.Rules)}
	}
	if d.Parent != 0 {
		parent, err := a.Flows.Dataset(ctx, d.Org, d.Parent)
		if err == nil {
			out.ParentDataSets = append(out.ParentDataSets, brief(parent.Resource))
		} else if weir.CodeOf(err) != weir.CodeNotFound { // it was deleted
			return DataSet{}, err
		}
	}
	for _, to := range sinks {
		out.DataSinks = append(out.DataSinks, DataSinkBrief{ID: to.ID, OwnerID: to.Owner, OrgID: to.Org, Name: to.Name, Status: statusOf(to.Status), SinkType: sinkType(to.Type)})
	}
	return out, nil
}

// oneDataSet shows a dataset with what is too much for a list.
func (a *API) oneDataSet(ctx context.Context, d *flow.Dataset, err error) (*value[DataSet], error) {
	if err != nil {
		return nil, err
	}
	all, err := a.showDataSets(ctx, d)
	if err != nil {
		return nil, err
	}
	out := all[0]
	if src, err := a.Flows.Source(ctx, d.Org, d.Source); err == nil {
		out.DataSource = &SourceBrief{ID: src.ID, Name: src.Name, Status: statusOf(src.Status), SourceType: sourceType(src.Type)}
	}
	schema, number, err := a.Flows.Schema(ctx, d)
	if err != nil {
		return nil, err
	}
	schema["$schema-id"] = number
	out.OutputSchema = schema
	_, out.Quarantined, err = a.Flows.Quarantine(ctx, d, 1)
	return show(out), err
}

func (a *API) dataSet(ctx context.Context, in *expandable) (*value[DataSet], error) {
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	return a.oneDataSet(ctx, d, err)
}

// dataSetInput is the body that makes or changes a dataset.
type dataSetInput struct {
	Name               *name          `json:"name,omitzero"`
	Description        *text          `json:"description,omitzero"`
	Tags               tags           `json:"tags,omitzero" maxItems:"100"`
	Parent             int64          `json:"parent_data_set_id,omitzero"`
	HasCustomTransform bool           `json:"has_custom_transform,omitzero" doc:"What transform or transform_id say counts"`
	Transform          *ownRules      `json:"transform,omitzero" doc:"Rules of its own; an empty list takes them away"`
	TransformID        *int64         `json:"transform_id,omitzero" doc:"A transform whose rules it uses; 0 for none"`
	Annotations        map[string]any `json:"output_schema_annotations,omitzero"`
	Validation         bool           `json:"output_schema_validation_enabled,omitzero"`
	ValidationSchema   map[string]any `json:"output_validation_schema,omitzero"`
	DataSinks          []int64        `json:"data_sinks,omitzero" maxItems:"100"`
	CustomConfig       map[string]any `json:"custom_config,omitzero"`
}

// unoffered refuses what this version does not do, rather than do it not.
func (in *dataSetInput) unoffered() error {
	switch {
	case in.HasCustomTransform && in.Transform == nil && in.TransformID == nil:
		return refuse("transform", "it is missing, and has_custom_transform says that there is one", "Give the rules as transform, or say false")
	case in.Transform != nil && in.TransformID != nil && *in.TransformID != 0:
		return refuse("transform_id", "transform is there, too", "Give one of the two")
	case in.Transform != nil && in.Transform.as.unoffered() != nil:
		return inBody(in.Transform.as.unoffered(), "transform.")
	case len(in.DataSinks) > 0:
		return refuse("data_sinks", "a destination chooses its dataset, not the other way round", "Leave it out, and send data_set_id with POST or PUT /data_sinks")
	case len(in.Annotations) > 0:
		return refuse("output_schema_annotations", "annotations of a schema are not offered by this version of Weir", "Leave it out; POST /data_sets/{id}/docs keeps documentation")
	case len(in.CustomConfig) > 0:
		return refuse("custom_config", "this is not offered by this version of Weir", "Leave it out")
	case in.Validation || len(in.ValidationSchema) > 0:
		return refuse("output_schema_validation_enabled", "validation by a schema is not offered by this version of Weir", "Leave it out")
	}
	return nil
}

type createDataSetInput struct {
	DryRun flag `query:"dry_run" doc:"Check everything and store nothing."`
	Body   dataSetInput
}

func (a *API) createDataSet(ctx context.Context, in *createDataSetInput) (*value[DataSet], error) {
	if err := in.Body.unoffered(); err != nil {
		return nil, err
	}
	if in.Body.Parent != 0 {
		if err := a.mayUse(ctx, "parent_data_set_id", store.KindDataset, in.Body.Parent); err != nil {
			return nil, err
		}
	}
	made := flow.DatasetInput{Common: flow.Common{Name: given(in.Body.Name), Description: given(in.Body.Description), Tags: in.Body.Tags}, Parent: in.Body.Parent}
	rules, of, err := a.rulesGiven(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	if rules != nil {
		made.Rules = *rules
	}
	if of != nil {
		made.Transform = *of
	}
	create := a.Flows.CreateDataset
	if in.DryRun.On {
		create = a.Flows.CheckDataset
	}
	d, err := create(ctx, actor(ctx), made)
	return a.ruledDataSet(ctx, d, err)
}

// ruledDataSet shows a dataset whose rules were given, with warnings of them.
func (a *API) ruledDataSet(ctx context.Context, d *flow.Dataset, err error) (*value[DataSet], error) {
	out, err := a.oneDataSet(ctx, d, err)
	if err == nil {
		out.Body.Warnings = a.Flows.WarnRules(ctx, d)
	}
	return out, err
}

// rulesGiven are the rules that a body gives a dataset: its own, or those of a
// transform that the caller may look at. Nil is not given.
func (a *API) rulesGiven(ctx context.Context, in *dataSetInput) (rules *[]transform.Rule, of *int64, err error) {
	if in.Transform != nil {
		own := rulesOf(in.Transform.Code)
		rules = &own
	}
	if in.TransformID != nil && *in.TransformID != 0 {
		err = at("transform_id", a.Identity.Authorize(ctx, principal(ctx), mayRead(store.KindTransform), *in.TransformID))
	}
	return rules, in.TransformID, err
}

type updateDataSetInput struct {
	One
	DryRun flag `query:"dry_run" doc:"Check the rules and store nothing."`
	Body   dataSetInput
}

func (a *API) updateDataSet(ctx context.Context, in *updateDataSetInput) (*value[DataSet], error) {
	if err := in.Body.unoffered(); err != nil {
		return nil, err
	}
	if err := a.sameParent(ctx, in); err != nil {
		return nil, err
	}
	rules, of, err := a.rulesGiven(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	edit := flow.DatasetEdit{
		Edit: flow.Edit{Name: changed(in.Body.Name), Description: changed(in.Body.Description), Tags: in.Body.Tags}, Rules: rules, Transform: of,
	}
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.rights().Rules(ctx, principal(ctx), d, edit); err != nil {
		return nil, err
	}
	change := a.Runner.UpdateDataset
	if in.DryRun.On {
		change = a.Flows.CheckDatasetEdit
	}
	d, err = change(ctx, actor(ctx), in.ID, edit)
	if rules == nil && of == nil {
		return a.oneDataSet(ctx, d, err)
	}
	return a.ruledDataSet(ctx, d, err)
}

// sameParent refuses to make a dataset from another one than it is made from.
func (a *API) sameParent(ctx context.Context, in *updateDataSetInput) error {
	if in.Body.Parent == 0 {
		return nil
	}
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	if err == nil && d.Parent != in.Body.Parent {
		err = refuse("parent_data_set_id", "a dataset stays made from what it is made from", "Make another one")
	}
	return err
}

func (a *API) deleteDataSet(ctx context.Context, in *One) (*Done, error) {
	return a.delete(ctx, store.KindDataset, in.ID)
}

// delete deletes a part of a flow. One that is active is 405, as the contract
// has it.
func (a *API) delete(ctx context.Context, kind store.Kind, id int64) (*Done, error) {
	if err := a.Flows.Delete(ctx, actor(ctx), kind, id); err != nil {
		return nil, activeFirst(err)
	}
	return done(), nil
}

func (a *API) restoreDataSet(ctx context.Context, in *One) (*value[DataSet], error) {
	if err := a.restore(ctx, store.KindDataset, in.ID); err != nil {
		return nil, err
	}
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	return a.oneDataSet(ctx, d, err)
}

func (a *API) copyDataSet(ctx context.Context, in *copyInput) (*value[DataSet], error) {
	of, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.mayReuse(ctx, store.KindDataset, in.ID); err != nil {
		return nil, err
	}
	c, err := a.copying(ctx, in, of.Resource)
	if err != nil {
		return nil, err
	}
	made, err := a.Flows.CopyDataset(ctx, actor(ctx), of.Resource, c)
	if err != nil {
		return nil, err
	}
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, made.ID)
	return a.oneDataSet(ctx, d, err)
}

func (a *API) activateDataSet(ctx context.Context, in *statusInput) (*value[DataSet], error) {
	if err := a.switchPart(ctx, store.KindDataset, in, a.Runner.Activate); err != nil {
		return nil, err
	}
	return a.dataSetWithTree(ctx, in.ID)
}

func (a *API) pauseDataSet(ctx context.Context, in *statusInput) (*value[DataSet], error) {
	if err := a.switchPart(ctx, store.KindDataset, in, a.Runner.Pause); err != nil {
		return nil, err
	}
	return a.dataSetWithTree(ctx, in.ID)
}

func (a *API) dataSetWithTree(ctx context.Context, id int64) (*value[DataSet], error) {
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, id)
	out, err := a.oneDataSet(ctx, d, err)
	if err != nil {
		return nil, err
	}
	out.Body.Flows, err = a.treeOf(ctx, store.KindDataset, id)
	return out, err
}

type samplesInput struct {
	One
	Count           int  `query:"count" minimum:"1" maximum:"1000" default:"10"`
	IncludeMetadata flag `query:"include_metadata"`
	Live            flag `query:"live" doc:"Read from the source now instead of from the log"`
}

// samples are plain records, or records with where they come from.
func (a *API) samples(ctx context.Context, in *samplesInput) (*value[[]object], error) {
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Live.On {
		return a.liveSamples(ctx, d, in)
	}
	found, err := a.Flows.Samples(ctx, d, in.Count)
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, s := range found {
		one, err := in.show(object(s.Data), map[string]any{
			"sourceType": "rest", "ingestTime": s.ExtractedAt / 1000, "sourceOffset": int64(s.Position), "sourceKey": s.Key, "resourceType": "SOURCE",
			"resourceId": s.Source, "runId": s.ExtractedAt / 1000, "trackerId": s.Key, "eof": false, "lastModified": s.Version / 1000,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return show(out), nil
}

// show is one record, with where it comes from when that was asked for.
func (in *samplesInput) show(record object, metadata map[string]any) (object, error) {
	if !in.IncludeMetadata.On {
		return record, nil
	}
	return objectOf(map[string]any{"rawMessage": record, "nexlaMetaData": metadata})
}

// liveSamples reads a few records now. It is for who may operate the source:
// it costs requests.
func (a *API) liveSamples(ctx context.Context, d *flow.Dataset, in *samplesInput) (*value[[]object], error) {
	if err := a.mayUse(ctx, "live", store.KindSource, d.Source); err != nil {
		return nil, err
	}
	look, err := a.Flows.Look(ctx, actor(ctx), d, in.Count)
	if err != nil {
		return nil, upstream(err)
	}
	out := []object{}
	for _, r := range look.Records {
		one, err := in.show(object(r.Data), map[string]any{
			"sourceType": "rest", "ingestTime": a.Now().UnixMilli(), "sourceKey": r.Key, "resourceType": "SOURCE", "resourceId": d.Source, "trackerId": r.Key, "eof": false,
			"lastModified": r.Version / 1000,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return show(out), nil
}

// mayUse makes sure that the caller may operate something that a body names.
func (a *API) mayUse(ctx context.Context, field string, kind store.Kind, id int64) error {
	err := a.Identity.Authorize(ctx, principal(ctx), identity.Access(kind, identity.RoleOperator), id)
	return at(field, err)
}

// SchemaChange is one change of what a dataset's records look like.
type SchemaChange struct {
	At      string `json:"at"`
	RunID   string `json:"run_id" doc:"The run that found it"`
	Kind    string `json:"kind" enum:"new_table,new_column,wider_type,shared_column,own_column"`
	Path    string `json:"path" doc:"In the record: of the field, or of the list that has become a table"`
	Table   string `json:"table" doc:"In a destination"`
	Column  string `json:"column" doc:"In a destination; empty for a table"`
	Before  string `json:"before" doc:"The column's type; empty where there was none"`
	After   string `json:"after" doc:"The column's type; empty for a table"`
	Message string `json:"message" doc:"The same in words"`
}

type schemaChangesInput struct {
	One
	Paging
}

func (a *API) schemaChanges(ctx context.Context, in *schemaChangesInput) (*List[SchemaChange], error) {
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	found, total, err := a.Flows.SchemaChanges(ctx, d, in.page(), in.PerPage)
	out := []SchemaChange{}
	for _, c := range found {
		before, after := c.Kinds()
		out = append(out, SchemaChange{At: moment(c.At), RunID: string(c.Run), Kind: string(c.Kind), Path: c.Path, Table: c.Table, Column: c.Column,
			Before: before, After: after, Message: c.String()})
	}
	return list(ctx, in.Paging, out, total), err
}

type docsInput struct {
	One
	Expand flag `query:"expand"`
}

func (a *API) docs(ctx context.Context, in *docsInput) (*value[[]DocContainer], error) {
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	return a.showDocs(ctx, d, err)
}

func (a *API) showDocs(ctx context.Context, d *flow.Dataset, err error) (*value[[]DocContainer], error) {
	if err != nil {
		return nil, err
	}
	common, err := a.common(ctx, d.Resource)
	if err != nil {
		return nil, err
	}
	out := []DocContainer{}
	for i, doc := range d.Docs {
		out = append(out, DocContainer{ID: d.ID*1000 + int64(i) + 1, Name: doc.Name, Description: doc.Description, DocType: doc.Type, Text: doc.Text,
			Owner: common.owner(d.Owner), Org: common.org, AccessRoles: common.roles(d.ID), Tags: []string{}})
	}
	return show(out), nil
}

type setDocsInput struct {
	One
	Body struct {
		Docs []struct {
			Name        name `json:"name"`
			Description text `json:"description,omitzero"`
			DocType     name `json:"doc_type,omitzero"`
			Text        text `json:"text"`
		} `json:"docs" maxItems:"100"`
	}
}

func (a *API) setDocs(ctx context.Context, in *setDocsInput) (*value[[]DocContainer], error) {
	docs := make([]flow.Doc, len(in.Body.Docs))
	for i, d := range in.Body.Docs {
		docs[i] = flow.Doc{Name: string(d.Name), Description: string(d.Description), Type: string(d.DocType), Text: string(d.Text)}
	}
	d, err := a.Flows.SetDocs(ctx, actor(ctx), in.ID, docs)
	return a.showDocs(ctx, d, err)
}

// Quarantined is one record that failed.
type Quarantined struct {
	Error    QuarantineError `json:"error"`
	Raw      string          `json:"rawMessage" doc:"The bytes as they came; nothing for who may not see the dataset that this one is made from"`
	Metadata map[string]any  `json:"nexlaMetaData"`
}

// QuarantineError is why it failed.
type QuarantineError struct {
	Stage   string `json:"stage"`
	Message string `json:"message"`
}

type quarantineInput struct {
	One
	Count int `query:"count" minimum:"1" maximum:"1000" default:"100"`
}

func (a *API) quarantine(ctx context.Context, in *quarantineInput) (*value[[]Quarantined], error) {
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	f, err := a.Flows.RejectsOf(ctx, d)
	if err != nil {
		return nil, err
	}
	f.State, f.Page, f.Size = store.QuarantineOpen, 1, in.Count
	all, _, err := a.rejects(ctx, d.ID, f)
	if err != nil {
		return nil, err
	}
	err = a.rights().Unseen(ctx, principal(ctx), all)
	out := []Quarantined{}
	for _, q := range all {
		out = append(out, Quarantined{Error: QuarantineError{Stage: q.Stage, Message: q.Reason}, Raw: string(q.Original),
			Metadata: map[string]any{"runId": string(q.Run), "resourceType": "DATASET", "resourceId": d.ID, "ingestTime": q.At / 1000}})
	}
	return show(out), err
}
