package api

import (
	"bytes"
	"errors"

	"github.com/danielgtaylor/huma/v2"
)

// Longest texts, in characters.
const (
	maxName = 255
	maxText = 10_000
)

// One is the id in a path.
type One struct {
	ID int64 `path:"id"`
}

// name is what somebody calls a thing: one line, not blank.
type name string

// TransformSchema adds what a name must be.
func (name) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return limited(s, 1, maxName, `^[^\p{Cc}\p{Zl}\p{Zp}]*[^\p{Cc}\p{Z}][^\p{Cc}\p{Zl}\p{Zp}]*$`, "one line of text that is not blank, without control characters")
}

// text is a description or note, of several lines.
type text string

// TransformSchema adds what a text must be.
func (text) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return limited(s, 0, maxText, `^(\P{Cc}|[\t\r\n])*$`, "text without control characters")
}

// tags are what somebody marks things with, each like a name.
type tags []string

// TransformSchema adds what each tag must be.
func (tags) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	s.Items = name("").TransformSchema(r, s.Items)
	return s
}

func limited(s *huma.Schema, least, most int, pattern, description string) *huma.Schema {
	s.MinLength, s.MaxLength, s.Pattern, s.PatternDescription = &least, &most, pattern, description
	return s
}

// flag is a boolean in a query, as Python and others write it. The zero flag
// was not given.
type flag struct{ Given, On bool }

// UnmarshalText reads what Schema lets through.
func (f *flag) UnmarshalText(b []byte) error {
	switch string(b) {
	case "True", "true", "1":
		*f = flag{Given: true, On: true}
	case "False", "false", "0":
		*f = flag{Given: true}
	default:
		return errors.New("neither true nor false")
	}
	return nil
}

// Schema lists the spellings.
func (flag) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: []any{"true", "false", "True", "False", "1", "0"}}
}

// object is a JSON object whose fields are somebody else's business. Its bytes
// have passed the one reader of bodies.
type object []byte

// MarshalJSON gives the bytes; the empty object for none.
func (o object) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("{}"), nil
	}
	return o, nil
}

// UnmarshalJSON keeps the bytes.
func (o *object) UnmarshalJSON(b []byte) error {
	*o = bytes.Clone(b)
	return nil
}

// Schema is any object.
func (object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}
