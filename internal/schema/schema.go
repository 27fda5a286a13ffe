// Package schema learns what a dataset's records look like, widens that as
// new shapes appear, says in plain words what changed, and lays records out
// as rows of a root table and its child tables.
//
//	kind.go     the types of values, and how two become one
//	table.go    what is known of one table: fields, and the columns they share
//	name.go     paths become names that every database takes
//	walk.go     one pass over a record
//	observe.go  a record teaches the schema
//	notice.go   what that changed
//	layout.go   the schema as tables
//	change.go   a record as rows of those tables
//
// What is learned does not depend on the order in which records came. Where
// values are and how they become columns:
//
//   - a nested object becomes prefixed columns, eventType.slug the column
//     event_type_slug, four levels deep; deeper ones stay JSON;
//   - a top-level array of objects becomes a child table, and so does any
//     array that the Spec names; other arrays stay JSON;
//   - null, {} and [] have no type: a column appears with its first value;
//   - two fields with one name (eventTypeId and eventType.id) share a column
//     for as long as no record gives them different values. The one the Spec
//     names, then the one nearer to the top, goes first where both have a
//     value. After a difference each of the others also has a column of its
//     own, whose name ends with the hash of its path.
package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// Spec is what a connector knows of a dataset beforehand. Paths are dotted
// ("eventType.id"); a dot or backslash in a member's own name has a backslash
// before it.
type Spec struct {
	Dataset string // becomes the root table's name
	// Others are the datasets that lie beside this one: no child table gets
	// the name of a table of theirs, whichever comes first.
	Others     []string
	PrimaryKey []string // paths in the record
	Children   []string // arrays that become child tables, whatever their elements are
	// JSONFields are free-form values kept as JSON columns. Those of a child
	// table begin with the child's path.
	JSONFields []string
	Ignore     []string // fields that repeat others and are left out; those of a child table begin with its path
	// Columns exist before any record had a value. Those of a child table
	// begin with the child's path; the path alone is its scalar elements.
	Columns []Column
}

// Column says where in a record a column's values are and of which type.
type Column struct {
	Path string    `json:"path"`
	Type weir.Type `json:"type"`
}

// Schema is the learned shape of one dataset. It is not safe for concurrent
// use: even Change keeps what it found out.
type Schema struct {
	spec    Spec
	root    *table
	arrays  map[string]*table // child tables by their path in the record
	names   map[string]bool   // of tables
	changes int
	laid    []*table // as last laid out; nil after a change
	layouts map[weir.Mode]weir.Layout
	walk    walk
}

// saved is a Schema as it is written down.
type saved struct {
	Tables []savedTable `json:"tables"`
}

// New makes the schema of a dataset from what the connector knows and what
// Bytes gave last time, nil the first time. CodeIntegrity when that cannot be
// read; CodeConfig when the spec has no primary key.
func New(spec Spec, previous []byte) (*Schema, error) {
	if len(spec.PrimaryKey) == 0 {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: spec.Dataset, Message: "the dataset has no primary key"}
	}
	s := &Schema{spec: spec, arrays: map[string]*table{}, names: map[string]bool{}}
	s.walk = newWalk(s)
	s.root = s.newTable("", tableName(spec.Dataset, spec.Dataset, s.names))
	if previous != nil {
		if err := s.restore(previous); err != nil {
			return nil, &weir.Error{Code: weir.CodeIntegrity, Where: spec.Dataset, Message: "the saved schema cannot be read", Err: err}
		}
	}
	if err := s.declare(); err != nil {
		return nil, err
	}
	s.changes = 0
	return s, nil
}

func (s *Schema) restore(previous []byte) error {
	var was saved
	if err := json.Unmarshal(previous, &was); err != nil {
		return err
	}
	for i, t := range was.Tables {
		if i == 0 {
			s.root.restore(t)
			continue
		}
		s.names[t.Name] = true
		s.arrays[t.Field] = s.newTable(t.Field, t.Name)
		s.arrays[t.Field].restore(t)
	}
	return nil
}

