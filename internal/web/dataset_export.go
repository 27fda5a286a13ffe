package web

import (
	"slices"

	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/web/ui"
)

// exportDataset sends all records of a dataset as a file: what tells them apart
// first, then the other fields by name. What holds more than one value is JSON.
func (v *visit) exportDataset() error {
	ctx := v.r.Context()
	d, err := v.Flows.Dataset(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	shape, _, err := v.Flows.Schema(ctx, d)
	if err != nil {
		return err
	}
	names := fieldsOf(shape, v.keyOf(d.Endpoint))
	return v.streamed("records.csv", func(out *ui.CSV) error {
		records, err := v.Flows.Records(v.r.Context(), d)
		if err != nil {
			return err
		}
		if err := out.Line(names...); err != nil {
			return err
		}
		at, line := map[string]int{}, make([]string, len(names))
		for i, name := range names {
			at[name] = i
		}
		for r, err := range records {
			if err != nil {
				return err
			}
			clear(line)
			for _, m := range members(r.Data) {
				if i, ok := at[m.name]; ok {
					line[i] = lookup.Text(m.value)
				}
			}
			if err := out.Line(line...); err != nil {
				return err
			}
		}
		return nil
	})
}

// fieldsOf are the fields of a JSON Schema, the key's first.
func fieldsOf(schema map[string]any, key []string) []string {
	properties, _ := schema["properties"].(map[string]any)
	names := slices.Clone(key)
	for name := range properties {
		if !slices.Contains(key, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names[len(key):])
	return names
}
