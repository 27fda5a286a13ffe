package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// columnPosition is where in its array a child row's element stood, from 0.
const columnPosition = "position"

// columnValue holds the elements of an array of scalars.
const columnValue = "value"

// fieldLimit is how many fields a table may have. An object with more is a
// free-form one that its connector should name as JSON; Postgres stops at
// 1,600 columns, and at rows of 8 kB earlier.
const fieldLimit = 500

// nodeLimit is how many paths a table remembers, with or without a value.
const nodeLimit = 4 * fieldLimit

// field is what is known of the values at one path.
type field struct {
	Path string    `json:"path"`
	Name string    `json:"name"` // of its column
	Kind weir.Type `json:"kind"`

	column *column
	rank   int // place among the fields of its column, 0 first
	slot   int // of its column in the rows last laid out; -1 is none
	own    int // slot of its own column, when it is parted from the others; -1 is none
}

// column is one or several fields with one name.
type column struct {
	table  *table
	name   string
	fields []*field // by precedence
	parted bool     // a record once gave two of its fields different values
}

// shared reports whether several fields are in the column.
func (c *column) shared() bool { return len(c.fields) > 1 }

// kind is the type that holds the values of all fields.
func (c *column) kind() weir.Type {
	k := unknown
	for _, f := range c.fields {
		k = widen(k, f.Kind)
	}
	return k
}

// table is what is known of the root record, or of one array in it.
type table struct {
	path     string // of the array; the root has none
	name     string
	declared bool            // the Spec names it
	json     map[string]bool // paths that stay JSON
	ignored  map[string]bool // paths that are left out
	order    []string        // paths that the Spec names, in its order
	reserved map[string]bool // names that fields may not take
	fields   map[string]*field
	columns  map[string]*column
	node     *node
	nodes    int

	index int // in the layout
	types []weir.Type
}

// savedTable is a table as it is written down.
type savedTable struct {
	Field  string   `json:"field,omitempty"`
	Name   string   `json:"name"`
	Fields []*field `json:"fields"`
	Parted []string `json:"parted,omitempty"`
}

// newTable makes a table: the root's first, then those of arrays.
func (s *Schema) newTable(path, name string) *table {
	root := s.root == nil
	t := &table{path: path, name: name, json: map[string]bool{}, ignored: map[string]bool{}, reserved: map[string]bool{},
		fields: map[string]*field{}, columns: map[string]*column{}, node: &node{}}
	s.names[name] = true
	for i := range s.spec.PrimaryKey {
		if root {
			// For the key's own fields, made below.
			t.reserved[s.keyColumn(i)] = true
			continue
		}
		t.reserved[columnPosition] = true
		t.reserved[s.parentColumn(i)] = true
	}
	if root {
		for i, key := range s.spec.PrimaryKey {
			f := &field{Path: key, Name: s.keyColumn(i), slot: -1, own: -1}
			t.join(f)
		}
	}
	return t
}

// keyColumn names the root table's column of a part of the primary key.
func (s *Schema) keyColumn(part int) string {
	return columnName(s.spec.PrimaryKey[part], nil)
}

// parentColumn names the child tables' column of a part of the root's key.
func (s *Schema) parentColumn(part int) string {
	name := singular(s.root.name) + "_" + s.keyColumn(part)
	if len(name) > nameLimit {
		return hashed(name, s.spec.PrimaryKey[part])
	}
	return name
}

// declare gives a path a place before all that are not declared.
func (t *table) declare(path string) {
	if !slices.Contains(t.order, path) {
		t.order = append(t.order, path)
	}
}

// add makes the field of a path. CodeData when the table has too many.
func (t *table) add(path string) (*field, error) {
	if len(t.fields) >= fieldLimit {
		return nil, &weir.Error{Code: weir.CodeData, Where: "table " + t.name,
			Message: fmt.Sprintf("the record has more than %d different fields", fieldLimit),
			Remedy:  "Name its free-form objects among the connector's JSON fields"}
	}
	f := &field{Path: path, Name: columnName(path, t.reserved), slot: -1, own: -1}
	t.join(f)
	return f, nil
}

// join puts a field into its column, by precedence.
func (t *table) join(f *field) {
	t.fields[f.Path] = f
	f.column = t.columns[f.Name]
	if f.column == nil {
		f.column = &column{table: t, name: f.Name}
		t.columns[f.Name] = f.column
	}
	f.column.fields = append(f.column.fields, f)
	slices.SortFunc(f.column.fields, t.compare)
	for i, f := range f.column.fields {
		f.rank = i
	}
}

// compare orders fields: those of the Spec, then those nearer to the top,
// then by path.
func (t *table) compare(a, b *field) int {
	place := func(f *field) int {
		if i := slices.Index(t.order, f.Path); i >= 0 {
			return i
		}
		return len(t.order)
	}
	if d := place(a) - place(b); d != 0 {
		return d
	}
	if d := strings.Count(a.Path, ".") - strings.Count(b.Path, "."); d != 0 {
		return d
	}
	return strings.Compare(a.Path, b.Path)
}

func (t *table) restore(was savedTable) {
	t.name = was.Name
	for _, f := range was.Fields {
		if known := t.fields[f.Path]; known != nil {
			known.Kind = f.Kind
			continue
		}
		f.slot, f.own = -1, -1
		t.join(f)
	}
	for _, name := range was.Parted {
		if c := t.columns[name]; c != nil {
			c.parted = true
		}
	}
}

func (t *table) save() savedTable {
	out := savedTable{Field: t.path, Name: t.name, Fields: []*field{}}
	for _, path := range slices.Sorted(maps.Keys(t.fields)) {
		out.Fields = append(out.Fields, t.fields[path])
	}
	for _, name := range slices.Sorted(maps.Keys(t.columns)) {
		if t.columns[name].parted {
			out.Parted = append(out.Parted, name)
		}
	}
	return out
}
