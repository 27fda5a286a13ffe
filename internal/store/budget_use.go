package store

import (
	"context"
	"database/sql"
	"fmt"
)

// BudgetUse is what was sent with a key in one minute.
type BudgetUse struct {
	Org        int64
	Budget     string // the key's name, a keyed hash
	Minute     int64  // since 1970
	Credential int64
	Source     int64 // 0 for none: a check, a test
	Lane       string
	Requests   int
	Refused    int // answers 429
}

// AddBudgetUse adds to the statistics, in one transaction, and forgets what is
// before the minute.
func (db *DB) AddBudgetUse(ctx context.Context, uses []BudgetUse, forget int64) error {
	return db.change(ctx, func(tx *sql.Tx) error {
		for _, u := range uses {
			_, err := tx.ExecContext(ctx, `INSERT INTO budget_use (budget, minute, credential, source, lane, org, requests, refused) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON CONFLICT (budget, minute, credential, source, lane) DO UPDATE SET requests = budget_use.requests + excluded.requests, refused = budget_use.refused + excluded.refused`,
				u.Budget, u.Minute, u.Credential, u.Source, u.Lane, u.Org, u.Requests, u.Refused)
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM budget_use WHERE minute < $1`, forget)
		return err
	})
}

// BudgetUses gives what the organization sent with keys since a minute,
// summed by slices of so many minutes, oldest first. Minute is the first of
// each slice.
func (db *DB) BudgetUses(ctx context.Context, org, since int64, slice int, budgets ...string) (uses []BudgetUse, err error) {
	c := &conditions{}
	c.and(among(c, "budget", budgets))
	c.and("org = %s", org)
	c.and("minute >= %s", since)
	c.args = append(c.args, slice)
	err = db.each(ctx, func(rows *sql.Rows) error {
		u := BudgetUse{Org: org}
		err := rows.Scan(&u.Budget, &u.Minute, &u.Credential, &u.Source, &u.Lane, &u.Requests, &u.Refused)
		uses = append(uses, u)
		return err
	}, `SELECT budget, minute - minute % `+fmt.Sprintf("$%d", len(c.args))+`, credential, source, lane, CAST(sum(requests) AS BIGINT), CAST(sum(refused) AS BIGINT) FROM budget_use`+
		c.text.String()+` GROUP BY 1, 2, 3, 4, 5 ORDER BY 2, 1, 3, 4, 5`, c.args...)
	return uses, err
}

// BudgetRecords gives what is written down of keys' places, by key.
func (db *DB) BudgetRecords(ctx context.Context, budgets ...string) (map[string][]byte, error) {
	c := &conditions{}
	c.and(among(c, "key", budgets))
	out := map[string][]byte{}
	return out, db.each(ctx, func(rows *sql.Rows) error {
		var key string
		var places []byte
		err := rows.Scan(&key, &places)
		out[key] = places
		return err
	}, `SELECT key, places FROM budget`+c.text.String(), c.args...)
}
