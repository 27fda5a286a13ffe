package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/weirhq/weir"
)

// postgresEngine is a database on a server, perhaps shared with others.
type postgresEngine struct{ config *pgx.ConnConfig }

func newPostgres(url string) (*postgresEngine, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // its text can repeat parts of the URL, so it goes nowhere
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "store", Message: "the Postgres address cannot be read",
			Remedy: "Write it as postgres://user@host:5432/database; a password may come from PGPASSWORD or ~/.pgpass"}
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "weir"
	}
	return &postgresEngine{config: config}, nil
}

// startUp does nothing: goose takes a session lock while it migrates.
func (e *postgresEngine) startUp(context.Context) (func(), error) { return func() {}, nil }

func (e *postgresEngine) connect() (write, read *sql.DB, err error) {
	pool := stdlib.OpenDB(*e.config)
	pool.SetMaxOpenConns(8)
	pool.SetMaxIdleConns(8)
	return pool, pool, nil
}

func (e *postgresEngine) migrations() (string, goose.Dialect, []goose.ProviderOption, error) {
	const seconds, tries = 1, 300
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(seconds, tries))
	return "postgres", goose.DialectPostgres, []goose.ProviderOption{goose.WithSessionLocker(locker)}, err
}

func (e *postgresEngine) tables() string {
	return `SELECT count(*), count(CASE WHEN tablename = 'goose_db_version' THEN 1 END) FROM pg_tables WHERE schemaname = current_schema()`
}

func (e *postgresEngine) strangers() bool    { return true }
func (e *postgresEngine) forUpdate() string  { return " FOR UPDATE" }
func (e *postgresEngine) forShare() string   { return " FOR SHARE" }
func (e *postgresEngine) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }

func (e *postgresEngine) updating(table string) string { return " FOR UPDATE OF " + table }

// holding lets the datasets of one source be written side by side, and keeps
// its epoch from changing meanwhile.
func (e *postgresEngine) holding() string { return " FOR NO KEY UPDATE OF d FOR SHARE OF s" }

func (e *postgresEngine) clock() string {
	return `CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)`
}

func (e *postgresEngine) micros(column string) string {
	return `CAST(extract(epoch FROM ` + column + `) * 1000000 AS BIGINT)`
}

func (e *postgresEngine) hasName(column, name string) string {
	return `EXISTS (SELECT 1 FROM json_object_keys(convert_from(` + column + `, 'UTF8')::json) k WHERE k = ` + name + `)`
}

func (e *postgresEngine) orphans() string {
	return `UPDATE river_job SET state = 'available', attempt = greatest(attempt - 1, 0), scheduled_at = now() WHERE state = 'running'
		AND NOT EXISTS (SELECT 1 FROM process p WHERE p.id = attempted_by[array_upper(attempted_by, 1)] AND p.seen > ` + e.clock() + ` - $1)`
}

func (e *postgresEngine) jobsBefore() string { return `now() - make_interval(secs => $1)` }

// A server notices the death of a killed client within milliseconds; so long
// lock tries again before it says that the holder lives.
const (
	lockTries = 10
	lockPause = 100 * time.Millisecond
)

func (e *postgresEngine) newestRuns(n string) string {
	return `LATERAL (SELECT * FROM run n WHERE n.resource = s.id ORDER BY n.started DESC, n.id DESC LIMIT ` + n + `) r ON true`
}

// lock takes a session lock on a connection of its own: it ends when the
// process does. The keep-alives let the server notice a machine that vanished
// within a minute. The instance is in its name because several stores may lie
// in one database, each in a schema of its own. It needs a direct connection: behind a pooler in
// transaction mode a session lock holds nothing.
func (e *postgresEngine) lock(ctx context.Context, instance, name string) (func(), error) {
	config := e.config.Copy()
	for k, v := range map[string]string{"tcp_keepalives_idle": "20", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3", "idle_session_timeout": "0"} {
		config.RuntimeParams[k] = v
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, e.explain(err)
	}
	sum := sha256.Sum256([]byte("weir " + instance + " " + name))
	id := int64(binary.BigEndian.Uint64(sum[:8])) // #nosec G115 -- any 64 bits do
	release := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		// Unlocked before closing: the server takes a moment to see a close.
		_, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, id)
		_ = conn.Close(ctx) // closed is unlocked, whatever the answers
	}
	for range lockTries {
		var got bool
		err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, id).Scan(&got)
		if err == nil && got {
			return release, nil
		}
		if err == nil {
			err = pause(ctx, lockPause)
		}
		if err != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
			return nil, e.explain(err)
		}
	}
	_ = conn.Close(ctx)
	return nil, errHeld
}

