package rest

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// An answer is checked once, strictly, by wellFormed. What reads it after
// that only has to find where values begin and end, which takes a tenth of the
// time. On bytes that were not checked the functions here find something or
// nothing, and stay within the bytes.

// Field reads a scalar at a dotted path of a JSON value as text: a string
// without its quotes, anything else as it is written. It is false for what is
// missing or null. The value must be valid JSON.
func Field(data []byte, path string) (string, bool) {
	v, ok := valueAt(data, path)
	if !ok {
		return "", false
	}
	return scalar(v)
}

// valueAt finds the value at a dotted path. It shares data's memory.
func valueAt(data jsontext.Value, path string) (jsontext.Value, bool) {
	for name := range strings.SplitSeq(path, ".") {
		next, ok := find(data, name)
		if !ok {
			return nil, false
		}
		data = next
	}
	return data, true
}

func scalar(v jsontext.Value) (string, bool) {
	switch v.Kind() {
	case 'n', '{', '[', 0:
		return "", false
	case '"':
		return unquote(v), true
	}
	return string(v), true
}

// find gives one member of an object. It shares v's memory.
func find(v jsontext.Value, name string) (found jsontext.Value, ok bool) {
	eachMember(v, func(quoted, value jsontext.Value) bool {
		ok = isName(quoted, name)
		found = value
		return !ok
	})
	if !ok {
		return nil, false
	}
	return found, true
}

// isName compares a name as it is written with the one that is meant.
func isName(quoted jsontext.Value, name string) bool {
	if len(quoted) == len(name)+2 && string(quoted[1:len(quoted)-1]) == name {
		return true
	}
	return bytes.IndexByte(quoted, '\\') >= 0 && unquote(quoted) == name
}

func unquote(v jsontext.Value) string {
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil && len(text) == 0 {
		return ""
	}
	return string(text)
}

// eachMember calls f for each member of an object, with its name in quotes,
// until f returns false. Both share v's memory.
func eachMember(v jsontext.Value, f func(quoted, value jsontext.Value) bool) {
	i := skipBlanks(v, 0)
	if i == len(v) || v[i] != '{' {
		return
	}
	for i = skipBlanks(v, i+1); i < len(v) && v[i] == '"'; i = skipBlanks(v, i) {
		nameEnd := skipString(v, i)
		begin := skipBlanks(v, nameEnd)
		end := skipValue(v, begin)
		if begin == len(v) || !f(v[i:nameEnd:nameEnd], v[begin:end:end]) {
			return
		}
		i = end
	}
}

// eachElement calls f for each element of an array until f returns false.
// They share v's memory.
func eachElement(v jsontext.Value, f func(value jsontext.Value) bool) {
	i := skipBlanks(v, 0)
	if i == len(v) || v[i] != '[' {
		return
	}
	for i = skipBlanks(v, i+1); i < len(v) && v[i] != ']'; i = skipBlanks(v, i) {
		end := skipValue(v, i)
		if end == i || !f(v[i:end:end]) {
			return
		}
		i = end
	}
}

// skipBlanks skips what may stand between two values of a list.
func skipBlanks(v []byte, i int) int {
	for i < len(v) {
		switch v[i] {
		case ' ', '\t', '\r', '\n', ',', ':':
			i++
		default:
			return i
		}
	}
	return i
}

// skipValue gives the place after the value that begins at i.
func skipValue(v []byte, i int) int {
	depth := 0
	for i < len(v) {
		switch v[i] {
		case '"':
			i = skipString(v, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
			i++
		case ' ', '\t', '\r', '\n', ',', ':':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i = skipLiteral(v, i)
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// skipString gives the place after the string that begins at i.
func skipString(v []byte, i int) int {
	for i++; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(v)
}

// skipLiteral gives the place after a number, true, false or null.
func skipLiteral(v []byte, i int) int {
	for i < len(v) {
		switch v[i] {
		case ' ', '\t', '\r', '\n', ',', ':', '}', ']', '{', '[', '"':
			return i
		}
		i++
	}
	return i
}
