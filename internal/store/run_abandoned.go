package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

// abandoned chooses open runs whose job is over or gone: whoever was to end
// them could not, and nobody is to come. Its first line is what the index of
// open runs is made for.
const abandoned = `status IN ('queued', 'running', 'delivering') AND status <> 'delivering' AND job <> 0
	AND NOT EXISTS (SELECT 1 FROM river_job j WHERE j.id = run.job AND j.state NOT IN ('cancelled', 'completed', 'discarded'))`

// CloseAbandoned ends the runs whose job is over though they are not: as
// cancelled those that somebody cancelled, and as interrupted the others. It
// says how many there were.
func (db *DB) CloseAbandoned(ctx context.Context, at int64) (n int, err error) {
	// Looked at first without a transaction: nearly always there is none.
	if left, err := db.abandonedRuns(ctx); err != nil || len(left) == 0 {
		return 0, err
	}
	err = db.Change(ctx, func(tx *Tx) error {
		left, err := tx.abandonedRuns(ctx)
		if err != nil {
			return err
		}
		n = len(left)
		for _, r := range left {
			end := interrupted(at)
			if r.Cancelled() {
				end = cancelled(at)
			}
			if err := tx.cutRuns(ctx, end, `id = $1`, string(r.ID)); err != nil {
				return err
			}
			if err := tx.AnnounceRun(ctx, r.Org, r.Resource, r.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

const abandonedColumns = `SELECT id, org, resource, class FROM run WHERE ` + abandoned

func (db *DB) abandonedRuns(ctx context.Context) (all []Run, err error) {
	err = db.each(ctx, scanAbandoned(&all), abandonedColumns)
	return all, err
}

// abandonedRuns holds them until the transaction ends.
func (t *Tx) abandonedRuns(ctx context.Context) (all []Run, err error) {
	err = t.each(ctx, scanAbandoned(&all), abandonedColumns+` ORDER BY id`+t.db.engine.forUpdate())
	return all, err
}

func scanAbandoned(all *[]Run) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var r Run
		err := rows.Scan(&r.ID, &r.Org, &r.Resource, &r.Class)
		*all = append(*all, r)
		return err
	}
}

// cancelled is how a run ends that somebody has cancelled.
func cancelled(at int64) cut {
	return cut{status: "cancelled", code: weir.CodeCancelled, problem: "somebody cancelled it; what was read is kept", at: at}
}
