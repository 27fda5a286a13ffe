package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// FlowHealth is how a flow stands.
type FlowHealth struct {
	Source    int64 // the resource at its root
	Node      int64
	Name      string
	Status    string // of the source
	Health    Health // "" before the first run ended
	Run       weir.RunID
	Number    int64 // of the newest run that ended
	Records   int   // new or changed in it
	Errors    int
	Summary   string // what went wrong, "" for nothing
	Part      int64  // the destination whose words the summary repeats; 0 for none
	UpdatedAt int64  // µs; 0 before the first run ended
}

// HealthFilter chooses flows of one organization. Zero fields choose all.
type HealthFilter struct {
	Org      int64
	Sources  []int64 // only these; nil for all
	Owner    int64
	Health   Health
	From, To int64  // when the newest run ended, µs; To is excluded
	SortBy   string // one of HealthOrders; "" for updated
	Up       bool   // smallest first

	Page, Size int
}

// HealthOrders are what flows can be sorted by.
var HealthOrders = map[string]string{"updated": "h.updated", "health": "h.health", "errors": "h.errors", "records": "h.records", "name": "r.name", "flow": "h.resource"}

func (f HealthFilter) conditions() *conditions {
	c := &conditions{}
	c.and("h.org = %s", f.Org)
	c.and("h.deleted = 0")
	if f.Sources != nil {
		c.and(amongIDs("h.resource", f.Sources))
	}
	if f.Owner != 0 {
		c.and("h.resource IN (SELECT o.id FROM resource o WHERE o.org = %s AND o.kind = 'source' AND o.deleted = 0 AND o.owner = %s)", f.Org, f.Owner)
	}
	if f.Health != "" {
		c.and("h.health = %s", f.Health)
	}
	if f.From != 0 {
		c.and("h.updated >= %s", f.From)
	}
	if f.To != 0 {
		c.and("h.updated < %s", f.To)
	}
	return c
}

// FlowHealths gives the filter's flows, and how many there are on all pages.
// The page is found in the one table and its indexes, and only then named.
func (db *DB) FlowHealths(ctx context.Context, f HealthFilter) (all []FlowHealth, total int, err error) {
	c := f.conditions()
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM flow_health h`+c.text.String(), c.args...).Scan(&total); err != nil {
		return nil, 0, db.explain(ctx, err)
	}
	column, known := HealthOrders[f.SortBy]
	if !known {
		column = HealthOrders["updated"]
	}
	direction, names := " DESC", ""
	if f.Up {
		direction = ""
	}
	if column == HealthOrders["name"] {
		names = " JOIN resource r ON r.id = h.resource"
	}
	order := func(column string) string { return " ORDER BY " + column + direction + ", h.resource" + direction }
	page := `SELECT h.* FROM flow_health h` + names + c.text.String() + order(column) + fmt.Sprintf(" LIMIT %d OFFSET %d", f.Size, (f.Page-1)*f.Size)
	err = db.each(ctx, func(rows *sql.Rows) error {
		var h FlowHealth
		err := rows.Scan(&h.Source, &h.Node, &h.Name, &h.Status, &h.Health, &h.Run, &h.Number, &h.Records, &h.Errors, &h.Summary, &h.Part, &h.UpdatedAt)
		all = append(all, h)
		return err
	}, `SELECT r.id, n.id, r.name, r.status, h.health, h.run, h.number, h.records, h.errors, h.summary, h.part, h.updated
		FROM (`+page+`) h JOIN resource r ON r.id = h.resource JOIN node n ON n.resource = r.id`+order(column), c.args...)
	return all, total, err
}

// CountHealth counts flows by health; "" are those of which no run has ended.
func (db *DB) CountHealth(ctx context.Context, f HealthFilter) (map[Health]int, error) {
	c := f.conditions()
	counts := map[Health]int{}
	return counts, db.each(ctx, func(rows *sql.Rows) error {
		var h Health
		var n int
		err := rows.Scan(&h, &n)
		counts[h] = n
		return err
	}, `SELECT h.health, count(*) FROM flow_health h`+c.text.String()+` GROUP BY 1`, c.args...)
}

// StatusCount is how many flows have one status and health.
type StatusCount struct {
	Status string
	Health Health
	Flows  int
}

// CountStatus counts flows by status and health.
func (db *DB) CountStatus(ctx context.Context, f HealthFilter) (counts []StatusCount, err error) {
	c := f.conditions()
	err = db.each(ctx, func(rows *sql.Rows) error {
		var one StatusCount
		err := rows.Scan(&one.Status, &one.Health, &one.Flows)
		counts = append(counts, one)
		return err
	}, `SELECT r.status, h.health, count(*) FROM flow_health h JOIN resource r ON r.id = h.resource`+c.text.String()+` GROUP BY 1, 2`, c.args...)
	return counts, err
}
