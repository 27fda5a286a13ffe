package schema

import (
	"slices"

	"github.com/weirhq/weir"
)

// own are the columns that end every table.
var own = []weir.Column{
	{Name: weir.ColumnExtractedAt, Type: weir.TypeTime}, {Name: weir.ColumnRunID, Type: weir.TypeText},
	{Name: weir.ColumnDeletedAt, Type: weir.TypeTime}, {Name: weir.ColumnHash, Type: weir.TypeText},
}

// Layout is how the records observed so far lie in tables: key columns first,
// then those of the Spec, then by name. Columns that had no value so far are
// left out, because their type is not known. What it returns stays as it is
// when the schema widens.
func (s *Schema) Layout(mode weir.Mode) weir.Layout {
	if s.laid == nil {
		s.layouts = map[weir.Mode]weir.Layout{}
		s.laid = append([]*table{s.root}, s.children()...)
		for i, t := range s.laid {
			t.index = i
		}
	}
	l, ok := s.layouts[mode]
	if !ok {
		for _, t := range s.laid {
			l.Tables = append(l.Tables, s.lay(t, mode))
		}
		s.layouts[mode] = l
	}
	return l
}

func (s *Schema) lay(t *table, mode weir.Mode) weir.Table {
	out := weir.Table{Name: t.name}
	var taken []*column
	for i, path := range s.spec.PrimaryKey {
		c := weir.Column{Name: s.keyColumn(i), Type: s.keyType(i)}
		if t != s.root {
			c.Name = s.parentColumn(i)
			out.Parent++
		} else {
			f := t.fields[path]
			f.slot = i
			taken = append(taken, f.column)
		}
		out.Columns = append(out.Columns, c)
		out.Key = append(out.Key, c.Name)
	}
	if t != s.root {
		out.Columns = append(out.Columns, weir.Column{Name: columnPosition, Type: weir.TypeInt})
		out.Key = append(out.Key, columnPosition)
	}
	for _, c := range t.sorted() {
		if !slices.Contains(taken, c) && c.kind() != unknown {
			out.Columns = c.lay(out.Columns)
		}
	}
	out.Columns = append(out.Columns, own...)
	t.types = t.types[:0]
	for _, c := range out.Columns {
		t.types = append(t.types, c.Type)
	}
	if mode == weir.ModeHistory {
		out.Key = append(out.Key, weir.ColumnHash, weir.ColumnExtractedAt)
	}
	return out
}

// keyType is the type of a key column: an integer when all are, or text.
func (s *Schema) keyType(part int) weir.Type {
	if columnType(s.root.fields[s.spec.PrimaryKey[part]].Kind) == weir.TypeInt {
		return weir.TypeInt
	}
	return weir.TypeText
}

// sorted gives the columns in the layout's order.
func (t *table) sorted() []*column {
	var out []*column
	for _, c := range t.columns {
		out = append(out, c)
	}
	place := func(c *column) int {
		for _, f := range c.fields {
			if i := slices.Index(t.order, f.Path); i >= 0 {
				return i
			}
		}
		return len(t.order)
	}
	slices.SortFunc(out, func(a, b *column) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return out
}

// lay appends the column, and those of its fields that are parted from it.
func (c *column) lay(columns []weir.Column) []weir.Column {
	for _, f := range c.fields {
		f.slot, f.own = len(columns), -1
	}
	columns = append(columns, weir.Column{Name: c.name, Type: columnType(c.kind())})
	if !c.parted {
		return columns
	}
	for _, f := range c.fields[1:] {
		if f.Kind != unknown {
			f.own = len(columns)
			columns = append(columns, weir.Column{Name: hashed(f.Name, f.Path), Type: columnType(f.Kind)})
		}
	}
	return columns
}
