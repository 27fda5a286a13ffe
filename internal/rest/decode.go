package rest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// The limits of one record.
const (
	depthLimit = 64
	keyLimit   = 10_000
)

// strict reads JSON as RFC 8259 and RFC 7493 have it: names are compared by
// case, a name twice in an object is refused. Text that is not valid Unicode
// becomes U+FFFD, the one deviation, because people's names must not stop a
// run.
var strict = []jsontext.Options{jsontext.AllowInvalidUTF8(true)}

// wellFormed checks that body is exactly one JSON value of bounded depth.
func wellFormed(body []byte) error {
	if depth(body) > depthLimit {
		return malformed("it is nested deeper than %d", depthLimit)
	}
	d := jsontext.NewDecoder(bytes.NewReader(body), strict...)
	if err := d.SkipValue(); err != nil {
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) {
			return malformed("byte %d: %s", syntax.ByteOffset, Clip(syntax.Err.Error()))
		}
		return malformed("it is empty or cut")
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return malformed("more follows after byte %d", d.InputOffset())
	}
	return nil
}

func malformed(format string, args ...any) error {
	return &weir.Error{Code: weir.CodeTransient, Where: "answer", Message: "it is not valid JSON: " + fmt.Sprintf(format, args...)}
}

// depth is how deep brackets nest outside of strings.
func depth(body []byte) int {
	now, most, inString := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}

// canonical gives a value one form: sorted names, no blanks, numbers with
// every digit as they came.
func canonical(v jsontext.Value) (jsontext.Value, error) {
	out := v.Clone()
	err := out.Canonicalize(append([]jsontext.Options{jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false)}, strict...)...)
	return out, err
}

// record makes a record of one object, or a reject that says why not.
func (c *Config) record(v jsontext.Value, extra []member) (weir.Record, *weir.Reject) {
	refuse := func(key, format string, args ...any) (weir.Record, *weir.Reject) {
		return weir.Record{}, &weir.Reject{Stage: "decode", Reason: fmt.Sprintf(format, args...), Key: key, Original: bytes.Clone(v)}
	}
	if v.Kind() != '{' {
		return refuse("", "it is not an object")
	}
	if bytes.Count(v, []byte{':'}) > keyLimit && countNames(v) > keyLimit {
		return refuse("", "it has more than %d names", keyLimit)
	}
	data, err := canonical(merge(v, extra))
	if err != nil {
		return refuse("", "it cannot be brought into canonical form")
	}
	parts := make([]string, len(c.PrimaryKey))
	for i, path := range c.PrimaryKey {
		part, ok := Field(data, path)
		switch {
		case !ok || part == "":
			return refuse("", "its primary key %s is missing", path)
		case strings.ContainsRune(part, '\x1f'):
			return refuse("", "its primary key %s has the control character U+001F", path)
		}
		parts[i] = part
	}
	r := weir.Record{Key: weir.KeyOf(parts...), Data: data, Hash: weir.HashOf(data)}
	if c.VersionField != "" {
		if text, ok := Field(data, c.VersionField); ok {
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				return refuse(r.Key, "its %s is not a time", c.VersionField)
			}
			r.Version = at.UnixMicro()
		}
	}
	return r, nil
}

// countNames counts the names in a value.
func countNames(v jsontext.Value) int {
	d := jsontext.NewDecoder(bytes.NewReader(v), strict...)
	n := 0
	for {
		t, err := d.ReadToken()
		if err != nil {
			return n
		}
		if kind, at := d.StackIndex(d.StackDepth()); t.Kind() == '"' && kind == '{' && at%2 == 1 {
			n++
		}
	}
}

// member is a field that joins a record.
type member struct {
	name  string
	value jsontext.Value
}

// merge adds members that the object does not have.
func merge(v jsontext.Value, extra []member) jsontext.Value {
	if len(extra) == 0 {
		return v
	}
	out := append(jsontext.Value{}, bytes.TrimRight(v, " \t\r\n")...)
	out = out[:len(out)-1]
	empty := len(bytes.TrimSpace(out)) == 1
	for _, m := range extra {
		if _, has := find(v, m.name); has {
			continue
		}
		if !empty {
			out = append(out, ',')
		}
		empty = false
		name, err := jsontext.AppendQuote(nil, m.name)
		if err != nil {
			continue // the configuration was checked to be valid text
		}
		out = append(append(append(out, name...), ':'), m.value...)
	}
	return append(out, '}')
}

// Decode makes a record of one object that was read before, as Read does, or a
// reject that says why not. What Read takes from elsewhere, from an earlier
// step or a seed, must be in the object.
func (s *Source) Decode(object []byte) (weir.Record, *weir.Reject) {
	if err := wellFormed(object); err != nil {
		var e *weir.Error
		reason := "it is not valid JSON"
		if errors.As(err, &e) {
			reason = e.Message
		}
		return weir.Record{}, &weir.Reject{Stage: "decode", Reason: reason, Original: object}
	}
	record, reject := s.config.record(bytes.TrimSpace(object), nil)
	if reject != nil || s.last().Iteration != IterateKeyset {
		return record, reject
	}
	field := s.last().Keyset.Sweep.Field
	text, _ := Field(record.Data, field)
	if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
		return weir.Record{}, &weir.Reject{Stage: "decode", Reason: "its " + field + " is not a time", Key: record.Key, Original: record.Data}
	}
	return record, nil
}
