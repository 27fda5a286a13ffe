package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/weirhq/weir"
)

// The job engine keeps its own tables in our database, through its own
// drivers. Here is what it needs to share our connections and transactions.

// SQLite gives the writing connection of a SQLite database; nil on Postgres.
func (db *DB) SQLite() *sql.DB {
	if _, ok := db.engine.(*sqliteEngine); !ok {
		return nil
	}
	return db.write
}

// Pool opens a pool of most connections to a Postgres database, besides the
// store's own. The caller closes it.
func (db *DB) Pool(ctx context.Context, most int32) (*pgxpool.Pool, error) {
	e, ok := db.engine.(*postgresEngine)
	if !ok {
		return nil, &weir.Error{Code: weir.CodeInternal, Where: "store", Message: "SQLite has no pool of Postgres"}
	}
	// A pool's configuration must come from a text; what it says is replaced.
	config, err := pgxpool.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, err
	}
	config.ConnConfig = e.config.Copy()
	config.MaxConns = most
	pool, err := pgxpool.NewWithConfig(ctx, config)
	return pool, db.explain(ctx, err)
}

// SQL is the transaction itself, for the job engine on SQLite.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// Postgres hands the transaction to f in the words of pgx, for the job engine
// on Postgres. What f does belongs to the transaction; it must not commit.
func (t *Tx) Postgres(f func(pgx.Tx) error) error {
	return t.conn.Raw(func(raw any) error {
		return f(&pgTx{connection: raw.(*stdlib.Conn).Conn()})
	})
}

type connection = pgx.Conn

// pgTx is a transaction that database/sql has begun, as pgx.Tx: what is begun
// inside it is a savepoint, and its end belongs to whoever began it.
type pgTx struct {
	*connection
	depth int
	over  bool
}

// Begin makes a savepoint.
func (t *pgTx) Begin(ctx context.Context) (pgx.Tx, error) {
	inner := &pgTx{connection: t.connection, depth: t.depth + 1}
	_, err := t.Exec(ctx, fmt.Sprintf(`SAVEPOINT weir_%d`, inner.depth))
	return inner, err
}

// Commit keeps what was done since the savepoint.
func (t *pgTx) Commit(ctx context.Context) error { return t.end(ctx, `RELEASE SAVEPOINT weir_%d`) }

// Rollback takes back what was done since the savepoint.
func (t *pgTx) Rollback(ctx context.Context) error {
	return t.end(ctx, `ROLLBACK TO SAVEPOINT weir_%d`)
}

func (t *pgTx) end(ctx context.Context, statement string) error {
	if t.over {
		return pgx.ErrTxClosed
	}
	t.over = true
	if t.depth == 0 {
		return nil // its end is the outer transaction's
	}
	_, err := t.Exec(ctx, fmt.Sprintf(statement, t.depth))
	return err
}

// Conn is the connection that the transaction is on.
func (t *pgTx) Conn() *pgx.Conn { return t.connection }

// LargeObjects implements pgx.Tx; nothing here uses them.
func (t *pgTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Exclusively runs f while no other process on this database does so under
// the same name, and waits for its turn.
func (db *DB) Exclusively(ctx context.Context, name string, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startUpLimit)
	defer cancel()
	for {
		release, err := db.engine.lock(ctx, db.instance, name)
		if err == nil {
			defer release()
			return f()
		}
		if !errors.Is(err, errHeld) {
			return db.explain(ctx, err)
		}
		if err := pause(ctx, 10*startUpPause); err != nil {
			return db.explain(ctx, err)
		}
	}
}

// Alone makes this process the only server of a SQLite database until release
// is called: another one is CodeConflict at once. On Postgres there may be
// many, and it does nothing.
func (db *DB) Alone(ctx context.Context) (release func(), err error) {
	if db.SQLite() == nil {
		return func() {}, nil
	}
	release, err = db.engine.lock(ctx, db.instance, "server")
	if errors.Is(err, errHeld) {
		return nil, &weir.Error{Code: weir.CodeConflict, Where: "--data", Message: "another Weir server is using this directory",
			Remedy: "Stop it, give --data another directory, or keep Weir's database in Postgres, which many servers may share"}
	}
	return release, err
}

// Alive notes that a process lives.
func (db *DB) Alive(ctx context.Context, process string) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO process (id, seen) VALUES ($1, `+db.engine.clock()+`) ON CONFLICT (id) DO UPDATE SET seen = excluded.seen`, process) // #nosec G202 -- words of ours
		return err
	})
}

// Gone notes that a process has ended by itself.
func (db *DB) Gone(ctx context.Context, process string) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM process WHERE id = $1`, process)
		return err
	})
}

// FreeOrphans gives the jobs of processes that have not been seen for so long
// back to whoever lives, and says how many there were. It takes no attempt
// from them.
func (db *DB) FreeOrphans(ctx context.Context, silent time.Duration) (n int64, err error) {
	err = db.change(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, db.engine.orphans(), silent.Microseconds())
		if err != nil {
			return err
		}
		if n, err = done.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM process WHERE seen < `+db.engine.clock()+` - $1`, 10*silent.Microseconds()) // #nosec G202 -- our own SQL
		return err
	})
	return n, err
}

// Hasten lets the jobs that have waited longest go before all that were asked for
// later, whatever comes first otherwise: those that have waited for so long, and
// at most so many.
func (db *DB) Hasten(ctx context.Context, waited time.Duration, most int) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE river_job SET priority = 1 WHERE id IN (SELECT id FROM river_job
			WHERE state = 'available' AND priority > 1 AND scheduled_at < `+db.engine.jobsBefore()+` ORDER BY scheduled_at, id LIMIT $2)`, waited.Seconds(), most) // #nosec G202 -- words of ours
		return err
	})
}

// ForgetProcesses makes everything that other processes left free at once. A
// process that is alone with the database calls it when it starts.
func (db *DB) ForgetProcesses(ctx context.Context) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		for _, statement := range []string{`DELETE FROM process`, `UPDATE source SET lease_until = 0`, `UPDATE delivery SET lease_until = 0`} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}
