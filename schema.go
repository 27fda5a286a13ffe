package weir

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Type is the type of a column. Types widen only: Bool, Int and Time to Text;
// Int to Float; anything to JSON when objects appear where scalars were.
type Type string

// The column types, and the Go value a Row carries for each (nil is null).
const (
	TypeBool  Type = "bool"  // bool
	TypeInt   Type = "int"   // int64
	TypeFloat Type = "float" // float64
	TypeText  Type = "text"  // string
	TypeTime  Type = "time"  // time.Time, UTC, microseconds
	TypeJSON  Type = "json"  // string: canonical JSON
)

// With is the narrowest type that holds the values of both.
func (t Type) With(o Type) Type {
	switch {
	case t == o:
		return t
	case t == TypeJSON || o == TypeJSON:
		return TypeJSON
	case t == TypeInt && o == TypeFloat || t == TypeFloat && o == TypeInt:
		return TypeFloat
	}
	return TypeText
}

// Check says, without the value, why one has no place in a column of the
// type. Whether text is UTF-8 and JSON is JSON, it does not look at.
func (t Type) Check(v any) error {
	fits := false
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		fits = t == TypeBool
	case int64:
		fits = t == TypeInt
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("the number is not finite")
		}
		fits = t == TypeFloat
	case time.Time:
		if y := v.UTC().Year(); y < 1 || y > 9999 {
			return errors.New("the time is outside the years 1 to 9999")
		}
		fits = t == TypeTime
	case string:
		fits = t == TypeText || t == TypeJSON
	}
	if !fits {
		return fmt.Errorf("a %T does not fit the type %s", v, t)
	}
	return nil
}

// Column is one column of a table.
type Column struct {
	Name string `json:"name"` // [a-z0-9_], at most 63 bytes, unique in its table
	Type Type   `json:"type"`
}

// Table is one table of a layout.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"` // in order; Weir's own columns last
	Key     []string `json:"key"`     // columns of the primary key
	// Parent is the number of leading Key columns that name the root row this
	// row belongs to; 0 for the root table itself. A child table's rows are
	// replaced together with their root row.
	Parent int `json:"parent,omitempty"`
}

// Identity is the part of Key that says which record a row is of: without the
// columns that tell its versions apart in ModeHistory.
func (t Table) Identity() []string {
	return slices.DeleteFunc(slices.Clone(t.Key), func(k string) bool { return k == ColumnHash || k == ColumnExtractedAt })
}

// Column finds a column; -1 when the table has none of that name.
func (t Table) Column(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// Layout is how one dataset lies in tables: the root table first, then its
// child tables.
type Layout struct {
	Tables []Table `json:"tables"`
}

// Table finds a table by its name.
func (l Layout) Table(name string) (t Table, ok bool) {
	i := slices.IndexFunc(l.Tables, func(t Table) bool { return t.Name == name })
	if i < 0 {
		return t, false
	}
	return l.Tables[i], true
}

// Names of the columns that every row has. Times are UTC.
const (
	ColumnExtractedAt = "_weir_extracted_at" // TypeTime: when the record was read
	ColumnRunID       = "_weir_run_id"       // TypeText
	ColumnDeletedAt   = "_weir_deleted_at"   // TypeTime, null while the source has the record
	ColumnHash        = "_weir_hash"         // TypeText: 32 hex digits
)

// Mode is what a destination keeps of a record that changes.
type Mode string

// The modes.
const (
	ModeUpsert  Mode = "upsert"  // the newest version of each record, by primary key
	ModeHistory Mode = "history" // every version; ColumnHash and ColumnExtractedAt join the primary key
)

// Change is what happens to one root record in a batch: its root row and all
// its child rows replace what the destination holds for the key, or, for a
// deletion, the rows that are there get ColumnDeletedAt.
type Change struct {
	Position Position // of the record in the log
	Key      string   // the record's key
	RootKey  []any    // values of the root table's Key columns
	Deleted  bool
	// Withheld marks a deletion that no source told: rules keep the record back,
	// or fail on it, and the destination may never have had it.
	Withheld bool
	// Rows holds, for each table of the layout in order, the rows of this
	// record; each row has a value per column. Empty when Deleted.
	Rows [][][]any
}

// Batch is what a destination loads in one transaction, all or nothing.
type Batch struct {
	Dataset     string // the dataset's name, unique within a destination
	Source      string // whose data it is: connector, origin and account; a table holds one source's only
	Log         string // which record log the positions count in; a new log starts over at 0
	Mode        Mode
	Layout      Layout   // covers every row; may be wider than what the destination has
	From, To    Position // the batch brings the destination from From to To
	RunID       RunID
	Epoch       int64    // the owner's epoch: a commit with an older one of the log's Lineage is refused
	ExtractedAt int64    // µs since the epoch: used for the deletions in this batch
	Changes     []Change // at most one per key in ModeUpsert, in log order
}

// editionMark stands between a log's name and the edition of the rules that its
// records went through.
const editionMark = "~"

// LogEdition is what a log is called in destinations that an edition of rules
// leads to: a log of its own, with positions of its own. "" is no rules.
func LogEdition(log, edition string) string {
	if edition == "" {
		return log
	}
	return log + editionMark + edition
}

// Lineage is a log's name without its edition. All its editions have one owner,
// and so one epoch: an owner of before that brings what older rules have made is
// refused like any other.
func Lineage(log string) string {
	lineage, _, _ := strings.Cut(log, editionMark)
	return lineage
}

// EditionsOf begins the names of all editions of a log.
func EditionsOf(log string) string { return Lineage(log) + editionMark }

// Loaded is what became of a batch.
type Loaded struct {
	Rows    int      // root rows inserted, updated or marked deleted; of what was withheld only rows that are known to be there
	Refused []Reject // records the destination would not take; their Key is set
}
