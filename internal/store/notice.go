package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// Notice is an event as one user is told of it in the app.
type Notice struct {
	ID      int64
	Org     int64
	User    int64
	Event   Event
	Read    int64 // µs; 0 while it is unread
	Updated int64 // µs
}

// NoticeFilter chooses notices of one user. Zero fields choose all.
type NoticeFilter struct {
	Org, User int64
	Read      *bool
	Types     []EventType // of events; nil for all
	From, To  int64       // µs, when it happened
	IDs       []int64

	Page, Number int // from 1; how many on a page
}

// where is the filter over columns of the notice alone, or with those of its event.
func (f NoticeFilter) where() *conditions {
	c := &conditions{}
	c.and("n.org = %s", f.Org)
	c.and("n.account = %s", f.User)
	if f.IDs != nil {
		c.and(among(c, "n.id", f.IDs))
	}
	if f.Read != nil && *f.Read {
		c.and("n.read <> 0")
	} else if f.Read != nil {
		c.and("n.read = 0")
	}
	if f.Types != nil {
		c.and(among(c, "e.type", f.Types))
	}
	if f.From != 0 {
		c.and("e.at >= %s", f.From)
	}
	if f.To != 0 {
		c.and("e.at < %s", f.To)
	}
	return c
}

const fromNotice = ` FROM notice n JOIN event e ON e.id = n.event`

