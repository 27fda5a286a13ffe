package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/weirhq/weir"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate applies the migrations that the database does not have. Starters at
// the same moment wait for one of them: Postgres by a session lock, SQLite by
// its one writer.
func (db *DB) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations/"+db.engine.name)
	if err != nil {
		return err
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{}
	if db.engine.name == "postgres" {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, db.write, files, options...)
	if err != nil {
		return err
	}
	if err := db.refuseNewer(ctx, provider); err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return db.lostRace(ctx, provider, err)
	}
	return nil
}

// refuseNewer stops an older Weir before it writes into a newer database.
func (db *DB) refuseNewer(ctx context.Context, p *goose.Provider) error {
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version
	has, err := db.version(ctx)
	if err != nil {
		return db.explain(err)
	}
	if has > newest {
		return &weir.Error{Code: weir.CodeConfig, Where: "store",
			Message: fmt.Sprintf("a newer Weir has changed this database (version %d, this Weir knows %d); nothing was touched", has, newest),
			Remedy:  "Run the newer Weir, or use another --data directory"}
	}
	return nil
}

// version is the newest migration that the database has, 0 for an empty one.
func (db *DB) version(ctx context.Context) (int64, error) {
	catalogue := `SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`
	if db.engine.name == "postgres" {
		catalogue = `SELECT count(*) FROM pg_tables WHERE tablename = 'goose_db_version' AND schemaname = current_schema()`
	}
	var n int
	if err := db.write.QueryRowContext(ctx, catalogue).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	var version sql.NullInt64
	err := db.write.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&version)
	return version.Int64, err
}

// lostRace forgives a failed migration when another process made the same one
// in that moment.
func (db *DB) lostRace(ctx context.Context, p *goose.Provider, failed error) error {
	sources := p.ListSources()
	if has, err := db.version(ctx); err == nil && has == sources[len(sources)-1].Version {
		return nil
	}
	return db.explain(errors.Unwrap(failed))
}
