package job

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/weirhq/weir/internal/store"
)

// args is a job as River keeps it. Kind and subject make it unique.
type args struct {
	K   Kind  `json:"-"`
	Org int64 `json:"org"`
	ID  int64 `json:"id" river:"unique"`
}

// Kind implements river.JobArgs.
func (a args) Kind() string { return string(a.K) }

// queue is River on one of the two databases.
type queue interface {
	migrate(context.Context) error
	insert(context.Context, *store.Tx, []river.InsertManyParams) ([]*rivertype.JobInsertResult, error)
	now(ctx context.Context, tx *store.Tx, number int64) error // do a job that waits now
	cancel(ctx context.Context, tx *store.Tx, number int64) error
	interrupt(ctx context.Context, number int64) error
	complete(context.Context, *store.Tx, *river.Job[args]) error
	start(context.Context) error
	stop(context.Context) error
	drop() // what was opened and never started
}

// on is a queue by a driver D of transactions T.
type on[D riverdriver.Driver[T], T any] struct {
	driver D
	client *river.Client[T]
	inside func(tx *store.Tx, f func(T) error) error
	close  func()
}

// openQueue makes a client on the store's database. It does nothing yet.
func openQueue(ctx context.Context, db *store.DB, c *river.Config, connections int32) (queue, error) {
	if lite := db.SQLite(); lite != nil {
		q := &on[*riversqlite.Driver, *sql.Tx]{driver: riversqlite.New(lite), close: func() {}}
		q.inside = func(tx *store.Tx, f func(*sql.Tx) error) error { return f(tx.SQL()) }
		var err error
		q.client, err = river.NewClient(q.driver, c)
		return q, err
	}
	pool, err := db.Pool(ctx, connections)
	if err != nil {
		return nil, err
	}
	q := &on[*riverpgxv5.Driver, pgx.Tx]{driver: riverpgxv5.New(pool), close: pool.Close}
	q.inside = func(tx *store.Tx, f func(pgx.Tx) error) error { return tx.Postgres(f) }
	if q.client, err = river.NewClient(q.driver, c); err != nil {
		pool.Close()
	}
	return q, err
}

// migrate brings River's own tables up to date.
func (q *on[D, T]) migrate(ctx context.Context) error {
	m, err := rivermigrate.New(q.driver, &rivermigrate.Config{Logger: quiet})
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func (q *on[D, T]) insert(ctx context.Context, tx *store.Tx, jobs []river.InsertManyParams) (done []*rivertype.JobInsertResult, err error) {
	err = q.inside(tx, func(t T) error {
		done, err = q.client.InsertManyTx(ctx, t, jobs)
		return err
	})
	return done, err
}

func (q *on[D, T]) now(ctx context.Context, tx *store.Tx, number int64) error {
	return q.inside(tx, func(t T) error {
		_, err := q.client.JobRetryTx(ctx, t, number)
		return err
	})
}

func (q *on[D, T]) cancel(ctx context.Context, tx *store.Tx, number int64) error {
	return q.inside(tx, func(t T) error {
		_, err := q.client.JobCancelTx(ctx, t, number)
		return err
	})
}

// interrupt ends the work on a job that is cancelled: in this process at once.
func (q *on[D, T]) interrupt(ctx context.Context, number int64) error {
	_, err := q.client.JobCancel(ctx, number)
	return err
}

func (q *on[D, T]) complete(ctx context.Context, tx *store.Tx, j *river.Job[args]) error {
	return q.inside(tx, func(t T) error {
		_, err := river.JobCompleteTx[D](ctx, t, j)
		return err
	})
}

func (q *on[D, T]) start(ctx context.Context) error { return q.client.Start(ctx) }

func (q *on[D, T]) drop() { q.close() }

func (q *on[D, T]) stop(ctx context.Context) error {
	defer q.close()
	return q.client.Stop(ctx)
}
