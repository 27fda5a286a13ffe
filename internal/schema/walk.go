package schema

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// depthLimit is how deep objects become columns.
const depthLimit = 4

// node is one path of a table, remembered so that a known record is walked
// without building its paths again.
type node struct {
	path    string
	depth   int
	json    bool   // the Spec keeps it as JSON
	ignored bool   // the Spec leaves it out
	field   *field // nil before a value was seen
	array   *table // nil when no array of it became a table
	members map[string]*node
}

// visitor receives what walk finds, in the record's order.
type visitor interface {
	// row begins a row: of the root, or of one element of an array.
	row(t *table)
	// value is a scalar or a value that stays JSON. It is valid during the
	// call only.
	value(t *table, n *node, v jsontext.Value) error
	// array gives the table of an undeclared array of objects that is not
	// known yet; nil leaves the array out.
	array(n *node) *table
}

// walk goes through a record once.
type walk struct {
	schema *Schema
	record *jsontext.Decoder
	items  *jsontext.Decoder // of one array
	to     visitor
}

func newWalk(s *Schema) walk {
	none := new(bytes.Buffer)
	unchecked := jsontext.AllowDuplicateNames(true) // canonical JSON has none
	return walk{schema: s, record: jsontext.NewDecoder(none, unchecked), items: jsontext.NewDecoder(none, unchecked)}
}

var errNotObject = errors.New("not a JSON object")

// over walks a record.
func (w *walk) over(data []byte, to visitor) error {
	w.to = to
	w.record.Reset(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	if w.record.PeekKind() != '{' {
		return errNotObject
	}
	t := w.schema.root
	to.row(t)
	if err := w.object(w.record, t, t.node); err != nil {
		return err
	}
	if _, err := w.record.ReadToken(); !errors.Is(err, io.EOF) {
		return errNotObject
	}
	return nil
}

// object walks the object that d is at.
func (w *walk) object(d *jsontext.Decoder, t *table, n *node) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		m := w.member(t, n, name)
		if err := w.value(d, t, m); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func (w *walk) value(d *jsontext.Decoder, t *table, n *node) error {
	kind := d.PeekKind()
	if n.ignored {
		return d.SkipValue()
	}
	if kind == '{' && !n.json && n.depth < depthLimit {
		return w.object(d, t, n)
	}
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	if kind == '[' && t == w.schema.root && !n.json {
		return w.list(t, n, v)
	}
	return w.to.value(t, n, v)
}

// list walks an array that may be a child table.
func (w *walk) list(t *table, n *node, v jsontext.Value) error {
	if n.array == nil {
		n.array = w.schema.arrays[n.path]
	}
	if n.array == nil || !n.array.declared {
		if n.depth > 1 || !w.allObjects(v) {
			return w.to.value(t, n, v)
		}
		if n.array == nil {
			n.array = w.to.array(n)
		}
		if n.array == nil {
			return nil
		}
	}
	return w.elements(n.array, v)
}

func (w *walk) elements(t *table, v jsontext.Value) error {
	d := w.begin(v)
	for d.PeekKind() != ']' {
		w.to.row(t)
		if d.PeekKind() == '{' {
			if err := w.object(d, t, t.node); err != nil {
				return err
			}
			continue
		}
		v, err := d.ReadValue()
		if err != nil {
			return err
		}
		t.node.field = t.fields[""]
		if err := w.to.value(t, t.node, v); err != nil {
			return err
		}
	}
	return nil
}

// allObjects reports whether an array has elements, and all are objects.
func (w *walk) allObjects(v jsontext.Value) bool {
	d, n := w.begin(v), 0
	for ; d.PeekKind() == '{'; n++ {
		if d.SkipValue() != nil {
			return false
		}
	}
	return n > 0 && d.PeekKind() == ']'
}

// begin puts the items decoder before an array's first element. The array
// was read whole before, so it is valid.
func (w *walk) begin(v jsontext.Value) *jsontext.Decoder {
	w.items.Reset(bytes.NewBuffer(v), jsontext.AllowDuplicateNames(true))
	_, _ = w.items.ReadToken()
	return w.items
}

// member finds or makes the node of a member by its name in quotes.
func (w *walk) member(t *table, n *node, name jsontext.Value) *node {
	if m := n.members[string(name)]; m != nil {
		return m
	}
	text, err := jsontext.AppendUnquote(nil, name)
	if err != nil { // invalid UTF-8 that the decoder let pass
		text = name
	}
	m := &node{path: join(n.path, string(text)), depth: n.depth + 1}
	m.json, m.ignored, m.field = t.json[m.path], t.ignored[m.path], t.fields[m.path]
	if t.nodes < nodeLimit {
		if n.members == nil {
			n.members = map[string]*node{}
		}
		n.members[string(name)] = m
		t.nodes++
	}
	return m
}

var escape = strings.NewReplacer(`\`, `\\`, `.`, `\.`)

// join appends a member's name to a path.
func join(path, name string) string {
	name = escape.Replace(name)
	if name == "" {
		name = `\e` // the path "" is an array's element itself
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
