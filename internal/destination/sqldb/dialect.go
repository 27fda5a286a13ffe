package sqldb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// dialect gives the statements that the databases write differently. Tables
// come quoted, columns do not.
type dialect interface {
	// orUpdate ends an INSERT of values: a row whose key is there gets the
	// values of set; without any it stays as it is.
	orUpdate(key, set []string) string
	// dropSame takes away staged rows for which the table has a live row with
	// the same values in the columns of same. With identity, that row must be
	// its record's newest version.
	dropSame(table, staged string, same, identity []string) string
	// dropOwned takes away the table's rows whose owner is among the staged.
	dropOwned(table string, owner []string, staged string, key []string) string
	// merge brings staged rows into a table.
	merge(m merge) []string

	// The rest give live rows the time of deletion, which is $1. Deleted is a
	// temporary table of the deleted records' keys, in the columns of identity.
	// markOwned marks rows whose owner is there, markNewest of a root table the
	// newest versions, markVersions of a child table the rows of versions that
	// are marked in the root table, markReplaced of a root table what other rules
	// have made of a version that is staged.
	markOwned(table string, owner []string, deleted string, identity []string) string
	markNewest(table, deleted string, identity []string) string
	markVersions(table string, owner []string, root, deleted string, identity []string) string
	markReplaced(table, staged string, identity []string) string
}

// merge is how staged rows become rows of a table: a row whose key is there is
// replaced or, with revive, only loses its time of deletion; any other is new.
type merge struct {
	table, staged string
	columns, key  []string
	only          string // a condition on the staged rows; "" for all
	revive        bool
}

// others are the columns that are not in the key.
func (m merge) others() []string {
	return slices.DeleteFunc(slices.Clone(m.columns), func(c string) bool { return slices.Contains(m.key, c) })
}

// version are the columns that tell a record's versions apart.
var version = []string{weir.ColumnHash, weir.ColumnExtractedAt}

// live is the condition on rows that are not deleted.
func live(alias string) string { return alias + "." + quote(weir.ColumnDeletedAt) + " IS NULL" }

// equal compares columns of two rows.
func equal(a, b string, columns []string) string { return pairs(a, columns, b, columns) }

// pairs compares columns of a row with those of another, one by one.
func pairs(a string, of []string, b string, with []string) string {
	var out []string
	for i, c := range of {
		out = append(out, fmt.Sprintf("%s.%s = %s.%s", a, quote(c), b, quote(with[i])))
	}
	return strings.Join(out, " AND ")
}

// createTables are the statements that make tables whose columns are never null.
func createTables(e engine, tables []weir.Table) []string {
	var out []string
	for _, t := range tables {
		out = append(out, createTable(e, e.table(t.Name), t, columnNames(t.Columns)))
	}
	return out
}

// standard is the dialect of SQLite and Postgres.
type standard struct{}

func (standard) oneByOne() bool   { return false }
func (standard) tableEnd() string { return "" }

func (standard) orUpdate(key, set []string) string {
	if len(set) == 0 {
		return fmt.Sprintf(" ON CONFLICT (%s) DO NOTHING", quoteAll(key))
	}
	var values []string
	for _, c := range set {
		values = append(values, fmt.Sprintf("%s = excluded.%s", quote(c), quote(c)))
	}
	return fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s", quoteAll(key), strings.Join(values, ", "))
}

func (standard) dropSame(table, staged string, same, identity []string) string {
	statement := fmt.Sprintf("DELETE FROM %s AS s WHERE EXISTS (SELECT 1 FROM %s AS t WHERE %s AND %s", staged, table, equal("t", "s", same), live("t"))
	if identity != nil {
		statement += " AND " + isNewest(table, identity)
	}
	return statement + ")"
}

func (standard) dropOwned(table string, owner []string, staged string, key []string) string {
	return fmt.Sprintf("DELETE FROM %s WHERE %s IN (SELECT %s FROM %s)", table, tuple(owner), quoteAll(key), staged)
}

func (d standard) merge(m merge) []string {
	only, end := m.only, d.orUpdate(m.key, m.others())
	if only == "" {
		only = "true" // or SQLite would take ON for a join's
	}
	if m.revive {
		end = fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s = NULL WHERE NOT %s", quoteAll(m.key), quote(weir.ColumnDeletedAt), live("t"))
	}
	columns := quoteAll(m.columns)
	return []string{fmt.Sprintf("INSERT INTO %s AS t (%s) SELECT %s FROM %s WHERE %s%s", m.table, columns, columns, m.staged, only, end)}
}

func (standard) markOwned(table string, owner []string, deleted string, identity []string) string {
	return fmt.Sprintf("UPDATE %s AS t SET %s = $1 WHERE %s IN (SELECT %s FROM %s) AND %s",
		table, quote(weir.ColumnDeletedAt), tuple(owner), quoteAll(identity), deleted, live("t"))
}

func (d standard) markNewest(table, deleted string, identity []string) string {
	return d.markOwned(table, identity, deleted, identity) + " AND " + isNewest(table, identity)
}

func (standard) markVersions(table string, owner []string, root, deleted string, identity []string) string {
	return fmt.Sprintf("UPDATE %s AS t SET %s = $1 WHERE %s IN (SELECT %s FROM %s AS r WHERE %s IN (SELECT %s FROM %s) AND NOT %s) AND %s",
		table, quote(weir.ColumnDeletedAt), tuple(slices.Concat(owner, version)), quoteAll(slices.Concat(identity, version)), root,
		tuple(identity), quoteAll(identity), deleted, live("r"), live("t"))
}

func (d standard) markReplaced(table, staged string, identity []string) string {
	same, whole := append(slices.Clone(identity), weir.ColumnExtractedAt), slices.Concat(identity, version)
	return d.markOwned(table, same, staged, same) + fmt.Sprintf(" AND %s NOT IN (SELECT %s FROM %s)", tuple(whole), quoteAll(whole), staged)
}

// isNewest says that row t of a table is its record's newest version.
func isNewest(table string, identity []string) string {
	return fmt.Sprintf("t.%s = (SELECT max(n.%s) FROM %s AS n WHERE %s)", quote(weir.ColumnExtractedAt), quote(weir.ColumnExtractedAt), table, equal("n", "t", identity))
}
