package lookup

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ReadCSV reads rows from lines under a line of names; where is the field that
// errors are about. Every value is text. One that is empty leaves its column
// out, so that the lookup's default stands for it: a cell of a spreadsheet
// cannot say that it is not there in any other way. Plain is what a value or a
// name was before a spreadsheet was kept from computing it; nil takes them as
// they are.
func ReadCSV(content []byte, where string, plain func(string) string) (rows []jsontext.Value, err error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	names, err := header(r, where, plain)
	if err != nil {
		return nil, err
	}
	for {
		values, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, noCSV(where, err)
		}
		if len(rows) == MaxEntries {
			return nil, refuse(where, fmt.Sprintf("the file has more than %d rows", MaxEntries), "Divide it into several lookups")
		}
		row, err := rowOf(names, values, plain)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}

func header(r *csv.Reader, where string, plain func(string) string) ([]string, error) {
	names, err := r.Read()
	if err != nil {
		return nil, noCSV(where, err)
	}
	if len(names) > MaxColumns+1 { // one may be without a value in every row
		return nil, refuse(where, fmt.Sprintf("the first line names %d columns, and at most %d are kept", len(names), MaxColumns), "Leave out columns that nobody needs")
	}
	known := make(map[string]bool, len(names))
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		if plain != nil {
			names[i] = plain(names[i])
		}
		if known[names[i]] {
			return nil, refuse(where, "two columns have one name", "Name each column of the first line once")
		}
		known[names[i]] = true
	}
	return names, nil
}

func rowOf(names, values []string, plain func(string) string) (jsontext.Value, error) {
	row := map[string]string{}
	for i, name := range names {
		value := values[i]
		if plain != nil {
			value = plain(value)
		}
		if value != "" {
			row[name] = value
		}
	}
	return json.Marshal(row, json.Deterministic(true))
}

// noCSV says in which line a file stops being CSV.
func noCSV(where string, err error) error {
	remedy := "Write a line of names, and under it lines with as many values, separated by commas"
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return refuse(where, "the file is empty", remedy)
	case errors.As(err, &wrong):
		return refuse(where, fmt.Sprintf("line %d cannot be read as CSV: %v", wrong.Line, wrong.Err), remedy)
	}
	return refuse(where, "the file cannot be read as CSV", remedy)
}
