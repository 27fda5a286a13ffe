package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
)

// PartRun is what one run did to one part.
type PartRun struct {
	Run     string
	Number  int64
	Started int64 // µs
	Records int
	Bytes   int64
	Errors  int
}

// PartFilter chooses what ended runs did to parts of flows. Zero fields choose
// all.
type PartFilter struct {
	Org      int64
	Part     int64   // 0 for all of the kind
	Parts    []int64 // only these; nil for all
	Kind     Kind
	Number   int64 // of the run
	From, To int64 // when the run began, µs; To is excluded

	Page, Size int
}

func (f PartFilter) conditions() *conditions {
	c := &conditions{}
	if f.Part != 0 {
		c.and("p.part = %s", f.Part)
	}
	c.and("p.org = %s", f.Org)
	if f.Kind != "" {
		c.and("p.kind = %s", f.Kind)
	}
	if f.Parts != nil {
		c.and(amongIDs("p.part", f.Parts))
	}
	if f.Number != 0 {
		c.and("p.number = %s", f.Number)
	}
	if f.From != 0 {
		c.and("p.started >= %s", f.From)
	}
	if f.To != 0 {
		c.and("p.started < %s", f.To)
	}
	return c
}

// PartRuns gives what runs did to one part, newest first, and how many there
// are on all pages.
func (db *DB) PartRuns(ctx context.Context, f PartFilter) (runs []PartRun, total int, err error) {
	c := f.conditions()
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM run_part p`+c.text.String(), c.args...).Scan(&total); err != nil {
		return nil, 0, db.explain(ctx, err)
	}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var r PartRun
		err := rows.Scan(&r.Run, &r.Number, &r.Started, &r.Records, &r.Bytes, &r.Errors)
		runs = append(runs, r)
		return err
	}, `SELECT p.run, p.number, p.started, p.records, p.bytes, p.errors FROM run_part p`+c.text.String()+
		fmt.Sprintf(" ORDER BY p.started DESC, p.run DESC LIMIT %d OFFSET %d", f.Size, (f.Page-1)*f.Size), c.args...)
	return runs, total, err
}

// Metric is what runs did in one group.
type Metric struct {
	Day     int64 // days since 1970; of groups by day
	Part    int64 // of groups by part
	Kind    Kind
	Records int
	Bytes   int64
	Errors  int
	Runs    int
}

const day = 24 * 60 * 60 * 1_000_000 // µs

// DailyMetrics sums what runs did, day by day (UTC), oldest first. The filter
// names one part or one kind of which a run has one: its lines are the runs.
func (db *DB) DailyMetrics(ctx context.Context, f PartFilter) (days []Metric, err error) {
	c := f.conditions()
	err = db.each(ctx, func(rows *sql.Rows) error {
		var m Metric
		err := rows.Scan(&m.Day, &m.Records, &m.Bytes, &m.Errors, &m.Runs)
		days = append(days, m)
		return err
	}, `SELECT p.started / `+strconv.Itoa(day)+sums+`, count(*) FROM run_part p`+c.text.String()+` GROUP BY 1 ORDER BY 1`, c.args...)
	return days, err
}

// PartMetrics sums what runs did, part by part.
func (db *DB) PartMetrics(ctx context.Context, f PartFilter) (parts []Metric, err error) {
	c := f.conditions()
	err = db.each(ctx, func(rows *sql.Rows) error {
		var m Metric
		err := rows.Scan(&m.Part, &m.Kind, &m.Records, &m.Bytes, &m.Errors, &m.Runs)
		parts = append(parts, m)
		return err
	}, `SELECT p.part, p.kind`+sums+`, count(*) FROM run_part p`+c.text.String()+` GROUP BY p.part, p.kind ORDER BY p.part`, c.args...)
	return parts, err
}

const sums = `, CAST(sum(p.records) AS BIGINT), CAST(sum(p.bytes) AS BIGINT), CAST(sum(p.errors) AS BIGINT)`
