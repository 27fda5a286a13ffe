package store

import (
	"context"
	"database/sql"
	"fmt"
)

// AuditEntry is one line of the audit log.
type AuditEntry struct {
	Seq      int64 // 1, 2, 3 …
	At       int64 // µs
	Org      int64
	Actor    int64  // a user; 0 for Weir itself
	Action   string // "credential.use"
	Kind     string // of the object; "" for none
	Object   int64
	Detail   []byte // JSON object
	Previous []byte // MAC of the entry before; empty for the first
	MAC      []byte // over everything above
}

const auditColumns = `seq, at, org, actor, action, kind, object, detail, previous, mac`

func scanAudit(rows *sql.Rows) (e AuditEntry, err error) {
	err = rows.Scan(&e.Seq, &e.At, &e.Org, &e.Actor, &e.Action, &e.Kind, &e.Object, &e.Detail, &e.Previous, &e.MAC)
	return e, err
}

// AppendAudit gives the entry its number and the MAC of the one before it,
// lets seal compute its own, and writes it. Others who append wait until this
// transaction ends, so the chain never forks.
func (t *Tx) AppendAudit(ctx context.Context, e AuditEntry, seal func(AuditEntry) []byte) error {
	err := t.tx.QueryRowContext(ctx, `SELECT seq, mac FROM audit_head`+t.db.engine.forUpdate()).Scan(&e.Seq, &e.Previous)
	if err != nil {
		return err
	}
	e.Seq++
	if e.Previous == nil {
		e.Previous = []byte{}
	}
	e.MAC = seal(e)
	_, err = t.tx.ExecContext(ctx, `INSERT INTO audit_entry (`+auditColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.Seq, e.At, e.Org, e.Actor, e.Action, e.Kind, e.Object, e.Detail, e.Previous, e.MAC)
	if err != nil {
		return err
	}
	_, err = t.tx.ExecContext(ctx, `UPDATE audit_head SET seq = $1, mac = $2`, e.Seq, e.MAC)
	return err
}

// AuditHead gives the number and the MAC of the newest entry; 0 and nothing
// of an empty log.
func (db *DB) AuditHead(ctx context.Context) (seq int64, mac []byte, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT seq, mac FROM audit_head`).Scan(&seq, &mac)
	return seq, mac, db.explain(ctx, err)
}

// Audit hands up to n entries after seq to each, in order.
func (db *DB) Audit(ctx context.Context, after int64, n int, each func(AuditEntry) error) error {
	return db.each(ctx, func(rows *sql.Rows) error {
		e, err := scanAudit(rows)
		if err != nil {
			return err
		}
		return each(e)
	}, `SELECT `+auditColumns+` FROM audit_entry WHERE seq > $1 ORDER BY seq LIMIT $2`, after, n)
}

// Audited reports whether Weir itself has ever done what the action says.
func (db *DB) Audited(ctx context.Context, action string) (done bool, err error) {
	var n int
	err = db.read.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM audit_entry WHERE org = 0 AND action = $1 LIMIT 1) AS found`, action).Scan(&n)
	return n > 0, db.explain(ctx, err)
}

// AuditFilter chooses entries of one organization. Zero fields choose all.
type AuditFilter struct {
	Org          int64
	Kind         string
	Object       int64
	Parts        []int64 // of flows, instead of Kind and Object: ids of sources, datasets and destinations
	Actor        int64
	Action       string
	Without      []string // actions that are left out
	Change       string   // a name in the detail, at its top
	From, To     int64    // µs, both inclusive; To 0 for no end
	Page, Number int      // from 1; entries on a page
}

// AuditPage gives the filter's entries, newest first, and how many there are
// on all pages.
func (db *DB) AuditPage(ctx context.Context, f AuditFilter) (entries []AuditEntry, total int, err error) {
	c := &conditions{}
	c.and("org = %s", f.Org)
	if f.Kind != "" {
		c.and("kind = %s", f.Kind)
	}
	if f.Object != 0 {
		c.and("object = %s", f.Object)
	}
	if f.Parts != nil {
		c.and("kind IN ('source', 'dataset', 'destination') AND " + amongIDs("object", f.Parts))
	}
	if f.Actor != 0 {
		c.and("actor = %s", f.Actor)
	}
	if f.Action != "" {
		c.and("action = %s", f.Action)
	}
	for _, action := range f.Without {
		c.and("action <> %s", action)
	}
	if f.Change != "" {
		c.and(db.engine.hasName("detail", "%s"), f.Change)
	}
	if f.From != 0 {
		c.and("at >= %s", f.From)
	}
	if f.To != 0 {
		c.and("at <= %s", f.To)
	}
	where := " FROM audit_entry" + c.text.String()
	if err := db.read.QueryRowContext(ctx, `SELECT count(*)`+where, c.args...).Scan(&total); err != nil {
		return nil, 0, db.explain(ctx, err)
	}
	// The page is found by its numbers alone, and then read: entries on pages before
	// it are long.
	err = db.each(ctx, func(rows *sql.Rows) error {
		e, err := scanAudit(rows)
		entries = append(entries, e)
		return err
	}, fmt.Sprintf(`SELECT %s FROM audit_entry WHERE seq IN (SELECT seq%s ORDER BY seq DESC LIMIT $%d OFFSET $%d) ORDER BY seq DESC`, auditColumns, where, len(c.args)+1, len(c.args)+2),
		append(c.args, f.Number, (f.Page-1)*f.Number)...)
	return entries, total, err
}
