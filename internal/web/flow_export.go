package web

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/manifest"
	"github.com/weirhq/weir/internal/store"
)

// flowExport writes one flow as a manifest, with the credentials that it uses.
type flowExport struct {
	*visit
	out   *manifest.Manifest
	names map[int64]string // of credentials, by id
	seen  []int64          // credentials that the visitor may look at; nil for all
}

// exportFlow sends the flow as YAML, as weir export writes it: for a repository,
// or for another server.
func (v *visit) exportFlow() error {
	ctx := v.r.Context()
	root, _, err := v.Flows.Tree(ctx, v.who.Org, store.KindSource, v.number("id"))
	if err != nil {
		return err
	}
	roles, err := v.People.RolesOn(ctx, v.who, root.Parts()...)
	if err != nil {
		return err
	}
	e := &flowExport{visit: v, out: &manifest.Manifest{Sections: map[manifest.Kind]bool{}}, names: map[int64]string{}}
	if e.seen, err = v.ids(store.KindCredential, identity.RoleCollaborator); err != nil {
		return err
	}
	from := map[int64]manifest.From{}
	for _, part := range root.Parts() {
		switch {
		case roles[part.ID] == identity.RoleNone: // it is not shown on the page either
		case part.Kind == store.KindSource:
			err = e.source(part.ID, root)
		case part.Kind == store.KindDataset:
			err = e.dataset(part, root.Name, from)
		case part.Kind == store.KindDestination:
			err = e.destination(part.ID, from)
		}
		if err != nil {
			return err
		}
	}
	content, _ := manifest.Write(e.out)
	return v.file(fmt.Sprintf("flow-%d.yaml", root.ID), "application/yaml", content)
}

func (e *flowExport) add(k manifest.Kind, r store.Resource, spec manifest.Spec) {
	e.out.Things = append(e.out.Things, &manifest.Thing{Kind: k, Name: r.Name, ID: r.ID, Spec: spec})
}

func common(r store.Resource) manifest.Common {
	return manifest.Common{Description: r.Description, Tags: r.Tags}
}

// credential adds one that is used, once, and gives its name.
func (e *flowExport) credential(id int64) (string, error) {
	if name, known := e.names[id]; known {
		return name, nil
	}
	if e.seen != nil && !slices.Contains(e.seen, id) {
		return "", &weir.Error{Code: weir.CodeForbidden, Where: "credential", Message: "the flow uses a credential that is not shared with you", Remedy: "Ask its owner to share it, or to export the flow"}
	}
	c, err := e.Credentials.Credential(e.r.Context(), e.who.Org, id)
	if err != nil {
		return "", err
	}
	settings := map[string]string{}
	for name, value := range c.Settings {
		if name != manifest.Expires {
			settings[name] = value
		}
	}
	e.names[id] = c.Name
	e.add(manifest.Credentials, c.Resource, &manifest.Credential{Common: common(c.Resource), Type: c.Kind.Name, Settings: settings})
	return c.Name, nil
}

func (e *flowExport) source(id int64, root *flow.Node) error {
	src, err := e.Flows.Source(e.r.Context(), e.who.Org, id)
	if err != nil {
		return err
	}
	credential, err := e.credential(src.Credential)
	if err != nil {
		return err
	}
	after, err := e.sourceNames(root.ID, src.After)
	if err != nil {
		return err
	}
	spec := &manifest.Source{Common: common(src.Resource), Credential: credential, Endpoints: src.Endpoints, Params: src.Params, Active: flow.Status(src.Status) == flow.StatusActive,
		Schedule: manifest.Schedule{Cron: src.Schedule, Zone: src.Zone, After: after[src.After], SweepHours: src.SweepHours}}
	if src.Manual != nil {
		if spec.Config, err = e.config(src); err != nil {
			return err
		}
	}
	e.add(manifest.Sources, src.Resource, spec)
	return nil
}

// config is a configuration by hand, with its lookups by their names.
func (e *flowExport) config(src *flow.Source) (jsontext.Value, error) {
	names := map[int64]string{}
	for _, id := range src.Lookups {
		l, err := e.Flows.Lookup(e.r.Context(), e.who.Org, id)
		if err != nil {
			return nil, err
		}
		names[id] = l.Name
	}
	return manifest.WithNames(src.Given, func(id int64) string { return names[id] }), nil
}

// dataset notes what a dataset is made of. One that a source yields stands with
// that; one that was made of another is a thing of its own.
func (e *flowExport) dataset(part store.Resource, source string, from map[int64]manifest.From) error {
	d, err := e.Flows.Dataset(e.r.Context(), e.who.Org, part.ID)
	if err != nil {
		return err
	}
	if d.Parent == 0 {
		from[d.ID] = manifest.From{Source: source, Endpoint: d.Endpoint}
		return nil
	}
	spec := &manifest.Dataset{Common: common(d.Resource), From: from[d.Parent], Transforms: d.Rules}
	if d.Transform != 0 {
		if err := e.transform(d, spec); err != nil {
			return err
		}
	}
	from[d.ID] = manifest.From{Dataset: d.Name}
	e.add(manifest.Datasets, d.Resource, spec)
	return nil
}

// transform notes the rules that a dataset shares with others, once. Who may not
// look at the transform itself gets them as the dataset's own.
func (e *flowExport) transform(d *flow.Dataset, spec *manifest.Dataset) error {
	t, err := e.Flows.Transform(e.r.Context(), e.who.Org, d.Transform)
	if err != nil {
		return err
	}
	role, err := e.People.RoleOn(e.r.Context(), e.who, store.KindTransform, t.ID)
	if err != nil || role == identity.RoleNone {
		spec.Transforms = t.Rules
		return err
	}
	spec.Transform = t.Name
	if !slices.ContainsFunc(e.out.Of(manifest.Transforms), func(one *manifest.Thing) bool { return one.ID == t.ID }) {
		e.add(manifest.Transforms, t.Resource, &manifest.Transform{Common: common(t.Resource), Rules: t.Rules})
	}
	return nil
}

func (e *flowExport) destination(id int64, from map[int64]manifest.From) error {
	d, err := e.Flows.Destination(e.r.Context(), e.who.Org, id)
	if err != nil {
		return err
	}
	credential, err := e.credential(d.Credential)
	if err != nil {
		return err
	}
	e.add(manifest.Destinations, d.Resource, &manifest.Destination{Common: common(d.Resource), From: from[d.Dataset], Credential: credential,
		Mode: cmp.Or(string(d.Mode), string(weir.ModeUpsert)), Active: flow.Status(d.Status) == flow.StatusActive})
	return nil
}
