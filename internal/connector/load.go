package connector

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// Load reads connector.yaml and endpoints/*.yaml. Everything that is wrong is
// told at once, each with file, line, and what would be right.
func Load(files fs.FS) (*Definition, error) {
	d := &Definition{}
	l := &loader{files: files, definition: d}
	l.read("connector.yaml", d)
	names, err := fs.Glob(files, "endpoints/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		var part struct {
			Endpoints []Endpoint `yaml:"endpoints"`
		}
		l.read(name, &part)
		for i := range part.Endpoints {
			d.Endpoints = append(d.Endpoints, part.Endpoints[i])
			l.at = append(l.at, place{name, fmt.Sprintf("$.endpoints[%d]", i)})
		}
	}
	if len(l.problems) == 0 {
		l.checkDefinition()
		l.checkEndpoints()
	}
	if len(l.problems) > 0 {
		slices.Sort(l.problems)
		return nil, &weir.Error{Code: weir.CodeConfig, Message: strings.Join(l.problems, "\n")}
	}
	return d, nil
}

// place is where in the files something stands.
type place struct{ file, path string }

// loader collects what is wrong.
type loader struct {
	files      fs.FS
	definition *Definition
	at         []place // of each endpoint
	parsed     map[string]*ast.File
	problems   []string
}

// read decodes one file strictly.
func (l *loader) read(name string, into any) {
	content, err := fs.ReadFile(l.files, name)
	if err != nil {
		l.problems = append(l.problems, name+":1: the file cannot be read; a connector has connector.yaml and endpoints/*.yaml")
		return
	}
	if err := yaml.UnmarshalWithOptions(content, into, yaml.Strict()); err != nil {
		l.problems = append(l.problems, explain(name, err))
		return
	}
	if file, err := parser.ParseBytes(content, 0); err == nil {
		if l.parsed == nil {
			l.parsed = map[string]*ast.File{}
		}
		l.parsed[name] = file
	}
}

// explain gives a YAML error its file and line, and what would be right.
func explain(name string, err error) string {
	var located yaml.Error
	if !errors.As(err, &located) {
		return name + ":1: " + err.Error()
	}
	line := 1
	if t := located.GetToken(); t != nil && t.Position != nil {
		line = t.Position.Line
	}
	message := located.GetMessage()
	if field, ok := strings.CutPrefix(message, "unknown field "); ok {
		message += "; " + nearest(strings.Trim(field, `"`), fieldNames)
	}
	return fmt.Sprintf("%s:%d: %s", name, line, message)
}

// fieldNames are all that a connector's files know.
var fieldNames = strings.Fields(`name title description base_url regions auth check limit hints header prefix key_forms help path
	account_id email time_zone organization requests seconds endpoints id kind method version query dataset primary_key version_field
	data_path require iteration paging keyset total children json columns needs inject parameters default default_reason confirm
	permission endpoint fields required param size_param size skip_param sweep incremental field after before sort ascending`)

// problem notes what is wrong at a place.
func (l *loader) problem(at place, format string, args ...any) {
	line := 1
	if file := l.parsed[at.file]; file != nil {
		if p, err := yaml.PathString(at.path); err == nil {
			if node, err := p.FilterFile(file); err == nil && node.GetToken() != nil {
				line = node.GetToken().Position.Line
			}
		}
	}
	l.problems = append(l.problems, fmt.Sprintf("%s:%d: %s", at.file, line, fmt.Sprintf(format, args...)))
}

func (l *loader) checkDefinition() {
	d, at := l.definition, func(field string) place { return place{"connector.yaml", "$." + field} }
	for field, value := range map[string]string{
		"name": d.Name, "title": d.Title, "base_url": d.BaseURL, "auth.header": d.Auth.Header, "check.path": d.Check.Path, "check.account_id": d.Check.AccountID,
	} {
		if value == "" {
			l.problem(at(field), "%s is missing", field)
		}
	}
	if d.Limit.Requests < 1 || d.Limit.Seconds < 1 {
		l.problem(at("limit"), "limit needs requests and seconds, each at least 1, such as requests: 120, seconds: 60")
	}
	if len(d.Endpoints) == 0 {
		l.problem(at("name"), "there is no endpoint; put some into endpoints/*.yaml")
	}
}

var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	datasetForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

