package connector

import (
	"maps"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// versionHeader carries an endpoint's version of the API.
const versionHeader = "cal-api-version"

// Expand turns an endpoint's template into a configuration for an API at
// base. A parameter that is missing or unknown is CodeUsage.
func (d *Definition) Expand(id, base string, params map[string]string) (rest.Config, error) {
	e, err := d.Endpoint(id)
	if err != nil {
		return rest.Config{}, err
	}
	values := map[string]string{}
	for _, p := range e.Parameters {
		value := params[p.Name]
		if value == "" {
			value = p.Default
		}
		if value == "" && p.Required {
			return rest.Config{}, &weir.Error{Code: weir.CodeUsage, Where: "parameter " + p.Name, Message: "stream " + id + " needs it: " + p.Help, Remedy: "Give it as --param " + p.Name + "=…"}
		}
		values[p.Name] = value
	}
	return d.config(e, base, values), nil
}

// config is the template with its parameters filled in as macros' defaults,
// so that they are escaped where they stand.
func (d *Definition) config(e *Endpoint, base string, params map[string]string) rest.Config {
	step := rest.Step{
		Key: "records", Iteration: e.Iteration, Method: e.Method, URL: e.Path, Query: maps.Clone(e.Query), DataPath: e.DataPath, Require: e.Require,
		Paging: rest.Paging{Param: e.Paging.Param, SizeParam: e.Paging.SizeParam, Size: e.Paging.Size},
		Keyset: rest.Keyset{SizeParam: e.Keyset.SizeParam, Size: e.Keyset.Size, SkipParam: e.Keyset.SkipParam, Sweep: rest.Walk(e.Keyset.Sweep), Incremental: rest.Walk(e.Keyset.Incremental)},
	}
	if step.Method == "" {
		step.Method = "GET"
	}
	if step.Iteration == "" {
		step.Iteration = rest.IterateStatic
	}
	if step.DataPath == "" {
		step.DataPath = "$.data[*]"
	}
	if e.Version != "" {
		step.Headers = map[string]string{versionHeader: e.Version}
	}
	for name, value := range params {
		from, to := "{param."+name+"}", "{param."+name+"="+strings.NewReplacer("{", "", "}", "").Replace(value)+"}"
		step.URL = strings.ReplaceAll(step.URL, from, to)
		for q, v := range step.Query {
			step.Query[q] = strings.ReplaceAll(v, from, to)
		}
	}
	return rest.Config{BaseURL: base, Steps: []rest.Step{step}, PrimaryKey: e.PrimaryKey, VersionField: e.VersionField, Inject: e.Inject}
}
