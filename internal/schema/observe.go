package schema

import (
	"bytes"
	"fmt"
	"maps"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Observe widens the schema so that it covers a record, and says what that
// changed. Until a schema was saved its notices are empty: what appears in a
// dataset's first reading is no drift. A tombstone changes nothing. The error
// is CodeData: the data is not one JSON object, or has too many fields.
func (s *Schema) Observe(r weir.Record) ([]Notice, error) {
	if r.Deleted {
		return nil, nil
	}
	o := &observer{schema: s}
	for again := true; again; {
		o.joined, o.given = false, nil
		if err := s.walk.over(r.Data, o); err != nil {
			return nil, s.refuse(err)
		}
		again = o.joined
	}
	return o.notices, nil
}

func (s *Schema) refuse(err error) error {
	if weir.CodeOf(err) == weir.CodeData {
		return weir.At(s.spec.Dataset, err)
	}
	return &weir.Error{Code: weir.CodeData, Where: s.spec.Dataset, Message: "the record is not a JSON object", Err: err}
}

// observer learns from what walk finds.
type observer struct {
	schema  *Schema
	notices []Notice
	joined  bool // a field came to share a column: compare the record's values again
	// given is what the present row gave the columns that fields share.
	given map[*column][]byte
}

func (o *observer) row(t *table) {
	maps.DeleteFunc(o.given, func(c *column, _ []byte) bool { return c.table == t })
}

func (o *observer) array(n *node) *table {
	t := o.schema.child(n.path)
	o.notice("new table %s", t.name)
	return t
}

func (o *observer) value(t *table, n *node, v jsontext.Value) error {
	kind := kindOf(v)
	if n.json && v.Kind() != 'n' {
		kind = weir.TypeJSON
	}
	if n.field == nil || widen(n.field.Kind, kind) != n.field.Kind {
		if kind == unknown && t.fields[n.path] == nil {
			return nil
		}
		if err := o.learn(t, n, kind); err != nil {
			return err
		}
	}
	if c := n.field.column; c.shared() && !c.parted && kind != unknown {
		o.compare(t, c, v)
	}
	return nil
}

// learn widens a field, and says so.
func (o *observer) learn(t *table, n *node, kind weir.Type) error {
	before, known := unknown, t.fields[n.path]
	if known != nil {
		before = known.column.kind()
	}
	f, err := o.schema.learn(t, n.path, kind)
	if err != nil {
		return err
	}
	n.field = f
	if known == nil && f.column.shared() {
		o.joined = true
		o.notice("table %s: the field %s shares the column %s", t.name, f.Path, f.Name)
		return nil
	}
	switch after := f.column.kind(); {
	case columnType(after) == columnType(before):
	case before == unknown:
		o.notice("table %s: new column %s", t.name, f.Name)
	default:
		o.notice("table %s: the column %s was %s and is now %s", t.name, f.Name, columnType(before), columnType(after))
	}
	return nil
}

// compare finds out whether fields that share a column differ in one row.
func (o *observer) compare(t *table, c *column, v jsontext.Value) {
	before, ok := o.given[c]
	if !ok {
		if o.given == nil {
			o.given = map[*column][]byte{}
		}
		o.given[c] = bytes.Clone(v)
		return
	}
	if bytes.Equal(before, v) {
		return
	}
	c.parted = true
	o.schema.changed()
	for _, f := range c.fields[1:] {
		o.notice("table %s: new column %s, because the field %s is no longer the same as %s", t.name, hashed(f.Name, f.Path), f.Path, c.fields[0].Path)
	}
}

func (o *observer) notice(format string, args ...any) {
	if !o.schema.fresh {
		o.notices = append(o.notices, Notice(fmt.Sprintf(format, args...)))
	}
}

// learn finds or makes the field of a path and widens it.
func (s *Schema) learn(t *table, path string, kind weir.Type) (*field, error) {
	f := t.fields[path]
	if f == nil {
		var err error
		if f, err = t.add(path); err != nil {
			return nil, err
		}
		s.changed()
	}
	if wide := widen(f.Kind, kind); wide != f.Kind {
		f.Kind = wide
		s.changed()
	}
	return f, nil
}
