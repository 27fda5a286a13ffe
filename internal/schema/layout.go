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

// Layout is how the records observed so far lie in tables. Columns that only
// had nulls so far are left out: their type is not known.
func (s *Schema) Layout(mode weir.Mode) weir.Layout {
	if s.dirty {
		s.layouts, s.dirty = map[weir.Mode]weir.Layout{}, false
	}
	l, ok := s.layouts[mode]
	if !ok {
		for i, t := range s.tables {
			l.Tables = append(l.Tables, s.lay(t, i > 0, mode))
		}
		s.layouts[mode] = l
	}
	return l
}

func (s *Schema) lay(t *table, child bool, mode weir.Mode) weir.Table {
	out := weir.Table{Name: t.Name}
	for _, path := range s.spec.PrimaryKey {
		root, _ := s.tables[0].field(path)
		column := weir.Column{Name: root.Name, Type: known(root.Type)}
		if child {
			column.Name = s.parentColumn(path)
			out.Parent++
		}
		out.Columns = append(out.Columns, column)
		out.Key = append(out.Key, column.Name)
	}
	if child {
		out.Columns = append(out.Columns, weir.Column{Name: columnPosition, Type: weir.TypeInt})
		out.Key = append(out.Key, columnPosition)
	}
	for _, f := range t.Fields {
		if f.Type != "" && (child || !slices.Contains(s.spec.PrimaryKey, f.Path)) {
			out.Columns = append(out.Columns, weir.Column{Name: f.Name, Type: f.Type})
		}
	}
	out.Columns = append(out.Columns, own...)
	if mode == weir.ModeHistory {
		out.Key = append(out.Key, weir.ColumnHash)
	}
	return out
}

// known gives a key column, which cannot be left out, a type.
func known(t weir.Type) weir.Type {
	if t == "" {
		return weir.TypeText
	}
	return t
}
