package cli

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/manifest"
)

// configWriter takes the steps of a plan.
type configWriter struct {
	s       *session
	server  *client.Client
	have    *serverConfig
	file    *manifest.Manifest
	ids     map[manifest.Kind]map[string]int64
	secrets map[*manifest.Thing]map[string]weir.Secret // of things that are sent with theirs
}

func newConfigWriter(s *session, server *client.Client, have *serverConfig, file *manifest.Manifest) *configWriter {
	w := &configWriter{s: s, server: server, have: have, file: file, ids: map[manifest.Kind]map[string]int64{}, secrets: map[*manifest.Thing]map[string]weir.Secret{}}
	for _, k := range manifest.Kinds {
		w.ids[k] = map[string]int64{}
	}
	for _, t := range have.Things {
		w.ids[t.Kind][t.Name] = t.ID
	}
	return w
}

// nouns are the paths of kinds.
var nouns = map[manifest.Kind]string{manifest.Credentials: credentialsNoun, manifest.Lookups: lookupsNoun, manifest.Transforms: transformsNoun, manifest.Sources: sourcesNoun, manifest.Datasets: datasetsNoun,
	manifest.Destinations: destinationsNoun, manifest.Projects: projectsNoun, manifest.Channels: channelsNoun, manifest.Rules: rulesNoun}

