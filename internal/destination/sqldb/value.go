package sqldb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// timeForm is how a time is written where it is text: of one length, so that
// text order is the order of time, and as SQLite's own functions read it.
const timeForm = "2006-01-02T15:04:05.000000Z"

// prepare turns a change's values into what the tables' columns take. The
// reason says in words, without the value, why that cannot be; it is "" when
// it can.
func (l *loading) prepare(c weir.Change) (p prepared, reason string) {
	p = prepared{Change: c}
	root := l.targets[0]
	identity := root.identity()
	if c.Deleted {
		if len(c.RootKey) < len(identity) {
			return p, "the key has too few parts"
		}
		for i, column := range identity {
			v, reason := l.value(c.RootKey[i], typeOf(c.RootKey[i], column.Type), column.Type, true)
			if reason != "" {
				return p, fmt.Sprintf("table %s, column %s: %s", root.Name, column.Name, reason)
			}
			p.key = append(p.key, v)
		}
		return p, ""
	}
	if len(c.Rows) != len(l.batch.Layout.Tables) || len(c.Rows[0]) != 1 {
		return p, "the record does not have one root row"
	}
	p.rows = make([][][]any, len(l.targets))
	for i, t := range l.targets {
		if t.index < 0 {
			continue
		}
		for _, row := range c.Rows[t.index] {
			if len(row) != len(l.batch.Layout.Tables[t.index].Columns) {
				return p, fmt.Sprintf("table %s: a row of %d values for %d columns", t.Name, len(row), len(l.batch.Layout.Tables[t.index].Columns))
			}
			out, reason := l.row(t, row)
			if reason != "" {
				return p, reason
			}
			p.rows[i] = append(p.rows[i], out)
		}
	}
	hash := slices.IndexFunc(l.batch.Layout.Tables[0].Columns, func(c weir.Column) bool { return c.Name == weir.ColumnHash })
	p.hash, _ = c.Rows[0][0][hash].(string)
	return p, ""
}

func (l *loading) row(t *target, row []any) (out []any, reason string) {
	out = make([]any, len(t.Columns))
	for j, c := range t.Columns {
		isKey := slices.Contains(t.Key, c.Name)
		if t.from[j] < 0 {
			continue
		}
		v, reason := l.value(row[t.from[j]], t.types[j], c.Type, isKey)
		if reason != "" {
			return nil, fmt.Sprintf("table %s, column %s: %s", t.Name, c.Name, reason)
		}
		out[j] = v
	}
	return out, ""
}

// value checks and converts one value.
func (l *loading) value(v any, from, to weir.Type, isKey bool) (out any, reason string) {
	if v == nil {
		if isKey {
			return nil, "the key is null"
		}
		return nil, ""
	}
	if reason := check(v, from); reason != "" {
		return nil, reason
	}
	v = convert(v, from, to)
	if text, ok := v.(string); ok && isKey {
		if !utf8.ValidString(text) {
			return nil, "the key is not UTF-8"
		}
		if reason := l.db.engine.checkKey(text); reason != "" {
			return nil, reason
		}
	}
	out, n := l.db.engine.value(v, to)
	l.replaced += n
	return out, ""
}

// typeOf is the type that a tombstone's key part has, which no layout tells.
func typeOf(v any, column weir.Type) weir.Type {
	switch v.(type) {
	case string:
		return weir.TypeText
	case int64:
		return weir.TypeInt
	}
	return column
}

// check says why a value has no place in a column of a type.
func check(v any, t weir.Type) string {
	if err := t.Check(v); err != nil {
		return err.Error()
	}
	if s, ok := v.(string); ok && t == weir.TypeJSON && !jsontext.Value(s).IsValid(jsontext.AllowInvalidUTF8(true)) {
		return "the text is not JSON"
	}
	return ""
}

// convert gives a value the form of a wider type.
func convert(v any, from, to weir.Type) any {
	if from == to {
		return v
	}
	if i, ok := v.(int64); ok && to == weir.TypeFloat {
		return float64(i)
	}
	text := asText(v)
	if to != weir.TypeJSON {
		return text
	}
	switch v.(type) {
	case string, time.Time:
		quoted, _ := jsontext.AppendQuote(nil, text) // invalid UTF-8 becomes U+FFFD
		return string(quoted)
	}
	return text
}

func asText(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format(timeForm)
	}
	s, _ := v.(string)
	return s
}

// validUTF8 replaces what is not UTF-8 and counts it.
func validUTF8(s string) (string, int) {
	if utf8.ValidString(s) {
		return s, 0
	}
	n := 0
	var b strings.Builder
	for _, r := range s { // an invalid byte reads as U+FFFD, and so it is written
		b.WriteRune(r)
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			n++
		}
		i += size
	}
	return b.String(), n
}

// withoutNUL replaces the character that Postgres takes in no text.
func withoutNUL(s string) (string, int) {
	n := strings.Count(s, "\x00")
	if n == 0 {
		return s, 0
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD"), n
}

// withoutNULEscape does the same in JSON, for the escapes of NUL and of
// halves of characters, which neither jsonb nor MySQL's JSON takes.
func withoutNULEscape(s string) (string, int) {
	if !strings.Contains(s, `\u`) {
		return s, 0
	}
	n := 0
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			i++
			continue
		}
		if s[i+1] != 'u' {
			out = append(out, s[i], s[i+1])
			i += 2
			continue
		}
		unit, size := escapeAt(s, i)
		switch {
		case size == 12, unit != 0 && (unit < 0xd800 || unit > 0xdfff):
			out = append(out, s[i:i+size]...)
		default:
			out = append(out, `\ufffd`...)
			n++
		}
		i += size
	}
	return string(out), n
}

// escapeAt reads the \uXXXX at i, or a pair of them that is one character.
func escapeAt(s string, i int) (unit uint64, size int) {
	hex := func(i int) (uint64, bool) {
		if i+6 > len(s) || s[i] != '\\' || s[i+1] != 'u' {
			return 0, false
		}
		u, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
		return u, err == nil
	}
	unit, ok := hex(i)
	if !ok {
		return 0, min(2, len(s)-i)
	}
	if unit >= 0xd800 && unit < 0xdc00 {
		if low, ok := hex(i + 6); ok && low >= 0xdc00 && low <= 0xdfff {
			return unit, 12
		}
	}
	return unit, 6
}
