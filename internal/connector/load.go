package connector

import (
	"cmp"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// definitionFile is where a definition begins.
const definitionFile = "connector.yaml"

// Load reads connector.yaml and endpoints/*.yaml. Everything that is wrong is
// told in one CodeConfig error, a line each: file, line, what is wrong, and
// what would be right.
func Load(files fs.FS) (*Definition, error) {
	d := &Definition{}
	l := &loader{files: files, definition: d}
	l.top = l.read(definitionFile, d)
	names, err := fs.Glob(files, "endpoints/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		var part struct {
			Endpoints []Endpoint `yaml:"endpoints"`
		}
		doc := l.read(name, &part)
		for i := range part.Endpoints {
			d.Endpoints = append(d.Endpoints, part.Endpoints[i])
			l.places = append(l.places, place{doc, i})
		}
	}
	if len(l.problems) == 0 {
		complete(d)
		l.checkDefinition()
		l.checkEndpoints()
	}
	if len(l.problems) > 0 {
		return nil, l.err()
	}
	inherit(d)
	return d, nil
}

// loader collects what is wrong.
type loader struct {
	files      fs.FS
	definition *Definition
	top        *document
	places     []place // of each endpoint
	problems   []problem
}

// place is where an endpoint stands.
type place struct {
	doc   *document
	index int
}

// read decodes one file strictly.
func (l *loader) read(name string, into any) *document {
	content, err := fs.ReadFile(l.files, name)
	if err != nil {
		l.problems = append(l.problems, problem{name, 1, "the file cannot be read; a connector is a folder with " + definitionFile + " and endpoints/*.yaml"})
		return &document{name: name}
	}
	doc, problems := parse(name, content, into)
	l.problems = append(l.problems, problems...)
	return doc
}

// err joins the problems, in the order of files and lines.
func (l *loader) err() error {
	slices.SortStableFunc(l.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.text, b.text))
	})
	lines := make([]string, len(l.problems))
	for i, p := range l.problems {
		lines[i] = p.String()
	}
	return &weir.Error{Code: weir.CodeConfig, Message: strings.Join(slices.Compact(lines), "\n")}
}

// complete fills in what endpoints may leave out.
func complete(d *Definition) {
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		e.Kind = cmp.Or(e.Kind, KindSource)
		e.Method = cmp.Or(e.Method, "GET")
		e.DataPath = cmp.Or(e.DataPath, "$.data[*]")
		e.Iteration = cmp.Or(e.Iteration, rest.IterateStatic)
		for j := range e.Parameters {
			e.Parameters[j].Type = cmp.Or(e.Parameters[j].Type, ParameterText)
		}
	}
}

// inherit gives injected fields the types that they have where they come from,
// so that their columns need not be written twice.
func inherit(d *Definition) {
	var sources []string
	for i := range d.Endpoints {
		if d.Endpoints[i].Kind == KindSource {
			sources = append(sources, d.Endpoints[i].ID)
		}
	}
	ordered, err := d.WithNeeds(sources)
	if err != nil {
		return // every need was checked
	}
	for _, e := range ordered {
		if len(e.Needs) == 0 || len(e.Columns) == 0 {
			continue
		}
		columns, from := maps.Clone(e.Columns), d.find(e.Needs[0].Endpoint)
		for field, seed := range e.Inject {
			if typ := from.Columns[e.Needs[0].Fields[seed]]; typ != "" && columns[field] == "" {
				columns[field] = typ
			}
		}
		e.Columns = columns
	}
}
