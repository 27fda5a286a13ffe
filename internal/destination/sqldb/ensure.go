package sqldb

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// ensure makes a table, or widens it to the layout. Only tables that Weir
// made are touched, and only as long as they are as Weir left them.
func (l *load) ensure(t weir.Table) error {
	has, err := l.db.kind.columns(l.ctx, l.tx, t.Name)
	if err != nil {
		return err
	}
	made, err := l.made(t.Name)
	switch {
	case err != nil:
		return err
	case has == nil && made != nil:
		return conflict(t.Name, "it was dropped by somebody else", "Delete its dataset's row from _weir_positions and its own from _weir_tables to have it filled again from Weir's log")
	case has == nil:
		return l.create(t)
	case made == nil:
		return conflict(t.Name, "there is a table of that name which Weir did not make; it was not touched", "Rename it, or use another database, or in Postgres another schema: postgres://…?schema=NAME")
	}
	for _, name := range made {
		if _, ok := has[name]; !ok {
			return conflict(t.Name, "its column "+name+" was removed or renamed by somebody else", "Put it back")
		}
	}
	return l.widen(t, has, made)
}

func conflict(table, message, remedy string) error {
	return &weir.Error{Code: weir.CodeConflict, Where: "table " + table, Message: message, Remedy: remedy}
}

// made gives the columns that Weir made in a table, nil when it made none.
func (l *load) made(table string) ([]string, error) {
	var source, columns string
	err := l.tx.QueryRowContext(l.ctx, `SELECT source, columns FROM _weir_tables WHERE name = $1`, table).Scan(&source, &columns)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case source != l.Source:
		return nil, foreignSource("table "+table, source)
	}
	return strings.Split(columns, ","), nil
}

func (l *load) create(t weir.Table) error {
	lines := make([]string, 0, len(t.Columns)+1)
	for _, c := range t.Columns {
		line := quote(c.Name) + " " + l.db.kind.columnType(c.Type)
		if slices.Contains(t.Key, c.Name) {
			line += " NOT NULL"
		}
		lines = append(lines, line)
	}
	lines = append(lines, "PRIMARY KEY ("+quoteAll(t.Key)+")")
	if _, err := l.exec("CREATE TABLE " + quote(t.Name) + " (" + strings.Join(lines, ", ") + ")"); err != nil {
		return err
	}
	_, err := l.exec(`INSERT INTO _weir_tables (name, dataset, source, columns) VALUES ($1, $2, $3, $4)`, t.Name, l.Dataset, l.Source, strings.Join(columnNames(t), ","))
	return err
}

// widen adds the columns that are missing and widens the types that are too
// narrow.
func (l *load) widen(t weir.Table, has map[string]string, made []string) error {
	changed := false
	for _, c := range t.Columns {
		switch now, ok := has[c.Name]; {
		case !ok:
			if _, err := l.exec("ALTER TABLE " + quote(t.Name) + " ADD COLUMN " + quote(c.Name) + " " + l.db.kind.columnType(c.Type)); err != nil {
				return fmt.Errorf("adding column %s: %w", c.Name, err)
			}
			made, changed = append(made, c.Name), true
		case !slices.Contains(made, c.Name):
			return conflict(t.Name, "somebody else has added a column "+c.Name+", which Weir now needs for the source's own", "Rename that column")
		case !strings.EqualFold(now, l.db.kind.columnType(c.Type)):
			if text := l.db.kind.retype(t.Name, c); text != "" {
				if _, err := l.exec(text); err != nil {
					return fmt.Errorf("widening column %s: %w", c.Name, err)
				}
			}
		}
	}
	if !changed {
		return nil
	}
	_, err := l.exec(`UPDATE _weir_tables SET columns = $2 WHERE name = $1`, t.Name, strings.Join(made, ","))
	return err
}
