// Package schema learns what a dataset's records look like, widens that as
// new shapes appear, says in plain words what changed, and lays records out
// as rows of a root table and child tables.
package schema

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// Spec is what a connector knows of a dataset beforehand.
type Spec struct {
	Dataset    string   // becomes the root table's name
	PrimaryKey []string // dotted paths into a record
	Children   []string // array fields that become child tables
	JSONFields []string // dotted paths of free-form values kept as JSON columns
	Columns    []Column // columns that exist before any record had a value
}

// Column says where in a record a column's values are and of which type.
type Column struct {
	Path string    `json:"path"` // dotted
	Type weir.Type `json:"type"`
}

// Notice is one change of a schema, in plain words.
type Notice string

// field is one column of a table: a path, and the widest type its values had.
// The zero type means that only nulls were seen.
type field struct {
	Path string    `json:"path"`
	Name string    `json:"name"`
	Type weir.Type `json:"type,omitempty"`
}

// table is the learned shape of the root or of one array in it.
type table struct {
	Field  string   `json:"field,omitempty"` // of the root record; empty for the root itself
	Name   string   `json:"name"`
	Fields []*field `json:"fields"`

	byPath map[string]*field
	names  map[string]bool

	columns    map[string]int // what columnsOf made, for columnsAt changes
	columnsAt  int
	columnsLen int
}

// Schema is the learned shape of one dataset. It is not safe for concurrent
// use.
type Schema struct {
	spec    Spec
	tables  []*table // the root first, children in the order they appeared
	json    map[string]bool
	changes int  // how often it has widened
	fresh   bool // nothing was saved before: what appears is no drift
	dirty   bool // has a layout that was not computed yet
	layouts map[weir.Mode]weir.Layout
}

// saved is a Schema as it is written down.
type saved struct {
	Tables []*table `json:"tables"`
}

// New makes the schema of a dataset from what the connector knows and what
// was saved (by Bytes), nil the first time.
func New(spec Spec, previous []byte) (*Schema, error) {
	s := &Schema{spec: spec, json: map[string]bool{}, fresh: previous == nil, dirty: true}
	for _, path := range spec.JSONFields {
		s.json[path] = true
	}
	if previous != nil {
		var was saved
		if err := json.Unmarshal(previous, &was); err != nil || len(was.Tables) == 0 {
			return nil, &weir.Error{Code: weir.CodeIntegrity, Where: spec.Dataset, Message: "the saved schema cannot be read", Err: err}
		}
		s.tables = was.Tables
		for i, t := range s.tables {
			t.index()
			if i > 0 {
				t.reserveKey(s)
			}
		}
	} else {
		s.addTable("", spec.Dataset)
	}
	s.declare()
	return s, nil
}

// declare adds what the connector knows.
func (s *Schema) declare() {
	before := s.changes
	for _, path := range s.spec.PrimaryKey {
		s.tables[0].field(path)
	}
	for _, c := range s.spec.Columns {
		f, _ := s.tables[0].field(c.Path)
		f.Type = widen(f.Type, c.Type)
	}
	for _, child := range s.spec.Children {
		s.child(child)
	}
	s.changes = before
}

// Changes counts how often the schema has widened since New: the same number
// means the same schema.
func (s *Schema) Changes() int { return s.changes }

// Bytes is the schema in the form that New reads.
func (s *Schema) Bytes() ([]byte, error) {
	return json.Marshal(saved{s.tables}, json.Deterministic(true))
}

// child finds or makes the table of an array field.
func (s *Schema) child(path string) *table {
	for _, t := range s.tables[1:] {
		if t.Field == path {
			return t
		}
	}
	s.changes++
	return s.addTable(path, singular(s.spec.Dataset)+"_"+snake(path))
}

func (s *Schema) addTable(path, name string) *table {
	taken := map[string]bool{}
	for _, t := range s.tables {
		taken[t.Name] = true
	}
	t := &table{Field: path, Name: fit(snake(name), path, taken)}
	t.index()
	if path != "" {
		t.reserveKey(s)
	}
	s.tables = append(s.tables, t)
	s.dirty = true
	return t
}

// reserved are the names that Weir's own columns have in every table.
var reserved = []string{weir.ColumnExtractedAt, weir.ColumnRunID, weir.ColumnDeletedAt, weir.ColumnHash}

func (t *table) index() {
	t.byPath, t.names = map[string]*field{}, map[string]bool{}
	for _, name := range reserved {
		t.names[name] = true
	}
	for _, f := range t.Fields {
		t.byPath[f.Path], t.names[f.Name] = f, true
	}
}

// columnPosition is where in its array a child row's element stood, from 0.
const columnPosition = "position"

// columnValue holds the elements of an array of scalars.
const columnValue = "value"

// reserveKey keeps the names of a child table's key columns from its fields.
func (t *table) reserveKey(s *Schema) {
	t.names[columnPosition] = true
	for _, path := range s.spec.PrimaryKey {
		t.names[s.parentColumn(path)] = true
	}
}

// parentColumn names the column in which a child row carries a part of its
// root row's key.
func (s *Schema) parentColumn(path string) string {
	return singular(s.spec.Dataset) + "_" + snake(path)
}

// field finds or makes the column of a path; added says that it is new.
func (t *table) field(path string) (f *field, added bool) {
	if f = t.byPath[path]; f != nil {
		return f, false
	}
	f = &field{Path: path, Name: fit(snake(path), path, t.names)}
	t.Fields, t.byPath[path], t.names[f.Name] = append(t.Fields, f), f, true
	return f, true
}

// learn widens the column of a path by one value's type; null is "".
func (s *Schema) learn(t *table, path string, typ weir.Type, notices *[]Notice) {
	f, added := t.field(path)
	wide := widen(f.Type, typ)
	if !added && wide == f.Type {
		return
	}
	s.changes++
	s.dirty = true
	if !s.fresh {
		switch {
		case added || f.Type == "":
			*notices = append(*notices, Notice(fmt.Sprintf("table %s: new column %s", t.Name, f.Name)))
		default:
			*notices = append(*notices, Notice(fmt.Sprintf("table %s: column %s widened from %s to %s", t.Name, f.Name, f.Type, wide)))
		}
	}
	f.Type = wide
}

// widen is the narrowest type that holds values of both: it does not depend
// on the order in which types appear.
func widen(a, b weir.Type) weir.Type {
	pair := []weir.Type{a, b}
	switch {
	case a == b || b == "":
		return a
	case a == "":
		return b
	case slices.Contains(pair, weir.TypeJSON):
		return weir.TypeJSON
	case slices.Contains(pair, weir.TypeInt) && slices.Contains(pair, weir.TypeFloat):
		return weir.TypeFloat
	}
	return weir.TypeText
}
