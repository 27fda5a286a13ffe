package schema

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Observe widens the schema so that it covers a record, and says what that
// changed. The notices of a dataset's first schema are empty: what appears
// there is no drift. A tombstone changes nothing. An error means that the
// data is not one JSON object.
func (s *Schema) Observe(r weir.Record) ([]Notice, error) {
	if r.Deleted {
		return nil, nil
	}
	o := &observer{schema: s}
	if err := walk(r.Data, "", 0, s.json, o); err != nil {
		return nil, &weir.Error{Code: weir.CodeData, Where: s.spec.Dataset, Message: "the record is not a JSON object", Err: err}
	}
	return o.notices, nil
}

// observer learns from what walk finds.
type observer struct {
	schema  *Schema
	notices []Notice
}

func (o *observer) value(path string, v jsontext.Value) {
	o.schema.learn(o.schema.tables[0], path, typeOf(v), &o.notices)
}

// array makes child tables of declared arrays and of arrays of objects.
func (o *observer) array(path string, v jsontext.Value) bool {
	declared := o.schema.declared(path)
	if !declared && !allObjects(v) {
		return false
	}
	t := o.schema.child(path)
	_ = elements(v, func(e jsontext.Value) {
		if e.Kind() != '{' {
			o.schema.learn(t, columnValue, typeOf(e), &o.notices)
			return
		}
		_ = walk(e, "", 1, nil, &element{o, t})
	})
	return true
}

// element learns one element of an array; arrays inside stay JSON.
type element struct {
	*observer
	table *table
}

func (e *element) value(path string, v jsontext.Value) {
	e.schema.learn(e.table, path, typeOf(v), &e.notices)
}

func (e *element) array(string, jsontext.Value) bool { return false }

// declared reports whether a field has a child table, by the connector or by
// an earlier record.
func (s *Schema) declared(path string) bool {
	for _, t := range s.tables[1:] {
		if t.Field == path {
			return true
		}
	}
	return false
}

// allObjects reports whether an array has elements, and all are objects.
func allObjects(v jsontext.Value) bool {
	n, objects := 0, 0
	_ = elements(v, func(e jsontext.Value) {
		n++
		if e.Kind() == '{' {
			objects++
		}
	})
	return n > 0 && n == objects
}
