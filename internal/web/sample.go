package web

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/web/ui"
)

// columnsShown and charactersShown are how much of a record a table of samples shows.
const (
	columnsShown    = 12
	charactersShown = 80
)

// sampleTable shows records in columns: what tells them apart first, then
// plain values, then what holds more.
func sampleTable(p *pipeline.Preview, key []string) ui.Table {
	records := make([][]byte, len(p.Records))
	for i, r := range p.Records {
		records[i] = r.Data
	}
	return recordTable(records, key)
}

// recordTable is a table of records.
func recordTable(records [][]byte, key []string) ui.Table {
	t := ui.Table{ID: "samples", Caption: "sample records", Path: "#", Total: len(records)}
	names := recordColumns(records, key)
	for _, name := range names {
		t.Columns = append(t.Columns, ui.Column{Title: name})
	}
	for _, r := range records {
		row := make([]ui.Cell, len(names))
		for _, f := range members(r) {
			if i := slices.Index(names, f.name); i >= 0 {
				row[i] = ui.Words(short(f.value))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// recordColumns chooses the columns, in their order.
func recordColumns(records [][]byte, key []string) []string {
	var plain, nested []string
	for _, r := range records {
		for _, f := range members(r) {
			if slices.Contains(key, f.name) || slices.Contains(plain, f.name) {
				continue
			}
			switch at := slices.Index(nested, f.name); {
			case f.value.Kind() == '{' || f.value.Kind() == '[':
				if at < 0 {
					nested = append(nested, f.name)
				}
			case at < 0 && f.value.Kind() != 'n':
				plain = append(plain, f.name)
			}
		}
	}
	all := slices.Concat(key, plain, nested)
	return all[:min(columnsShown, len(all))]
}

type member struct {
	name  string
	value jsontext.Value
}

// members are the fields of an object, in their order; none of anything else.
func members(object []byte) (all []member) {
	d := jsontext.NewDecoder(bytes.NewReader(object))
	if begin, err := d.ReadToken(); err != nil || begin.Kind() != '{' {
		return nil
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return all
		}
		text := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return all
		}
		all = append(all, member{text, value.Clone()})
	}
	return all
}

// elements are those of a list, in their order; none of anything else.
func elements(list jsontext.Value) (all []jsontext.Value) {
	d := jsontext.NewDecoder(bytes.NewReader(list))
	if begin, err := d.ReadToken(); err != nil || begin.Kind() != '[' {
		return nil
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return all
		}
		all = append(all, value.Clone())
	}
	return all
}

// short is a value as a table shows it.
func short(v jsontext.Value) string {
	text := string(v)
	switch v.Kind() {
	case '"':
		if err := json.Unmarshal(v, &text); err != nil {
			text = string(v)
		}
	case 'n':
		return ""
	}
	return shortened(text)
}

// shortened is as much of a text as a table shows.
func shortened(text string) string {
	if runes := []rune(text); len(runes) > charactersShown {
		return string(runes[:charactersShown]) + "…"
	}
	return text
}

// pretty is a record as people read it.
func pretty(v jsontext.Value) string {
	c := v.Clone()
	if err := c.Indent(jsontext.WithIndent("  ")); err != nil {
		return string(v)
	}
	return string(c)
}
