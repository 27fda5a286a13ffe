package api

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// Destination is where a dataset goes. The contract calls it a data sink.
type Destination struct {
	ID                int64             `json:"id"`
	Name              string            `json:"name"`
	Description       string            `json:"description"`
	Status            string            `json:"status"`
	SinkType          string            `json:"sink_type"`
	ConnectorType     string            `json:"connector_type"`
	Owner             Owner             `json:"owner"`
	Org               Organization      `json:"org"`
	AccessRoles       []string          `json:"access_roles" nullable:"false"`
	Managed           bool              `json:"managed"`
	Connector         *Connector        `json:"connector"`
	DataSetID         *int64            `json:"data_set_id"`
	DataMapID         *int64            `json:"data_map_id"`
	DataSourceID      *int64            `json:"data_source_id"`
	SinkFormat        *string           `json:"sink_format"`
	SinkConfig        map[string]any    `json:"sink_config"`
	SinkSchedule      *string           `json:"sink_schedule"`
	InMemory          bool              `json:"in_memory"`
	DataSet           *DataSetBrief     `json:"data_set"`
	DataMap           *object           `json:"data_map"`
	DataCredentialsID *int64            `json:"data_credentials_id"`
	DataCredentials   *Credential       `json:"data_credentials"`
	FlowType          string            `json:"flow_type"`
	HasTemplate       bool              `json:"has_template"`
	VendorEndpoint    *VendorEndpointID `json:"vendor_endpoint"`
	Vendor            *vendor           `json:"vendor"`
	CopiedFromID      *int64            `json:"copied_from_id"`
	Tags              []string          `json:"tags" nullable:"false"`
	CreatedAt         string            `json:"created_at"`
	UpdatedAt         string            `json:"updated_at"`
	Flows             []FlowNode        `json:"flows,omitzero" doc:"Of activate and pause: the flow's tree"`
}

// sinkTypes are our kinds in the contract's closed list, which has no word for
// SQLite and for files of this server.
var sinkTypes = map[string]string{
	credential.KindPostgres: "postgres", credential.KindMySQL: "mysql", credential.KindS3: "s3", credential.KindCalcom: "rest", credential.KindREST: "rest",
	credential.KindSQLite: "rest", credential.KindFile: "rest",
}

func sinkType(kind string) string { return sinkTypes[kind] }

func sourceType(string) string { return "rest" } // every source is read over HTTP

// sinkFormats are file formats in the contract's closed list.
var sinkFormats = map[string]string{"csv": "csv", "jsonl": "json", "parquet": "parquet"}

func (a *API) registerDataSinks() {
	const tag = "data_sinks"
	read, operate, change := mayRead(store.KindDestination), mayOperate(store.KindDestination), mayChange(store.KindDestination)
	register(a, Route{Method: http.MethodGet, Path: "/data_sinks", Tag: tag, Summary: "List destinations", Policy: signedIn}, a.listDestinations)
	register(a, Route{Method: http.MethodPost, Path: "/data_sinks", Tag: tag, Summary: "Make a destination of a dataset", Policy: maker, Creates: true}, a.createDestination)
	register(a, Route{Method: http.MethodGet, Path: "/data_sinks/{id}", Tag: tag, Summary: "One destination", Policy: read}, a.destination)
	register(a, Route{Method: http.MethodPut, Path: "/data_sinks/{id}", Tag: tag, Summary: "Change a destination", Policy: change}, a.updateDestination)
	register(a, Route{Method: http.MethodDelete, Path: "/data_sinks/{id}", Tag: tag, Summary: "Delete a destination that is paused", Policy: change}, a.deleteDestination)
	register(a, Route{Method: http.MethodPost, Path: "/data_sinks/{id}/restore", Tag: tag, Summary: "Bring a deleted destination back, paused", Policy: mayRestore(store.KindDestination)}, a.restoreDestination)
	register(a, Route{Method: http.MethodPut, Path: "/data_sinks/{id}/activate", Tag: tag, Summary: "Activate a destination, and fill it from the log", Policy: operate}, a.activateDestination)
	register(a, Route{Method: http.MethodPut, Path: "/data_sinks/{id}/pause", Tag: tag, Summary: "Pause a destination", Policy: operate}, a.pauseDestination)
	register(a, Route{Method: http.MethodPost, Path: "/data_sinks/{id}/copy", Tag: tag, Summary: "Copy a destination", Policy: change, Creates: true}, a.copyDestination)
}

type destinationList struct{ ListInput }

func (a *API) listDestinations(ctx context.Context, in *destinationList) (*List[Destination], error) {
	f, err := a.filter(ctx, in.ListInput, store.KindDestination)
	if err != nil {
		return nil, err
	}
	found, total, err := a.Flows.Destinations(ctx, f)
	if err != nil {
		return nil, err
	}
	shown, err := a.showDestinations(ctx, found...)
	return list(ctx, in.Paging, shown, total), err
}

