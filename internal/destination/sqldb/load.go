package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir"
)

// repeats is how often a transaction is tried that lost against another.
const repeats = 5

// Load applies a batch exactly once, all or nothing. A batch that is already
// there is a no-op; one that does not begin at the dataset's position, or
// comes from an owner that another has replaced, is CodeIntegrity. A commit
// whose outcome nobody saw is looked up before anything is done again.
func (db *DB) Load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	for attempt := 1; ; attempt++ {
		loaded, err := db.try(ctx, b)
		switch {
		case err == nil:
			return loaded, nil
		case errors.Is(err, errCommit):
			return db.settle(ctx, b, loaded, err)
		case attempt < repeats && db.kind.again(err):
			continue
		}
		return weir.Loaded{}, weir.At(b.Dataset, db.kind.explain(err))
	}
}

// errCommit marks an error of COMMIT itself: it may have happened or not.
var errCommit = errors.New("commit")

// settle finds out whether a commit happened.
func (db *DB) settle(ctx context.Context, b weir.Batch, loaded weir.Loaded, failed error) (weir.Loaded, error) {
	at, err := db.Position(ctx, b.Log, b.Dataset)
	switch {
	case err == nil && at >= b.To:
		return loaded, nil
	case err == nil && db.kind.again(failed):
		return db.Load(ctx, b)
	}
	return weir.Loaded{}, &weir.Error{Code: weir.CodeTransient, Where: b.Dataset, Message: "the connection was lost while committing; nothing of the batch is there", Remedy: "Run again", Err: failed}
}

// load is one transaction under way.
type load struct {
	weir.Batch
	db   *DB
	ctx  context.Context
	conn *sql.Conn
	tx   *sql.Tx
	done weir.Loaded

	statements map[string]*sql.Stmt
}

func (db *DB) try(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return weir.Loaded{}, err
	}
	defer func() { _ = conn.Close() }() // back to the pool
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return weir.Loaded{}, err
	}
	defer func() { _ = tx.Rollback() }() // a no-op after the commit
	l := &load{Batch: b, db: db, ctx: ctx, conn: conn, tx: tx, statements: map[string]*sql.Stmt{}}
	if there, err := l.claim(); err != nil || there {
		return weir.Loaded{}, err
	}
	for _, t := range b.Layout.Tables {
		if err := l.ensure(t); err != nil {
			return weir.Loaded{}, err
		}
	}
	if err := l.apply(b.Changes); err != nil {
		return weir.Loaded{}, err
	}
	if err := l.advance(); err != nil {
		return weir.Loaded{}, err
	}
	if err := tx.Commit(); err != nil {
		return l.done, fmt.Errorf("%w: %w", errCommit, err)
	}
	return l.done, nil
}

// claim holds the dataset's position for this transaction and checks that the
// batch continues it; there says that the batch is already applied.
func (l *load) claim() (there bool, err error) {
	_, err = l.exec(`INSERT INTO _weir_positions (dataset, source, log, position, epoch, run, committed_at) VALUES ($1, $2, $3, 0, $4, $5, $6) ON CONFLICT (dataset) DO NOTHING`,
		l.Dataset, l.Source, l.Log, l.Epoch, string(l.RunID), now())
	if err != nil {
		return false, err
	}
	var source, log string
	var at weir.Position
	var epoch int64
	err = l.tx.QueryRowContext(l.ctx, `SELECT source, log, position, epoch FROM _weir_positions WHERE dataset = $1`+l.db.kind.forUpdate(), l.Dataset).Scan(&source, &log, &at, &epoch)
	if err != nil {
		return false, err
	}
	if log != l.Log { // a log made anew: it starts over, and upserts repeat themselves without harm
		at, epoch = 0, 0
	}
	switch {
	case source != l.Source:
		return false, foreignSource(l.Dataset, source)
	case epoch > l.Epoch:
		return false, &weir.Error{Code: weir.CodeIntegrity, Where: l.Dataset, Message: "another process has taken over this flow; nothing was written", Remedy: "Let the other run finish"}
	case at >= l.To:
		return true, nil
	case at != l.From:
		return false, &weir.Error{Code: weir.CodeIntegrity, Where: l.Dataset, Message: fmt.Sprintf("the destination stands at position %d, the batch begins at %d", at, l.From), Remedy: "Run again; if it stays, somebody has changed _weir_positions"}
	}
	return false, nil
}

func foreignSource(what, source string) error {
	return &weir.Error{Code: weir.CodeConflict, Where: what, Message: "this destination already holds another source's data (" + source + ")",
		Remedy: "Use another database, or in Postgres another schema: postgres://…?schema=NAME"}
}

// advance records the refused rows and the new position.
func (l *load) advance() error {
	for _, r := range l.done.Refused {
		_, err := l.exec(`INSERT INTO _weir_quarantine (dataset, log, position, key, reason, run) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (dataset, log, position) DO NOTHING`,
			l.Dataset, l.Log, int64(l.positionOf(r.Key)), l.db.kind.value(r.Key, weir.TypeText), r.Reason, string(l.RunID))
		if err != nil {
			return err
		}
	}
	_, err := l.exec(`UPDATE _weir_positions SET source = $2, log = $3, position = $4, epoch = $5, run = $6, committed_at = $7 WHERE dataset = $1`,
		l.Dataset, l.Source, l.Log, int64(l.To), l.Epoch, string(l.RunID), now())
	return err
}

func (l *load) positionOf(key string) weir.Position {
	for _, c := range l.Changes {
		if c.Key == key {
			return c.Position
		}
	}
	return l.To
}

func (l *load) exec(text string, args ...any) (int, error) {
	result, err := l.tx.ExecContext(l.ctx, text, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// now is the time of the commit, for people to see.
func now() string { return time.Now().UTC().Format(timeLayout) }
