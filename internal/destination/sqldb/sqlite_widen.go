package sqldb

import (
	"context"
	"fmt"
	"strings"

	"github.com/weirhq/weir"
)

// alter adds the new columns, and widens those that need it.
func (l *lite) alter(ctx context.Context, tx tx, have, wide weir.Table) error {
	from, err := addColumns(ctx, tx, l, have, wide)
	if err != nil {
		return err
	}
	return l.widen(ctx, tx, from, wide)
}

// widen replaces a table by one with the wider types. SQLite cannot change a
// column's type, and a column that stayed INTEGER would turn the text "007"
// into 7. The user's indexes and triggers come along.
func (l *lite) widen(ctx context.Context, tx tx, from, to weir.Table) error {
	var names, values []string
	changed := false
	for i, c := range to.Columns {
		names = append(names, c.Name)
		values = append(values, liteCast(quote(c.Name), from.Columns[i].Type, c.Type))
		changed = changed || from.Columns[i].Type != c.Type
	}
	if !changed {
		return nil
	}
	extra, err := l.added(ctx, tx, to)
	if err != nil {
		return err
	}
	var again []string
	if err := tx.query(ctx, `SELECT sql FROM main.sqlite_schema WHERE tbl_name = $1 AND type IN ('index', 'trigger') AND sql IS NOT NULL`, []any{to.Name},
		func(scan func(...any) error) error {
			again = append(again, "")
			return scan(&again[len(again)-1])
		}); err != nil {
		return err
	}
	const build = "_weir_new"
	create := createTable(l, l.table(build), to, to.Key)
	for _, c := range extra {
		create = strings.Replace(create, "PRIMARY KEY (", c.definition+", PRIMARY KEY (", 1)
		names, values = append(names, c.name), append(values, quote(c.name))
	}
	statements := append([]string{
		create,
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s", l.table(build), quoteAll(names), strings.Join(values, ", "), l.table(to.Name)),
		"DROP TABLE " + l.table(to.Name),
		fmt.Sprintf("ALTER TABLE %s RENAME TO %s", l.table(build), quote(to.Name)),
	}, again...)
	for _, s := range statements {
		if _, err := tx.exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// userColumn is a column that somebody has added to one of our tables.
type userColumn struct{ name, definition string }

func (l *lite) added(ctx context.Context, tx tx, t weir.Table) ([]userColumn, error) {
	var out []userColumn
	ours := map[string]bool{}
	for _, c := range t.Columns {
		ours[c.Name] = true
	}
	err := tx.query(ctx, `SELECT name, type FROM pragma_table_info($1, 'main')`, []any{t.Name}, func(scan func(...any) error) error {
		var name, declared string
		if err := scan(&name, &declared); err != nil {
			return err
		}
		if !ours[strings.ToLower(name)] {
			out = append(out, userColumn{name, quote(name) + " " + declared})
		}
		return nil
	})
	return out, err
}

// liteCast writes a column's value in a wider type, as convert does.
func liteCast(c string, from, to weir.Type) string {
	if from == to {
		return c
	}
	text := c
	switch from {
	case weir.TypeBool:
		text = fmt.Sprintf("CASE WHEN %s THEN 'true' WHEN NOT %s THEN 'false' END", c, c)
	case weir.TypeInt:
		text = fmt.Sprintf("CAST(%s AS TEXT)", c)
	case weir.TypeFloat: // CAST may keep 15 digits only; 17 bring every float back
		text = fmt.Sprintf("CASE WHEN CAST(CAST(%s AS TEXT) AS REAL) = %s THEN CAST(%s AS TEXT) ELSE printf('%%!.17g', %s) END", c, c, c, c)
	}
	switch {
	case to == weir.TypeFloat:
		return fmt.Sprintf("CAST(%s AS REAL)", c)
	case to == weir.TypeJSON && (from == weir.TypeText || from == weir.TypeTime):
		return fmt.Sprintf("CASE WHEN %s IS NOT NULL THEN json_quote(%s) END", c, c)
	}
	return text
}
