package file

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/jsonl"
)

// checkRow refuses a row that the files could not give back as it is. The
// reason names the column, never the value.
func checkRow(t weir.Table, key []int, row []any) error {
	if len(row) != len(t.Columns) {
		return fmt.Errorf("table %s: a row of %d values for %d columns", t.Name, len(row), len(t.Columns))
	}
	for i, c := range t.Columns {
		if err := checkValue(c.Type, row[i]); err != nil {
			return fmt.Errorf("table %s, column %s: %w", t.Name, c.Name, err)
		}
	}
	for _, i := range key {
		if row[i] == nil {
			return fmt.Errorf("table %s, column %s: the key is null", t.Name, t.Columns[i].Name)
		}
	}
	return nil
}

// checkValue refuses values that are not of the type or have no place in a file.
func checkValue(t weir.Type, v any) error {
	if s, ok := v.(string); ok {
		if !utf8.ValidString(s) {
			return errors.New("the text is not UTF-8")
		}
		if t == weir.TypeJSON && !jsontext.Value(s).IsValid() {
			return errors.New("the text is not JSON")
		}
	}
	return t.Check(v)
}

// convert gives the value of a column whose type has widened since its file
// was written.
func convert(v any, from, to weir.Type) any {
	if v == nil || from == to {
		return v
	}
	if i, ok := v.(int64); ok && to == weir.TypeFloat {
		return float64(i)
	}
	if to == weir.TypeJSON {
		b, err := jsonl.AppendValue(nil, from, v)
		if err != nil { // checkRow lets nothing in that JSON cannot hold
			return nil
		}
		return string(b)
	}
	return text(v)
}

// text is a value as text files and comparisons of keys have it: the same for
// a number whether its column is an integer, a decimal or text.
func text(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return jsonl.FormatFloat(v)
	case time.Time:
		return jsonl.FormatTime(v)
	case string:
		return v
	}
	return ""
}
