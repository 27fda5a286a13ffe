package sqldb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// The statements below join from the staged rows, which are few, to the table
// by its key: MySQL and MariaDB run DELETE and UPDATE … WHERE … IN (SELECT …)
// by reading the whole table. And none of them relies on ON DUPLICATE KEY in a
// user's sight: it would overwrite another row when the user has added a
// unique index.

func (m *mariadb) orUpdate(key, set []string) string {
	if len(set) == 0 {
		set = key[:1] // as it was
	}
	var values []string
	for _, c := range set {
		values = append(values, fmt.Sprintf("%s = VALUES(%s)", quote(c), quote(c)))
	}
	return " ON DUPLICATE KEY UPDATE " + strings.Join(values, ", ")
}

func (m *mariadb) dropSame(table, staged string, same, identity []string) string {
	condition := equal("t", "s", same) + " AND " + live("t")
	if identity != nil {
		condition += " AND " + isNewest(table, identity)
	}
	return fmt.Sprintf("DELETE s FROM %s AS s STRAIGHT_JOIN %s AS t ON %s", staged, table, condition)
}

func (m *mariadb) dropOwned(table string, owner []string, staged string, key []string) string {
	return fmt.Sprintf("DELETE t FROM %s AS s STRAIGHT_JOIN %s AS t ON %s", staged, table, pairs("t", owner, "s", key))
}

func (m *mariadb) merge(g merge) []string {
	set := []string{"t." + quote(weir.ColumnDeletedAt) + " = NULL"}
	update := equal("t", "s", g.key)
	if g.revive {
		update += " AND NOT " + live("t")
	} else {
		set = nil
		for _, c := range g.others() {
			set = append(set, fmt.Sprintf("t.%s = s.%s", quote(c), quote(c)))
		}
	}
	from := fmt.Sprintf("(SELECT * FROM %s WHERE %s)", g.staged, g.only)
	if g.only == "" {
		from = g.staged
	}
	var values []string
	for _, c := range g.columns {
		values = append(values, "s."+quote(c))
	}
	return []string{
		fmt.Sprintf("UPDATE %s AS s STRAIGHT_JOIN %s AS t ON %s SET %s", from, g.table, update, strings.Join(set, ", ")),
		fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s AS s WHERE NOT EXISTS (SELECT 1 FROM %s AS t WHERE %s)",
			g.table, quoteAll(g.columns), strings.Join(values, ", "), from, g.table, equal("t", "s", g.key)),
	}
}

func (m *mariadb) markOwned(table string, owner []string, deleted string, identity []string) string {
	return fmt.Sprintf("UPDATE %s AS s STRAIGHT_JOIN %s AS t ON %s AND %s SET t.%s = $1",
		deleted, table, pairs("t", owner, "s", identity), live("t"), quote(weir.ColumnDeletedAt))
}

func (m *mariadb) markNewest(table, deleted string, identity []string) string {
	var keys []string
	for _, c := range identity {
		keys = append(keys, "n."+quote(c))
	}
	newest := fmt.Sprintf("SELECT %s, max(n.%s) AS newest FROM %s AS d STRAIGHT_JOIN %s AS n ON %s GROUP BY %s",
		strings.Join(keys, ", "), quote(weir.ColumnExtractedAt), deleted, table, equal("n", "d", identity), strings.Join(keys, ", "))
	return fmt.Sprintf("UPDATE (%s) AS s STRAIGHT_JOIN %s AS t ON %s AND t.%s = s.newest AND %s SET t.%s = $1",
		newest, table, equal("t", "s", identity), quote(weir.ColumnExtractedAt), live("t"), quote(weir.ColumnDeletedAt))
}

func (m *mariadb) markVersions(table string, owner []string, root, deleted string, identity []string) string {
	return fmt.Sprintf("UPDATE %s AS s STRAIGHT_JOIN %s AS r ON %s AND NOT %s STRAIGHT_JOIN %s AS t ON %s AND %s SET t.%s = $1",
		deleted, root, equal("r", "s", identity), live("r"), table,
		pairs("t", slices.Concat(owner, version), "r", slices.Concat(identity, version)), live("t"), quote(weir.ColumnDeletedAt))
}

func (m *mariadb) markReplaced(table, staged string, identity []string) string {
	return fmt.Sprintf("UPDATE %s AS s STRAIGHT_JOIN %s AS t ON %s AND t.%s <> s.%s AND %s SET t.%s = $1",
		staged, table, equal("t", "s", append(slices.Clone(identity), weir.ColumnExtractedAt)), quote(weir.ColumnHash), quote(weir.ColumnHash), live("t"), quote(weir.ColumnDeletedAt))
}
