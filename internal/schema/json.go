package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// JSONSchema tells what is known of the records as a JSON Schema of draft 4:
// objects nest as they do in the records, and an array with a table of its
// own is an array of objects. Any value may be null.
func (s *Schema) JSONSchema() map[string]any {
	root := anObject()
	for _, t := range append([]*table{s.root}, s.children()...) {
		into := root
		if t != s.root {
			into = anObject()
			leaf(root, split(t.path), map[string]any{"type": []string{"array", "null"}, "items": into})
		}
		for _, path := range slices.Sorted(maps.Keys(t.fields)) {
			if f := t.fields[path]; f.Kind != unknown {
				leaf(into, split(path), jsonType(f.Kind))
			}
		}
	}
	root["$schema"] = "http://json-schema.org/draft-04/schema#"
	return root
}

func anObject() map[string]any {
	return map[string]any{"type": "object", "properties": map[string]any{}}
}

// leaf puts a value's schema at a path of objects. What is already there, as
// the object that a path leads through, stays.
func leaf(into map[string]any, path []string, what map[string]any) {
	properties, isObject := into["properties"].(map[string]any)
	if !isObject {
		return
	}
	if len(path) == 1 {
		if properties[path[0]] == nil {
			properties[path[0]] = what
		}
		return
	}
	next, _ := properties[path[0]].(map[string]any)
	if next == nil {
		next = anObject()
		properties[path[0]] = next
	}
	leaf(next, path[1:], what)
}

// split takes a dotted path apart; a backslash keeps the dot after it.
func split(path string) []string {
	var parts []string
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\' && i+1 < len(path):
			i++
			b.WriteByte(path[i])
		case c == '.':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(parts, b.String())
}

// jsonType is a column's type in JSON Schema.
func jsonType(t weir.Type) map[string]any {
	switch columnType(t) {
	case weir.TypeBool:
		return map[string]any{"type": []string{"boolean", "null"}}
	case weir.TypeInt:
		return map[string]any{"type": []string{"integer", "null"}}
	case weir.TypeFloat:
		return map[string]any{"type": []string{"number", "null"}}
	case weir.TypeTime:
		return map[string]any{"type": []string{"string", "null"}, "format": "date-time"}
	case weir.TypeJSON:
		return map[string]any{}
	}
	return map[string]any{"type": []string{"string", "null"}}
}
