package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir"
)

// The tables whose rows can be leased.
const (
	leaseSource   = "source"
	leaseDelivery = "delivery"
)

// Term is a lease that ends by itself unless it is renewed, by the database's
// clock: a process that stops, or is stopped, loses what it holds. Its epoch
// is in every commit; once somebody else has the lease, commits with this
// epoch are refused.
type Term struct {
	Epoch int64
	db    *DB
	table string
	id    int64
}

// LeaseSource makes owner the one that reads the source for a time, with an
// epoch that nobody had before. One that another owner holds is CodeConflict.
func (db *DB) LeaseSource(ctx context.Context, id SourceID, owner string, life time.Duration) (*Term, error) {
	return db.lease(ctx, leaseSource, int64(id), owner, life)
}

// LeaseDelivery makes owner the one that fills the destination for a time, as
// LeaseSource does.
func (db *DB) LeaseDelivery(ctx context.Context, org, destination int64, owner string, life time.Duration) (*Term, error) {
	err := db.Change(ctx, func(tx *Tx) error { return tx.deliveryRow(ctx, org, destination) })
	if err != nil {
		return nil, err
	}
	return db.lease(ctx, leaseDelivery, destination, owner, life)
}

func (db *DB) lease(ctx context.Context, table string, id int64, owner string, life time.Duration) (*Term, error) {
	l := &Term{db: db, table: table, id: id}
	err := db.change(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE `+table+` SET epoch = epoch + 1, owner = $2, lease_until = `+db.engine.clock()+` + $3
			WHERE id = $1 AND lease_until < `+db.engine.clock()+` RETURNING epoch`, id, owner, life.Microseconds()).Scan(&l.Epoch)
	})
	if weir.CodeOf(err) == weir.CodeNotFound {
		var has string
		if err := db.read.QueryRowContext(ctx, `SELECT owner FROM `+table+` WHERE id = $1`, id).Scan(&has); err != nil {
			return nil, db.explain(ctx, err)
		}
		return nil, &weir.Error{Code: weir.CodeConflict, Reason: ReasonHeld, Where: table, Message: fmt.Sprintf("another process is at work on it (%s)", has), Remedy: "Wait until it is done"}
	}
	return l, err
}

// ReasonHeld marks the error of who wants what a live owner has.
const ReasonHeld = "held"

// Renew lengthens the lease to life from now. One that somebody else has taken
// over is CodeIntegrity with ReasonFenced.
func (l *Term) Renew(ctx context.Context, life time.Duration) error {
	return l.db.Change(ctx, func(tx *Tx) error {
		done, err := tx.tx.ExecContext(ctx, `UPDATE `+l.table+` SET lease_until = `+l.db.engine.clock()+` + $3 WHERE id = $1 AND epoch = $2`, l.id, l.Epoch, life.Microseconds()) // #nosec G202 -- words of ours
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return l.lost(ctx, tx)
	})
}

// Release gives the lease back, if it is still ours.
func (l *Term) Release(ctx context.Context) error {
	return l.db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE `+l.table+` SET lease_until = 0 WHERE id = $1 AND epoch = $2`, l.id, l.Epoch) // #nosec G202 -- words of ours
		return err
	})
}

// Hold makes sure inside a transaction that the lease is still ours, and keeps
// it so until the transaction ends.
func (l *Term) Hold(ctx context.Context, tx *Tx) error {
	return holdEpoch(ctx, tx, l.table, l.id, l.Epoch)
}

func (l *Term) lost(ctx context.Context, tx *Tx) error {
	err := l.Hold(ctx, tx)
	if err == nil {
		err = errors.New("a lease that is ours could not be renewed")
	}
	return err
}

func holdEpoch(ctx context.Context, tx *Tx, table string, id, epoch int64) error {
	var now int64
	if err := tx.tx.QueryRowContext(ctx, `SELECT epoch FROM `+table+` WHERE id = $1`+tx.db.engine.forShare(), id).Scan(&now); err != nil {
		return err
	}
	if now != epoch {
		return fenced(now, epoch)
	}
	return nil
}
