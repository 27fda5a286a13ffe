package store

import (
	"context"
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
	Name       string
	Log        string        // names this log in the world: a position means nothing in another
	Head       weir.Position // of the newest record
	Checkpoint weir.Checkpoint
	Schema     []byte // nil before the first record

	Sweep        int64 // number of the latest sweep
	SweepStarted int64 // when it began, µs; 0 never
	SweepEnded   int64 // when a sweep was last complete, µs; earlier than SweepStarted while one is unfinished
}

// EnsureDataset gives the source's dataset of that name, and makes it the
// first time.
func (db *DB) EnsureDataset(ctx context.Context, source SourceID, name string) (Dataset, error) {
	var id DatasetID
	err := db.change(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO dataset (org, source, name) VALUES ($1, $2, $3)
			ON CONFLICT (source, name) DO UPDATE SET name = excluded.name RETURNING id`, org, source, name).Scan(&id)
	})
	if err != nil {
		return Dataset{}, err
	}
	return db.Dataset(ctx, id)
}

// Dataset reads one dataset.
func (db *DB) Dataset(ctx context.Context, id DatasetID) (Dataset, error) {
	d := Dataset{ID: id, Log: fmt.Sprintf("%s/%d", db.instance, id)}
	err := db.read.QueryRowContext(ctx, `SELECT name, head, checkpoint, schema, sweep, sweep_started, sweep_ended FROM dataset WHERE id = $1`, id).
		Scan(&d.Name, &d.Head, (*[]byte)(&d.Checkpoint), &d.Schema, &d.Sweep, &d.SweepStarted, &d.SweepEnded)
	return d, db.explain(err)
}

// hold locks a dataset for the transaction and checks that epoch still owns
// its source.
func (db *DB) hold(ctx context.Context, tx *sql.Tx, id DatasetID, epoch int64) (head weir.Position, err error) {
	var now int64
	err = tx.QueryRowContext(ctx, `SELECT d.head, s.epoch FROM dataset d JOIN source s ON s.id = d.source WHERE d.id = $1`+db.engine.forUpdate, id).Scan(&head, &now)
	if err == nil && now != epoch {
		err = &weir.Error{Code: weir.CodeIntegrity, Where: "store", Message: fmt.Sprintf("another process has taken over this source (epoch %d, ours is %d); nothing was written", now, epoch), Remedy: "Let the other run finish"}
	}
	return head, err
}
