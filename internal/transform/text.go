package transform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// onText changes texts, and leaves all other values as they are.
type onText struct {
	changes
	make func(string) string
}

func newTrim(s *spec) step  { return textStep(s, strings.TrimSpace) }
func newLower(s *spec) step { return textStep(s, strings.ToLower) }
func newUpper(s *spec) step { return textStep(s, strings.ToUpper) }

func textStep(s *spec, f func(string) string) step { return &onText{changes{paths: s.paths()}, f} }

func (t *onText) apply(root *value) (bool, error) {
	for _, path := range t.paths {
		err := leaves(root, path, func(leaf *value) error {
			if leaf.kind() != '"' {
				return nil
			}
			was := leaf.plain()
			if now := t.make(was); now != was {
				leaf.set(quote(now))
			}
			return nil
		})
		if err != nil {
			return true, err
		}
	}
	return true, nil
}

// follow keeps what is known but of texts that are more than text: a time with
// small letters is none.
func (t *onText) follow(f place) (place, bool) {
	if f.typ == weir.TypeTime || f.typ == weir.TypeJSON {
		return t.changes.follow(f)
	}
	return f, true
}

// plain is a text without its quotes; of any other value, what it is as text.
func (v *value) plain() string {
	if v.is == text && v.raw.Kind() == '"' {
		if out, err := jsontext.AppendUnquote(nil, v.raw); err == nil {
			return string(out)
		}
	}
	out, _ := v.append(nil, 0)
	return string(out)
}

// standard gives a field a value where it has none.
type standard struct {
	changes
	value jsontext.Value
}

// mostValue is how long a value that stands in a rule may be, in bytes.
const mostValue = 10_000

func newDefault(s *spec) step {
	d := &standard{changes: changes{paths: [][]string{s.path()}}, value: s.value("value")}
	switch {
	case d.value == nil || d.value.Kind() == 'n':
		s.refuse("value", "it is missing", "Give the value that stands where there is none")
	case len(d.value) > mostValue:
		s.refuse("value", fmt.Sprintf("it is longer than %d bytes", mostValue), "Give a shorter one")
	default:
		d.value = d.value.Clone()
		if err := canonicalize(&d.value); err != nil {
			s.refuse("value", "it is no JSON", "Give a text, a number, true, false, a list or an object")
		}
	}
	return d
}

// canonicalize brings a value into the form that records have.
func canonicalize(v *jsontext.Value) error {
	return v.Canonicalize(jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
}

func (d *standard) apply(root *value) (bool, error) {
	return true, owners(root, d.paths[0], func(owner *value, name string) error {
		if there := owner.at(name); there == nil || there.kind() == 'n' {
			owner.put(name, value{doc: owner.doc, raw: d.value})
		}
		return nil
	})
}

var (
	errInArray  = errors.New("it is inside a list")
	errInScalar = errors.New("what should hold it is no object")
)

// create sets the value at a path, and makes the objects on the way that are
// not there.
func create(v *value, path []string, to jsontext.Value) error {
	switch {
	case v.array():
		return errInArray
	case !v.object():
		return errInScalar
	case len(path) == 1:
		v.put(path[0], value{doc: v.doc, raw: to})
		return nil
	}
	if next := v.at(path[0]); next == nil || next.kind() == 'n' {
		v.put(path[0], value{doc: v.doc, is: object})
	}
	return create(v.at(path[0]), path[1:], to)
}
