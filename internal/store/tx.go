package store

import (
	"context"
	"database/sql"
)

// Tx is one write transaction, in which a service makes several changes that
// belong together: all of them are there afterwards, or none. It is used by
// one goroutine, and only inside the function that Change was given.
type Tx struct {
	db   *DB
	tx   *sql.Tx
	conn *sql.Conn
	told []string // what to tell listeners of this process once it is committed
	over []RunOver
}

// Change runs f in one write transaction and commits it, unless f returns an
// error. On SQLite it holds the only writing connection, so f must not wait
// for anything else, and must read through the Tx.
func (db *DB) Change(ctx context.Context, f func(*Tx) error) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return db.explain(ctx, err)
	}
	defer func() { _ = conn.Close() }() // back into the pool
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return db.explain(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	t := &Tx{db: db, tx: tx, conn: conn}
	if err := f(t); err != nil {
		return db.explain(ctx, err)
	}
	if err := tx.Commit(); err != nil {
		return db.explain(ctx, err)
	}
	db.listeners.tell(t.told)
	db.tellOver(t.over)
	return nil
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
