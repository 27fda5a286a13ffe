package sqldb

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/weirhq/weir"
)

// quote makes an identifier of a name: the only place where one becomes SQL.
// Postgres takes no NUL in it.
func quote(name string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(name, "\x00", ""), `"`, `""`) + `"`
}

// quoteAll joins quoted names with commas.
func quoteAll(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(n))
	}
	return b.String()
}

// tuple is the left side of IN for one or several columns.
func tuple(names []string) string {
	if len(names) == 1 {
		return quote(names[0])
	}
	return "(" + quoteAll(names) + ")"
}

// plainName is a name that Postgres does not cut and that all databases hold
// apart from every other, whatever they do with upper case.
var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// checkLayout refuses layouts with names that are not plain, are there twice,
// or belong to Weir, and tables without a key.
func checkLayout(l weir.Layout) error {
	wrong := func(format string, args ...any) error {
		return &weir.Error{Code: weir.CodeInternal, Message: fmt.Sprintf(format, args...)}
	}
	if len(l.Tables) == 0 || l.Tables[0].Parent != 0 {
		return wrong("the layout has no root table")
	}
	tables := map[string]bool{}
	for _, t := range l.Tables {
		if !plainName.MatchString(t.Name) || strings.HasPrefix(t.Name, "_weir") || strings.HasPrefix(t.Name, "sqlite_") || tables[t.Name] {
			return wrong("%.80q cannot be the name of a table here", t.Name)
		}
		tables[t.Name] = true
		columns := map[string]bool{}
		for _, c := range t.Columns {
			if !plainName.MatchString(c.Name) || columns[c.Name] {
				return wrong("table %s: %.80q cannot be the name of a column here", t.Name, c.Name)
			}
			columns[c.Name] = true
		}
		for _, k := range t.Key {
			if !columns[k] {
				return wrong("table %s: the key column %.80q is missing", t.Name, k)
			}
		}
		for _, own := range []string{weir.ColumnExtractedAt, weir.ColumnRunID, weir.ColumnDeletedAt, weir.ColumnHash} {
			if !columns[own] {
				return wrong("table %s: the column %s is missing", t.Name, own)
			}
		}
		if len(t.Key) == 0 || t.Parent > len(t.Key) {
			return wrong("table %s has no key", t.Name)
		}
	}
	return nil
}
