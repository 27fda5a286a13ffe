package connector

import (
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// Expand turns an endpoint's template into a configuration for an API at
// base. Parameters are checked: one that is missing, that is not what it must
// be, or that no endpoint knows is CodeUsage with its name and the remedy.
// Those of other endpoints are left alone, so that one set serves a whole run.
func (d *Definition) Expand(id, base string, params map[string]string) (rest.Config, error) {
	e, err := d.source(id)
	if err != nil {
		return rest.Config{}, err
	}
	if err := d.knows(e, params); err != nil {
		return rest.Config{}, err
	}
	values := map[string]string{}
	for i := range e.Parameters {
		p := &e.Parameters[i]
		if values[p.Name], err = p.value(id, params[p.Name]); err != nil {
			return rest.Config{}, err
		}
	}
	return d.config(e, base, values), nil
}

// knows refuses a parameter that no endpoint has: it is misspelt.
func (d *Definition) knows(e *Endpoint, params map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if e.parameter(name) || slices.ContainsFunc(d.Endpoints, func(other Endpoint) bool { return other.parameter(name) }) {
			continue
		}
		names := make([]string, len(e.Parameters))
		for i, p := range e.Parameters {
			names[i] = p.Name
		}
		remedy := nearest(name, names)
		if len(names) == 0 {
			remedy = "Leave it out: " + e.ID + " takes none"
		}
		return &weir.Error{Code: weir.CodeUsage, Where: "parameter " + name, Message: "no stream of " + d.Name + " has it", Remedy: remedy}
	}
	return nil
}

func (e *Endpoint) parameter(name string) bool {
	return slices.ContainsFunc(e.Parameters, func(p Parameter) bool { return p.Name == name })
}

// config is the template with its parameters filled in as macros' defaults,
// so that they are escaped where they stand.
func (d *Definition) config(e *Endpoint, base string, params map[string]string) rest.Config {
	fill := func(template string) string {
		for name, value := range params {
			template = strings.ReplaceAll(template, "{param."+name+"}", "{param."+name+"="+value+"}")
		}
		return template
	}
	step := rest.Step{
		Key: "records", Iteration: e.Iteration, Method: e.Method, URL: fill(e.Path), DataPath: e.DataPath, Require: slices.Clone(e.Require),
		Query: map[string]string{}, Headers: map[string]string{}, Body: fill(e.Body), Paging: rest.Paging(e.Paging),
		Keyset: rest.Keyset{
			SizeParam: e.Keyset.SizeParam, Size: e.Keyset.Size, SkipParam: e.Keyset.SkipParam, LookbackSeconds: e.Keyset.LookbackSeconds,
			Sweep: rest.Walk(e.Keyset.Sweep), Incremental: rest.Walk(e.Keyset.Incremental),
		},
	}
	for name, template := range e.Query {
		step.Query[name] = fill(template)
	}
	for name, template := range e.Headers {
		step.Headers[name] = fill(template)
	}
	if e.Version != "" {
		step.Headers[d.VersionHeader] = e.Version
	}
	return rest.Config{
		BaseURL: base, Steps: []rest.Step{step}, PrimaryKey: slices.Clone(e.PrimaryKey), VersionField: e.VersionField, Inject: maps.Clone(e.Inject),
	}
}
