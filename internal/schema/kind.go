package schema

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Two kinds of value that no column has as its type.
const (
	unknown weir.Type = "" // null, {} and []
	// bigInt is an int64 that a float64 does not hold. It is laid out as
	// TypeInt, and remembered because with a float it must become text.
	bigInt weir.Type = "bigint"
)

// exactInt is the largest number up to which float64 holds every integer.
const exactInt = 1 << 53

// widen is the narrowest type that holds the values of both exactly. It is
// commutative, associative and idempotent: the order of records is no matter.
func widen(a, b weir.Type) weir.Type {
	switch {
	case a == b, b == unknown:
		return a
	case a == unknown:
		return b
	case a == weir.TypeJSON || b == weir.TypeJSON:
		return weir.TypeJSON
	}
	pair := func(x, y weir.Type) bool { return a == x && b == y || a == y && b == x }
	switch {
	case pair(weir.TypeInt, bigInt):
		return bigInt
	case pair(weir.TypeInt, weir.TypeFloat):
		return weir.TypeFloat
	}
	return weir.TypeText
}

// columnType is the type of a column for values of a kind.
func columnType(kind weir.Type) weir.Type {
	if kind == bigInt {
		return weir.TypeInt
	}
	return kind
}

// kindOf is the narrowest type that holds a JSON value exactly.
func kindOf(v jsontext.Value) weir.Type {
	switch v.Kind() {
	case 'n':
		return unknown
	case 't', 'f':
		return weir.TypeBool
	case '0':
		return kindOfNumber(v)
	case '"':
		if _, ok := timeOf(v); ok {
			return weir.TypeTime
		}
		return weir.TypeText
	}
	if empty(v) {
		return unknown
	}
	return weir.TypeJSON
}

// empty reports whether a value is an object or array of nothing.
func empty(v jsontext.Value) bool { return string(v) == "{}" || string(v) == "[]" }

// kindOfNumber keeps every digit: what neither int64 nor float64 holds
// exactly is text.
func kindOfNumber(v jsontext.Value) weir.Type {
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		if n > exactInt || n < -exactInt {
			return bigInt
		}
		return weir.TypeInt
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || math.IsInf(f, 0) || significant(string(v)) != significant(strconv.FormatFloat(f, 'e', -1, 64)) {
		return weir.TypeText
	}
	return weir.TypeFloat
}

// significant gives a number's digits without sign, point, exponent and outer
// zeros.
func significant(literal string) string {
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		literal = literal[:i]
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(literal, "-"), ".")
	return strings.Trim(whole+fraction, "0")
}

// timeOf reads an RFC 3339 time with a zone that a database gives back as it
// was: whole microseconds, in UTC's years 1 to 9999. Anything else that looks
// like a time is text.
func timeOf(v jsontext.Value) (time.Time, bool) {
	const shortest, longest = len(`"2006-01-02T15:04:05Z"`), len(`"2006-01-02T15:04:05.000000000+00:00"`)
	if len(v) < shortest || len(v) > longest || v[11] != 'T' || v[20] == ',' {
		return time.Time{}, false
	}
	var t time.Time
	if t.UnmarshalText(v[1:len(v)-1]) != nil || t.Nanosecond()%1000 != 0 || fractionDigits(v) > 9 {
		return time.Time{}, false
	}
	t = t.UTC()
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// fractionDigits counts a time's digits of a second: the standard library
// forgets those after the ninth.
func fractionDigits(v jsontext.Value) int {
	const point = len(`"2006-01-02T15:04:05`)
	if v[point] != '.' {
		return 0
	}
	n := 0
	for _, c := range v[point+1:] {
		if c < '0' || c > '9' {
			break
		}
		n++
	}
	return n
}