// declare adds what the connector knows.
func (s *Schema) declare() error {
	for _, path := range s.spec.Children {
		s.child(path).declared = true
	}
	for _, path := range s.spec.PrimaryKey {
		s.root.declare(path)
	}
	for _, c := range s.spec.Columns {
		t, within := s.place(c.Path)
		t.declare(within)
		if c.Type == "" {
			continue
		}
		if _, err := s.learn(t, within, c.Type); err != nil {
			return err
		}
	}
	for _, path := range s.spec.Ignore {
		t, within := s.place(path)
		t.ignored[within] = true
	}
	for _, path := range s.spec.JSONFields {
		t, within := s.place(path)
		t.json[within] = true
		if _, err := s.learn(t, within, weir.TypeJSON); err != nil {
			return err
		}
	}
	return nil
}

// place finds the table that a declared path lies in, and the path within it.
func (s *Schema) place(path string) (t *table, within string) {
	for _, child := range s.spec.Children {
		if path == child {
			return s.child(child), ""
		}
		if rest, ok := strings.CutPrefix(path, child+"."); ok {
			return s.child(child), rest
		}
	}
	return s.root, path
}

// child finds or makes the table of an array.
func (s *Schema) child(path string) *table {
	t := s.arrays[path]
	if t == nil {
		name, _ := snake(path)
		name = singular(s.root.name) + "_" + name
		// Of two paths with one name the first would get it, and a schema
		// would depend on the order of records; a declared one always comes
		// first, and no two in camel case share a name.
		if !slices.Contains(s.spec.Children, path) && !camel(path) {
			name = hashed(name, path)
		}
		if s.foreign(name) {
			name = hashed(name, s.root.name+" "+path)
		}
		t = s.newTable(path, tableName(name, path, s.names))
		s.arrays[path] = t
		s.changed()
	}
	return t
}

// foreign reports whether a child table's name is one that another dataset
// has, or that a child of it would have: a's b_c and a_b's c are both a_b_c,
// and the longer dataset keeps it.
func (s *Schema) foreign(name string) bool {
	own := singular(s.root.name) + "_"
	for _, other := range s.spec.Others {
		root, _ := snake(other)
		prefix := singular(root) + "_"
		switch {
		case root == s.root.name:
		case root == name:
			return true
		case strings.HasPrefix(name, prefix) && (len(prefix) > len(own) || prefix == own && root < s.root.name):
			return true
		}
	}
	return false
}

// children are the child tables: the declared ones first, then by path.
func (s *Schema) children() []*table {
	var out []*table
	for _, path := range s.spec.Children {
		if t := s.arrays[path]; !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.arrays)) {
		if t := s.arrays[path]; !t.declared {
			out = append(out, t)
		}
	}
	return out
}

// changed makes the next Layout be computed anew.
func (s *Schema) changed() {
	s.changes++
	s.laid, s.layouts = nil, nil
}

// Columns are the fields that are known of the root table and of the declared
// child tables, in the order of their paths, as a Spec has them. Of a field
// that had no value yet the type is "".
func (s *Schema) Columns() (all []Column) {
	for _, t := range append([]*table{s.root}, s.children()...) {
		if t != s.root && !t.declared {
			continue
		}
		for _, within := range slices.Sorted(maps.Keys(t.fields)) {
			all = append(all, Column{Path: t.pathOf(within), Type: t.fields[within].Kind})
		}
	}
	return all
}

// Changes counts how often the schema has changed since New: the same number
// means the same schema.
func (s *Schema) Changes() int { return s.changes }

// Bytes is the schema in the form that New reads. It is the same for the same
// records, in whatever order they were observed.
func (s *Schema) Bytes() ([]byte, error) {
	out := saved{Tables: []savedTable{s.root.save()}}
	for _, path := range slices.Sorted(maps.Keys(s.arrays)) {
		out.Tables = append(out.Tables, s.arrays[path].save())
	}
	return json.Marshal(out, json.Deterministic(true))
}
