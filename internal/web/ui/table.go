package ui

import (
	"encoding/csv"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Column is one column of a table.
type Column struct {
	Name    string // in the query: sort=name; "" for one that cannot be sorted by
	Title   string
	Numeric bool
	Wide    bool // the first to shrink
}

// Cell is one value of a table: its plain text, for files, and how it is
// shown; nil shows the text.
type Cell struct {
	Text string
	Show templ.Component
}

// Words is a cell of plain text.
func Words(text string) Cell { return Cell{Text: text} }

// Figure is a cell of a number.
func Figure(n int64) Cell { return Cell{Text: strconv.FormatInt(n, 10), Show: Count(n)} }

// Shown is a cell that is shown otherwise than its text.
func Shown(text string, c templ.Component) Cell { return Cell{Text: text, Show: c} }

// Table is a list that sorts, filters, pages and exports on the server.
type Table struct {
	ID      string
	Caption string // what it lists, for those who do not see it
	Columns []Column
	Rows    [][]Cell
	Query   url.Values // of the page: the filters stay in every link
	Path    string
	Total   int
	Page    int    // from 1
	PerPage int    // 0 for all on one page
	Filter  string // title of the text filter; "" for none
	Filters []Field
	Export  bool // it can be taken as a CSV file
	Empty   templ.Component
}

// with is the address of the table with one thing changed.
func (t Table) with(name, value string) templ.SafeURL {
	q := url.Values{}
	for k, v := range t.Query {
		q[k] = v
	}
	q.Set(name, value)
	if name != "page" {
		q.Del("page")
	}
	return templ.SafeURL(t.Path + "?" + q.Encode())
}

// sortBy is the address of the table sorted by the column, the other way
// round when it is sorted by it.
func (t Table) sortBy(c Column) templ.SafeURL {
	if t.Query.Get("sort") == c.Name {
		return t.with("sort", "-"+c.Name)
	}
	return t.with("sort", c.Name)
}

// direction is how the table is sorted by the column, in ARIA's words.
func (t Table) direction(c Column) string {
	switch t.Query.Get("sort") {
	case c.Name:
		return "ascending"
	case "-" + c.Name:
		return "descending"
	}
	return "none"
}

func (t Table) pages() int {
	if t.PerPage <= 0 {
		return 1
	}
	return max(1, (t.Total+t.PerPage-1)/t.PerPage)
}

// filtered reports whether what is shown is not everything.
func (t Table) filtered() bool {
	if t.Query.Get("q") != "" {
		return true
	}
	for _, f := range t.Filters {
		if t.Query.Get(f.Name) != "" {
			return true
		}
	}
	return false
}

// CSV writes the table's plain text. A value that a spreadsheet would take for
// a formula gets an apostrophe.
func (t Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = unformula(c.Title)
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i, c := range row {
			line[i] = unformula(c.Text)
		}
		if err := out.Write(line[:len(row)]); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// unformula keeps a spreadsheet from computing what somebody typed.
func unformula(text string) string {
	trimmed := strings.TrimLeft(text, " \u00a0\u3000")
	if trimmed == "" || !strings.ContainsAny(trimmed[:1], "=+-@\t\r") && !strings.HasPrefix(trimmed, "\uff1d") &&
		!strings.HasPrefix(trimmed, "\uff0b") && !strings.HasPrefix(trimmed, "\uff0d") && !strings.HasPrefix(trimmed, "\uff20") {
		return text
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text
	}
	return "'" + text
}
