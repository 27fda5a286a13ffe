// Package sqldb is the destination that loads a SQLite file, a Postgres
// schema, or a MySQL or MariaDB database. A batch becomes rows, and the position moves on, in one transaction
// of that database, so that whatever dies when, each record has been applied
// exactly once.
//
//	sqldb.go     Open, Position, Close
//	look.go      what a batch would meet, before anything is made
//	load.go      one batch, one transaction, and what its commit came to
//	position.go  where each log stands; who may go on from there
//	tables.go    the tables: made, widened, and checked against what we made
//	apply.go     rows into staging tables, from there into the tables
//	refuse.go    a record the database will not take is found and set aside
//	value.go     values as columns take them
//	name.go      the one place where a name becomes SQL
//	engine.go    what differs between the databases
//	dialect.go   the statements that they write differently
//
// In the database Weir keeps three tables of its own: _weir_tables (which
// tables it made, and of whose data), _weir_positions and _weir_quarantine.
// A table that is not in the first is never touched.
package sqldb

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"

	"github.com/weirhq/weir"
)

// DB is one database as a destination. It is safe for concurrent use: the
// batches of one dataset wait for each other, in this process and any other.
type DB struct {
	engine engine
	log    *slog.Logger
}

// Options are the choices an Open has.
type Options struct {
	Password weir.Secret  // for Postgres and MySQL, when the URL has none
	Alone    bool         // no other password will do: neither PGPASSWORD nor ~/.pgpass is this user's
	Logger   *slog.Logger // nil discards
	// Dial makes the connections to Postgres and MySQL over TCP; nil for any.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Open opens the database at url: "sqlite:PATH", "sqlite:///ABSOLUTE",
// "postgres://user@host/database", where ?schema=NAME chooses the schema, or
// "mysql://user@host/database". A file or schema that is missing is made;
// Weir's own tables are, too. A relative path is taken from the working
// directory.
//
// CodeConfig when the URL or what it names is wrong; CodeAuth when the server
// does not accept user and password; CodeTransient when it cannot be reached;
// CodeConflict when the file is not a SQLite database, or is the one in which
// Weir keeps its own records.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	db := &DB{log: o.Logger}
	scheme, rest, _ := strings.Cut(url, ":")
	var err error
	switch scheme {
	case "sqlite":
		db.engine, err = openSQLite(ctx, rest)
	case "postgres", "postgresql":
		db.engine, err = openPostgres(ctx, url, o)
	case "mysql", "mariadb":
		db.engine, err = openMySQL(ctx, url, o)
	default:
		err = &weir.Error{Code: weir.CodeConfig, Message: "the database is none of sqlite:PATH, postgres://… and mysql://…"}
	}
	if err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, db.engine.explain(err)
	}
	return db, nil
}

// prepare makes Weir's own tables.
func (db *DB) prepare(ctx context.Context) error {
	return db.transact(ctx, func(tx tx) error {
		if err := tx.lock(ctx, "own tables"); err != nil {
			return err
		}
		ours, err := db.ours(ctx, tx)
		if err != nil || ours {
			return err
		}
		for _, statement := range db.engine.makeTables(ownTables()) {
			if _, err := tx.exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// ours reports whether Weir's own tables are there. A database that cannot be a
// destination is refused.
func (db *DB) ours(ctx context.Context, tx tx) (bool, error) {
	found, err := db.engine.describe(ctx, tx, []string{tablesTable, positionsTable, quarantineTable, "goose_db_version"})
	if err != nil {
		return false, err
	}
	if _, ours := found[positionsTable]; ours {
		return true, nil
	}
	if _, store := found["goose_db_version"]; store {
		return false, &weir.Error{Code: weir.CodeConflict, Where: db.engine.where(), Message: "this database belongs to a program that manages its tables itself; it looks like the one in which Weir keeps its own records",
			Remedy: "Name another file, database or ?schema= as the destination"}
	}
	for _, t := range []string{tablesTable, quarantineTable} {
		if _, there := found[t]; there {
			return false, &weir.Error{Code: weir.CodeConflict, Where: db.engine.where(), Message: "there is a table " + t + " but no " + positionsTable,
				Remedy: "Restore " + positionsTable + ", or name another database or ?schema="}
		}
	}
	return false, nil
}

// transact runs f in one transaction and commits it.
func (db *DB) transact(ctx context.Context, f func(tx) error) error {
	tx, err := db.engine.begin(ctx)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		tx.rollback()
		return err
	}
	return tx.commit(ctx)
}

// Position says how far the database has come in this log of this dataset: 0
// for a log it has never seen.
func (db *DB) Position(ctx context.Context, log, dataset string) (weir.Position, error) {
	var at place
	err := db.transact(ctx, func(tx tx) (err error) {
		at, err = db.place(ctx, tx, dataset, log)
		return err
	})
	return at.position, db.engine.explain(err)
}

// Close closes the connections.
func (db *DB) Close() error { return db.engine.close() }

// Check connects to the Postgres or MySQL database at url as Open does, and
// leaves nothing behind in it: are host, user, password and database right,
// and may the user make tables? The error's Reason says which it was.
func Check(ctx context.Context, url string, o Options) error {
	address, schema, _ := strings.Cut(url, "&schema=") // Open would make it
	open := openPostgres
	if scheme, _, _ := strings.Cut(url, ":"); scheme == "mysql" || scheme == "mariadb" {
		open = openMySQL
	}
	e, err := open(ctx, address, o)
	if err != nil {
		return err
	}
	return errors.Join(e.explain(e.mayWrite(ctx, schema)), e.close())
}
