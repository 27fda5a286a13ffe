package file

import (
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// columnPosition is the last column of every file: the order in which
// versions were loaded. It is the record's position in its log, made to grow
// on when a log starts over. The rows of one version of a record, in the root
// table and in its child tables, have the same one, and no other rows have.
const columnPosition = "_weir_position"

// keyIndexes finds the key columns.
func keyIndexes(t weir.Table) []int {
	at := make([]int, len(t.Key))
	for i, k := range t.Key {
		at[i] = t.Column(k)
	}
	return at
}

// onDisk is a table as its files have it: with columnPosition.
func onDisk(t weir.Table) weir.Table {
	t.Columns = append(slices.Clip(t.Columns), weir.Column{Name: columnPosition, Type: weir.TypeInt})
	return t
}

// identify gives the batch with keys that say which record a row is of, and
// not which version of it. What the caller passed is not changed.
func identify(b weir.Batch) weir.Batch {
	if len(b.Layout.Tables) == 0 {
		return b
	}
	b.Layout.Tables = slices.Clone(b.Layout.Tables)
	for i, t := range b.Layout.Tables {
		b.Layout.Tables[i].Key = t.Identity()
	}
	return b
}

// union is the layout that covers both: the newer one's order, then what only
// the older one has, with Weir's own columns last. A column whose type
// changed gets the type that holds both.
func union(older, newer weir.Layout) weir.Layout {
	var out weir.Layout
	for _, t := range newer.Tables {
		if o, ok := older.Table(t.Name); ok {
			t = unionTable(o, t)
		}
		out.Tables = append(out.Tables, t)
	}
	for _, t := range older.Tables {
		if _, ok := newer.Table(t.Name); !ok {
			out.Tables = append(out.Tables, t)
		}
	}
	return out
}

func unionTable(older, newer weir.Table) weir.Table {
	var own, rest []weir.Column
	add := func(c weir.Column) {
		if strings.HasPrefix(c.Name, "_weir_") {
			own = append(own, c)
		} else {
			rest = append(rest, c)
		}
	}
	for _, c := range newer.Columns {
		if i := older.Column(c.Name); i >= 0 {
			c.Type = older.Columns[i].Type.With(c.Type)
		}
		add(c)
	}
	for _, c := range older.Columns {
		if newer.Column(c.Name) < 0 {
			add(c)
		}
	}
	newer.Columns = slices.Concat(rest, own)
	return newer
}
