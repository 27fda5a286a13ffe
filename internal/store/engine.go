package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/weirhq/weir"
)

// engine is what differs between the two databases.
type engine interface {
	// startUp keeps other processes from opening the same database until
	// release is called, where the engine itself does not.
	startUp(ctx context.Context) (release func(), err error)
	// connect gives the pools; they may be one and the same.
	connect() (write, read *sql.DB, err error)
	// migrations tells goose the dialect and how starters take turns, and
	// the folder of the migrations.
	migrations() (folder string, d goose.Dialect, o []goose.ProviderOption, err error)
	// tables counts the tables that the database has, and those of them
	// called goose_db_version.
	tables() (query string)
	// strangers reports whether other programs' tables may be in the database.
	strangers() bool
	// forUpdate, updating and holding end a SELECT that must keep its row, keep
	// that of one table of a join, or keep the row of d and share that of s,
	// until the transaction ends.
	forUpdate() string
	updating(table string) string
	holding() string
	// forShare ends one whose row others may read but not change meanwhile;
	// skipLocked one that passes over rows that others are changing.
	forShare() string
	skipLocked() string
	// clock is the database's own time in µs, for what processes on several
	// machines compare.
	clock() string
	// micros is a time of the job engine's tables, in µs.
	micros(column string) string
	// hasName is whether the JSON object in a column of bytes has a name at its top.
	hasName(column, name string) string
	// orphans is the statement that frees the jobs whose process is not alive;
	// its parameter is how long ago a process that lives said so, in µs.
	orphans() string
	// jobsBefore is the moment $1 seconds ago as the queue's tables have it.
	jobsBefore() string
	// lock takes the lock of that name in the database called instance; it
	// ends with this process at the latest. errHeld when somebody alive has it.
	lock(ctx context.Context, instance, name string) (release func(), err error)
	// lookUp reads, and save writes, many rows of the key index at once.
	lookUp(d DatasetID, keys [][]byte) (query string, args []any)
	save(d DatasetID, org int64, entries []entry) (query string, args []any)
	// newestRuns joins to source s its newest n runs r.
	newestRuns(n string) string
	// most is how many rows lookUp and save take.
	most() int
	// snapshot writes the whole database as it is at one instant into a new
	// SQLite file; fill brings one into an empty database.
	snapshot(ctx context.Context, read *sql.DB, path string) error
	fill(ctx context.Context, write *sql.DB, from *DB) error
	// check looks for damage that the engine itself can find.
	check(ctx context.Context, read *sql.DB) error
	// givenUp reports that the database has undone a transaction for another
	// one's sake, and says so: the same may succeed in a moment.
	givenUp(err error) bool
	// explain gives a driver's error a class and a remedy.
	explain(err error) error
}

// errHeld says that somebody alive has a lock.
var errHeld = errors.New("held")

// engineOf chooses the engine that url asks for.
func engineOf(url string) (engine, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return newSQLite(rest)
	case "postgres", "postgresql":
		return newPostgres(url)
	}
	return nil, &weir.Error{Code: weir.CodeConfig, Where: "store", Message: "the address of Weir's database has an unknown kind",
		Remedy: "Write it as sqlite:/path/to/weir.db or postgres://user@host:5432/database"}
}

// saveColumns are the columns that save writes, and saveConflict what becomes
// of a row that is there.
const (
	saveColumns  = `INSERT INTO record_key (dataset, org, key, hash, version, position, sweep, missed_at, deleted) `
	saveConflict = ` ON CONFLICT (dataset, key) DO UPDATE SET hash = excluded.hash, version = excluded.version,
		position = excluded.position, sweep = excluded.sweep, missed_at = excluded.missed_at, deleted = excluded.deleted`
	entryColumns = `key, hash, version, position, sweep, missed_at, deleted`
)
