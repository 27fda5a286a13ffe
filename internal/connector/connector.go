// Package connector reads connector definitions, folders of YAML, explains
// bad ones by file and line, and expands an endpoint's template into the same
// rest.Config that a person would write by hand.
package connector

import (
	"io/fs"
	"os"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/connectors"
	"github.com/weirhq/weir/internal/rest"
)

// Definition is one kind of service: how its key is sent and checked, what
// its limit is, and its endpoints in the order of their files.
type Definition struct {
	Name        string            `yaml:"name"`
	Title       string            `yaml:"title"`
	Description string            `yaml:"description"`
	BaseURL     string            `yaml:"base_url"`
	Regions     map[string]string `yaml:"regions"` // name → base URL
	Auth        Auth              `yaml:"auth"`
	Check       Check             `yaml:"check"`
	Limit       Limit             `yaml:"limit"`
	Hints       map[string]string `yaml:"hints"` // advice for an error code
	Endpoints   []Endpoint        `yaml:"-"`     // from endpoints/*.yaml
}

// Auth is how the key is sent.
type Auth struct {
	Header   string   `yaml:"header"`
	Prefix   string   `yaml:"prefix"`
	KeyForms []string `yaml:"key_forms"` // what keys begin with
	Help     string   `yaml:"help"`      // how to make a key
}

// Check is the request that says whose key it is, and where its answer names
// the account, as dotted paths.
type Check struct {
	Path         string `yaml:"path"`
	AccountID    string `yaml:"account_id"`
	Name         string `yaml:"name"`
	Email        string `yaml:"email"`
	TimeZone     string `yaml:"time_zone"`
	Organization string `yaml:"organization"`
}

// Limit is the service's own limit for a key.
type Limit struct {
	Requests int `yaml:"requests"`
	Seconds  int `yaml:"seconds"`
}

// Endpoint is one operation.
type Endpoint struct {
	ID            string               `yaml:"id"`
	Title         string               `yaml:"title"`
	Description   string               `yaml:"description"`
	Kind          string               `yaml:"kind"`   // "source" when empty
	Method        string               `yaml:"method"` // "GET" when empty
	Path          string               `yaml:"path"`
	Version       string               `yaml:"version"` // of the API, sent as VersionHeader
	Query         map[string]string    `yaml:"query"`
	Dataset       string               `yaml:"dataset"`
	PrimaryKey    []string             `yaml:"primary_key"`
	VersionField  string               `yaml:"version_field"`
	DataPath      string               `yaml:"data_path"`
	Require       []string             `yaml:"require"`
	Iteration     rest.Iteration       `yaml:"iteration"`
	Paging        Paging               `yaml:"paging"`
	Keyset        Keyset               `yaml:"keyset"`
	Total         string               `yaml:"total"` // path to the list's length in an answer
	Children      []string             `yaml:"children"`
	JSONFields    []string             `yaml:"json"`
	Columns       map[string]weir.Type `yaml:"columns"` // path → type, for tables that are empty at first
	Needs         []Need               `yaml:"needs"`
	Inject        map[string]string    `yaml:"inject"` // new field of a record → seed
	Parameters    []Parameter          `yaml:"parameters"`
	Default       bool                 `yaml:"default"`        // part of "everything the key can read"
	DefaultReason string               `yaml:"default_reason"` // why not
	Confirm       string               `yaml:"confirm"`        // single read, with {key}, whose 404 proves deletion
	Permission    string               `yaml:"permission"`
}

// Incremental reports whether the endpoint can tell what changed.
func (e *Endpoint) Incremental() bool { return e.Keyset.Incremental.Field != "" }

// Need says that an endpoint is read once for each record of another, and
// which values it takes from there.
type Need struct {
	Endpoint string            `yaml:"endpoint"`
	Fields   map[string]string `yaml:"fields"` // seed → path in the other's record
}

// Parameter is a value that the user gives: {param.NAME} in templates.
type Parameter struct {
	Name     string `yaml:"name"`
	Help     string `yaml:"help"`
	Required bool   `yaml:"required"`
	Default  string `yaml:"default"`
}

// Paging is rest.Paging in YAML.
type Paging struct {
	Param     string `yaml:"param"`
	SizeParam string `yaml:"size_param"`
	Size      int    `yaml:"size"`
}

// Keyset is rest.Keyset in YAML.
type Keyset struct {
	SizeParam   string `yaml:"size_param"`
	Size        int    `yaml:"size"`
	SkipParam   string `yaml:"skip_param"`
	Sweep       Walk   `yaml:"sweep"`
	Incremental Walk   `yaml:"incremental"`
}

// Walk is rest.Walk in YAML.
type Walk struct {
	Field     string `yaml:"field"`
	After     string `yaml:"after"`
	Before    string `yaml:"before"`
	Sort      string `yaml:"sort"`
	Ascending string `yaml:"ascending"`
}

// Advice is what the connector adds to errors of a class.
func (d *Definition) Advice() map[weir.Code]string {
	out := make(map[weir.Code]string, len(d.Hints))
	for code, text := range d.Hints {
		out[weir.Code(code)] = text
	}
	return out
}

// Names lists the connectors of this build.
func Names() []string {
	entries, err := fs.ReadDir(connectors.Files, ".")
	if err != nil {
		return nil // the files are part of the program
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// Builtin reads a connector of this build; an unknown name is CodeNotFound
// with the nearest ones.
func Builtin(name string) (*Definition, error) {
	if !slices.Contains(Names(), name) {
		return nil, &weir.Error{Code: weir.CodeNotFound, Where: name, Message: "there is no such connector", Remedy: nearest(name, Names())}
	}
	sub, err := fs.Sub(connectors.Files, name)
	if err != nil {
		return nil, err
	}
	return Load(sub)
}

// LoadDir reads a connector from a folder.
func LoadDir(dir string) (*Definition, error) { return Load(os.DirFS(dir)) }

// Endpoint finds an endpoint; an unknown one is CodeUsage with the nearest
// names.
func (d *Definition) Endpoint(id string) (*Endpoint, error) {
	ids := make([]string, len(d.Endpoints))
	for i := range d.Endpoints {
		if ids[i] = d.Endpoints[i].ID; ids[i] == id {
			return &d.Endpoints[i], nil
		}
	}
	return nil, &weir.Error{Code: weir.CodeUsage, Where: id, Message: d.Name + " has no such stream", Remedy: nearest(id, ids)}
}

// Defaults are the endpoints that make up "everything the key can read",
// those that others need first.
func (d *Definition) Defaults() []*Endpoint {
	var ids []string
	for i := range d.Endpoints {
		if d.Endpoints[i].Default {
			ids = append(ids, d.Endpoints[i].ID)
		}
	}
	all, err := d.WithNeeds(ids)
	if err != nil {
		return nil // Load has checked every need
	}
	return all
}

// WithNeeds gives endpoints and all that they need, those first.
func (d *Definition) WithNeeds(ids []string) ([]*Endpoint, error) {
	var out []*Endpoint
	have := map[string]bool{}
	var add func(id string) error
	add = func(id string) error {
		if have[id] {
			return nil
		}
		have[id] = true
		e, err := d.Endpoint(id)
		if err != nil {
			return err
		}
		for _, n := range e.Needs {
			if err := add(n.Endpoint); err != nil {
				return err
			}
		}
		out = append(out, e)
		return nil
	}
	for _, id := range ids {
		if err := add(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}
