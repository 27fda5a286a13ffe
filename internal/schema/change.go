package schema

import (
	"bytes"
	"encoding/hex"
	"maps"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Change lays a record out as rows of Layout(mode), read at extractedAt µs by
// run. The record must have been observed. A record whose key is missing, or
// that is not a JSON object, is a reject.
func (s *Schema) Change(r weir.Record, at weir.Position, extractedAt int64, run weir.RunID, mode weir.Mode) (weir.Change, *weir.Reject) {
	c := weir.Change{Position: at, Key: r.Key, Deleted: r.Deleted}
	s.Layout(mode)
	if r.Deleted {
		c.RootKey = s.keyFromText(r.Key)
		return c, nil
	}
	reject := func(reason string) (weir.Change, *weir.Reject) {
		return weir.Change{}, &weir.Reject{Stage: "schema", Reason: reason, Key: r.Key, Original: bytes.Clone(r.Data)}
	}
	w := &writer{schema: s, rows: make([][][]any, len(s.laid)),
		own: []any{time.UnixMicro(extractedAt).UTC(), string(run), nil, hex.EncodeToString(r.Hash[:])}}
	if err := s.walk.over(r.Data, w); err != nil {
		return reject("the record is not a JSON object")
	}
	root := w.rows[0][0]
	for i, path := range s.spec.PrimaryKey {
		if root[i] == nil {
			return reject("the primary key " + path + " is missing")
		}
	}
	c.Rows, c.RootKey = w.rows, root[:len(s.spec.PrimaryKey):len(s.spec.PrimaryKey)]
	for _, rows := range c.Rows[1:] {
		for _, row := range rows {
			copy(row, c.RootKey)
		}
	}
	return c, nil
}

// writer fills the rows of one record.
type writer struct {
	schema *Schema
	own    []any
	rows   [][][]any // of each table; the last one is being filled
	// ranks is which field gave a shared column its value in the present row.
	ranks map[*column]int
}

// row begins a row, with Weir's own columns and a child's position filled;
// the parent's key follows when it is known.
func (w *writer) row(t *table) {
	maps.DeleteFunc(w.ranks, func(c *column, _ int) bool { return c.table == t })
	row := make([]any, len(t.types))
	copy(row[len(t.types)-len(w.own):], w.own)
	if t != w.schema.root {
		row[len(w.schema.spec.PrimaryKey)] = int64(len(w.rows[t.index]))
	}
	w.rows[t.index] = append(w.rows[t.index], row)
}

func (w *writer) array(*node) *table { return nil }

func (w *writer) value(t *table, n *node, v jsontext.Value) error {
	f := n.field
	if f == nil {
		if f = t.fields[n.path]; f == nil {
			return nil // null so far in every record
		}
		n.field = f
	}
	if f.slot < 0 || v.Kind() == 'n' {
		return nil
	}
	row := w.rows[t.index][len(w.rows[t.index])-1]
	if f.own >= 0 {
		row[f.own] = convert(v, t.types[f.own])
	}
	if f.column.shared() {
		if !n.json && empty(v) {
			return nil
		}
		if rank, ok := w.ranks[f.column]; ok && rank < f.rank {
			return nil
		}
		if w.ranks == nil {
			w.ranks = map[*column]int{}
		}
		w.ranks[f.column] = f.rank
	}
	row[f.slot] = convert(v, t.types[f.slot])
	return nil
}

// keyFromText gives the key's parts back their types, for a tombstone, which
// has no data.
func (s *Schema) keyFromText(key string) []any {
	parts := weir.KeyParts(key)
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
		if i < len(s.spec.PrimaryKey) && s.keyType(i) == weir.TypeInt {
			if n, err := strconv.ParseInt(p, 10, 64); err == nil {
				out[i] = n
			}
		}
	}
	return out
}

// convert gives a JSON value the Go form of a column's type. A column is at
// least as wide as every value observed, so nothing is lost; a value that was
// not observed and does not fit becomes null.
func convert(v jsontext.Value, t weir.Type) any {
	if t != weir.TypeJSON && empty(v) {
		return nil
	}
	switch t {
	case weir.TypeBool:
		if k := v.Kind(); k == 't' || k == 'f' {
			return k == 't'
		}
		return nil
	case weir.TypeInt:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n
		}
		return nil
	case weir.TypeFloat:
		if f, err := strconv.ParseFloat(string(v), 64); err == nil {
			return f
		}
		return nil
	case weir.TypeTime:
		if at, ok := timeOf(v); ok {
			return at
		}
		return nil
	case weir.TypeText:
		return text(v)
	}
	return string(v)
}

// text is a string's content, or another value's literal, digit by digit.
func text(v jsontext.Value) string {
	if v.Kind() != '"' {
		return string(v)
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	s, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return string(v)
	}
	return string(s)
}
