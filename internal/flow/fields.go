package flow

import (
	"bytes"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Column is one field of a dataset's records, as some of them have it.
type Column struct {
	Path    string         // names with dots between; [] follows a list's: attendees[].email
	Kind    string         // text, integer, number, boolean, time, list, object or any
	Of      int            // rows that were counted: records, or elements of the list that it is in
	Null    int            // rows in which it is null
	Empty   int            // rows in which it is a text, list or object of nothing
	Absent  int            // rows in which it, or what would hold it, is not there
	Example jsontext.Value // of the first row that has a value; nil for none, and where its own fields have examples
}

// longestExample is how many bytes an example may have: a longer value is none.
const longestExample = 1_000

// fields counts what is in the fields that a JSON Schema knows: of records, of
// an object in them, or of the elements of a list. What the schema does not know
// is passed over, so that counting takes no more memory than it has fields.
type fields struct {
	rows  int // records or elements; none of an object, which is a part of its row
	known map[string]*field
}

// field is what was counted of one.
type field struct {
	kind    string
	there   int // rows that have it, null or not
	null    int
	empty   int
	example jsontext.Value
	members *fields // of an object
	items   *fields // of a list that has a table of its own
}

func newFields() *fields { return &fields{known: map[string]*field{}} }

// grow takes over what a JSON Schema knows, and keeps what was counted.
func (f *fields) grow(schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	for name, what := range properties {
		known := f.known[name]
		if known == nil {
			known = &field{}
			f.known[name] = known
		}
		within, _ := what.(map[string]any)
		known.kind = kindOf(within)
		if within["properties"] != nil {
			known.members = grown(known.members, within)
		}
		if items, is := within["items"].(map[string]any); is {
			known.items = grown(known.items, items)
		}
	}
}

func grown(f *fields, schema map[string]any) *fields {
	if f == nil {
		f = newFields()
	}
	f.grow(schema)
	return f
}

// count counts one record, which is canonical JSON. One that is broken is
// counted up to there.
func (f *fields) count(record []byte) {
	f.rows++
	d := jsontext.NewDecoder(bytes.NewBuffer(record), jsontext.AllowDuplicateNames(true))
	if d.PeekKind() == '{' {
		_ = f.object(d)
	}
}

// object counts the object that d is at.
func (f *fields) object(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		known := f.known[name.String()]
		if known == nil {
			err = d.SkipValue()
		} else {
			err = known.value(d)
		}
		if err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// value counts the value that d is at.
func (f *field) value(d *jsontext.Decoder) error {
	f.there++
	switch kind := d.PeekKind(); {
	case kind == 'n':
		f.null++
		return d.SkipValue()
	case kind == '{' && f.members != nil:
		return f.members.object(d)
	case kind == '[' && f.items != nil:
		before := f.items.rows
		err := f.items.list(d)
		if f.items.rows == before {
			f.empty++
		}
		return err
	}
	v, err := d.ReadValue()
	switch {
	case err != nil:
		return err
	case string(v) == `""`, string(v) == "{}", string(v) == "[]":
		f.empty++
	case f.example == nil && f.members == nil && f.items == nil && len(v) <= longestExample:
		f.example = v.Clone()
	}
	return nil
}

// list counts the elements of the list that d is at. What is no object has the
// field without a name.
func (f *fields) list(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for kind := d.PeekKind(); kind != ']'; kind = d.PeekKind() {
		f.rows++
		var err error
		switch scalar := f.known[""]; {
		case kind == '{':
			err = f.object(d)
		case scalar != nil:
			err = scalar.value(d)
		default:
			err = d.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// columns lists the fields by their paths; rows is how many rows were counted
// that could have them.
func (f *fields) columns(within string, rows int) (all []Column) {
	for _, name := range slices.Sorted(maps.Keys(f.known)) {
		of := f.known[name]
		path := within + name
		if name == "" {
			path = within[:max(0, len(within)-1)] // the elements themselves: guests[]
		}
		all = append(all, Column{Path: path, Kind: of.kind, Of: rows, Null: of.null, Empty: of.empty, Absent: rows - of.there, Example: of.example})
		if of.members != nil {
			all = append(all, of.members.columns(path+".", rows)...)
		}
		if of.items != nil {
			all = append(all, of.items.columns(path+"[].", of.items.rows)...)
		}
	}
	return all
}
