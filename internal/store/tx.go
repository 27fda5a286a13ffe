package store

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
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
	undo []func() // what takes back what was written into rows of the caller's
}

// Change runs f in one write transaction and commits it, unless f returns an
// error. On SQLite it holds the only writing connection, so f must not wait
// for anything else, and must read through the Tx.
//
// When Postgres has given the transaction up for another one's sake, which was
// at the same rows in another order, f is called once more, in a new one: it
// must begin with nothing that an earlier call has left. What the methods of Tx
// have written into rows of the caller's, such as their ids, is taken back
// before that, and after any error. Only what the server says it has undone is
// repeated, never a commit that nobody answered.
func (db *DB) Change(ctx context.Context, f func(*Tx) error) error {
	return db.again(ctx, func() error { return db.changeOnce(ctx, f) })
}

// changeOnce is Change for an f that must be called only once, because it does
// what no transaction takes back.
func (db *DB) changeOnce(ctx context.Context, f func(*Tx) error) (err error) {
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
	defer func() {
		if err != nil {
			t.takeBack()
		}
	}()
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

// keep remembers a row of the caller's as it is: what is written into it from
// here on is taken back when the transaction is.
func keep[T any](t *Tx, row *T) {
	before := *row
	t.undo = append(t.undo, func() { *row = before })
}

// takeBack restores the rows that were kept, the first one kept last.
func (t *Tx) takeBack() {
	for _, undo := range slices.Backward(t.undo) {
		undo()
	}
}

// How often a transaction is tried that the database gives up, and how long the
// pause is at most before the second time: up to twice as long before each
// further one.
const (
	againTries = 8
	againPause = 40 * time.Millisecond
)

// again does once, a transaction, until the database no longer gives it up.
func (db *DB) again(ctx context.Context, once func() error) error {
	for try := 0; ; try++ {
		err := once()
		if err == nil || try == againTries-1 || !db.engine.givenUp(err) {
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
