package lookup

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Values are the columns of a row, or the defaults of a lookup.
type Values map[string]jsontext.Value

// Entry is one row with its key.
type Entry struct {
	Key    string
	Values Values
	Row    jsontext.Value // the values as an object, with sorted names and the numbers' own digits
}

// Read reads the rows of a field, in their order, and refuses the first that
// is wrong by its place. No key may be there twice: which row counts would be a
// guess.
func Read(field string, rows []jsontext.Value, primary string) ([]Entry, error) {
	if len(rows) > MaxAtOnce {
		return nil, refuse(field, fmt.Sprintf("these are %d rows, and at most %d are taken at once", len(rows), MaxAtOnce), "Send them in several requests")
	}
	return ReadFile(field, rows, primary)
}

// ReadFile is Read for the rows of a file, of which there may be as many as a
// lookup keeps.
func ReadFile(field string, rows []jsontext.Value, primary string) ([]Entry, error) {
	entries, seen := make([]Entry, len(rows)), map[string]int{}
	for i, raw := range rows {
		where := fmt.Sprintf("%s[%d]", field, i)
		e, err := ReadRow(raw, primary, where)
		if err != nil {
			return nil, err
		}
		if first, twice := seen[e.Key]; twice {
			return nil, refuse(within(where, primary), fmt.Sprintf("row %d has this key, too", first), "Send each key once")
		}
		seen[e.Key], entries[i] = i, e
	}
	return entries, nil
}

// ReadRow reads one row; where is its place, for errors.
func ReadRow(raw jsontext.Value, primary, where string) (e Entry, err error) {
	if e.Values, e.Row, err = readValues(raw, where); err != nil {
		return e, err
	}
	if len(e.Row) > MaxRow {
		return e, refuse(where, fmt.Sprintf("the row has %d bytes, and at most %d are kept", len(e.Row), MaxRow), "Leave out columns that nobody needs")
	}
	e.Key, err = keyOf(e.Values[primary])
	if err != nil {
		return e, refuse(within(where, primary), err.Error(), fmt.Sprintf("Give each row a text or number of 1 to %d characters there", MaxKey))
	}
	return e, nil
}

// ReadDefaults reads the values that stand for what a row does not have.
func ReadDefaults(raw jsontext.Value, where string) (Values, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	values, row, err := readValues(raw, where)
	if err == nil && len(row) > MaxRow {
		err = refuse(where, fmt.Sprintf("these have %d bytes, and at most %d are kept", len(row), MaxRow), "Leave out columns that nobody needs")
	}
	return values, err
}

func readValues(raw jsontext.Value, where string) (Values, jsontext.Value, error) {
	var values Values
	if raw.Kind() != '{' || json.Unmarshal(raw, &values) != nil {
		return nil, nil, refuse(where, "it is not an object of columns", "Send one such as {\"code\": \"de\", \"city\": \"Berlin\"}")
	}
	if len(values) > MaxColumns {
		return nil, nil, refuse(where, fmt.Sprintf("it has %d columns, and at most %d are kept", len(values), MaxColumns), "Leave out columns that nobody needs")
	}
	for name, v := range values {
		if err := CheckColumn(name, where); err != nil {
			return nil, nil, err
		}
		if kind := v.Kind(); kind == '{' || kind == '[' {
			return nil, nil, refuse(within(where, name), "it holds more than one value", "Send a text, a number, true, false or null in each column")
		}
	}
	row, err := json.Marshal(values, json.Deterministic(true))
	return values, row, err
}

// shown is a name that errors repeat: a longer or stranger one may be
// something else that was put into the wrong place.
var shown = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,32}$`)

// within is a column's place in a row.
func within(where, column string) string {
	if !shown.MatchString(column) {
		return where
	}
	return where + "." + column
}

// CheckColumn refuses what cannot be a column's name.
func CheckColumn(name, where string) error {
	if name == "" || utf8.RuneCountInString(name) > MaxColumn || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
		return refuse(where, "a column's name is blank or has blanks around it, is too long, or has control characters", fmt.Sprintf("Name it with 1 to %d characters in one line", MaxColumn))
	}
	return nil
}

type keyError string

func (e keyError) Error() string { return string(e) }

// keyOf is the text of a key. A number's is its digits as they were sent, so
// that 7 and "7" are one key.
func keyOf(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case '"', '0':
	case 0:
		return "", keyError("the row has no key")
	default:
		return "", keyError("the key is neither a text nor a number")
	}
	key := textOf(v)
	switch {
	case key == "" || utf8.RuneCountInString(key) > MaxKey:
		return "", keyError("the key is empty or too long")
	case strings.ContainsFunc(key, unicode.IsControl):
		return "", keyError("the key has control characters")
	}
	return key, nil
}

// textOf is a value as it stands in an address: text as it is, a number's own
// digits, true or false; nothing for null.
func textOf(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		var text string
		if json.Unmarshal(v, &text) == nil {
			return text
		}
	case 'n', 0:
		return ""
	}
	return string(v)
}

// Macros are what a row's columns stand for in a template. A column that the
// row does not have, or has as null, is taken from the defaults, which may be
// nil; one that is nowhere stands for nothing.
func Macros(row, defaults Values) map[string]string {
	out := make(map[string]string, len(row)+len(defaults))
	for _, values := range []Values{defaults, row} {
		for name, v := range values {
			if v.Kind() != 'n' {
				out[name] = textOf(v)
			}
		}
	}
	return out
}

// Default is the row that stands for a key which a lookup does not have.
func Default(key, primary string, defaults Values) (jsontext.Value, error) {
	row := Values{}
	for name, v := range defaults {
		row[name] = v
	}
	quoted, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	row[primary] = quoted
	return json.Marshal(row, json.Deterministic(true))
}

// Text is a value as people read it, and as it stands in an address; nothing
// for null.
func Text(v jsontext.Value) string { return textOf(v) }

// Typed is what somebody typed for a column of a row. What stands there as it
// stood before stays the value that it was. Anything else is a text, but where
// all values of the column are of another kind and the text reads as one. Nothing
// typed is no value.
func Typed(text string, before jsontext.Value, kinds map[string]int) jsontext.Value {
	if before != nil && textOf(before) == text {
		return before
	}
	if text == "" {
		return nil
	}
	if v := jsontext.Value(text); kinds[kindString] == 0 && strings.TrimSpace(text) == text && v.IsValid() && alike(v, kinds) {
		return v
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return nil
	}
	return quoted
}

// alike reports whether a column has values of the same kind.
func alike(v jsontext.Value, kinds map[string]int) bool {
	switch v.Kind() {
	case '0':
		return kinds[kindInteger]+kinds[kindNumber] > 0
	case 't', 'f':
		return kinds[kindBoolean] > 0
	}
	return false
}
