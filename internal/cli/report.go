package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	_ "modernc.org/sqlite" // the driver that opens the demo's result
)

// openReadOnly opens a destination's SQLite file to look at it.
func openReadOnly(path string) (*sql.DB, error) {
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro"}).String())
}

// showTables prints every table of the data with its number of rows, those
// without any in one line.
func showTables(ctx context.Context, w io.Writer, path string) error {
	return reading(path, func(db *sql.DB) error {
		names, err := column(ctx, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\_weir%' ESCAPE '\' AND name NOT LIKE 'sqlite%' ORDER BY name`)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		empty := 0
		for _, name := range names {
			var rows, gone int
			// The names come from the database's own catalogue.
			query := fmt.Sprintf(`SELECT count(*), count(_weir_deleted_at) FROM "%s"`, strings.ReplaceAll(name, `"`, `""`)) // #nosec G201
			if err := db.QueryRowContext(ctx, query).Scan(&rows, &gone); err != nil {
				return err
			}
			if rows == 0 {
				empty++
				continue
			}
			note := ""
			if gone > 0 {
				note = fmt.Sprintf("%d of them marked deleted", gone)
			}
			fmt.Fprintf(t, "%d\t  %s\t\f", rows, strings.TrimSpace(name+"  "+note))
		}
		if err := t.Flush(); err != nil || empty == 0 {
			return err
		}
		_, err = fmt.Fprintf(w, "and %d tables without rows yet, such as those of organizations\n", empty)
		return err
	})
}

// reports are the first questions people ask of bookings.
var reports = []struct{ title, query string }{
	{"Bookings by status", `SELECT coalesce(status, 'unknown'), count(*) FROM bookings WHERE _weir_deleted_at IS NULL GROUP BY 1 ORDER BY 2 DESC`},
	{"Bookings by event type", `SELECT coalesce(event_type_slug, '(event type deleted)'), count(*) FROM bookings WHERE _weir_deleted_at IS NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 8`},
	{"No-shows", `SELECT 'attendees absent', count(*) FROM booking_attendees WHERE absent AND _weir_deleted_at IS NULL UNION ALL SELECT 'hosts absent', count(*) FROM bookings WHERE absent_host AND _weir_deleted_at IS NULL`},
	{"Lead time from booking to meeting", `SELECT CASE WHEN d < 1 THEN '1 under a day' WHEN d < 7 THEN '2 under a week' WHEN d < 30 THEN '3 under a month' ELSE '4 longer' END, count(*)
		FROM (SELECT julianday(start) - julianday(created_at) AS d FROM bookings WHERE _weir_deleted_at IS NULL) GROUP BY 1 ORDER BY 1`},
}

// showReport prints the reports, each with a bar per line.
func showReport(ctx context.Context, w io.Writer, path string) error {
	return reading(path, func(db *sql.DB) error {
		for _, r := range reports {
			fmt.Fprintf(w, "\n%s\n", r.title)
			if err := showCounts(ctx, w, db, r.query); err != nil {
				return fmt.Errorf("%s: %w", r.title, err)
			}
		}
		fmt.Fprintln(w)
		return nil
	})
}

func showCounts(ctx context.Context, w io.Writer, db *sql.DB, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	type count struct {
		label string
		n     int
	}
	var counts []count
	most := 1
	for rows.Next() {
		var c count
		if err := rows.Scan(&c.label, &c.n); err != nil {
			return err
		}
		counts, most = append(counts, c), max(most, c.n)
	}
	for _, c := range counts {
		fmt.Fprintf(w, "  %-32s %7d %s\n", c.label, c.n, strings.Repeat("█", (c.n*30+most-1)/most))
	}
	return rows.Err()
}

func reading(path string, f func(*sql.DB) error) error {
	db, err := openReadOnly(path)
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

func column(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