func (l *loader) checkEndpoints() {
	ids, datasets := map[string]bool{}, map[string]bool{}
	for i := range l.definition.Endpoints {
		e, at := &l.definition.Endpoints[i], l.at[i]
		field := func(name string) place { return place{at.file, at.path + "." + name} }
		switch {
		case !idForm.MatchString(e.ID):
			l.problem(field("id"), "id %q is not lower-case words with hyphens, such as team-memberships", e.ID)
		case ids[e.ID]:
			l.problem(field("id"), "id %q is there twice; each endpoint has its own", e.ID)
		}
		switch {
		case !datasetForm.MatchString(e.Dataset):
			l.problem(field("dataset"), "dataset %q is not a table's name, such as team_memberships", e.Dataset)
		case datasets[e.Dataset]:
			l.problem(field("dataset"), "dataset %q is another endpoint's; each has its own", e.Dataset)
		}
		ids[e.ID], datasets[e.Dataset] = true, true
		l.checkEndpoint(e, at, field)
	}
	for i := range l.definition.Endpoints {
		l.checkNeeds(&l.definition.Endpoints[i], l.at[i], ids)
	}
}

// macros finds what a template names.
var macros = regexp.MustCompile(`\{([^{}]*)\}`)

func (l *loader) checkEndpoint(e *Endpoint, at place, field func(string) place) {
	if e.Kind != "" && e.Kind != "source" && e.Kind != "destination" {
		l.problem(field("kind"), "kind %q is neither source nor destination", e.Kind)
	}
	if !strings.HasPrefix(e.Path, "/") {
		l.problem(field("path"), "path %q does not begin with /", e.Path)
	}
	if !e.Default && e.DefaultReason == "" {
		l.problem(at, "%s: say in default_reason why it is not read by default", e.ID)
	}
	known := map[string]bool{}
	for _, n := range e.Needs {
		for seed := range n.Fields {
			known["seed."+seed] = true
		}
	}
	for _, p := range e.Parameters {
		known["param."+p.Name] = true
	}
	for _, m := range macros.FindAllStringSubmatch(e.Path, -1) {
		if !known[m[1]] {
			l.problem(field("path"), "nothing is known of {%s}; a need's field is {seed.NAME}, a parameter {param.NAME}", m[1])
		}
	}
	for name, seed := range e.Inject {
		if !known["seed."+seed] && !known["param."+seed] {
			l.problem(field("inject"), "%s takes %s, which no need or parameter gives", name, seed)
		}
	}
	for name, typ := range e.Columns {
		if !slices.Contains([]weir.Type{weir.TypeBool, weir.TypeInt, weir.TypeFloat, weir.TypeText, weir.TypeTime, weir.TypeJSON}, typ) {
			l.problem(field("columns"), "column %s has type %q; there are bool, int, float, text, time, json", name, typ)
		}
	}
	if e.Iteration != "" && !slices.Contains(rest.Iterations(), e.Iteration) {
		l.problem(field("iteration"), "there is no iteration %q; %s", e.Iteration, nearest(string(e.Iteration), texts(rest.Iterations())))
		return
	}
	if _, err := rest.NewSource(l.definition.config(e, "https://example.invalid", nil), nil); err != nil {
		l.problem(at, "%s: %v", e.ID, err)
	}
}

func texts(in []rest.Iteration) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

// checkNeeds makes sure that needs exist and do not go in a circle.
func (l *loader) checkNeeds(e *Endpoint, at place, ids map[string]bool) {
	if len(e.Needs) > 1 {
		l.problem(place{at.file, at.path + ".needs"}, "%s needs two endpoints; take all values from one, which has the other's injected", e.ID)
	}
	for _, n := range e.Needs {
		if !ids[n.Endpoint] {
			l.problem(place{at.file, at.path + ".needs"}, "%s needs %q, which is no endpoint; %s", e.ID, n.Endpoint, nearest(n.Endpoint, slices.Sorted(mapKeys(ids))))
			return
		}
	}
	seen := map[string]bool{e.ID: true}
	for now := e; len(now.Needs) > 0; {
		next, err := l.definition.Endpoint(now.Needs[0].Endpoint)
		if err != nil {
			return
		}
		if seen[next.ID] {
			l.problem(place{at.file, at.path + ".needs"}, "%s needs itself in a circle, through %s", e.ID, now.ID)
			return
		}
		seen[next.ID] = true
		now = next
	}
}
