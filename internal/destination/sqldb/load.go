package sqldb

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/weirhq/weir"
)

// attempts is how often a transaction that the database gave up in favour of
// another one is run in all.
const attempts = 5

// verifyTime is how long a commit whose answer was lost is looked for.
const verifyTime = 15 * time.Second

// Load applies a batch and moves the position on in one transaction. A batch
// that the database has already changes nothing: it is told as no rows, and
// the records that were refused then. Records that the database
// will not take are kept in _weir_quarantine and told in Loaded.Refused; the
// rest is loaded.
//
// CodeIntegrity when the batch does not start at the position, or its epoch
// is older than the last one's; CodeConflict when a table is somebody else's,
// or is no longer as Weir made it; CodeTransient when the connection was lost
// (what was not committed may be loaded again), CodeLocal when the disk or
// the file would not have it. Only a deadlock is tried again here.
func (db *DB) Load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	if err := checkLayout(b.Layout); err != nil {
		return weir.Loaded{}, weir.At(db.engine.where()+" "+b.Dataset, err)
	}
	for attempt := 1; ; attempt++ {
		loaded, err := db.load(ctx, b)
		if err == nil || attempt == attempts || !db.engine.again(err) {
			return loaded, db.engine.explain(err)
		}
		db.log.Debug("loading again", "dataset", b.Dataset, "attempt", attempt, "error", err)
		select {
		case <-ctx.Done():
			return weir.Loaded{}, ctx.Err()
		case <-time.After(rand.N(time.Duration(attempt) * 50 * time.Millisecond)):
		}
	}
}

// load is one attempt.
func (db *DB) load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	id := batchID(b)
	tx, err := db.engine.begin(ctx)
	if err != nil {
		return weir.Loaded{}, err
	}
	defer tx.rollback() // nothing, after a commit
	if err := tx.lock(ctx, b.Dataset); err != nil {
		return weir.Loaded{}, err
	}
	done, err := db.admit(ctx, tx, b)
	if err != nil {
		return weir.Loaded{}, err
	}
	if done {
		refused, err := db.quarantined(ctx, tx, b)
		return weir.Loaded{Refused: refused}, err
	}
	targets, err := db.tables(ctx, tx, b)
	if err != nil {
		return weir.Loaded{}, err
	}
	l := &loading{db: db, tx: tx, batch: b, targets: targets}
	if err := l.apply(ctx); err != nil {
		return weir.Loaded{}, err
	}
	if err := db.moveOn(ctx, tx, b, id); err != nil {
		return weir.Loaded{}, err
	}
	if err := tx.commit(ctx); err != nil {
		if err := db.outcome(ctx, b, id, err); err != nil {
			return weir.Loaded{}, err
		}
	}
	if l.replaced > 0 {
		db.log.Warn("characters that the database does not take were replaced by U+FFFD", "dataset", b.Dataset, "count", l.replaced, "position", int64(b.To))
	}
	return l.loaded, nil
}

// outcome finds out whether a commit whose answer was lost has happened. It
// returns nil when it has.
func (db *DB) outcome(ctx context.Context, b weir.Batch, id string, lost error) error {
	if !errors.As(lost, new(unknownOutcome)) {
		return lost
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyTime)
	defer cancel()
	var at place
	err := db.transact(ctx, func(tx tx) (err error) {
		// The lost transaction may still be running; it holds this lock.
		if err := tx.lock(ctx, b.Dataset); err != nil {
			return err
		}
		at, err = db.place(ctx, tx, b.Dataset, b.Log)
		return err
	})
	switch {
	case err == nil && at.batch == id:
		return nil
	case err == nil:
		return &weir.Error{Code: weir.CodeTransient, Where: db.engine.where(), Message: "the connection was lost before the batch was committed", Remedy: "Run again; nothing was loaded twice or lost", Err: lost}
	}
	return &weir.Error{Code: weir.CodeTransient, Where: db.engine.where(), Message: "the connection was lost while a batch was committed, and whether it was cannot be asked now",
		Remedy: "Run again; the database then says how far it has come", Err: errors.Join(lost, err)}
}