func (a *API) showDestinations(ctx context.Context, all ...*flow.Destination) ([]Destination, error) {
	resources := make([]store.Resource, len(all))
	for i, to := range all {
		resources[i] = to.Resource
	}
	common, err := a.common(ctx, resources...)
	if err != nil {
		return nil, err
	}
	shown := make([]Destination, len(all))
	for i, to := range all {
		kind, err := a.Credentials.Kind(to.Type)
		if err != nil {
			return nil, err
		}
		out := Destination{
			ID: to.ID, Name: to.Name, Description: to.Description, Status: statusOf(to.Status), SinkType: sinkType(to.Type), ConnectorType: kind.Connection,
			Owner: common.owner(to.Owner), Org: common.org, AccessRoles: common.roles(to.ID), Connector: a.connectorOf(kind), DataSetID: idOrNull(to.Dataset),
			SinkConfig: map[string]any{}, DataCredentialsID: idOrNull(to.Credential), FlowType: flowType, Vendor: a.vendorOf(kind),
			CopiedFromID: idOrNull(to.CopiedFrom), Tags: some(to.Tags), CreatedAt: moment(to.Created), UpdatedAt: moment(to.Updated),
		}
		if len(to.Given) > 0 {
			_ = json.Unmarshal(to.Given, &out.SinkConfig) // it was an object when it was stored
		}
		if d, err := a.Flows.Dataset(ctx, to.Org, to.Dataset); err == nil {
			b := brief(d.Resource)
			out.DataSet = &b
		}
		if c, err := a.Credentials.Credential(ctx, to.Org, to.Credential); err == nil {
			out.SinkFormat = orNull(sinkFormats[c.Format()])
		}
		shown[i] = out
	}
	return shown, nil
}

func (a *API) oneDestination(ctx context.Context, to *flow.Destination, err error) (*value[Destination], error) {
	if err != nil {
		return nil, err
	}
	shown, err := a.showDestinations(ctx, to)
	if err != nil {
		return nil, err
	}
	shown[0].DataCredentials, err = a.nestedCredential(ctx, to.Credential)
	return show(shown[0]), err
}

func (a *API) destination(ctx context.Context, in *expandable) (*value[Destination], error) {
	to, err := a.Flows.Destination(ctx, actor(ctx).Org, in.ID)
	return a.oneDestination(ctx, to, err)
}

// destinationInput is the body that makes or changes a destination.
type destinationInput struct {
	Name             *name          `json:"name,omitzero"`
	Description      *text          `json:"description,omitzero"`
	Tags             tags           `json:"tags,omitzero" maxItems:"100"`
	SinkType         string         `json:"sink_type,omitzero" maxLength:"64"`
	CredentialsID    *int64         `json:"data_credentials_id,omitzero"`
	DataSetID        *int64         `json:"data_set_id,omitzero"`
	SinkConfig       map[string]any `json:"sink_config,omitzero" doc:"mode: upsert keeps the newest version of each record, history every one"`
	VendorEndpointID int64          `json:"vendor_endpoint_id,omitzero"`
	TemplateConfig   map[string]any `json:"template_config,omitzero"`
}

// modes are the contract's words for what is kept of a record that changes.
var modes = map[string]weir.Mode{"": weir.ModeUpsert, "upsert": weir.ModeUpsert, "UPSERT": weir.ModeUpsert, "history": weir.ModeHistory, "INSERT": weir.ModeHistory}

// spec translates a body into the domain's words.
func (in *destinationInput) spec() (spec flow.DestinationSpec, err error) {
	if in.VendorEndpointID != 0 {
		return spec, refuse("vendor_endpoint_id", "writing to a service is not offered by this version of Weir", "Choose a credential of a database, a bucket or files")
	}
	if len(in.TemplateConfig) > 0 {
		return spec, refuse("template_config", "it is for writing to a service, which is not offered by this version of Weir", "Leave it out, and give sink_config")
	}
	mode, _ := in.SinkConfig["mode"].(string)
	if mode == "" {
		mode, _ = in.SinkConfig["insert.mode"].(string)
	}
	var known bool
	if spec.Mode, known = modes[mode]; !known {
		return spec, refuse("sink_config.mode", "there is no such mode", "Use upsert or history")
	}
	if in.SinkConfig != nil {
		spec.Given, err = jsonOf(in.SinkConfig)
	}
	return spec, err
}

// mayUseBoth makes sure that the caller may operate what a destination uses.
func (a *API) mayUseBoth(ctx context.Context, in destinationInput) error {
	if in.CredentialsID != nil {
		if err := a.mayUse(ctx, "data_credentials_id", store.KindCredential, *in.CredentialsID); err != nil {
			return err
		}
	}
	if in.DataSetID != nil {
		return a.mayUse(ctx, "data_set_id", store.KindDataset, *in.DataSetID)
	}
	return nil
}

