package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/store"
)

// Lookup is a table of rows, of which one column is the key. The contract's
// clients call it a data map.
type Lookup struct {
	ID             int64          `json:"id"`
	Name           string         `json:"name"`
	Description    string         `json:"description"`
	Owner          Owner          `json:"owner"`
	Org            Organization   `json:"org"`
	AccessRoles    []string       `json:"access_roles" nullable:"false"`
	Public         bool           `json:"public"`
	Managed        bool           `json:"managed"`
	DataType       string         `json:"data_type"`
	DataFormat     *string        `json:"data_format"`
	DataSinkID     *int64         `json:"data_sink_id"`
	DataSetID      *int64         `json:"data_set_id"`
	MapPrimaryKey  string         `json:"map_primary_key" doc:"The column that is the key"`
	DataDefaults   map[string]any `json:"data_defaults"`
	EmitDefault    bool           `json:"emit_data_default" doc:"data_defaults stand for keys and columns that are not there"`
	UseVersioning  bool           `json:"use_versioning"`
	MapEntryCount  int            `json:"map_entry_count"`
	MapEntrySchema map[string]any `json:"map_entry_schema"`
	Referenced     LookupUsers    `json:"referenced_resource_ids"`
	CopiedFromID   *int64         `json:"copied_from_id"`
	Tags           []string       `json:"tags" nullable:"false"`
	CreatedAt      string         `json:"created_at"`
	UpdatedAt      string         `json:"updated_at"`
}

// LookupUsers are the ids of what reads by a lookup's rows.
type LookupUsers struct {
	Sources []int64 `json:"data_sources" nullable:"false"`
}

// lookupInput is the body that makes or changes a lookup.
type lookupInput struct {
	Name          *name    `json:"name,omitzero"`
	Description   *text    `json:"description,omitzero"`
	DataType      *name    `json:"data_type,omitzero" doc:"What the rows are of, in your words, such as string. It is kept and shown."`
	MapPrimaryKey *string  `json:"map_primary_key,omitzero" maxLength:"64"`
	DataDefaults  *object  `json:"data_defaults,omitzero"`
	EmitDefault   *bool    `json:"emit_data_default,omitzero"`
	DataMap       []object `json:"data_map,omitzero" doc:"Rows; in a change, in place of all that there are."`
	Tags          tags     `json:"tags,omitzero" maxItems:"100"`
}

// rows are bytes that the reader of bodies has seen.
func rowsOf(objects []object) []jsontext.Value {
	if objects == nil {
		return nil
	}
	rows := make([]jsontext.Value, len(objects))
	for i, o := range objects {
		rows[i] = jsontext.Value(o)
	}
	return rows
}

func (in *lookupInput) defaults() jsontext.Value {
	if in.DataDefaults == nil {
		return nil
	}
	return jsontext.Value(*in.DataDefaults)
}

func (a *API) registerLookups() {
	const tag = "data_maps"
	read, change := mayRead(store.KindLookup), mayChange(store.KindLookup)
	register(a, Route{Method: http.MethodGet, Path: "/data_maps", Tag: tag, Summary: "List lookups", Policy: signedIn}, a.listLookups)
	register(a, Route{Method: http.MethodPost, Path: "/data_maps", Tag: tag, Summary: "Make a lookup", Policy: maker, Creates: true}, a.createLookup)
	register(a, Route{Method: http.MethodGet, Path: "/data_maps/{id}", Tag: tag, Summary: "One lookup, without its rows", Policy: read}, a.lookup)
	register(a, Route{Method: http.MethodPut, Path: "/data_maps/{id}", Tag: tag, Summary: "Change a lookup", Policy: change}, a.updateLookup)
	register(a, Route{Method: http.MethodDelete, Path: "/data_maps/{id}", Tag: tag, Summary: "Delete a lookup that nothing uses", Policy: change}, a.deleteLookup)
	register(a, Route{Method: http.MethodPost, Path: "/data_maps/{id}/restore", Tag: tag, Summary: "Bring a deleted lookup back, with its rows", Policy: mayRestore(store.KindLookup)}, a.restoreLookup)
	register(a, Route{Method: http.MethodPost, Path: "/data_maps/{id}/copy", Tag: tag, Summary: "Copy a lookup and its rows", Policy: read, Creates: true}, a.copyLookup)
	register(a, Route{Method: http.MethodGet, Path: "/data_maps/{id}/entries", Tag: tag, Summary: "A lookup's rows, in the order of their keys", Policy: read}, a.entries)
	register(a, Route{Method: http.MethodPut, Path: "/data_maps/{id}/entries", Tag: tag, Summary: "Store rows, each in place of the one with its key", Policy: change}, a.putEntries)
	register(a, Route{Method: http.MethodGet, Path: "/data_maps/{id}/entries/{keys}", Tag: tag, Summary: "The rows with these keys",
		Detail: "Commas stand between keys, and * for any text; %2C and %2A are the characters themselves.", Policy: read}, a.entriesOf)
	register(a, Route{Method: http.MethodDelete, Path: "/data_maps/{id}/entries/{keys}", Tag: tag, Summary: "Take the rows with these keys away",
		Detail: "Commas stand between keys, and * for any text; %2C and %2A are the characters themselves.", Policy: change}, a.dropEntries)
}

