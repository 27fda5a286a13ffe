package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/weirhq/weir"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate applies the migrations that the database does not have, each in a
// transaction of its own together with the note that it was applied: a
// process that dies while migrating leaves nothing half done. Starters at the
// same moment take turns.
func (db *DB) migrate(ctx context.Context) error {
	folder, dialect, options, err := db.engine.migrations()
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	options = append(options, goose.WithDisableGlobalRegistry(true))
	provider, err := goose.NewProvider(dialect, db.write, files, options...)
	if err != nil {
		return err
	}
	if err := db.refuse(ctx, provider); err != nil {
		return err
	}
	applied, err := provider.Up(ctx)
	for _, m := range applied {
		db.log.DebugContext(ctx, "migration applied", "version", m.Source.Version, "duration", m.Duration)
	}
	return db.explain(ctx, err)
}

// refuse stops before anything is written into a database that a newer Weir
// has changed, or that is not Weir's.
func (db *DB) refuse(ctx context.Context, p *goose.Provider) error {
	var all, ours int
	if err := db.write.QueryRowContext(ctx, db.engine.tables()).Scan(&all, &ours); err != nil {
		return db.explain(ctx, err)
	}
	if ours == 0 {
		if all > 0 && !db.engine.strangers() {
			return &weir.Error{Code: weir.CodeConfig, Where: "store", Message: "this file holds another program's tables", Remedy: "Name another file for Weir's database"}
		}
		return nil
	}
	var has sql.NullInt64
	if err := db.write.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&has); err != nil {
		return db.explain(ctx, err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; has.Int64 > newest {
		return &weir.Error{Code: weir.CodeConfig, Where: "store",
			Message: fmt.Sprintf("a newer Weir has changed this database (version %d, this Weir knows %d); nothing was touched", has.Int64, newest),
			Remedy:  "Run the newer Weir, or use another database"}
	}
	return nil
}
