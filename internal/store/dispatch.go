package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/weirhq/weir"
)

// Dispatch is one message on its way over one channel: an event, or those that
// a digest has collected.
type Dispatch struct {
	ID       int64
	Message  string // its name to whoever receives it: the same at each attempt
	Org      int64
	User     int64 // whose rule it follows
	Channel  string
	Target   int64  // the channel's resource; 0 for the usual one
	Digest   string // "" for a message of one event; else how often, which keeps digests apart
	Status   string
	Due      int64  // µs
	Attempts int    // that were begun
	Problem  string // of the last attempt
	Created  int64  // µs
	Ended    int64  // µs; 0 while it waits
	Events   []Event
}

// The statuses of a dispatch.
const (
	DispatchWaiting = "waiting"
	DispatchSent    = "sent"
	DispatchGivenUp = "given_up" // kept until somebody sends it again
)

const dispatchColumns = `id, message, org, account, channel, target, digest, status, due, attempts, problem, created, ended`

func scanDispatch(row scanner) (d Dispatch, err error) {
	err = row.Scan(&d.ID, &d.Message, &d.Org, &d.User, &d.Channel, &d.Target, &d.Digest, &d.Status, &d.Due, &d.Attempts, &d.Problem, &d.Created, &d.Ended)
	return d, err
}

// AddDispatch writes a message about an event. One for a digest joins the
// message that collects for it, while nobody has begun to send that.
func (t *Tx) AddDispatch(ctx context.Context, d Dispatch, event int64) error {
	if d.Digest != "" {
		err := t.tx.QueryRowContext(ctx, `SELECT id FROM dispatch WHERE org = $1 AND account = $2 AND channel = $3 AND target = $4 AND digest = $5
			AND status = $6 AND attempts = 0 ORDER BY id LIMIT 1`+t.db.engine.forUpdate(), d.Org, d.User, d.Channel, d.Target, d.Digest, DispatchWaiting).Scan(&d.ID)
		if err != nil && !isNoRows(err) {
			return err
		}
	}
	if d.ID == 0 {
		err := t.tx.QueryRowContext(ctx, `INSERT INTO dispatch (message, org, account, channel, target, digest, status, due, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
			d.Message, d.Org, d.User, d.Channel, d.Target, d.Digest, DispatchWaiting, d.Due, d.Created).Scan(&d.ID)
		if err != nil {
			return err
		}
	}
	_, err := t.tx.ExecContext(ctx, `INSERT INTO dispatch_event (dispatch, event) VALUES ($1, $2) ON CONFLICT (dispatch, event) DO NOTHING`, d.ID, event)
	return err
}

// Claim says who wants to send what is due.
type Claim struct {
	Name  string // of this claim alone
	Now   int64  // µs
	Until int64  // µs: after that others may claim the same
	Most  int
	Each  int // of these at most so many over one channel to one target; 0 for no limit
}

// ClaimDispatches gives up to c.Most messages that are due and that nobody
// else is sending, the longest due first, and counts the attempt that is about
// to be made. They are the claimer's until c.Until.
func (db *DB) ClaimDispatches(ctx context.Context, c Claim) (all []Dispatch, err error) {
	err = db.Change(ctx, func(t *Tx) error {
		all = nil
		each := c.Each
		if each == 0 {
			each = c.Most
		}
		err := t.each(ctx, func(rows *sql.Rows) error {
			d, err := scanDispatch(rows)
			all = append(all, d)
			return err
		}, `UPDATE dispatch SET claim = $1, claimed = $3, attempts = attempts + 1 WHERE id IN
			(SELECT id FROM dispatch WHERE status = $5 AND due <= $2 AND claimed <= $2 AND id IN
				(SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY channel, target ORDER BY due, id) AS place FROM dispatch
					WHERE status = $5 AND due <= $2 AND claimed <= $2) ranked WHERE place <= $6)
			ORDER BY due, id LIMIT $4`+db.engine.skipLocked()+`)
			RETURNING `+dispatchColumns, c.Name, c.Now, c.Until, c.Most, DispatchWaiting, each)
		if err != nil {
			return err
		}
		return addEvents(all, func(scan func(*sql.Rows) error, id int64) error { return t.each(ctx, scan, eventsOfDispatch, id) })
	})
	slices.SortFunc(all, func(a, b Dispatch) int { return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID)) })
	return all, err
}

const eventsOfDispatch = `SELECT ` + eventColumns + ` FROM dispatch_event de JOIN event e ON e.id = de.event WHERE de.dispatch = $1 ORDER BY e.id`

// addEvents reads what the messages are about.
func addEvents(all []Dispatch, each func(scan func(*sql.Rows) error, dispatch int64) error) error {
	for i := range all {
		err := each(func(rows *sql.Rows) error {
			e, err := scanEvent(rows)
			all[i].Events = append(all[i].Events, e)
			return err
		}, all[i].ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// EndAttempt writes what came of an attempt: Status, Due, Problem and Ended of
// d. It reports false, and writes nothing, when the claim has run out and
// somebody else has claimed the message.
func (t *Tx) EndAttempt(ctx context.Context, claim string, d Dispatch) (ours bool, err error) {
	done, err := t.tx.ExecContext(ctx, `UPDATE dispatch SET status = $3, due = $4, problem = $5, ended = $6, claim = '', claimed = 0 WHERE id = $1 AND claim = $2 AND status = $7`,
		d.ID, claim, d.Status, d.Due, printable(d.Problem), d.Ended, DispatchWaiting)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// NextDispatch says when the next message can be sent, in µs: when it is due,
// or when the claim on it runs out. It is 0 when none waits.
func (db *DB) NextDispatch(ctx context.Context) (at int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT coalesce(min(CASE WHEN claimed > due THEN claimed ELSE due END), 0) FROM dispatch WHERE status = $1`, DispatchWaiting).Scan(&at)
	return at, db.explain(ctx, err)
}

