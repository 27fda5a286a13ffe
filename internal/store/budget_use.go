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

// NameBudget notes which budget a credential's key has.
func (t *Tx) NameBudget(ctx context.Context, org, credential int64, budget string) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO credential_budget (credential, org, budget) VALUES ($1, $2, $3)
		ON CONFLICT (credential) DO UPDATE SET budget = excluded.budget WHERE credential_budget.budget <> excluded.budget`, credential, org, budget)
	return err
}

// KeyBudget is a budget with the living credentials of one organization whose
// key has it.
type KeyBudget struct {
	Name        string
	Credentials []int64 // in order
}

// BudgetFilter chooses budgets of one organization.
type BudgetFilter struct {
	Org         int64
	Credentials []int64 // that one of these has; nil for all
	Page, Size  int     // from 1; how many on a page, 0 for all
}

// KeyBudgets gives the filter's budgets in the order of their first
// credential, each with all its credentials, and how many there are on all pages.
func (db *DB) KeyBudgets(ctx context.Context, f BudgetFilter) (budgets []KeyBudget, total int, err error) {
	c := &conditions{}
	c.and("b.org = %s", f.Org)
	c.and("r.deleted = 0")
	if f.Credentials != nil {
		c.and(amongIDs("b.credential", f.Credentials))
	}
	from := ` FROM credential_budget b JOIN resource r ON r.id = b.credential`
	if err := db.read.QueryRowContext(ctx, `SELECT count(DISTINCT b.budget)`+from+c.text.String(), c.args...).Scan(&total); err != nil || total == 0 {
		return nil, 0, db.explain(ctx, err)
	}
	query := `SELECT b.budget` + from + c.text.String() + ` GROUP BY b.budget ORDER BY min(b.credential)`
	if f.Size > 0 {
		query += fmt.Sprintf(" LIMIT %d OFFSET %d", f.Size, (f.Page-1)*f.Size)
	}
	at := map[string]int{}
	names := []string{}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var b KeyBudget
		err := rows.Scan(&b.Name)
		at[b.Name], names, budgets = len(budgets), append(names, b.Name), append(budgets, b)
		return err
	}, query, c.args...)
	if err != nil || len(names) == 0 {
		return nil, total, err
	}
	all := &conditions{}
	all.and("b.org = %s", f.Org)
	all.and("r.deleted = 0")
	all.and(among(all, "b.budget", names))
	err = db.each(ctx, func(rows *sql.Rows) error {
		var name string
		var credential int64
		err := rows.Scan(&name, &credential)
		b := &budgets[at[name]]
		b.Credentials = append(b.Credentials, credential)
		return err
	}, `SELECT b.budget, b.credential`+from+all.text.String()+` ORDER BY b.credential`, all.args...)
	return budgets, total, err
}
