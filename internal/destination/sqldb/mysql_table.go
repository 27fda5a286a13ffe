package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// describe reads what there is. MariaDB keeps JSON as text with a check.
func (m *mariadb) describe(ctx context.Context, tx tx, names []string) (map[string]actual, error) {
	found := map[string]actual{}
	args := []any{m.database}
	var marks []string
	for i, name := range names {
		args = append(args, name)
		marks = append(marks, fmt.Sprintf("$%d", i+2))
	}
	which := ` WHERE c.table_schema = $1 AND c.table_name IN (` + strings.Join(marks, ", ") + `)`
	err := tx.query(ctx, `SELECT c.table_name, c.table_type = 'VIEW' FROM information_schema.tables AS c`+which, args, func(scan func(...any) error) error {
		var name string
		a := actual{columns: map[string]string{}}
		if err := scan(&name, &a.view); err != nil {
			return err
		}
		found[strings.ToLower(name)] = a
		return nil
	})
	if err != nil || len(found) == 0 {
		return found, err
	}
	json := `''`
	if m.maria {
		json = `coalesce((SELECT max(k.check_clause) FROM information_schema.check_constraints AS k
			WHERE k.constraint_schema = c.table_schema AND k.table_name = c.table_name AND k.constraint_name = c.column_name AND k.check_clause LIKE 'json_valid(%'), '')`
	}
	err = tx.query(ctx, `SELECT c.table_name, c.column_name, c.data_type, coalesce(c.character_maximum_length, 0), coalesce(c.datetime_precision, 0), `+json+` FROM information_schema.columns AS c`+which,
		args, func(scan func(...any) error) error {
			var table, column, dataType, check string
			var length, precision int64
			if err := scan(&table, &column, &dataType, &length, &precision, &check); err != nil {
				return err
			}
			found[strings.ToLower(table)].columns[strings.ToLower(column)] = typeName(dataType, length, precision, check != "")
			return nil
		})
	if err != nil {
		return nil, err
	}
	index := map[string]int{}
	err = tx.query(ctx, `SELECT c.table_name, c.index_name, c.column_name FROM information_schema.statistics AS c`+which+` AND c.non_unique = 0 AND c.sub_part IS NULL AND c.column_name IS NOT NULL`,
		args, func(scan func(...any) error) error {
			var table, name, column string
			if err := scan(&table, &name, &column); err != nil {
				return err
			}
			table = strings.ToLower(table)
			a := found[table]
			i, seen := index[table+" "+name]
			if !seen {
				i = len(a.unique)
				index[table+" "+name], a.unique = i, append(a.unique, nil)
			}
			a.unique[i] = append(a.unique[i], strings.ToLower(column))
			found[table] = a
			return nil
		})
	return found, err
}

// typeName is a column's type as columnType writes it.
func typeName(dataType string, length, precision int64, isJSON bool) string {
	switch dataType = strings.ToLower(dataType); {
	case isJSON:
		return "json"
	case dataType == "tinyint":
		return "boolean"
	case dataType == "varchar":
		return fmt.Sprintf("varchar(%d)", length)
	case dataType == "datetime":
		return fmt.Sprintf("datetime(%d)", precision)
	}
	return dataType
}

// building is the name of a column while its values are rewritten.
func building(i int) string { return fmt.Sprintf("_weir_new_%d", i) }

// alter changes a table in one step. Values that need another form are first
// written into columns beside the old ones, which the step then puts in their
// place. Whoever dies before it has changed nothing that counts.
func (m *mariadb) alter(ctx context.Context, tx tx, have, wide weir.Table) error {
	left, err := m.describe(ctx, tx, []string{have.Name})
	if err != nil {
		return err
	}
	name := m.table(have.Name)
	var before, set, step []string
	for i, c := range wide.Columns {
		was := have.Column(c.Name)
		if _, there := left[have.Name].columns[building(i)]; there { // of somebody who died
			if _, err := tx.exec(ctx, fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", name, quote(building(i)))); err != nil {
				return err
			}
		}
		notNull := ""
		if slices.Contains(wide.Key, c.Name) {
			notNull = " NOT NULL"
		}
		switch {
		case was < 0:
			step = append(step, "ADD COLUMN "+m.definition(wide, c, c.Name))
		case have.Columns[was].Type != c.Type:
			before = append(before, "ADD COLUMN "+m.definition(wide, c, building(i)))
			set = append(set, fmt.Sprintf("%s = %s", quote(building(i)), mysqlCast(quote(c.Name), have.Columns[was].Type, c.Type)))
			step = append(step, "DROP COLUMN "+quote(c.Name), fmt.Sprintf("CHANGE COLUMN %s %s", quote(building(i)), m.definition(wide, c, c.Name)+notNull))
		case m.columnType(have, have.Columns[was]) != m.columnType(wide, c): // a key with less room for each text
			step = append(step, "MODIFY COLUMN "+m.definition(wide, c, c.Name)+notNull)
		}
	}
	if slices.ContainsFunc(wide.Key, func(k string) bool { return have.Columns[have.Column(k)].Type != wide.Columns[wide.Column(k)].Type }) {
		step = append(append([]string{"DROP PRIMARY KEY"}, step...), "ADD PRIMARY KEY ("+quoteAll(wide.Key)+")")
	}
	if len(before) > 0 {
		for _, statement := range []string{
			fmt.Sprintf("ALTER TABLE %s %s", name, strings.Join(before, ", ")),
			fmt.Sprintf("UPDATE %s SET %s", name, strings.Join(set, ", ")),
		} {
			if _, err := tx.exec(ctx, statement); err != nil {
				return err
			}
		}
	}
	_, err = tx.exec(ctx, fmt.Sprintf("ALTER TABLE %s %s", name, strings.Join(step, ", ")))
	return err
}

// mysqlCast writes a column's value in a wider type, as convert does.
func mysqlCast(c string, from, to weir.Type) string {
	text := fmt.Sprintf("CAST(%s AS CHAR CHARACTER SET utf8mb4)", c)
	switch from {
	case weir.TypeBool:
		text = fmt.Sprintf("CASE WHEN %s THEN 'true' WHEN NOT %s THEN 'false' END", c, c)
	case weir.TypeTime:
		text = fmt.Sprintf("DATE_FORMAT(%s, '%%Y-%%m-%%dT%%H:%%i:%%s.%%fZ')", c)
	case weir.TypeText:
		text = c
	}
	switch {
	case to == weir.TypeFloat:
		return c
	case to == weir.TypeJSON && (from == weir.TypeText || from == weir.TypeTime):
		return "JSON_QUOTE(" + text + ")"
	}
	return text
}
