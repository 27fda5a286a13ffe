// Package lookup is the rules of lookups: tables of rows, of which one column
// is the key. It reads rows, says which are refused and why, counts what kinds
// of values the columns have, and makes the macros that a row stands for. It
// knows no store and no user.
//
//	row.go      one row, its key and its values
//	column.go   what kinds of values the columns have
//	keys.go     which rows a request means
//	csv.go      rows from a file of a spreadsheet
package lookup

import (
	"fmt"

	"github.com/weirhq/weir"
)

// Limits, so that a lookup fits into the memory of a run that reads by it.
const (
	MaxEntries = 50_000   // rows of a lookup
	MaxBytes   = 16 << 20 // of all its rows as JSON
	MaxAtOnce  = 5_000    // rows of one request
	MaxRow     = 4 << 10  // bytes of one row as JSON
	MaxColumns = 100      // of a lookup
	MaxColumn  = 64       // characters of a column's name
	MaxKey     = 255      // characters of a key
	MaxKeys    = 100      // keys that one request names
)

// CheckSize refuses what a lookup would become by a field when it is too large.
func CheckSize(field string, entries int, bytes int64, columns Columns) error {
	switch {
	case entries > MaxEntries:
		return refuse(field, fmt.Sprintf("the lookup would have %d rows, and at most %d are kept", entries, MaxEntries), "Divide it into several lookups, or read the values from the API in an earlier step")
	case bytes > MaxBytes:
		return refuse(field, fmt.Sprintf("the lookup's rows would have %d bytes, and at most %d are kept", bytes, MaxBytes), "Leave out columns that nobody needs, or divide it into several lookups")
	case len(columns) > MaxColumns:
		return refuse(field, fmt.Sprintf("the lookup would have %d columns, and at most %d are kept", len(columns), MaxColumns), "Leave out columns that nobody needs")
	}
	return nil
}

func refuse(where, message, remedy string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: where, Message: message, Remedy: remedy}
}
