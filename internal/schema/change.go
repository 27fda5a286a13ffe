package schema

import (
	"encoding/hex"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Change lays an observed record out as rows of Layout(mode), read at
// extractedAt µs by run. A record whose key is missing is a reject.
func (s *Schema) Change(r weir.Record, at weir.Position, extractedAt int64, run weir.RunID, mode weir.Mode) (weir.Change, *weir.Reject) {
	c := weir.Change{Position: at, Key: r.Key, Deleted: r.Deleted}
	layout := s.Layout(mode)
	if r.Deleted {
		c.RootKey = s.keyFromText(r.Key, layout.Tables[0])
		return c, nil
	}
	w := &writer{schema: s, layout: layout, children: make([][][]any, len(layout.Tables)),
		own: []any{time.UnixMicro(extractedAt).UTC(), string(run), nil, hex.EncodeToString(r.Hash[:])}}
	w.row = w.blank(0)
	w.columns = s.columnsOf(0, layout)
	reject := func(reason string) (weir.Change, *weir.Reject) {
		return c, &weir.Reject{Stage: "schema", Reason: reason, Key: r.Key, Original: r.Data}
	}
	if err := walk(r.Data, "", 0, s.json, w); err != nil {
		return reject("the record is not a JSON object")
	}
	for i, path := range s.spec.PrimaryKey {
		if w.row[i] == nil {
			return reject("the primary key " + path + " is missing")
		}
	}
	c.RootKey = w.row[:len(s.spec.PrimaryKey):len(s.spec.PrimaryKey)]
	w.finish(c.RootKey)
	c.Rows = w.children
	c.Rows[0] = [][]any{w.row}
	return c, nil
}

// writer fills the rows of one record.
type writer struct {
	schema   *Schema
	layout   weir.Layout
	own      []any
	row      []any          // of the root
	columns  map[string]int // path → column of the root
	children [][][]any      // rows of each table; the root's are set at the end
}

// blank is an empty row of a table with Weir's own columns filled.
func (w *writer) blank(table int) []any {
	n := len(w.layout.Tables[table].Columns)
	row := make([]any, n)
	copy(row[n-len(w.own):], w.own)
	return row
}

func (w *writer) value(path string, v jsontext.Value) {
	if i, ok := w.columns[path]; ok {
		w.row[i] = convert(v, w.layout.Tables[0].Columns[i].Type)
	}
}

func (w *writer) array(path string, v jsontext.Value) bool {
	for i, t := range w.schema.tables[1:] {
		if t.Field == path {
			w.elements(i+1, v)
			return true
		}
	}
	return false
}

// elements makes a row of each element; the parent's key is filled in later.
func (w *writer) elements(table int, v jsontext.Value) {
	columns := w.schema.columnsOf(table, w.layout)
	parent := len(w.schema.spec.PrimaryKey)
	_ = elements(v, func(e jsontext.Value) {
		row := w.blank(table)
		row[parent] = int64(len(w.children[table]))
		fill := &childRow{row: row, columns: columns, table: w.layout.Tables[table]}
		if e.Kind() == '{' {
			_ = walk(e, "", 1, nil, fill)
		} else {
			fill.value(columnValue, e)
		}
		w.children[table] = append(w.children[table], row)
	})
}

func (w *writer) finish(key []any) {
	for _, rows := range w.children[1:] {
		for _, row := range rows {
			copy(row, key)
		}
	}
}

// childRow fills one row of a child table.
type childRow struct {
	row     []any
	columns map[string]int
	table   weir.Table
}

func (c *childRow) value(path string, v jsontext.Value) {
	if i, ok := c.columns[path]; ok {
		c.row[i] = convert(v, c.table.Columns[i].Type)
	}
}

func (c *childRow) array(string, jsontext.Value) bool { return false }

// columnsOf maps paths to columns of a table.
func (s *Schema) columnsOf(table int, l weir.Layout) map[string]int {
	t := s.tables[table]
	if t.columns != nil && t.columnsAt == s.changes && t.columnsLen == len(l.Tables[table].Columns) {
		return t.columns
	}
	byName := map[string]int{}
	for i, c := range l.Tables[table].Columns {
		byName[c.Name] = i
	}
	t.columns, t.columnsAt, t.columnsLen = map[string]int{}, s.changes, len(l.Tables[table].Columns)
	for _, f := range t.Fields {
		if i, ok := byName[f.Name]; ok {
			t.columns[f.Path] = i
		}
	}
	return t.columns
}

// keyFromText gives the key's parts back their types, for a tombstone, which
// has no data.
func (s *Schema) keyFromText(key string, root weir.Table) []any {
	parts := weir.KeyParts(key)
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
		if i < len(root.Columns) && root.Columns[i].Type == weir.TypeInt {
			if n, err := strconv.ParseInt(p, 10, 64); err == nil {
				out[i] = n
			}
		}
	}
	return out
}

// convert gives a JSON value the Go form of a column's type. A column is at
// least as wide as every value observed, so nothing is lost.
func convert(v jsontext.Value, t weir.Type) any {
	if v.Kind() == 'n' {
		return nil
	}
	switch t {
	case weir.TypeBool:
		return v.Kind() == 't'
	case weir.TypeInt:
		n, _ := strconv.ParseInt(string(v), 10, 64) // observed as an int
		return n
	case weir.TypeFloat:
		f, _ := strconv.ParseFloat(string(v), 64) // observed as a number
		return f
	case weir.TypeTime:
		at, _ := timeOf(v) // observed as a time
		return at
	case weir.TypeText:
		if v.Kind() == '"' {
			text, err := jsontext.AppendUnquote(nil, v)
			if err != nil {
				return string(v)
			}
			return string(text)
		}
	}
	return string(v)
}
