package transform

import (
	"bytes"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// value is a JSON value of a record. It stays text until a rule looks into it.
type value struct {
	doc     *document
	raw     jsontext.Value // the text; meaningless once it was opened
	is      form
	members []member // of an object that was opened, sorted by name
	items   []value  // of an array that was opened
}

// form is in which form a value is held.
type form uint8

const (
	text form = iota
	object
	array
)

// member is one field of an object.
type member struct {
	name  string
	value value
}

// depthLimit is how deep rules look into a record.
const depthLimit = 64

// document is the memory of one record after another.
type document struct {
	decoder *jsontext.Decoder
	names   map[string]string // quoted → plain: records have the same ones
	root    value
}

// nameLimit bounds the names that are remembered: a free-form object may have
// new ones in each record.
const nameLimit = 4096

var errNotObject = errors.New("not a JSON object")

// open takes the next record; what was given of the one before is invalid then.
func (d *document) open(data []byte) (*value, error) {
	if d.decoder == nil {
		d.decoder, d.names = jsontext.NewDecoder(new(bytes.Buffer)), map[string]string{}
	}
	d.root = value{doc: d, raw: data, members: d.root.members[:0]}
	if !jsontext.Value(data).IsValid() || !d.root.object() {
		return nil, errNotObject
	}
	return &d.root, nil
}

// kind is the value's kind, as jsontext has it: 'n', 't', 'f', '"', '0', '{', '['.
func (v *value) kind() jsontext.Kind {
	switch v.is {
	case object:
		return '{'
	case array:
		return '['
	}
	return v.raw.Kind()
}

// object opens the value, if it is an object.
func (v *value) object() bool {
	if v.is == text && v.raw.Kind() == '{' {
		v.members, v.is = v.doc.readMembers(v.members[:0], v.raw), object
	}
	return v.is == object
}

// array opens the value, if it is an array.
func (v *value) array() bool {
	if v.is == text && v.raw.Kind() == '[' {
		v.items, v.is = v.doc.readItems(v.raw), array
	}
	return v.is == array
}

// readMembers takes an object apart. The text was found valid before.
func (d *document) readMembers(out []member, raw jsontext.Value) []member {
	in := d.decoder
	in.Reset(bytes.NewBuffer(raw))
	_, _ = in.ReadToken()
	for in.PeekKind() == '"' {
		name, err := in.ReadValue()
		if err != nil {
			break
		}
		plain := d.name(name)
		v, err := in.ReadValue()
		if err != nil {
			break
		}
		end := int(in.InputOffset())
		out = append(out, member{plain, value{doc: d, raw: raw[end-len(v) : end : end]}})
	}
	byName := func(a, b member) int { return compareNames(a.name, b.name) }
	if !slices.IsSortedFunc(out, byName) { // it is in all records that were read
		slices.SortFunc(out, byName)
	}
	return out
}

func (d *document) readItems(raw jsontext.Value) (out []value) {
	in := d.decoder
	in.Reset(bytes.NewBuffer(raw))
	_, _ = in.ReadToken()
	for in.PeekKind() != ']' {
		v, err := in.ReadValue()
		if err != nil {
			break
		}
		end := int(in.InputOffset())
		out = append(out, value{doc: d, raw: raw[end-len(v) : end : end]})
	}
	return out
}

// name is a member's name without its quotes.
func (d *document) name(quoted jsontext.Value) string {
	if plain, known := d.names[string(quoted)]; known {
		return plain
	}
	plain, _ := jsontext.AppendUnquote(nil, quoted) // it was found valid before
	if len(d.names) < nameLimit {
		d.names[string(quoted)] = string(plain)
	}
	return string(plain)
}

// find gives the place of a member, and whether it is there.
func (v *value) find(name string) (int, bool) {
	return slices.BinarySearchFunc(v.members, name, func(m member, name string) int { return compareNames(m.name, name) })
}

// at gives a member's value; nil when there is none, or v is no object.
func (v *value) at(name string) *value {
	if !v.object() {
		return nil
	}
	if i, there := v.find(name); there {
		return &v.members[i].value
	}
	return nil
}

// put sets a member of an object.
func (v *value) put(name string, to value) {
	i, there := v.find(name)
	if there {
		v.members[i].value = to
		return
	}
	v.members = slices.Insert(v.members, i, member{name, to})
}

// take removes a member of an object.
func (v *value) take(name string) (was value, there bool) {
	i, there := v.find(name)
	if !there {
		return was, false
	}
	was = v.members[i].value
	v.members = slices.Delete(v.members, i, i+1)
	return was, true
}

// set makes the value the one that text is.
func (v *value) set(raw jsontext.Value) { *v = value{doc: v.doc, raw: raw} }

var errDeep = errors.New("nested too deep")

// append writes the value in canonical form.
func (v *value) append(out []byte, depth int) (_ []byte, err error) {
	if depth > depthLimit && v.is != text {
		return nil, errDeep
	}
	switch v.is {
	case object:
		out = append(out, '{')
		for i := range v.members {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = jsontext.AppendQuote(out, v.members[i].name); err != nil {
				return nil, err
			}
			out = append(out, ':')
			if out, err = v.members[i].value.append(out, depth+1); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case array:
		out = append(out, '[')
		for i := range v.items {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = v.items[i].append(out, depth+1); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	}
	return append(out, v.raw...), nil
}

// compareNames orders names as canonical JSON does: by UTF-16. That differs
// from the order of bytes only where one has a character beyond U+FFFF.
func compareNames(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		x, y := a[i], b[i]
		switch {
		case x >= 0xF0 && y >= 0xEE && y < 0xF0: // a surrogate before U+E000 to U+FFFF
			return -1
		case y >= 0xF0 && x >= 0xEE && x < 0xF0:
			return 1
		}
		return int(x) - int(y)
	}
	return len(a) - len(b)
}
