package transform

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// People write a rule in files and on pages as its operation with what it is
// about: an expression, a field or a list of fields where that is all, and
// otherwise its spec.
//
//	drop: [metadata, location]
//	filter: row.status == "accepted"
//	require: row.end > row.start
//	cast: {field: price, to: number}

// Spell makes a rule of an operation and what stands after it: a JSON text,
// list or object.
func Spell(operation string, about jsontext.Value) Rule {
	var field string
	switch {
	case about.Kind() == '"' && asks(operation):
		field = "expression"
	case about.Kind() == '"':
		field = "field"
	case about.Kind() == '[':
		field = "fields"
	default:
		return Rule{Operation: operation, Spec: about}
	}
	spec, err := json.Marshal(map[string]jsontext.Value{field: about})
	if err != nil {
		return Rule{Operation: operation, Spec: about}
	}
	return Rule{Operation: operation, Spec: spec}
}

// Brief is the inverse of Spell: what stands after the rule's operation.
func (r Rule) Brief() jsontext.Value {
	var fields map[string]jsontext.Value
	if json.Unmarshal(r.Spec, &fields) != nil || len(fields) != 1 {
		return r.Spec
	}
	for name, v := range fields {
		switch {
		case name == "expression" && v.Kind() == '"' && asks(r.Operation),
			name == "field" && v.Kind() == '"' && !asks(r.Operation),
			name == "fields" && v.Kind() == '[':
			return v
		}
	}
	return r.Spec
}

// asks reports whether an operation is about an expression, and not about fields.
func asks(operation string) bool { return operation == "filter" || operation == "require" }
