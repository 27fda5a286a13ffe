package store

import (
	"context"
	"database/sql"
)

// ProjectFlow says that a flow, by its source, is in a project.
type ProjectFlow struct {
	ID      int64
	Project int64
	Source  int64
	Added   int64 // µs
}

// projectFlows are the entries whose project and source both live.
const projectFlows = `SELECT e.id, e.project, e.source, e.added FROM project_flow e
	JOIN resource p ON p.id = e.project AND p.deleted = 0 JOIN resource s ON s.id = e.source AND s.deleted = 0`

// ProjectFlows gives what is in the projects, in the order in which it came.
func (db *DB) ProjectFlows(ctx context.Context, projects ...int64) ([]ProjectFlow, error) {
	return db.projectFlows(ctx, "e.project", projects)
}

// FlowProjects gives the projects that flows are in, by their sources.
func (db *DB) FlowProjects(ctx context.Context, sources ...int64) ([]ProjectFlow, error) {
	return db.projectFlows(ctx, "e.source", sources)
}

func (db *DB) projectFlows(ctx context.Context, column string, ids []int64) (all []ProjectFlow, err error) {
	c := &conditions{}
	c.and(among(c, column, ids))
	err = db.each(ctx, func(rows *sql.Rows) error {
		var e ProjectFlow
		err := rows.Scan(&e.ID, &e.Project, &e.Source, &e.Added)
		all = append(all, e)
		return err
	}, projectFlows+c.text.String()+` ORDER BY e.id`, c.args...)
	return all, err
}

// PutInProject puts a flow into a project, out of the one it was in.
func (t *Tx) PutInProject(ctx context.Context, project, source, at int64) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO project_flow (project, source, added) VALUES ($1, $2, $3)
		ON CONFLICT (source) DO UPDATE SET project = excluded.project, added = excluded.added WHERE project_flow.project <> excluded.project`, project, source, at)
	return err
}

// TakeFromProject takes flows out of a project; those of others stay there.
func (t *Tx) TakeFromProject(ctx context.Context, project int64, sources ...int64) error {
	c := &conditions{}
	c.and("project = %s", project)
	c.and(among(c, "source", sources))
	_, err := t.tx.ExecContext(ctx, `DELETE FROM project_flow`+c.text.String(), c.args...) // #nosec G202 -- placeholders
	return err
}

// KeepInProject takes all flows but these out of a project.
func (t *Tx) KeepInProject(ctx context.Context, project int64, sources ...int64) error {
	c := &conditions{}
	c.and("project = %s", project)
	c.and("NOT (" + among(c, "source", sources) + ")")
	_, err := t.tx.ExecContext(ctx, `DELETE FROM project_flow`+c.text.String(), c.args...) // #nosec G202 -- placeholders
	return err
}
