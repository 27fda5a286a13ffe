package schema

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// depthLimit is how deep objects become columns; deeper ones stay JSON.
const depthLimit = 4

// visitor receives what walk finds in a record.
type visitor interface {
	// value is a scalar, or a value that stays JSON, at a path.
	value(path string, v jsontext.Value)
	// array is an array at the top of the record; each element follows
	// through element, or the whole stays a value when it returns false.
	array(path string, v jsontext.Value) bool
}

// walk goes through one JSON object: nested objects become dotted paths.
func walk(data jsontext.Value, prefix string, depth int, isJSON map[string]bool, v visitor) error {
	return members(data, func(name string, value jsontext.Value) {
		path := prefix + name
		switch {
		case isJSON[path]:
			v.value(path, value)
		case value.Kind() == '{' && depth < depthLimit && string(value) != "{}":
			_ = walk(value, path+".", depth+1, isJSON, v) // value is valid: members read it
		case value.Kind() == '[' && prefix == "" && v.array(path, value):
		default:
			v.value(path, value)
		}
	})
}

// members calls f for each member of a JSON object.
func members(data jsontext.Value, f func(name string, value jsontext.Value)) error {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	if d.PeekKind() != '{' {
		return errNotObject
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		text := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		f(text, value)
	}
	return nil
}

var errNotObject = errors.New("not a JSON object")

// elements calls f for each element of a JSON array.
func elements(data jsontext.Value, f func(value jsontext.Value)) error {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		f(value)
	}
	return nil
}

// typeOf is the narrowest column type that holds a JSON value exactly, "" for
// null.
func typeOf(v jsontext.Value) weir.Type {
	switch v.Kind() {
	case 'n':
		return ""
	case 't', 'f':
		return weir.TypeBool
	case '0':
		return typeOfNumber(string(v))
	case '"':
		if _, ok := timeOf(v); ok {
			return weir.TypeTime
		}
		return weir.TypeText
	}
	return weir.TypeJSON
}

// typeOfNumber keeps every digit: what neither int64 nor float64 holds
// exactly becomes text.
func typeOfNumber(literal string) weir.Type {
	if _, err := strconv.ParseInt(literal, 10, 64); err == nil {
		return weir.TypeInt
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err == nil && !math.IsInf(f, 0) && significant(literal) == significant(strconv.FormatFloat(f, 'e', -1, 64)) {
		return weir.TypeFloat
	}
	return weir.TypeText
}

// significant gives a number's digits without sign, point, exponent and outer
// zeros.
func significant(literal string) string {
	mantissa, _, _ := strings.Cut(strings.ToLower(literal), "e")
	return strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(mantissa), "0")
}

// timeOf reads an ISO 8601 time with a zone, in the years a database takes.
func timeOf(v jsontext.Value) (time.Time, bool) {
	const shortest, longest = len(`"2006-01-02T15:04:05Z"`), len(`"2006-01-02T15:04:05.000000000+00:00"`)
	if len(v) < shortest || len(v) > longest || v[11] != 'T' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(v[1:len(v)-1]))
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t.UTC().Truncate(time.Microsecond), true
}
