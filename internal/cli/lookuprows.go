package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// One request carries at most so many rows, and so many bytes of them: the
// server takes 5,000 and 1 MiB.
const (
	rowsAtOnce      = 5_000
	rowBytesAtOnce  = 768 << 10
	lookupFileLimit = 64 << 20
)

// readRows reads a file of rows, in parts that each go into one request. No
// file has none.
func readRows(path string) ([][]client.Row, error) {
	if path == "" {
		return nil, nil
	}
	content, err := readAtMost(path, lookupFileLimit)
	if err != nil {
		return nil, err
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	var rows []client.Row
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		rows, err = rowsOfCSV(content)
	case ".json":
		err = json.Unmarshal(content, &rows)
	case ".jsonl", ".ndjson":
		rows, err = rowsOfLines(content)
	default:
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--from", Message: "the file's kind is not known by its name", Remedy: "Name it .csv, .json or .jsonl"}
	}
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--from", Message: "the file cannot be read as rows: " + err.Error(), Remedy: "Mend it; see `weir lookups add --help` for the forms", Err: err}
	}
	return inParts(rows)
}

func readAtMost(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path) // #nosec G304 -- the user names it
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--from", Message: err.Error(), Remedy: "Check the path", Err: err}
	}
	defer func() { _ = f.Close() }() // only read
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeLocal, Where: "--from", Message: "the file cannot be read", Err: err}
	}
	if int64(len(content)) > limit {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--from", Message: fmt.Sprintf("the file has more than %d bytes; a lookup keeps 16 MiB", limit), Remedy: "Divide it into several lookups"}
	}
	return content, nil
}

func rowsOfLines(content []byte) (rows []client.Row, err error) {
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, rowBytesAtOnce)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var row client.Row
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}

// rowsOfCSV reads lines under a line of names. Every value is text; one that is
// empty leaves its column out, as on the page of a lookup.
func rowsOfCSV(content []byte) (rows []client.Row, err error) {
	r := csv.NewReader(bytes.NewReader(content))
	names, err := r.Read()
	if err != nil {
		return nil, err
	}
	for i := range names {
		if names[i] = strings.TrimSpace(names[i]); slices.Contains(names[:i], names[i]) {
			return nil, fmt.Errorf("two columns are called %q", names[i])
		}
	}
	for {
		values, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		row := client.Row{}
		for i, name := range names {
			if values[i] == "" {
				continue
			}
			if row[name], err = json.Marshal(values[i]); err != nil {
				return nil, err
			}
		}
		rows = append(rows, row)
	}
}

// inParts divides rows by what one request carries.
func inParts(rows []client.Row) (parts [][]client.Row, err error) {
	begin, size := 0, 0
	for i, row := range rows {
		b, err := json.Marshal(row)
		if err != nil {
			return nil, err
		}
		if i > begin && (i-begin == rowsAtOnce || size+len(b) > rowBytesAtOnce) {
			parts = append(parts, rows[begin:i])
			begin, size = i, 0
		}
		size += len(b) + 1
	}
	if begin < len(rows) {
		parts = append(parts, rows[begin:])
	}
	return parts, nil
}
