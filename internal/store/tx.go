package store

import (
	"context"
	"database/sql"
)

// Tx is one write transaction, in which a service makes several changes that
// belong together: all of them are there afterwards, or none. It is used by
// one goroutine, and only inside the function that Change was given.
type Tx struct {
	db *DB
	tx *sql.Tx
}

// Change runs f in one write transaction and commits it, unless f returns an
// error. On SQLite it holds the only writing connection, so f must not wait
// for anything else, and must read through the Tx.
func (db *DB) Change(ctx context.Context, f func(*Tx) error) error {
	return db.change(ctx, func(tx *sql.Tx) error { return f(&Tx{db: db, tx: tx}) })
}

// each hands each row of a reading statement to scan.
func (t *Tx) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
