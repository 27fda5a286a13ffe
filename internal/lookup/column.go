package lookup

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Columns count, for each column, how many rows have a value of which kind.
type Columns map[string]map[string]int

// The kinds of values, as JSON Schema names them.
const (
	kindString  = "string"
	kindInteger = "integer"
	kindNumber  = "number"
	kindBoolean = "boolean"
	kindNull    = "null"
)

func kindOf(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		return kindString
	case '0':
		if bytes.ContainsAny(v, ".eE") {
			return kindNumber
		}
		return kindInteger
	case 't', 'f':
		return kindBoolean
	}
	return kindNull
}

// Add counts a row's values n times: 1 for a row that comes, -1 for one that goes.
func (c Columns) Add(row Values, n int) {
	for name, v := range row {
		if c[name] == nil {
			c[name] = map[string]int{}
		}
		kind := kindOf(v)
		if c[name][kind] += n; c[name][kind] == 0 {
			delete(c[name], kind)
		}
		if len(c[name]) == 0 {
			delete(c, name)
		}
	}
}

// Schema describes a row as JSON Schema.
func (c Columns) Schema() map[string]any {
	properties := map[string]any{}
	for name, kinds := range c {
		var types []string
		for kind := range kinds {
			if kind != kindInteger || kinds[kindNumber] == 0 { // an integer is a number
				types = append(types, kind)
			}
		}
		slices.Sort(types)
		var one any = types
		if len(types) == 1 {
			one = types[0]
		}
		properties[name] = map[string]any{"type": one}
	}
	return map[string]any{"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "properties": properties}
}
