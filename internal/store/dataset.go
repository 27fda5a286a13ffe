package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// DatasetID names a dataset.
type DatasetID int64

// Dataset is what a source yields under one name, with where its reading and
// its log stand.
type Dataset struct {
	ID         DatasetID
	Source     SourceID
	Name       string
	Log        string          // names this log in the world: a position means nothing in another
	Head       weir.Position   // of the newest record
	Checkpoint weir.Checkpoint // nil before the first
	Schema     []byte          // nil before the first record

	Sweep        int64      // number of the latest sweep, 0 before the first
	SweepStarted int64      // when it began, µs; 0 never
	SweepEnded   int64      // when a sweep was last complete, µs; earlier than SweepStarted while one is unfinished
	SweepRun     weir.RunID // the run that made it complete
}

// EnsureDataset gives the source's dataset of that name, and makes it the
// first time.
func (db *DB) EnsureDataset(ctx context.Context, source SourceID, name string) (Dataset, error) {
	var id DatasetID
	err := db.change(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO dataset (org, source, name) SELECT org, id, CAST($2 AS TEXT) FROM source WHERE id = $1
			ON CONFLICT (source, name) DO UPDATE SET name = excluded.name RETURNING id`, source, name).Scan(&id)
	})
	if err != nil {
		return Dataset{}, err
	}
	return db.Dataset(ctx, id)
}

// FindDataset gives the source's dataset of that name; CodeNotFound before
// EnsureDataset made it.
func (db *DB) FindDataset(ctx context.Context, source SourceID, name string) (Dataset, error) {
	var id DatasetID
	err := db.read.QueryRowContext(ctx, `SELECT id FROM dataset WHERE source = $1 AND name = $2`, source, name).Scan(&id)
	if err != nil {
		return Dataset{}, db.explain(ctx, err)
	}
	return db.Dataset(ctx, id)
}

// Dataset reads one dataset.
func (db *DB) Dataset(ctx context.Context, id DatasetID) (Dataset, error) {
	d := Dataset{ID: id}
	err := db.read.QueryRowContext(ctx, `SELECT log, source, name, head, checkpoint, schema, sweep, sweep_started, sweep_ended, sweep_run FROM dataset WHERE id = $1`, id).
		Scan(&d.Log, &d.Source, &d.Name, &d.Head, (*[]byte)(&d.Checkpoint), &d.Schema, &d.Sweep, &d.SweepStarted, &d.SweepEnded, &d.SweepRun)
	if d.Log == "" {
		d.Log = fmt.Sprintf("%s/%d", db.instance, id)
	}
	return d, db.explain(ctx, err)
}

// RenameLog gives a dataset's log a name that no destination knows, so that
// each takes all of it once more: for a store that was restored from an older
// copy, whose positions mean other records than the destination has. When
// somebody else has renamed it meanwhile, that name is the answer.
func (db *DB) RenameLog(ctx context.Context, d Dataset) (log string, err error) {
	anew := fmt.Sprintf("%s/%d/%s", db.instance, d.ID, rand.Text())
	first := fmt.Sprintf("%s/%d", db.instance, d.ID)
	err = db.change(ctx, func(tx *sql.Tx) error {
		log = anew
		done, err := tx.ExecContext(ctx, `UPDATE dataset SET log = $2 WHERE id = $1 AND (log = $3 OR log = '' AND $3 = $4)`, d.ID, log, d.Log, first)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT log FROM dataset WHERE id = $1`, d.ID).Scan(&log)
	})
	return log, err
}

// held is a dataset that a transaction holds against other writers.
type held struct {
	org     int64
	head    weir.Position
	sweep   int64
	started int64
	ended   int64
}

// sweeping reports whether a sweep is unfinished.
func (h held) sweeping() bool { return h.started > h.ended }

// hold locks a dataset for the transaction and checks that epoch still owns
// its source.
func (db *DB) hold(ctx context.Context, tx *sql.Tx, id DatasetID, epoch int64) (h held, err error) {
	var now int64
	err = tx.QueryRowContext(ctx, `SELECT d.org, d.head, d.sweep, d.sweep_started, d.sweep_ended, s.epoch
		FROM dataset d JOIN source s ON s.id = d.source WHERE d.id = $1`+db.engine.holding(), id).
		Scan(&h.org, &h.head, &h.sweep, &h.started, &h.ended, &now)
	if err == nil && now != epoch {
		err = fenced(now, epoch)
	}
	return h, err
}

// orgOf gives the dataset's organization.
func orgOf(ctx context.Context, tx *sql.Tx, id DatasetID) (org int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT org FROM dataset WHERE id = $1`, id).Scan(&org)
	return org, err
}