// gather reads the secrets of what is new, and of what is changed where its
// secret can be had. All are read before the first change.
func (w *configWriter) gather(plan *manifest.Plan) error {
	var missing manifest.Problems
	for _, c := range plan.Changes {
		if c.File == nil {
			continue
		}
		w.secrets[c.File] = map[string]weir.Secret{}
		for _, from := range secretsOf(c.File) {
			secret, err := w.secret(c.File, from.Secret)
			if err == nil {
				w.secrets[c.File][from.field] = secret
			} else if c.Server == nil || c.Renews() {
				missing = append(missing, c.File.Problem(from.name, err.Error(), ""))
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return wrongFile(missing)
}

// secretPlace is where one secret of a thing comes from.
type secretPlace struct {
	manifest.Secret
	name  string // of the file's field
	field string // of the server's
}

// secretsOf are the places of a thing's secrets.
func secretsOf(t *manifest.Thing) (out []secretPlace) {
	switch spec := t.Spec.(type) {
	case *manifest.Credential:
		field, _, _ := secretOf(spec.Type)
		out = []secretPlace{{spec.Secret, "secret", field}}
	case *manifest.Channel:
		for i, field := range channelSecrets[spec.Type] {
			out = append(out, []secretPlace{{spec.Secret, "secret", field}, {spec.SigningSecret, "signing_secret", field}}[i])
		}
	}
	return slices.DeleteFunc(out, func(p secretPlace) bool { return p.IsZero() || p.field == "" })
}

// secret reads a secret from where a file says that it is. A file's name is
// relative to the one that names it.
func (w *configWriter) secret(t *manifest.Thing, from manifest.Secret) (weir.Secret, error) {
	text := w.s.Getenv(from.Env)
	if from.File != "" {
		path := from.File
		if !filepath.IsAbs(path) && t.File() != stdinName {
			path = filepath.Join(filepath.Dir(t.File()), path)
		}
		var err error
		if text, err = readKeyFile(path); err != nil {
			return weir.Secret{}, err
		}
	}
	if text = strings.TrimSpace(text); text == "" {
		return weir.Secret{}, &weir.Error{Code: weir.CodeConfig, Message: from.Text() + " is empty", Remedy: "Set it, or name another place"}
	}
	w.s.secrets.add(text)
	return weir.NewSecret(text), nil
}

// try asks the server whether it would take the sources and the rules of datasets
// that are to be made or changed, as far as it can know: those that use what it has.
// All that it would refuse is told at once.
func (w *configWriter) try(plan *manifest.Plan) error {
	var refused []error
	for _, c := range plan.Changes {
		if c.Action != manifest.Add && c.Action != manifest.Edit {
			continue
		}
		err := w.tryOne(plan, c)
		if err == nil {
			continue
		}
		if code := weir.CodeOf(err); code != weir.CodeUsage && code != weir.CodeConfig && code != weir.CodeConflict {
			return err
		}
		refused = append(refused, err)
	}
	return together(refused)
}

// tryOne asks for one change; nil where the server cannot know yet.
func (w *configWriter) tryOne(plan *manifest.Plan, c *manifest.Change) error {
	if source, is := specOf[*manifest.Source](c); is {
		return w.trySource(c, source)
	}
	if dataset, is := specOf[*manifest.Dataset](c); is {
		return w.tryRules(plan, c, dataset)
	}
	return nil
}

func (w *configWriter) trySource(c *manifest.Change, source *manifest.Source) error {
	if w.ids[manifest.Credentials][source.Credential] == 0 {
		return nil
	}
	body, known := w.sourceBody(c.Name, source)
	if !known {
		return nil
	}
	if after := source.Schedule.After; after != "" && (w.ids[manifest.Sources][after] == 0 || after == c.Name) {
		delete(body, "schedule") // it follows one that is yet to be made
	}
	if err := w.server.Call(w.s.ctx, http.MethodPost, "/"+sourcesNoun+"?dry_run=true", body, nil); err != nil {
		return refusedThing(c, err)
	}
	return nil
}

// tryRules asks about a dataset's rules, unless they follow others that are yet to
// change: the server would judge them by what they do not come after.
func (w *configWriter) tryRules(plan *manifest.Plan, c *manifest.Change, d *manifest.Dataset) error {
	if c.Server != nil && !c.Touches(manifest.TransformField) || d.From.Source != "" && w.ids[manifest.Sources][d.From.Source] == 0 {
		return nil
	}
	for _, other := range plan.Changes {
		if other.Kind == manifest.Transforms && other.Name == d.Transform || other.Kind == manifest.Datasets && other.Name == d.From.Dataset || other.Kind == manifest.Sources && other.Name == d.From.Source && other.Touches("endpoints") {
			return nil
		}
	}
	body, err := w.body(c)
	if err != nil {
		return nil //nolint:nilerr // what it is made from is yet to be made
	}
	var tried client.DataSet
	if c.Server == nil {
		if parent, _ := body["parent_data_set_id"].(int64); parent == 0 {
			return nil
		}
		err = w.server.Call(w.s.ctx, http.MethodPost, "/"+datasetsNoun+"?dry_run=true", body, &tried)
	} else {
		err = w.server.Call(w.s.ctx, http.MethodPut, fmt.Sprintf("/%s/%d?dry_run=true", datasetsNoun, c.Server.ID), body, &tried)
	}
	if err != nil {
		return refusedThing(c, err)
	}
	for _, said := range tried.Warnings {
		warn(w.s, c.File.Where()+": "+said)
	}
	return nil
}

// together is one error of all that the server would refuse.
func together(refused []error) error {
	if len(refused) < 2 {
		return errors.Join(refused...)
	}
	lines := ""
	for _, err := range refused {
		lines += "\n  " + err.Error()
	}
	return &weir.Error{Code: weir.CodeOf(refused[0]), Message: "nothing was changed, for the server would refuse this:" + lines, Err: refused[0]}
}

// wouldTake asks the server whether it would take what files say, as apply does
// before its first step: what it would refuse is seen while nothing is at stake.
// No secret is needed for that.
func (c *comparison) wouldTake(s *session) error {
	return newConfigWriter(s, c.server, c.have, c.file).try(c.plan)
}

// specOf is what a change is to make of a thing, if that is of the type.
func specOf[T manifest.Spec](c *manifest.Change) (spec T, is bool) {
	if c.File == nil {
		return spec, false
	}
	spec, is = c.File.Spec.(T)
	return spec, is
}

// atThing says of which thing a refusal is. The server's own words stay, with their
// class.
func atThing(where string, err error) error {
	var refused *client.Error
	if errors.As(err, &refused) {
		return &weir.Error{Code: weir.CodeOf(err), Where: where, Message: strings.TrimSuffix(refused.Error(), "."), Err: err}
	}
	return weir.At(where, err)
}

// take takes one step.
func (w *configWriter) take(step manifest.Step) error {
	c := step.Change
	where := c.Where()
	switch step.Stage {
	case manifest.Pausing:
		return atThing(where, w.call(http.MethodPut, c, "pause?all=false", nil, nil))
	case manifest.Activating:
		return atThing(where, w.call(http.MethodPut, c, "activate?all=false", nil, nil))
	case manifest.Removing:
		return atThing(where, w.call(http.MethodDelete, c, "", nil, nil))
	}
	body, err := w.body(c)
	if err != nil {
		return refusedThing(c, err)
	}
	var made client.Named
	if c.Server == nil {
		err = w.server.Call(w.s.ctx, http.MethodPost, "/"+nouns[c.Kind], body, &made)
	} else {
		err = w.call(http.MethodPut, c, "", body, &made)
	}
	if err != nil {
		return refusedThing(c, err)
	}
	w.ids[c.Kind][c.Name] = made.ID
	if source, is := specOf[*manifest.Source](c); is {
		return refusedThing(c, w.label(c, source))
	}
	return nil
}

func (w *configWriter) call(method string, c *manifest.Change, verb string, body, out any) error {
	path := strings.TrimRight(fmt.Sprintf("/%s/%d/%s", nouns[c.Kind], w.ids[c.Kind][c.Name], verb), "/")
	if c.Server != nil {
		path = strings.TrimRight(fmt.Sprintf("/%s/%d/%s", nouns[c.Kind], c.Server.ID, verb), "/")
	}
	return w.server.Call(w.s.ctx, method, path, body, out)
}

// dataset finds the id of a dataset. Those of a source that was made a moment
// ago are asked for.
func (w *configWriter) dataset(f manifest.From) (int64, error) {
	if f.Dataset != "" {
		return w.ids[manifest.Datasets][f.Dataset], nil
	}
	key := yielded{w.ids[manifest.Sources][f.Source], f.Endpoint}
	if d, known := w.have.datasets[key]; known {
		return d.ID, nil
	}
	found, err := client.List[client.DataSet](w.s.ctx, w.server, "/"+datasetsNoun, nil)
	if err != nil {
		return 0, err
	}
	for _, d := range found {
		if len(d.Parents) == 0 {
			w.have.datasets[yielded{d.SourceID, d.Endpoint}] = d
		}
	}
	d, known := w.have.datasets[key]
	if !known {
		return 0, &weir.Error{Code: weir.CodeNotFound, Where: "dataset", Message: "the source " + f.Source + " yields none of " + f.Endpoint, Remedy: "Look at weir datasets"}
	}
	return d.ID, nil
}

// label calls datasets what a source's file calls them, where the server does
// not yet.
func (w *configWriter) label(c *manifest.Change, spec *manifest.Source) error {
	for _, endpoint := range sortedKeys(spec.Datasets) {
		if c.Server != nil && !c.Touches("datasets."+endpoint+".") {
			continue
		}
		l, body := spec.Datasets[endpoint], map[string]any{}
		if l.Name != nil {
			body["name"] = *l.Name
		}
		if l.Description != nil {
			body["description"] = *l.Description
		}
		if l.Tags != nil {
			body["tags"] = l.Tags
		}
		if len(body) == 0 {
			continue
		}
		id, err := w.dataset(manifest.From{Source: c.Name, Endpoint: endpoint})
		if err == nil {
			_, err = client.Do[client.Named](w.s.ctx, w.server, http.MethodPut, datasetsNoun, id, "", body)
		}
		if err != nil {
			return atThing("dataset of "+endpoint, err)
		}
	}
	return nil
}
