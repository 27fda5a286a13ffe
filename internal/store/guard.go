package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// Guard makes and checks the MACs of resources: of what steers secrets in a
// row (ID, Org, Owner, Kind, Type, Spec, Credential). Its methods are called
// while a transaction is open and must not use the database.
type Guard interface {
	Seal(Resource) []byte
	// Genuine reports whether the row's MAC is its own.
	Genuine(Resource) bool
}

// SetGuard has every resource checked that is read from now on, and sealed
// when it is written. It is called once, before the database is shared. Without a
// guard nothing is checked, and what is written counts for nobody who has one.
func (db *DB) SetGuard(g Guard) { db.guard = g }

// genuine reports whether the row was written by Weir.
func (db *DB) genuine(r Resource) bool { return db.guard == nil || db.guard.Genuine(r) }

// ReasonForged is the reason of an error about a row that Weir has not
// written.
const ReasonForged = "forged"

// refuseForged refuses a row that somebody else has written.
func (db *DB) refuseForged(r Resource) error {
	if db.genuine(r) {
		return nil
	}
	return &weir.Error{Code: weir.CodeIntegrity, Reason: ReasonForged, Where: fmt.Sprintf("%s %d", r.Kind, r.ID),
		Message: "its row was not written by Weir, so it is not used and nothing was sent: somebody else writes this database",
		Remedy:  "Find out who; then restore a backup, or make it anew"}
}

// mac is the row's MAC; empty without a guard.
func (db *DB) mac(r Resource) []byte {
	if db.guard == nil {
		return []byte{}
	}
	return db.guard.Seal(r)
}

// genuineRow reads a resource that is about to change: a row that somebody
// else has written must not get a MAC of ours.
func (t *Tx) genuineRow(ctx context.Context, id int64) (Resource, error) {
	r, err := scanResource(t.tx.QueryRowContext(ctx, `SELECT `+resourceColumns+fromResource+` WHERE r.id = $1`+t.db.engine.updating("r"), id))
	if err != nil {
		return r, err
	}
	return r, t.db.refuseForged(r)
}

// seal gives a resource the MAC of what it is now.
func (t *Tx) seal(ctx context.Context, r Resource) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE resource SET mac = $2 WHERE id = $1`, r.ID, t.db.mac(r))
	return err
}

// SealUnsealed seals resources that have no MAC at all, as they are in a
// database from before there were MACs, and says how many. Its caller makes
// sure that it happens once.
func (t *Tx) SealUnsealed(ctx context.Context) (n int, err error) {
	all, err := t.resources(ctx, ` WHERE length(r.mac) = 0`)
	if err != nil {
		return 0, err
	}
	for _, r := range all {
		if err := t.seal(ctx, r); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// resources reads whole rows, deleted ones too, without checking them.
func (t *Tx) resources(ctx context.Context, where string, args ...any) (all []Resource, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		r, err := scanResource(rows)
		all = append(all, r)
		return err
	}, `SELECT `+resourceColumns+fromResource+where+` ORDER BY r.id`, args...)
	return all, err
}