// PutNotice tells a user of an event, unless that was done.
func (t *Tx) PutNotice(ctx context.Context, org, user, event, at int64) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO notice (org, account, event, updated) VALUES ($1, $2, $3, $4) ON CONFLICT (event, account) DO NOTHING`, org, user, event, at)
	return err
}

// Notices gives the filter's notices, the newest first, and how many there are
// on all pages.
func (db *DB) Notices(ctx context.Context, f NoticeFilter) (all []Notice, total int, err error) {
	if total, err = db.CountNotices(ctx, f); err != nil {
		return nil, 0, err
	}
	c := f.where()
	err = db.each(ctx, func(rows *sql.Rows) error {
		var n Notice
		var err error
		n.Event, err = scanEvent(rows, &n.ID, &n.Org, &n.User, &n.Read, &n.Updated)
		all = append(all, n)
		return err
	}, `SELECT `+eventColumns+`, n.id, n.org, n.account, n.read, n.updated`+fromNotice+c.text.String()+fmt.Sprintf(` ORDER BY n.id DESC LIMIT %d OFFSET %d`, f.Number, (f.Page-1)*f.Number), c.args...)
	return all, total, err
}

// CountNotices counts the filter's notices on all pages.
func (db *DB) CountNotices(ctx context.Context, f NoticeFilter) (n int, err error) {
	c := f.where()
	err = db.read.QueryRowContext(ctx, `SELECT count(*)`+fromNotice+c.text.String(), c.args...).Scan(&n)
	return n, db.explain(ctx, err)
}

// MarkNotices marks a user's notices as read at µs, or as unread with read 0:
// those of the ids, nil for all. Ids of others change nothing.
func (db *DB) MarkNotices(ctx context.Context, org, user int64, ids []int64, read, at int64) error {
	return db.ownNotices(ctx, org, user, ids, func(t *Tx, c *conditions) error {
		c.args = append(c.args, read, at)
		_, err := t.tx.ExecContext(ctx, fmt.Sprintf(`UPDATE notice SET read = $%d, updated = $%d`, len(c.args)-1, len(c.args))+c.text.String(), c.args...)
		return err
	})
}

// DropNotices removes a user's notices: those of the ids, nil for all.
func (db *DB) DropNotices(ctx context.Context, org, user int64, ids []int64) error {
	return db.ownNotices(ctx, org, user, ids, func(t *Tx, c *conditions) error {
		_, err := t.tx.ExecContext(ctx, `DELETE FROM notice`+c.text.String(), c.args...) // #nosec G202 -- placeholders
		return err
	})
}

func (db *DB) ownNotices(ctx context.Context, org, user int64, ids []int64, change func(*Tx, *conditions) error) error {
	c := &conditions{}
	c.and("org = %s", org)
	c.and("account = %s", user)
	if ids != nil {
		c.and(among(c, "id", ids))
	}
	return db.Change(ctx, func(t *Tx) error { return change(t, c) })
}

// Rule is what somebody wants to be told, and how.
type Rule struct {
	ID       int64
	Org      int64
	Owner    int64
	Shared   bool // it is the organization's, and not its owner's alone
	Type     EventType
	Channel  string
	Kind     Kind   // with Resource: only about this one; "" for all
	Resource int64  // 0 for all
	Target   int64  // the channel's resource; 0 for the usual one
	Status   string // RuleActive or RulePaused
	Config   []byte // JSON
	Created  int64  // µs
	Updated  int64  // µs
}

// The statuses of a rule. A paused one says that nothing is to be told.
const (
	RuleActive = "active"
	RulePaused = "paused"
)

const ruleColumns = `id, org, owner, shared, type, channel, kind, resource, target, status, config, created, updated`

func scanRule(row scanner) (r Rule, err error) {
	var shared int64
	err = row.Scan(&r.ID, &r.Org, &r.Owner, &shared, &r.Type, &r.Channel, &r.Kind, &r.Resource, &r.Target, &r.Status, &r.Config, &r.Created, &r.Updated)
	r.Shared = shared != 0
	return r, err
}

// Rules gives an organization's rules in the order of their ids: of one type,
// "" for all, and of one owner with those of the organization, 0 for everybody's.
func (db *DB) Rules(ctx context.Context, org int64, eventType EventType, owner int64) (all []Rule, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		r, err := scanRule(rows)
		all = append(all, r)
		return err
	}, `SELECT `+ruleColumns+` FROM notice_rule WHERE org = $1 AND (CAST($2 AS TEXT) = '' OR type = $2) AND (CAST($3 AS BIGINT) = 0 OR owner = $3 OR shared = 1) ORDER BY id`, org, string(eventType), owner)
	return all, err
}

// PutRule stores a rule: a new one, whose id it gives, when the id is 0. A
// second one for the same is CodeConflict.
func (db *DB) PutRule(ctx context.Context, r *Rule) error {
	shared := int64(0)
	if r.Shared {
		shared = 1
	}
	return db.Change(ctx, func(t *Tx) error {
		var same int
		err := t.tx.QueryRowContext(ctx, `SELECT count(*) FROM notice_rule WHERE org = $1 AND owner = $2 AND shared = $3 AND type = $4 AND channel = $5
			AND kind = $6 AND resource = $7 AND target = $8 AND id <> $9`, r.Org, r.Owner, shared, string(r.Type), r.Channel, string(r.Kind), r.Resource, r.Target, r.ID).Scan(&same)
		if err != nil {
			return err
		}
		if same > 0 {
			return &weir.Error{Code: weir.CodeConflict, Where: "rule", Message: "there is one for this type, channel and resource already", Remedy: "Change that one"}
		}
		if r.ID == 0 {
			keep(t, r)
			return t.tx.QueryRowContext(ctx, `INSERT INTO notice_rule (org, owner, shared, type, channel, kind, resource, target, status, config, created, updated)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id`,
				r.Org, r.Owner, shared, string(r.Type), r.Channel, string(r.Kind), r.Resource, r.Target, r.Status, r.Config, r.Created, r.Updated).Scan(&r.ID)
		}
		_, err = t.tx.ExecContext(ctx, `UPDATE notice_rule SET type = $2, channel = $3, kind = $4, resource = $5, target = $6, status = $7, config = $8, updated = $9 WHERE id = $1`,
			r.ID, string(r.Type), r.Channel, string(r.Kind), r.Resource, r.Target, r.Status, r.Config, r.Updated)
		return err
	})
}

// DropRule removes a rule.
func (db *DB) DropRule(ctx context.Context, org, id int64) error {
	return db.Change(ctx, func(t *Tx) error {
		_, err := t.tx.ExecContext(ctx, `DELETE FROM notice_rule WHERE org = $1 AND id = $2`, org, id)
		return err
	})
}

// DropRulesOf removes the rules that use a channel which is deleted.
func (t *Tx) DropRulesOf(ctx context.Context, org, target int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM notice_rule WHERE org = $1 AND target = $2`, org, target)
	return err
}
