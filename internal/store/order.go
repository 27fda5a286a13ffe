package store

import "strings"

// orderOf is the beginning of an ORDER BY for the name of an order, which comes
// from outside: what is not in the table is no order.
func orderOf(orders map[string]string, name string) string {
	name, down := strings.CutPrefix(name, "-")
	switch column := orders[name]; {
	case column == "":
		return ""
	case down:
		return column + " DESC, "
	default:
		return column + ", "
	}
}
