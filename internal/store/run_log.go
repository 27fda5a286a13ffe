package store

import (
	"context"
	"database/sql"
	"fmt"
)

// The severities of lines, and their types.
const (
	SeverityInfo    = "info"
	SeverityWarning = "warning"
	SeverityError   = "error"

	LineLog     = "log"
	LineSummary = "summary" // the last line of a run
)

// RunLine is one thing that a run said.
type RunLine struct {
	Run      string
	Number   int64 // of the run
	At       int64 // µs
	Part     int64 // the resource that it is about
	Kind     Kind  // of the part
	Severity string
	Type     string
	Text     string
}

// say adds lines to a run's log.
func say(ctx context.Context, tx *sql.Tx, r *Run, lines ...RunLine) error {
	for _, l := range lines {
		_, err := tx.ExecContext(ctx, `INSERT INTO run_log (org, resource, run, number, at, part, kind, severity, type, text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			r.Org, r.Resource, string(r.ID), r.Number, l.At, l.Part, l.Kind, l.Severity, l.Type, printable(l.Text))
		if err != nil {
			return err
		}
	}
	return nil
}

// LogFilter chooses lines of one source's runs. Zero fields choose all.
type LogFilter struct {
	Org, Source int64
	Part        int64   // only about this part
	Runs        []int64 // numbers
	Run         string  // id
	From, To    int64   // µs, both included
	Severities  []string
	Types       []string
	Contains    string  // in the text, whatever the case
	Told        []int64 // destinations of whose lines the text is searched; nil for all
	OldestFirst bool

	Page, Size int // from 1; how many on a page
}

func (f LogFilter) conditions() *conditions {
	c := &conditions{}
	c.and("l.resource = %s", f.Source)
	c.and("l.org = %s", f.Org)
	if f.Part != 0 {
		c.and("l.part = %s", f.Part)
	}
	if len(f.Runs) > 0 {
		c.and(amongIDs("l.number", f.Runs))
	}
	if f.Run != "" {
		c.and("l.run = %s", f.Run)
	}
	if f.From != 0 {
		c.and("l.at >= %s", f.From)
	}
	if f.To != 0 {
		c.and("l.at <= %s", f.To)
	}
	if len(f.Severities) > 0 {
		c.and(among(c, "l.severity", f.Severities))
	}
	if len(f.Types) > 0 {
		c.and(among(c, "l.type", f.Types))
	}
	if f.Contains != "" {
		c.and(`lower(l.text) LIKE %s ESCAPE '\'`, contains(f.Contains))
		if f.Told != nil {
			c.and("(l.kind <> 'destination' OR " + amongIDs("l.part", f.Told) + ")")
		}
	}
	return c
}

// RunLines gives the filter's lines, the newest first unless it says
// otherwise, and how many there are on all pages.
func (db *DB) RunLines(ctx context.Context, f LogFilter) (lines []RunLine, total int, err error) {
	c := f.conditions()
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM run_log l`+c.text.String(), c.args...).Scan(&total); err != nil {
		return nil, 0, db.explain(ctx, err)
	}
	order := " ORDER BY l.at DESC, l.id DESC"
	if f.OldestFirst {
		order = " ORDER BY l.at, l.id"
	}
	lines = []RunLine{}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var l RunLine
		err := rows.Scan(&l.Run, &l.Number, &l.At, &l.Part, &l.Kind, &l.Severity, &l.Type, &l.Text)
		lines = append(lines, l)
		return err
	}, `SELECT l.run, l.number, l.at, l.part, l.kind, l.severity, l.type, l.text FROM run_log l`+c.text.String()+order+
		fmt.Sprintf(" LIMIT %d OFFSET %d", f.Size, (f.Page-1)*f.Size), c.args...)
	return lines, total, err
}

// Facet is how many lines have one value of a column.
type Facet struct {
	Value string
	Count int
}

// LogFacets counts the filter's lines by severity, by type and by run.
func (db *DB) LogFacets(ctx context.Context, f LogFilter) (map[string][]Facet, error) {
	c := f.conditions()
	out := map[string][]Facet{}
	for name, column := range map[string]string{"severity": "l.severity", "log_type": "l.type", "run_id": "CAST(l.number AS TEXT)"} {
		facets := []Facet{}
		err := db.each(ctx, func(rows *sql.Rows) error {
			var one Facet
			err := rows.Scan(&one.Value, &one.Count)
			facets = append(facets, one)
			return err
		}, `SELECT `+column+`, count(*) FROM run_log l`+c.text.String()+` GROUP BY 1 ORDER BY 2 DESC, 1 DESC LIMIT 100`, c.args...)
		if err != nil {
			return nil, err
		}
		out[name] = facets
	}
	return out, nil
}
