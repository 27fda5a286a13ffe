package transform

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// cast makes values of one type.
type cast struct {
	changes
	make func(*value) (jsontext.Value, error) // nil for a value that stays
}

// casts are the types there are, with what they become in a table.
var casts = map[string]struct {
	typ  weir.Type
	make func(*value) (jsontext.Value, error)
}{
	"string":    {weir.TypeText, toString},
	"integer":   {"", toInteger}, // of any size: a column of integers holds 64 bits
	"number":    {"", toNumber},
	"boolean":   {weir.TypeBool, toBoolean},
	"timestamp": {weir.TypeTime, toTimestamp},
	"date":      {weir.TypeText, toDate},
}

func newCast(s *spec) step {
	c := &cast{changes: changes{paths: s.paths()}}
	to, known := casts[s.text("to")]
	if !known {
		s.refuse("to", "there is no such type", "Use "+strings.Join(slices.Sorted(maps.Keys(casts)), ", "))
	}
	c.typ, c.make = to.typ, to.make
	return c
}

func (c *cast) apply(root *value) (bool, error) {
	for _, path := range c.paths {
		err := leaves(root, path, func(leaf *value) error {
			if leaf.kind() == 'n' {
				return nil
			}
			now, err := c.make(leaf)
			if err != nil {
				return fmt.Errorf("%s %w", joinPath(path), err)
			}
			if now != nil {
				leaf.set(now)
			}
			return nil
		})
		if err != nil {
			return true, err
		}
	}
	return true, nil
}

// null is what blank text becomes that should be something else than text.
var null = jsontext.Value("null")

func toString(v *value) (jsontext.Value, error) {
	if v.kind() == '"' {
		return nil, nil
	}
	return quote(v.plain()), nil
}

// toInteger keeps every digit, however many there are.
func toInteger(v *value) (jsontext.Value, error) {
	n, err := toNumber(v)
	if err != nil {
		return nil, errors.New("is no whole number")
	}
	literal := n
	if n == nil {
		literal = v.raw
	}
	if literal.Kind() == 'n' || wholeLiteral(literal) {
		return n, nil
	}
	whole, ok := strings.CutSuffix(strings.TrimRight(string(literal), "0"), ".")
	if !ok || !wholeLiteral(jsontext.Value(whole)) {
		return nil, errors.New("is no whole number")
	}
	return jsontext.Value(whole), nil
}

func wholeLiteral(v jsontext.Value) bool {
	return len(v) > 0 && v.Kind() == '0' && !slices.ContainsFunc(v, func(c byte) bool { return (c < '0' || c > '9') && c != '-' })
}

// toNumber takes numbers as JSON writes them, and no signs or separators of
// thousands: what those mean depends on the country.
func toNumber(v *value) (jsontext.Value, error) {
	switch v.kind() {
	case '0':
		return nil, nil
	case 't':
		return jsontext.Value("1"), nil
	case 'f':
		return jsontext.Value("0"), nil
	case '"':
		literal := jsontext.Value(strings.TrimSpace(v.plain()))
		switch {
		case len(literal) == 0:
			return null, nil
		case literal.Kind() == '0' && literal.IsValid():
			return literal, nil
		}
	}
	return nil, errors.New("is no number")
}

func toBoolean(v *value) (jsontext.Value, error) {
	switch v.kind() {
	case 't', 'f':
		return nil, nil
	case '"', '0':
		switch strings.ToLower(strings.TrimSpace(v.plain())) {
		case "true", "1", "yes":
			return jsontext.Value("true"), nil
		case "false", "0", "no":
			return jsontext.Value("false"), nil
		case "":
			return null, nil
		}
	}
	return nil, errors.New("is neither true nor false")
}

// moments are the forms of a time that are read; without a zone it is UTC.
var moments = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}

// milliseconds is from where on a number is one of milliseconds since 1970, and
// not of seconds: as seconds it would be the year 5138.
const milliseconds = 100_000_000_000

func momentOf(v *value) (at time.Time, blank bool, err error) {
	switch v.kind() {
	case '"':
		text := strings.TrimSpace(v.plain())
		if text == "" {
			return at, true, nil
		}
		at, err := readMoment(text)
		return at, false, err
	case '0':
		if n, err := strconv.ParseInt(string(v.raw), 10, 64); err == nil {
			if n > -milliseconds && n < milliseconds {
				return time.Unix(n, 0).UTC(), false, inRange(time.Unix(n, 0).UTC())
			}
			return time.UnixMilli(n).UTC(), false, inRange(time.UnixMilli(n).UTC())
		}
	}
	return at, false, errMoment
}

var errMoment = errors.New("is no time: write 2026-03-29T10:00:00Z, or seconds since 1970")

// readMoment reads a time that is written as text.
func readMoment(text string) (time.Time, error) {
	for _, form := range moments {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC(), inRange(at.UTC())
		}
	}
	return time.Time{}, errMoment
}

func inRange(at time.Time) error {
	if y := at.Year(); y < 1 || y > 9999 {
		return errors.New("is a time outside the years 1 to 9999")
	}
	return nil
}

// toTimestamp writes a moment in UTC, in whole microseconds: databases keep
// no more.
func toTimestamp(v *value) (jsontext.Value, error) {
	at, blank, err := momentOf(v)
	if err != nil || blank {
		return null, err
	}
	return quote(at.Truncate(time.Microsecond).Format(time.RFC3339Nano)), nil
}

// toDate is the day of a moment in UTC.
func toDate(v *value) (jsontext.Value, error) {
	at, blank, err := momentOf(v)
	if err != nil || blank {
		return null, err
	}
	return quote(at.Format(time.DateOnly)), nil
}
