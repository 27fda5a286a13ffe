package stdout_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
	"github.com/weirhq/weir/internal/destination/jsonl"
	"github.com/weirhq/weir/internal/destination/stdout"
)

// What has been printed is gone: there is nothing to look up when the program
// starts again, or when another one prints.
const nothingRemembered = "standard output remembers nothing: each run prints from the beginning of the log"

const nothingShared = "a line names its dataset, and child rows lie in their record: there are no tables to share"

func TestLinesKeepWhatADestinationPromisesThatRemembersNothing(t *testing.T) {
	destinationtest.Run(t, func(*testing.T) destinationtest.Place {
		var printed bytes.Buffer
		return destinationtest.Place{History: true,
			Open: func(testing.TB) destinationtest.Destination { return stdout.New(&printed, nil) },
			Rows: func(t testing.TB, table weir.Table) []map[string]any { return read(t, printed.Bytes(), table) },
			Exceptions: map[string]string{
				"DataOfAnotherSourceIsRefused":    nothingRemembered,
				"AnotherModeIsRefused":            nothingRemembered,
				"ATableOfAnotherDatasetIsRefused": nothingShared, "OfTwoDatasetsThatWantATableOneGetsIt": nothingShared,
				"WhatIsReopenedGoesOn":                    nothingRemembered,
				"WhateverHappenedTheNewestVersionIsThere": nothingRemembered,
				"TwoWhoLoadTheSameBatchLoadItOnce":        nothingRemembered,
				"HistoryKeepsEveryVersionOnce":            nothingRemembered,
			},
		}
	})
}

// line is one printed line.
type line struct {
	Dataset string         `json:"dataset"`
	Record  jsontext.Value `json:"record"`
}

// head are the columns that say which record a line is of.
var head = []weir.Column{{Name: "id", Type: weir.TypeText}, {Name: weir.ColumnDeletedAt, Type: weir.TypeTime}, {Name: weir.ColumnHash, Type: weir.TypeText}}

// read is a program behind the pipe that keeps a table: the newest line of a
// record replaces its rows, and the line of a deletion marks them.
func read(t testing.TB, printed []byte, table weir.Table) []map[string]any {
	t.Helper()
	kept := map[string][]map[string]any{}
	for text := range bytes.Lines(printed) {
		var l line
		var members map[string]jsontext.Value
		unmarshal(t, text, &l)
		unmarshal(t, l.Record, &members)
		about := rows(t, head, l.Record)[0]
		key := fmt.Sprint(l.Dataset, about["id"])
		if slices.Contains(table.Key, weir.ColumnHash) {
			key += fmt.Sprint(about[weir.ColumnHash])
		}
		var elements []jsontext.Value
		switch {
		case about[weir.ColumnDeletedAt] != nil:
			mark(kept[key], about[weir.ColumnDeletedAt])
		case table.Parent == 0 && table.Name == l.Dataset:
			kept[key] = rows(t, table.Columns, l.Record)
		case table.Parent > 0:
			if array, ok := members[table.Name]; ok {
				unmarshal(t, array, &elements)
			}
			kept[key] = rows(t, table.Columns, elements...)
		}
	}
	return slices.Concat(slices.Collect(maps.Values(kept))...)
}

func mark(rows []map[string]any, deletedAt any) {
	for _, row := range rows {
		if row[weir.ColumnDeletedAt] == nil {
			row[weir.ColumnDeletedAt] = deletedAt
		}
	}
}

// rows reads objects as rows with these columns.
func rows(t testing.TB, columns []weir.Column, objects ...jsontext.Value) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, object := range objects {
		values := make([]any, len(columns))
		if err := jsonl.NewReader(bytes.NewReader(object), columns).Read(values); err != nil {
			t.Fatal(err)
		}
		row := map[string]any{}
		for i, c := range columns {
			row[c.Name] = values[i]
		}
		out = append(out, row)
	}
	return out
}

func unmarshal(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
