package web

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/weirhq/weir/internal/web/ui"
)

// rowsOnAPage is how many rows of a table a page shows, and rowsAtOnce how many
// are read at once for a file.
const (
	rowsOnAPage = 50
	rowsAtOnce  = 1000
)

// exportTimeout is how long a file may take that is sent as it is read.
const exportTimeout = 10 * time.Minute

// rowsOf reads one page of a table, from 1, and says how many rows there are on
// all of them.
type rowsOf func(page, number int) (rows [][]ui.Cell, total int, err error)

// exports reports whether the table is asked for as a file.
func (v *visit) exports() bool { return v.query().Get("format") == "csv" }

// list shows a page with a table that has all its rows, or sends the table as a
// file when that is what was asked for.
func (v *visit) list(title string, t ui.Table, page templ.Component) error {
	if !v.exports() {
		return v.shown(title, page)
	}
	leave, err := v.sending.Enter(v.who)
	if err != nil {
		return err
	}
	defer leave()
	var b bytes.Buffer
	if err := t.CSV(&b); err != nil {
		return err
	}
	return v.file(t.ID+".csv", "text/csv; charset=utf-8", b.Bytes())
}

// listed shows a page with a table, or sends the whole table as a file when that
// is what was asked for.
func (v *visit) listed(title string, t ui.Table, rows rowsOf, page func(ui.Table) templ.Component) error {
	if v.exports() {
		return v.exported(t, rows)
	}
	if err := v.turn(&t, rows); err != nil {
		return err
	}
	return v.shown(title, page(t))
}

// turn reads the page of a table that the address asks for.
func (v *visit) turn(t *ui.Table, rows rowsOf) (err error) {
	t.Query, t.Page, t.PerPage = v.query(), pageNumber(v), rowsOnAPage
	t.Rows, t.Total, err = rows(t.Page, t.PerPage)
	return err
}

// exported sends all rows of a table, page by page as they are read: however many
// they are, a thousand are in memory. What is new meanwhile moves the rest on, so
// that a row can come twice; none is left out.
func (v *visit) exported(t ui.Table, rows rowsOf) error {
	return v.streamed(t.ID+".csv", func(out *ui.CSV) error {
		if err := out.Line(t.Titles()...); err != nil {
			return err
		}
		for page := 1; ; page++ {
			some, total, err := rows(page, rowsAtOnce)
			if err != nil {
				return err
			}
			if err := out.Rows(some); err != nil || page*rowsAtOnce >= total {
				return err
			}
			if err := out.Flush(); err != nil {
				return err
			}
		}
	})
}

// streamed sends a CSV file as it is written. It may take longer than a page; once
// the browser has gone the rest is not read. What fails after the first bytes cuts
// the answer, so that no half file looks whole.
func (v *visit) streamed(name string, write func(*ui.CSV) error) error {
	leave, err := v.sending.Enter(v.who)
	if err != nil {
		return err
	}
	defer leave()
	ctx, stop := context.WithTimeout(v.whole.Context(), exportTimeout)
	defer stop()
	v.r = v.r.WithContext(ctx)
	out := ui.NewCSV(&opening{v, name})
	if err := write(out); err != nil {
		return err
	}
	return out.Flush()
}

// opening is an answer whose head goes out with the first bytes: what fails before
// still gets a page of its own.
type opening struct {
	v    *visit
	name string
}

func (o *opening) Write(p []byte) (int, error) {
	if !o.v.sent {
		o.v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		o.v.w.Header().Set("Content-Disposition", `attachment; filename="`+o.name+`"`)
		o.v.head(http.StatusOK)
	}
	return o.v.w.Write(p)
}

// pageNumber is the page of a list that the query names, from 1.
func pageNumber(v *visit) int {
	n, err := strconv.Atoi(v.query().Get("page"))
	if err != nil {
		return 1
	}
	return min(max(1, n), 1_000_000)
}
