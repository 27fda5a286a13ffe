package sqldb

import (
	"context"
	"database/sql"
	"strings"

	"github.com/weirhq/weir"
)

// dialect is what differs between the engines.
type dialect interface {
	// guard refuses a database that must not be a destination.
	guard(ctx context.Context, tx *sql.Tx) error
	// columns lists a table's columns and their types, nil when there is no
	// such table.
	columns(ctx context.Context, tx *sql.Tx, table string) (map[string]string, error)
	// columnType is the engine's name of a type.
	columnType(t weir.Type) string
	// retype changes a column's type; "" when the engine need not.
	retype(table string, c weir.Column) string
	// value makes a Go value one that the driver stores as meant.
	value(v any, t weir.Type) any
	// bulk writes many rows into a new staging table and returns its name; ""
	// when the engine has no faster way than INSERT.
	bulk(ctx context.Context, conn *sql.Conn, tx *sql.Tx, t weir.Table, rows [][]any) (stage string, err error)
	// explain gives a driver's error a class and a remedy.
	explain(err error) error
	// refused reports whether the database would not take a value, as opposed
	// to not working; the reason holds no value.
	refused(err error) (reason string, ok bool)
	// again reports whether the same transaction may succeed when repeated.
	again(err error) bool
	// forUpdate is appended to a SELECT that must hold its row.
	forUpdate() string
}

// quote makes an identifier of any name. It is the only place where a name
// becomes part of a statement.
func quote(name string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(name, "\x00", ""), `"`, `""`) + `"`
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return strings.Join(quoted, ", ")
}

func columnNames(t weir.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}