// check does nothing: Postgres checks what it reads by itself.
func (e *postgresEngine) check(context.Context, *sql.DB) error { return nil }

// most keeps one statement's arrays to about a megabyte.
func (e *postgresEngine) most() int { return 5000 }

// lookUp makes one step in the index for each key. A plain "= ANY" is planned
// while the table is small, as a scan, and that plan is kept while it grows
// (observed on Postgres 15: 50 times slower at 50,000 rows).
func (e *postgresEngine) lookUp(d DatasetID, keys [][]byte) (string, []any) {
	return `SELECT r.* FROM unnest($2::bytea[]) AS k (wanted) CROSS JOIN LATERAL
		(SELECT ` + entryColumns + ` FROM record_key WHERE dataset = $1 AND key = k.wanted OFFSET 0) AS r`, []any{int64(d), keys}
}

func (e *postgresEngine) save(d DatasetID, org int64, entries []entry) (string, []any) {
	n := len(entries)
	keys, hashes := make([][]byte, n), make([][]byte, n)
	versions, positions, sweeps, missed, deleted := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i := range entries {
		r := &entries[i]
		keys[i], hashes[i] = []byte(r.key), r.hash[:]
		versions[i], positions[i], sweeps[i], missed[i], deleted[i] = r.version, int64(r.position), r.sweep, r.missedAt, deletedColumn(r.deleted)
	}
	return saveColumns + `SELECT $1, $2, u.* FROM unnest($3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) AS u` + saveConflict,
		[]any{int64(d), org, keys, hashes, versions, positions, sweeps, missed, deleted}
}

// Postgres's error codes that a user can do something about.
const (
	pgInvalidPassword      = "28P01" // #nosec G101 -- an error code
	pgInvalidAuthorization = "28000"
	pgInvalidCatalog       = "3D000"
	pgNoPrivilege          = "42501"
	pgDiskFull             = "53100"
	pgTooManyConnections   = "53300"
	pgReadOnly             = "25006"
	pgConstraintClass      = "23"
	pgSerialization        = "40001"
	pgDeadlock             = "40P01"
)

func (e *postgresEngine) givenUp(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == pgDeadlock || pg.Code == pgSerialization)
}

func (e *postgresEngine) explain(err error) error {
	out := &weir.Error{Code: weir.CodeLocal, Where: "store", Message: "the connection to Postgres broke", Remedy: "Check that it runs, and run again; what was committed is kept", Err: err}
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, context.Canceled):
		out.Code, out.Message, out.Remedy = weir.CodeCancelled, "stopped; what was committed is kept", ""
	case errors.As(err, &pg):
		e.explainCode(out, pg)
	case errors.As(err, &connect):
		out.Message = fmt.Sprintf("Postgres at %s cannot be reached", e.config.Host)
		out.Remedy = "Check that it runs, and the host and port"
	}
	return out
}

func (e *postgresEngine) explainCode(out *weir.Error, pg *pgconn.PgError) {
	out.Message, out.Remedy = fmt.Sprintf("Postgres said %s: %s", pg.Code, pg.Message), ""
	switch pg.Code {
	case pgInvalidPassword, pgInvalidAuthorization:
		out.Code, out.Message = weir.CodeConfig, fmt.Sprintf("Postgres does not let user %s in", e.config.User)
		out.Remedy = "Check the user and the password of the address, or PGPASSWORD"
	case pgInvalidCatalog:
		out.Code, out.Message, out.Remedy = weir.CodeConfig, fmt.Sprintf("there is no database %s", e.config.Database), "Make it with createdb, or name another"
	case pgNoPrivilege:
		out.Code, out.Remedy = weir.CodeConfig, "Let this user create and change tables in the schema"
	case pgDiskFull:
		out.Message, out.Remedy = "the disk of Postgres is full", "Make room and run again; everything up to here is kept"
	case pgTooManyConnections:
		out.Remedy = "Raise max_connections, or run fewer processes"
	case pgReadOnly:
		out.Remedy = "Name the primary server, not a replica"
	}
	if pg.Code[:2] == pgConstraintClass {
		out.Code = weir.CodeInternal
	}
}
