package schema

import (
	"fmt"
	"strings"

	"github.com/weirhq/weir"
)

// NoticeKind is what has changed.
type NoticeKind string

// The kinds of notices.
const (
	NewTable     NoticeKind = "new_table"
	NewColumn    NoticeKind = "new_column"
	WiderType    NoticeKind = "wider_type"
	SharedColumn NoticeKind = "shared_column" // a new field has the name of another one's column
	OwnColumn    NoticeKind = "own_column"    // a field that shared a column differs, and has one of its own
)

// Words says it in two or three words.
func (k NoticeKind) Words() string {
	switch k {
	case NewTable:
		return "new table"
	case NewColumn:
		return "new column"
	case WiderType:
		return "wider type"
	case SharedColumn:
		return "shares a column"
	case OwnColumn:
		return "column of its own"
	}
	return string(k)
}

// Notice is one change of a schema.
type Notice struct {
	Kind   NoticeKind
	Table  string
	Column string    // "" of a new table
	Path   string    // in the record: of the field, or of the array that became a table
	Before weir.Type // the column's; "" where there was none
	After  weir.Type // the column's; "" of a new table
	Other  string    // of an own column: the path of the field that it was shared with
}

// String says it in plain words.
func (n Notice) String() string {
	switch n.Kind {
	case NewTable:
		return "new table " + n.Table
	case WiderType:
		return fmt.Sprintf("table %s: the column %s was %s and is now %s", n.Table, n.Column, n.Before, n.After)
	case SharedColumn:
		return fmt.Sprintf("table %s: the field %s shares the column %s", n.Table, n.Path, n.Column)
	case OwnColumn:
		return fmt.Sprintf("table %s: new column %s, because the field %s is no longer the same as %s", n.Table, n.Column, n.Path, n.Other)
	}
	return fmt.Sprintf("table %s: new column %s", n.Table, n.Column)
}

// pathOf is where in the record a field of a table is.
func (t *table) pathOf(within string) string {
	return strings.TrimSuffix(strings.TrimPrefix(t.path+"."+within, "."), ".")
}
