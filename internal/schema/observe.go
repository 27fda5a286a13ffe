package schema

import (
	"bytes"
	"maps"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Observe widens the schema so that it covers a record, and says what that
// changed. A tombstone changes nothing. The error is CodeData: the data is not
// one JSON object, or has too many fields; what the part before that has
// changed stays, and is told.
func (s *Schema) Observe(r weir.Record) ([]Notice, error) {
	if r.Deleted {
		return nil, nil
	}
	o := &observer{schema: s}
	for again := true; again; {
		o.joined, o.given = false, nil
		if err := s.walk.over(r.Data, o); err != nil {
			return o.notices, s.refuse(err)
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
	o.notices = append(o.notices, Notice{Kind: NewTable, Table: t.name, Path: t.path})
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
	notice := Notice{Table: t.name, Column: f.Name, Path: t.pathOf(f.Path), Before: columnType(before), After: columnType(f.column.kind())}
	switch {
	case known == nil && f.column.shared():
		o.joined = true
		notice.Kind, notice.Before = SharedColumn, ""
	case notice.After == notice.Before:
		return nil
	case before == unknown:
		notice.Kind = NewColumn
	default:
		notice.Kind = WiderType
	}
	o.notices = append(o.notices, notice)
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
		o.notices = append(o.notices, Notice{Kind: OwnColumn, Table: t.name, Column: hashed(f.Name, f.Path), Path: t.pathOf(f.Path),
			After: columnType(f.Kind), Other: t.pathOf(c.fields[0].Path)})
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