// sinkOf refuses a sink_type that is not its credential's. The contract's closed
// list has no word for SQLite and for files: rest stands for those, and is taken
// for all, as its clients send it.
func (a *API) sinkOf(ctx context.Context, in destinationInput, credentialID int64) error {
	return a.ofCredential(ctx, "sink_type", in.SinkType, credentialID, "rest")
}

type createDestinationInput struct{ Body destinationInput }

func (a *API) createDestination(ctx context.Context, in *createDestinationInput) (*value[Destination], error) {
	if in.Body.CredentialsID == nil {
		return nil, refuse("data_credentials_id", "a destination needs a credential", "Give the id of one, or make one with POST /data_credentials")
	}
	if in.Body.DataSetID == nil {
		return nil, refuse("data_set_id", "a destination needs the dataset that goes there", "Give its id")
	}
	spec, err := in.Body.spec()
	if err != nil {
		return nil, err
	}
	if err := a.mayUseBoth(ctx, in.Body); err != nil {
		return nil, err
	}
	if err := a.sinkOf(ctx, in.Body, *in.Body.CredentialsID); err != nil {
		return nil, err
	}
	to, err := a.Flows.CreateDestination(ctx, actor(ctx), flow.DestinationInput{
		Common:          flow.Common{Name: given(in.Body.Name), Description: given(in.Body.Description), Tags: in.Body.Tags},
		DestinationSpec: spec, Credential: *in.Body.CredentialsID, Dataset: *in.Body.DataSetID,
	})
	return a.oneDestination(ctx, to, err)
}

type updateDestinationInput struct {
	One
	Body destinationInput
}

func (a *API) updateDestination(ctx context.Context, in *updateDestinationInput) (*value[Destination], error) {
	edit := flow.DestinationEdit{
		Edit:       flow.Edit{Name: changed(in.Body.Name), Description: changed(in.Body.Description), Tags: in.Body.Tags},
		Credential: in.Body.CredentialsID, Dataset: in.Body.DataSetID,
	}
	spec, err := in.Body.spec()
	if err != nil {
		return nil, err
	}
	if in.Body.SinkConfig != nil {
		edit.Spec = &spec
	}
	if err := a.mayUseBoth(ctx, in.Body); err != nil {
		return nil, err
	}
	before, err := a.Flows.Destination(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	use := before.Credential
	if in.Body.CredentialsID != nil {
		use = *in.Body.CredentialsID
	}
	if err := a.sinkOf(ctx, in.Body, use); err != nil {
		return nil, err
	}
	to, err := a.Runner.UpdateDestination(ctx, actor(ctx), in.ID, edit)
	return a.oneDestination(ctx, to, err)
}

func (a *API) deleteDestination(ctx context.Context, in *One) (*Done, error) {
	return a.delete(ctx, store.KindDestination, in.ID)
}

func (a *API) restoreDestination(ctx context.Context, in *One) (*value[Destination], error) {
	if err := a.restore(ctx, store.KindDestination, in.ID); err != nil {
		return nil, err
	}
	to, err := a.Flows.Destination(ctx, actor(ctx).Org, in.ID)
	return a.oneDestination(ctx, to, err)
}

func (a *API) copyDestination(ctx context.Context, in *copyInput) (*value[Destination], error) {
	read, err := a.Store.Resource(ctx, actor(ctx).Org, store.KindDestination, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.mayReuse(ctx, store.KindDestination, in.ID); err != nil {
		return nil, err
	}
	c, err := a.copying(ctx, in, read)
	if err != nil {
		return nil, err
	}
	made, err := a.Flows.CopyDestination(ctx, actor(ctx), read, c)
	if err != nil {
		return nil, validation(err)
	}
	to, err := a.Flows.Destination(ctx, actor(ctx).Org, made.ID)
	return a.oneDestination(ctx, to, err)
}

func (a *API) activateDestination(ctx context.Context, in *statusInput) (*value[Destination], error) {
	if err := a.switchPart(ctx, store.KindDestination, in, a.Runner.Activate); err != nil {
		return nil, err
	}
	return a.destinationWithTree(ctx, in.ID)
}

func (a *API) pauseDestination(ctx context.Context, in *statusInput) (*value[Destination], error) {
	if err := a.switchPart(ctx, store.KindDestination, in, a.Runner.Pause); err != nil {
		return nil, err
	}
	return a.destinationWithTree(ctx, in.ID)
}

// destinationWithTree shows no credential: the SDK reads a list there when it
// asks for the flow.
func (a *API) destinationWithTree(ctx context.Context, id int64) (*value[Destination], error) {
	to, err := a.Flows.Destination(ctx, actor(ctx).Org, id)
	if err != nil {
		return nil, err
	}
	shown, err := a.showDestinations(ctx, to)
	if err != nil {
		return nil, err
	}
	shown[0].Flows, err = a.treeOf(ctx, store.KindDestination, id)
	return show(shown[0]), err
}