type lookupList struct{ ListInput }

func (a *API) listLookups(ctx context.Context, in *lookupList) (*List[Lookup], error) {
	f, err := a.filter(ctx, in.ListInput, store.KindLookup)
	if err != nil {
		return nil, err
	}
	found, total, err := a.Flows.Lookups(ctx, f)
	if err != nil {
		return nil, err
	}
	shown, err := a.showLookups(ctx, found...)
	return list(ctx, in.Paging, shown, total), err
}

func (a *API) showLookups(ctx context.Context, all ...*flow.Lookup) ([]Lookup, error) {
	resources, ids := make([]store.Resource, len(all)), make([]int64, len(all))
	for i, l := range all {
		resources[i], ids[i] = l.Resource, l.ID
	}
	common, err := a.common(ctx, resources...)
	if err != nil {
		return nil, err
	}
	uses, err := a.Store.Uses(ctx, ids...)
	if err != nil {
		return nil, err
	}
	shown, at := make([]Lookup, len(all)), map[int64]int{}
	for i, l := range all {
		at[l.ID] = i
		shown[i] = Lookup{
			ID: l.ID, Name: l.Name, Description: l.Description, Owner: common.owner(l.Owner), Org: common.org, AccessRoles: common.roles(l.ID),
			DataType: l.Type, MapPrimaryKey: l.PrimaryKey, DataDefaults: map[string]any{}, EmitDefault: l.EmitDefault, MapEntryCount: l.Entries,
			MapEntrySchema: l.Columns.Schema(), Referenced: LookupUsers{Sources: []int64{}}, CopiedFromID: idOrNull(l.CopiedFrom), Tags: some(l.Tags),
			CreatedAt: moment(l.Created), UpdatedAt: moment(l.Updated),
		}
		if len(l.Defaults) > 0 {
			_ = json.Unmarshal(l.Defaults, &shown[i].DataDefaults) // it was an object when it was stored
		}
	}
	for _, u := range uses {
		of := &shown[at[u.Target]].Referenced
		of.Sources = append(of.Sources, u.ID)
	}
	return shown, nil
}

func (a *API) oneLookup(ctx context.Context, l *flow.Lookup, err error) (*value[Lookup], error) {
	if err != nil {
		return nil, err
	}
	shown, err := a.showLookups(ctx, l)
	if err != nil {
		return nil, err
	}
	return show(shown[0]), nil
}

func (a *API) lookup(ctx context.Context, in *expandable) (*value[Lookup], error) {
	l, err := a.Flows.Lookup(ctx, actor(ctx).Org, in.ID)
	return a.oneLookup(ctx, l, err)
}

type createLookupInput struct{ Body lookupInput }

