package ui

import (
	"io"
	"net/url"
	"strconv"

	"github.com/a-h/templ"
)

// Column is one column of a table.
type Column struct {
	Name    string // in the query: sort=name; "" for one that cannot be sorted by
	Title   string
	Numeric bool
	Wide    bool // the first to shrink
	Hidden  bool // its title is only heard, and it is in no file
	Under   bool // it stands under the others, over the whole width, when it says something; its cells are plain text
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

// shown are the columns that stand side by side.
func (t Table) shown() (side []Column) {
	for _, c := range t.Columns {
		if !c.Under {
			side = append(side, c)
		}
	}
	return side
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

// CSV writes the table's plain text.
func (t Table) CSV(w io.Writer) error {
	out := NewCSV(w)
	if err := out.Line(t.Titles()...); err != nil {
		return err
	}
	if err := out.Rows(t.Rows); err != nil {
		return err
	}
	return out.Flush()
}

// Titles are those of the columns, as a file has them.
func (t Table) Titles() []string {
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = c.Title
	}
	return titles
}
