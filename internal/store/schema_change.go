package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// SchemaChange is one change of what a dataset's records look like.
type SchemaChange struct {
	ID  int64 // later ones have larger ids
	Run weir.RunID
	At  int64 // µs

	Kind   string // as package schema names it, and so what follows
	Table  string
	Column string
	Path   string
	Before string
	After  string
	Other  string
}

// mostSchemaChanges is how many changes of a dataset are kept, the newest. A
// table has at most as many columns, each of which becomes wider a few times:
// more than this is a source whose fields get new names again and again, where
// what was long ago says nothing.
const mostSchemaChanges = 500

// drifted keeps what a run has changed of a dataset's schema. The dataset is
// held, so that the ids are in the order of the changes.
func drifted(ctx context.Context, tx *sql.Tx, org int64, d DatasetID, run weir.RunID, at int64, all []SchemaChange) error {
	if len(all) == 0 {
		return nil
	}
	for _, c := range all[max(0, len(all)-mostSchemaChanges):] {
		// Names in the record come from outside, of any length.
		_, err := tx.ExecContext(ctx, `INSERT INTO schema_change (org, dataset, run, at, kind, of_table, of_column, path, was, becomes, other) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			org, d, string(run), at, c.Kind, c.Table, c.Column, weir.Clip(c.Path), c.Before, c.After, weir.Clip(c.Other))
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM schema_change WHERE dataset = $1 AND id <= (SELECT id FROM schema_change WHERE dataset = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`, d, mostSchemaChanges)
	return err
}

// SchemaChanges gives a page of what has changed of a dataset's schema since its
// first reading, the newest first, and how many changes there are on all pages.
// Pages begin with 1.
func (db *DB) SchemaChanges(ctx context.Context, d DatasetID, page, size int) (all []SchemaChange, total int, err error) {
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM schema_change WHERE dataset = $1`, d).Scan(&total); err != nil {
		return nil, 0, db.explain(ctx, err)
	}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var c SchemaChange
		err := rows.Scan(&c.ID, &c.Run, &c.At, &c.Kind, &c.Table, &c.Column, &c.Path, &c.Before, &c.After, &c.Other)
		all = append(all, c)
		return err
	}, `SELECT id, run, at, kind, of_table, of_column, path, was, becomes, other FROM schema_change WHERE dataset = $1`+fmt.Sprintf(` ORDER BY id DESC LIMIT %d OFFSET %d`, size, (page-1)*size), d)
	return all, total, err
}
