package connector

import (
	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// The kinds of endpoints.
const (
	KindSource      = "source"
	KindDestination = "destination"
)

// Endpoint is one operation of a service. Load fills in what is left out:
// Kind source, Method GET, Iteration static.url, DataPath $.data[*].
type Endpoint struct {
	ID            string               `yaml:"id"` // lower-case words with hyphens; the stream's name
	Title         string               `yaml:"title"`
	Description   string               `yaml:"description"`
	Kind          string               `yaml:"kind"`
	Method        string               `yaml:"method"`
	Path          string               `yaml:"path"`    // template with {seed.NAME} and {param.NAME}
	Version       string               `yaml:"version"` // of the API, sent in Definition.VersionHeader
	Headers       map[string]string    `yaml:"headers"` // templates
	Query         map[string]string    `yaml:"query"`   // templates; one that comes out empty is left out
	Body          string               `yaml:"body"`    // template
	Dataset       string               `yaml:"dataset"` // name of the root table; each endpoint has its own
	PrimaryKey    []string             `yaml:"primary_key"`
	VersionField  string               `yaml:"version_field"` // path of the time of change
	DataPath      string               `yaml:"data_path"`
	Require       []string             `yaml:"require"` // what every good answer has
	Iteration     rest.Iteration       `yaml:"iteration"`
	Paging        Paging               `yaml:"paging"`
	Keyset        Keyset               `yaml:"keyset"`
	Total         string               `yaml:"total"`    // path to the list's length in an answer
	Children      []string             `yaml:"children"` // arrays that become child tables
	JSONFields    []string             `yaml:"json"`     // free-form values, kept as JSON
	Ignore        []string             `yaml:"ignore"`   // fields that repeat others, or are secret
	Columns       map[string]weir.Type `yaml:"columns"`  // path → type, for tables that are empty at first
	Needs         []Need               `yaml:"needs"`    // at most one
	Inject        map[string]string    `yaml:"inject"`   // new field of a record → seed
	Parameters    []Parameter          `yaml:"parameters"`
	Permission    string               `yaml:"permission"` // who may read it
	Confirm       string               `yaml:"confirm"`    // single read, with {key}, whose 404 proves deletion
	Default       bool                 `yaml:"default"`    // part of "everything the key can read"
	DefaultReason string               `yaml:"default_reason"`
}

// Incremental reports whether the endpoint can tell what changed.
func (e *Endpoint) Incremental() bool { return e.Keyset.Incremental.Field != "" }

// Need says that an endpoint is read once for each record of another, and
// which values it takes from there. A record in which one of them is null
// lends nothing.
type Need struct {
	Endpoint string            `yaml:"endpoint"`
	Fields   map[string]string `yaml:"fields"` // seed → path in the other's record
}

// Parameter is a value that the user gives: {param.NAME} in templates.
type Parameter struct {
	Name     string        `yaml:"name"`
	Type     ParameterType `yaml:"type"` // text when empty
	Help     string        `yaml:"help"`
	Required bool          `yaml:"required"`
	Default  string        `yaml:"default"`
	Values   []string      `yaml:"values"`  // all that are taken; empty for any
	Minimum  *int64        `yaml:"minimum"` // of an int
	Maximum  *int64        `yaml:"maximum"` // of an int
}

// ParameterType is what a parameter's value must look like.
type ParameterType string

// The types of parameters.
const (
	ParameterText ParameterType = "text"
	ParameterInt  ParameterType = "int"
	ParameterTime ParameterType = "time" // ISO 8601: a day, or a time with its zone
)

// Paging is rest.Paging in YAML; one converts into the other.
type Paging struct {
	Param      string `yaml:"param"`
	SizeParam  string `yaml:"size_param"`
	Size       int    `yaml:"size"`
	Start      string `yaml:"start"`
	End        string `yaml:"end"`
	NextPath   string `yaml:"next_path"`
	IDField    string `yaml:"id_field"`
	Inclusive  bool   `yaml:"inclusive"`
	LinkRel    string `yaml:"link_rel"`
	CursorBody string `yaml:"cursor_body"`
	PollPath   string `yaml:"poll_path"`
	PollValue  string `yaml:"poll_value"`
	FileFormat string `yaml:"file_format"`
}

// Keyset is rest.Keyset in YAML.
type Keyset struct {
	SizeParam       string `yaml:"size_param"`
	Size            int    `yaml:"size"`
	SkipParam       string `yaml:"skip_param"`
	Sweep           Walk   `yaml:"sweep"`
	Incremental     Walk   `yaml:"incremental"`
	LookbackSeconds int    `yaml:"lookback_seconds"`
}

// Walk is rest.Walk in YAML; one converts into the other.
type Walk struct {
	Field     string `yaml:"field"`
	After     string `yaml:"after"`
	Before    string `yaml:"before"`
	Sort      string `yaml:"sort"`
	Ascending string `yaml:"ascending"`
}

// isZero reports whether nothing of the keyset is given.
func (k Keyset) isZero() bool { return k == Keyset{} }