// DispatchFilter chooses messages of an organization, the newest first. Zero
// fields choose all.
type DispatchFilter struct {
	Org, User, ID int64
	Status        string
	Target        int64

	Page, Number int // from 1; how many on a page
}

// Dispatches gives the filter's messages with their events, and how many
// there are on all pages.
func (db *DB) Dispatches(ctx context.Context, f DispatchFilter) (all []Dispatch, total int, err error) {
	c := &conditions{}
	c.and("org = %s", f.Org)
	if f.User != 0 {
		c.and("account = %s", f.User)
	}
	if f.ID != 0 {
		c.and("id = %s", f.ID)
	}
	if f.Status != "" {
		c.and("status = %s", f.Status)
	}
	if f.Target != 0 {
		c.and("target = %s", f.Target)
	}
	where := c.text.String()
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM dispatch`+where, c.args...).Scan(&total); err != nil {
		return nil, 0, db.explain(ctx, err)
	}
	err = db.each(ctx, func(rows *sql.Rows) error {
		d, err := scanDispatch(rows)
		all = append(all, d)
		return err
	}, `SELECT `+dispatchColumns+` FROM dispatch`+where+fmt.Sprintf(` ORDER BY id DESC LIMIT %d OFFSET %d`, f.Number, (f.Page-1)*f.Number), c.args...)
	if err != nil {
		return nil, 0, err
	}
	return all, total, addEvents(all, func(scan func(*sql.Rows) error, id int64) error { return db.each(ctx, scan, eventsOfDispatch, id) })
}

// RetryDispatch makes a message that was given up wait again, as if it were
// new but for its name. One that was not given up is CodeConflict.
func (t *Tx) RetryDispatch(ctx context.Context, org, id, due int64) error {
	done, err := t.tx.ExecContext(ctx, `UPDATE dispatch SET status = $3, due = $4, attempts = 0, ended = 0, claim = '', claimed = 0 WHERE org = $1 AND id = $2 AND status = $5`,
		org, id, DispatchWaiting, due, DispatchGivenUp)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return &weir.Error{Code: weir.CodeConflict, Where: fmt.Sprintf("dispatch %d", id), Message: "it was not given up", Remedy: "It was sent, or is tried again by itself"}
}
