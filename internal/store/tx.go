package store

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
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

// How often ChangeAgain tries, and how long it waits at most after the first
// time: up to twice as long after each further one.
const (
	againTries = 5
	againPause = 20 * time.Millisecond
)

// ChangeAgain is Change for an f that may be called several times: it begins
// with nothing that an earlier call has left. When Postgres has given the
// transaction up for another one's sake, which was at the same rows in another
// order, it is done once more.
func (db *DB) ChangeAgain(ctx context.Context, f func(*Tx) error) error {
	for try := 1; ; try++ {
		err := db.Change(ctx, f)
		if err == nil || try == againTries || !db.engine.givenUp(err) {
			return err
		}
		if err := pause(ctx, rand.N(againPause<<try)); err != nil {
			return db.explain(ctx, err)
		}
	}
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
