// Package jsonl writes rows as JSON objects, one a line, and reads them back.
// Numbers are JSON numbers (integers exact to 64 bits), times are RFC 3339 in
// UTC with six digits of a second, so that they sort as text, and JSON columns
// are real JSON. Every column is present in every object, null included.
package jsonl

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// timeLayout is RFC 3339 with microseconds, always six digits.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// FormatTime writes a time as every text format of Weir does.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// AppendRow appends one row as a JSON object, without a newline. The values
// are those a weir.Row carries for the columns' types. An error means that
// the row cannot be JSON: a number that is not finite, text that is not UTF-8.
func AppendRow(dst []byte, columns []weir.Column, row []any) ([]byte, error) {
	dst = append(dst, '{')
	var err error
	for i, c := range columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = jsontext.AppendQuote(dst, c.Name); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if dst, err = AppendValue(dst, c.Type, row[i]); err != nil {
			return dst, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	return append(dst, '}'), nil
}

// AppendValue appends one value of a column of type t.
func AppendValue(dst []byte, t weir.Type, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return dst, errors.New("a number that is not finite")
		}
		return append(dst, FormatFloat(v)...), nil
	case time.Time:
		return jsontext.AppendQuote(dst, FormatTime(v))
	case string:
		if t == weir.TypeJSON {
			return appendJSON(dst, v)
		}
		return jsontext.AppendQuote(dst, v)
	}
	return dst, fmt.Errorf("a value of type %T", v)
}

// appendJSON appends JSON text, on one line whatever it was.
func appendJSON(dst []byte, text string) ([]byte, error) {
	if !strings.ContainsAny(text, "\r\n") {
		return append(dst, text...), nil
	}
	v := jsontext.Value(text)
	if err := v.Compact(); err != nil {
		return dst, errors.New("text that is not JSON")
	}
	return append(dst, v...), nil
}

// FormatFloat writes a number so that reading it gives the same bits.
func FormatFloat(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Reader reads the rows of one table. It is not safe for concurrent use.
type Reader struct {
	dec     *jsontext.Decoder
	columns []weir.Column
	index   map[string]int
}

// NewReader reads rows with these columns. Names it does not know are skipped.
func NewReader(r io.Reader, columns []weir.Column) *Reader {
	index := make(map[string]int, len(columns))
	for i, c := range columns {
		index[c.Name] = i
	}
	return &Reader{dec: jsontext.NewDecoder(r), columns: columns, index: index}
}

// Read fills row, one value a column, nil where the object has none. It
// returns io.EOF after the last row.
func (r *Reader) Read(row []any) error {
	clear(row)
	open, err := r.dec.ReadToken()
	if err != nil {
		return err
	}
	if open.Kind() != '{' {
		return errors.New("a line that is not a JSON object")
	}
	for r.dec.PeekKind() != '}' {
		name, err := r.dec.ReadToken()
		if err != nil {
			return unexpected(err)
		}
		i, known := r.index[name.String()]
		value, err := r.dec.ReadValue()
		if err != nil {
			return unexpected(err)
		}
		if !known {
			continue
		}
		if row[i], err = parse(r.columns[i].Type, value); err != nil {
			return fmt.Errorf("column %s: %w", r.columns[i].Name, err)
		}
	}
	_, err = r.dec.ReadToken()
	return unexpected(err)
}

// unexpected turns an end inside a row into an error that is not the end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parse reads one value of a column of type t.
func parse(t weir.Type, value jsontext.Value) (any, error) {
	if value.Kind() == 'n' {
		return nil, nil
	}
	if t == weir.TypeJSON {
		return string(value), nil
	}
	text := string(value)
	if value.Kind() == '"' {
		b, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return nil, err
		}
		text = string(b)
	}
	return ParseText(t, text)
}

// ParseText reads a value of a type other than JSON from the text that this
// package writes for it.
func ParseText(t weir.Type, text string) (any, error) {
	switch t {
	case weir.TypeBool:
		return strconv.ParseBool(text)
	case weir.TypeInt:
		return strconv.ParseInt(text, 10, 64)
	case weir.TypeFloat:
		return strconv.ParseFloat(text, 64)
	case weir.TypeTime:
		at, err := time.Parse(timeLayout, text)
		return at.UTC(), err
	}
	return text, nil
}