func (a *API) createLookup(ctx context.Context, in *createLookupInput) (*value[Lookup], error) {
	b := in.Body
	switch {
	case b.DataType == nil:
		return nil, refuse("data_type", "it is missing", "Say what the rows are of, such as string")
	case b.MapPrimaryKey == nil:
		return nil, refuse("map_primary_key", "it is missing", "Name the column that is the key")
	}
	l, err := a.Flows.CreateLookup(ctx, actor(ctx), flow.LookupInput{
		Common: flow.Common{Name: given(b.Name), Description: given(b.Description), Tags: b.Tags},
		Type:   given(b.DataType), PrimaryKey: *b.MapPrimaryKey, Defaults: b.defaults(), EmitDefault: b.EmitDefault != nil && *b.EmitDefault, Rows: rowsOf(b.DataMap),
	})
	return a.oneLookup(ctx, l, err)
}

type updateLookupInput struct {
	One
	Body lookupInput
}

func (a *API) updateLookup(ctx context.Context, in *updateLookupInput) (*value[Lookup], error) {
	b := in.Body
	l, err := a.Flows.UpdateLookup(ctx, actor(ctx), in.ID, flow.LookupEdit{
		Edit: flow.Edit{Name: changed(b.Name), Description: changed(b.Description), Tags: b.Tags},
		Type: changed(b.DataType), PrimaryKey: b.MapPrimaryKey, Defaults: b.defaults(), EmitDefault: b.EmitDefault, Rows: rowsOf(b.DataMap),
	})
	return a.oneLookup(ctx, l, err)
}

func (a *API) deleteLookup(ctx context.Context, in *One) (*Done, error) {
	if err := a.Flows.Delete(ctx, actor(ctx), store.KindLookup, in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}

func (a *API) restoreLookup(ctx context.Context, in *One) (*value[Lookup], error) {
	if err := a.restore(ctx, store.KindLookup, in.ID); err != nil {
		return nil, err
	}
	l, err := a.Flows.Lookup(ctx, actor(ctx).Org, in.ID)
	return a.oneLookup(ctx, l, err)
}

func (a *API) copyLookup(ctx context.Context, in *copyInput) (*value[Lookup], error) {
	if err := a.Identity.Authorize(ctx, principal(ctx), maker, 0); err != nil {
		return nil, err
	}
	c, err := a.copyingOne(ctx, in, store.KindLookup)
	if err != nil {
		return nil, err
	}
	made, err := a.Flows.CopyLookup(ctx, actor(ctx), in.ID, c)
	if err != nil {
		return nil, err
	}
	l, err := a.Flows.Lookup(ctx, actor(ctx).Org, made.ID)
	return a.oneLookup(ctx, l, err)
}

type entryList struct {
	One
	Paging
}

// objects are rows as they are stored.
func objects(rows []jsontext.Value) []object {
	out := make([]object, len(rows))
	for i, row := range rows {
		out[i] = object(row)
	}
	return out
}

func (a *API) entries(ctx context.Context, in *entryList) (*List[object], error) {
	rows, total, err := a.Flows.EntryPage(ctx, actor(ctx).Org, in.ID, in.offset()/in.PerPage+1, in.PerPage)
	if err != nil {
		return nil, err
	}
	return list(ctx, in.Paging, objects(rows), total), nil
}

type putEntriesInput struct {
	One
	Body struct {
		Entries []object `json:"entries"`
	}
}

func (a *API) putEntries(ctx context.Context, in *putEntriesInput) (*value[[]object], error) {
	rows, err := a.Flows.PutEntries(ctx, actor(ctx), in.ID, rowsOf(in.Body.Entries))
	return show(objects(rows)), err
}

type keysInput struct {
	One
	Keys string `path:"keys" doc:"k1,k2"`
}

// parse reads the keys from the path as it was sent: once its escapes are
// undone, a comma inside a key looks like one between two.
func (in *keysInput) parse(ctx context.Context) (lookup.Keys, error) {
	path := request(ctx).URL.EscapedPath()
	return lookup.ParseKeys(path[strings.LastIndexByte(path, '/')+1:])
}

func (a *API) entriesOf(ctx context.Context, in *keysInput) (*value[[]object], error) {
	keys, err := in.parse(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := a.Flows.Entries(ctx, actor(ctx).Org, in.ID, keys)
	return show(objects(rows)), err
}

func (a *API) dropEntries(ctx context.Context, in *keysInput) (*Done, error) {
	keys, err := in.parse(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := a.Flows.DropEntries(ctx, actor(ctx), in.ID, keys); err != nil {
		return nil, err
	}
	return done(), nil
}
