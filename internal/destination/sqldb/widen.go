package sqldb

import (
	"context"
	"fmt"
	"slices"

	"github.com/weirhq/weir"
)

// exactInt is the largest number up to which float64 holds every integer.
const exactInt = 1 << 53

// union is the table that holds the rows of the database's table and of the
// batch's: the columns that are there, then the new ones.
func (db *DB) union(ctx context.Context, tx tx, b weir.Batch, i int, have weir.Table) (weir.Table, error) {
	wide := have
	wide.Columns = slices.Clone(have.Columns)
	for j, c := range b.Layout.Tables[i].Columns {
		at := wide.Column(c.Name)
		if at < 0 {
			wide.Columns = append(wide.Columns, c)
			continue
		}
		old := wide.Columns[at].Type
		t := old.With(c.Type)
		if t == weir.TypeFloat && old != c.Type {
			exact, err := db.exact(ctx, tx, b, i, j, old == weir.TypeInt)
			if err != nil {
				return wide, err
			}
			if !exact {
				t = weir.TypeText
			}
		}
		wide.Columns[at].Type = t
	}
	return wide, nil
}

// exact reports whether the integers of a column, those in the database or
// those in the batch, can become floats without being rounded.
func (db *DB) exact(ctx context.Context, tx tx, b weir.Batch, table, column int, inDatabase bool) (bool, error) {
	t := b.Layout.Tables[table]
	exact := true
	if inDatabase {
		name := quote(t.Columns[column].Name)
		err := tx.query(ctx, fmt.Sprintf("SELECT 1 FROM %s WHERE %s > %d OR %s < -%d LIMIT 1", db.engine.table(t.Name), name, exactInt, name, exactInt), nil,
			func(func(...any) error) error { exact = false; return nil })
		return exact, err
	}
	for _, c := range b.Changes {
		if table >= len(c.Rows) {
			continue
		}
		for _, row := range c.Rows[table] {
			if column < len(row) {
				if n, ok := row[column].(int64); ok && (n > exactInt || n < -exactInt) {
					return false, nil
				}
			}
		}
	}
	return exact, nil
}
