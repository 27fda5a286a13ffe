package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// Transform is rules that several datasets may use.
type Transform struct {
	ID           int64           `json:"id"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	ResourceType string          `json:"resource_type"`
	Reusable     bool            `json:"reusable"`
	Owner        Owner           `json:"owner"`
	Org          Organization    `json:"org"`
	AccessRoles  map[string]bool `json:"access_roles" doc:"The caller's role is the name; the contract's clients take no list here"`
	CodeType     string          `json:"code_type"`
	OutputType   string          `json:"output_type"`
	CodeEncoding string          `json:"code_encoding"`
	Code         []TransformRule `json:"code" nullable:"false"`
	Managed      bool            `json:"managed"`
	DataSets     []int64         `json:"data_sets" nullable:"false" doc:"The datasets that use it"`
	CopiedFromID *int64          `json:"copied_from_id"`
	Tags         []string        `json:"tags" nullable:"false"`
	CreatedAt    string          `json:"created_at"`
	UpdatedAt    string          `json:"updated_at"`
	Warnings     []string        `json:"warnings,omitzero" nullable:"false" doc:"Of rules that were given: what of them is most likely not meant so, judged by the newest records of datasets that use them"`
}

// TransformRule is one rule.
type TransformRule struct {
	Operation string `json:"operation" maxLength:"64" doc:"rename, drop, keep, flatten, default, cast, mask, trim, lower, upper, compute, filter or require"`
	Spec      object `json:"spec"`
}

// The one form of code that there is.
const (
	codeRules    = "rules"
	outputRecord = "record"
	encodingNone = "none"
)

// transformInput is the body that makes or changes a transform.
type transformInput struct {
	Name         *name           `json:"name,omitzero"`
	Description  *text           `json:"description,omitzero"`
	OutputType   string          `json:"output_type,omitzero" maxLength:"64" doc:"record, which is also what is meant without it"`
	Reusable     *bool           `json:"reusable,omitzero"`
	CodeType     string          `json:"code_type,omitzero" maxLength:"64" doc:"rules, which is also what is meant without it"`
	CodeEncoding string          `json:"code_encoding,omitzero" maxLength:"64" doc:"none, which is also what is meant without it"`
	Code         []TransformRule `json:"code,omitzero" maxItems:"100"`
	Tags         tags            `json:"tags,omitzero" maxItems:"100"`
}

// unoffered refuses other forms of code by their field.
func (in *transformInput) unoffered() error {
	switch {
	case in.CodeType != "" && in.CodeType != codeRules:
		return refuse("code_type", "code of this type is not offered: transforms are rules, which are data", "Leave it out, or write rules; docs/transforms.md shows what they can do")
	case in.OutputType != "" && in.OutputType != outputRecord:
		return refuse("output_type", "a transform makes records of records", "Leave it out, or write record")
	case in.CodeEncoding != "" && in.CodeEncoding != encodingNone:
		return refuse("code_encoding", "rules are not encoded", "Leave it out, or write none")
	}
	return nil
}

// rulesOf are the rules of a body; nil when it has no list.
func rulesOf(code []TransformRule) []transform.Rule {
	if code == nil {
		return nil
	}
	out := make([]transform.Rule, len(code))
	for i, r := range code {
		out[i] = transform.Rule{Operation: r.Operation, Spec: jsontext.Value(r.Spec)}
	}
	return out
}

func showCode(rules []transform.Rule) []TransformRule {
	out := make([]TransformRule, len(rules))
	for i, r := range rules {
		out[i] = TransformRule{Operation: r.Operation, Spec: object(r.Spec)}
	}
	return out
}

// ownRules are a dataset's rules as a body gives them: a list, or an object that
// has it as its code.
type ownRules struct {
	Code []TransformRule
	as   transformInput // what else the object said
}

// UnmarshalJSON reads both forms.
func (o *ownRules) UnmarshalJSON(b []byte) error {
	if jsontext.Value(b).Kind() == '[' {
		return json.Unmarshal(b, &o.Code)
	}
	if err := json.Unmarshal(b, &o.as); err != nil {
		return err
	}
	if o.Code = o.as.Code; o.Code == nil {
		o.Code = []TransformRule{}
	}
	return nil
}

// Schema is either of the two.
func (ownRules) Schema(r huma.Registry) *huma.Schema {
	list := huma.SchemaFromType(r, reflect.TypeFor[[]TransformRule]())
	most := 100
	list.MaxItems = &most
	return &huma.Schema{OneOf: []*huma.Schema{list, r.Schema(reflect.TypeFor[transformInput](), true, "TransformInput")}}
}

func (a *API) registerTransforms() {
	const tag = "transforms"
	read, change := mayRead(store.KindTransform), mayChange(store.KindTransform)
	register(a, Route{Method: http.MethodGet, Path: "/transforms", Tag: tag, Summary: "List transforms", Policy: signedIn}, a.listTransforms)
	register(a, Route{Method: http.MethodGet, Path: "/transforms/public", Tag: tag, Summary: "Transforms that are everybody's: none", Policy: signedIn}, a.publicTransforms)
	register(a, Route{Method: http.MethodPost, Path: "/transforms", Tag: tag, Summary: "Make a transform: rules that datasets use by its id", Policy: maker, Creates: true}, a.createTransform)
	register(a, Route{Method: http.MethodPost, Path: "/transforms/preview", Tag: tag, Summary: "What rules would make of a dataset's newest records", Policy: signedIn,
		Detail: "Nothing is stored, and no request is made. Whoever may see the dataset may ask."}, a.previewTransform)
	register(a, Route{Method: http.MethodGet, Path: "/transforms/{id}", Tag: tag, Summary: "One transform", Policy: read}, a.transform)
	register(a, Route{Method: http.MethodPut, Path: "/transforms/{id}", Tag: tag, Summary: "Change a transform", Policy: change,
		Detail: "New rules bring the records of every dataset that uses it to their destinations anew, from the log. Whoever gives them may change the rules of each of these datasets: 403 says how many are not the caller's to change."}, a.updateTransform)
	register(a, Route{Method: http.MethodDelete, Path: "/transforms/{id}", Tag: tag, Summary: "Delete a transform that nothing uses", Policy: change}, a.deleteTransform)
	register(a, Route{Method: http.MethodPost, Path: "/transforms/{id}/restore", Tag: tag, Summary: "Bring a deleted transform back", Policy: mayRestore(store.KindTransform)}, a.restoreTransform)
	register(a, Route{Method: http.MethodPost, Path: "/transforms/{id}/copy", Tag: tag, Summary: "Copy a transform", Policy: read, Creates: true}, a.copyTransform)
}

type transformList struct{ ListInput }

func (a *API) listTransforms(ctx context.Context, in *transformList) (*List[Transform], error) {
	f, err := a.filter(ctx, in.ListInput, store.KindTransform)
	if err != nil {
		return nil, err
	}
	found, total, err := a.Flows.Transforms(ctx, f)
	if err != nil {
		return nil, err
	}
	shown, err := a.showTransforms(ctx, found...)
	return list(ctx, in.Paging, shown, total), err
}

func (a *API) publicTransforms(ctx context.Context, in *transformList) (*List[Transform], error) {
	return list(ctx, in.Paging, []Transform{}, 0), nil
}

func (a *API) showTransforms(ctx context.Context, all ...*flow.Transform) ([]Transform, error) {
	resources, ids := make([]store.Resource, len(all)), make([]int64, len(all))
	for i, t := range all {
		resources[i], ids[i] = t.Resource, t.ID
	}
	common, err := a.common(ctx, resources...)
	if err != nil {
		return nil, err
	}
	uses, err := a.Store.Uses(ctx, ids...)
	if err != nil {
		return nil, err
	}
	shown, at := make([]Transform, len(all)), map[int64]int{}
	for i, t := range all {
		at[t.ID] = i
		shown[i] = Transform{
			ID: t.ID, Name: t.Name, Description: t.Description, ResourceType: "transform", Reusable: true, Owner: common.owner(t.Owner), Org: common.org, AccessRoles: map[string]bool{},
			CodeType: codeRules, OutputType: outputRecord, CodeEncoding: encodingNone, Code: showCode(t.Rules), DataSets: []int64{},
			CopiedFromID: idOrNull(t.CopiedFrom), Tags: some(t.Tags), CreatedAt: moment(t.Created), UpdatedAt: moment(t.Updated),
		}
		for _, role := range common.roles(t.ID) {
			shown[i].AccessRoles[role] = true
		}
	}
	for _, u := range uses {
		of := &shown[at[u.Target]]
		of.DataSets = append(of.DataSets, u.ID)
	}
	return shown, nil
}

func (a *API) oneTransform(ctx context.Context, t *flow.Transform, err error) (*value[Transform], error) {
	if err != nil {
		return nil, err
	}
	shown, err := a.showTransforms(ctx, t)
	if err != nil {
		return nil, err
	}
	return show(shown[0]), nil
}

func (a *API) transform(ctx context.Context, in *expandable) (*value[Transform], error) {
	t, err := a.Flows.Transform(ctx, actor(ctx).Org, in.ID)
	return a.oneTransform(ctx, t, err)
}

type createTransformInput struct{ Body transformInput }

func (a *API) createTransform(ctx context.Context, in *createTransformInput) (*value[Transform], error) {
	b := in.Body
	if err := b.unoffered(); err != nil {
		return nil, err
	}
	t, err := a.Flows.CreateTransform(ctx, actor(ctx), flow.TransformInput{
		Common: flow.Common{Name: given(b.Name), Description: given(b.Description), Tags: b.Tags}, Rules: rulesOf(b.Code),
	})
	return a.oneTransform(ctx, t, err)
}

type updateTransformInput struct {
	One
	Body transformInput
}

func (a *API) updateTransform(ctx context.Context, in *updateTransformInput) (*value[Transform], error) {
	b := in.Body
	if err := b.unoffered(); err != nil {
		return nil, err
	}
	t, err := a.Runner.UpdateTransform(ctx, actor(ctx), in.ID, flow.TransformEdit{
		Edit: flow.Edit{Name: changed(b.Name), Description: changed(b.Description), Tags: b.Tags}, Rules: rulesOf(b.Code),
	}, a.rights().MayRerule(principal(ctx)))
	out, err := a.oneTransform(ctx, t, err)
	if err == nil && b.Code != nil {
		out.Body.Warnings, err = a.warnTransform(ctx, t)
	}
	return out, err
}

// warnTransform warns of the datasets that use a transform as far as the caller
// may see the records that its rules are carried out on: what a warning says is
// found in those.
func (a *API) warnTransform(ctx context.Context, t *flow.Transform) ([]string, error) {
	using, err := a.rights().Seeing(ctx, principal(ctx), t)
	return a.Flows.WarnTransform(ctx, using), err
}

func (a *API) deleteTransform(ctx context.Context, in *One) (*Done, error) {
	if err := a.Flows.DeleteTransform(ctx, actor(ctx), in.ID, a.rights().MayRerule(principal(ctx))); err != nil {
		return nil, err
	}
	return done(), nil
}

func (a *API) restoreTransform(ctx context.Context, in *One) (*value[Transform], error) {
	if err := a.restore(ctx, store.KindTransform, in.ID); err != nil {
		return nil, err
	}
	t, err := a.Flows.Transform(ctx, actor(ctx).Org, in.ID)
	return a.oneTransform(ctx, t, err)
}

func (a *API) copyTransform(ctx context.Context, in *copyInput) (*value[Transform], error) {
	if err := a.Identity.Authorize(ctx, principal(ctx), maker, 0); err != nil {
		return nil, err
	}
	c, err := a.copyingOne(ctx, in, store.KindTransform)
	if err != nil {
		return nil, err
	}
	made, err := a.Flows.CopyTransform(ctx, actor(ctx), in.ID, c)
	if err != nil {
		return nil, err
	}
	t, err := a.Flows.Transform(ctx, actor(ctx).Org, made.ID)
	return a.oneTransform(ctx, t, err)
}

type previewInput struct {
	Body struct {
		DataSetID int64           `json:"data_set_id" doc:"Whose records the rules would be carried out on"`
		Code      []TransformRule `json:"code" maxItems:"100" nullable:"false"`
		Count     int             `json:"count,omitzero" minimum:"1" maximum:"100" default:"10"`
	}
}

// TransformPreview is what rules would make of records.
type TransformPreview struct {
	Changed  int                `json:"changed" doc:"Records that would come out as others"`
	Same     int                `json:"same" doc:"Records that would come out as they are"`
	Filtered int                `json:"filtered" doc:"Records that would be kept back"`
	Failed   int                `json:"failed" doc:"Records that would be set aside"`
	Records  []TransformExample `json:"records" nullable:"false"`
	Warnings []string           `json:"warnings" nullable:"false" doc:"What of the rules is most likely not meant so, judged by the newest records: rules that fail on each, and fields that none has"`
}

// TransformExample is one record before and after the rules.
type TransformExample struct {
	Outcome string  `json:"outcome" enum:"changed,same,filtered,failed"`
	Reason  string  `json:"reason" doc:"Of failed: which rule, and why"`
	Before  object  `json:"before"`
	After   *object `json:"after" doc:"null for a record that does not come out"`
}

func (a *API) previewTransform(ctx context.Context, in *previewInput) (*value[TransformPreview], error) {
	b := in.Body
	err := a.Identity.Authorize(ctx, principal(ctx), mayRead(store.KindDataset), b.DataSetID)
	if err != nil {
		return nil, at("data_set_id", err)
	}
	d, err := a.Flows.Dataset(ctx, actor(ctx).Org, b.DataSetID)
	if err != nil {
		return nil, err
	}
	found, err := a.Flows.PreviewRules(ctx, d, rulesOf(b.Code), b.Count)
	if err != nil {
		return nil, err
	}
	out := TransformPreview{Records: []TransformExample{}, Warnings: some(found.Warnings)}
	for _, r := range found.Records {
		one := TransformExample{Before: object(r.Before), Reason: r.After.Reason}
		switch r.After.Outcome {
		case transform.Same:
			one.Outcome = "same"
			out.Same++
		case transform.Changed:
			one.Outcome = "changed"
			out.Changed++
		case transform.Filtered:
			one.Outcome = "filtered"
			out.Filtered++
		case transform.Failed:
			one.Outcome = "failed"
			out.Failed++
		}
		if r.After.Data != nil {
			after := object(r.After.Data)
			one.After = &after
		}
		out.Records = append(out.Records, one)
	}
	return show(out), nil
}
