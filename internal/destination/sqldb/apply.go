package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir"
)

// stageNames are a target's two temporary tables: its rows, and for the root
// the keys that are deleted. Their names change with the columns.
func stageNames(t *target) (rows, deleted string) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %v", t.Name, t.Columns))
	id := hex.EncodeToString(sum[:8])
	return "_weir_rows_" + id, "_weir_deleted_" + id
}

// stages makes a target's temporary tables when the session has none yet.
// They live as long as the session: one for each batch would fill Postgres's
// catalog with dead entries.
func (db *DB) stages(ctx context.Context, tx tx, t *target) error {
	rows, deleted := stageNames(t)
	if err := db.makeStage(ctx, tx, rows, t, t.Columns); err != nil || t.Parent > 0 {
		return err
	}
	return db.makeStage(ctx, tx, deleted, t, t.identity())
}

func (db *DB) makeStage(ctx context.Context, tx tx, name string, t *target, columns []weir.Column) error {
	var parts []string
	for _, c := range columns {
		parts = append(parts, quote(c.Name)+" "+db.engine.columnType(t.Table, c))
	}
	_, err := tx.exec(ctx, fmt.Sprintf("CREATE TEMPORARY TABLE IF NOT EXISTS %s (%s)%s", quote(name), strings.Join(parts, ", "), db.engine.stageEnd()))
	return err
}

// identity gives the columns of the root's key that say which record a row is
// of.
func (t *target) identity() []weir.Column {
	var out []weir.Column
	for _, k := range t.Identity() {
		out = append(out, t.Columns[t.Column(k)])
	}
	return out
}

func columnNames(columns []weir.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
}

// loading is one batch on its way into the tables.
type loading struct {
	db       *DB
	tx       tx
	batch    weir.Batch
	targets  []*target
	loaded   weir.Loaded
	replaced int // characters
}

// prepared is a change with its values as the driver takes them.
type prepared struct {
	weir.Change
	hash string
	key  []any
	rows [][][]any // of each target
}

// partRecords is how many records are staged at once: temporary tables may
// lie in memory.
const partRecords = 500

// apply loads the batch in parts, each with at most one change of a record, so
// that the order within them does not matter.
func (l *loading) apply(ctx context.Context) error {
	var part []prepared
	seen := map[string]bool{}
	flush := func() error {
		err := l.part(ctx, part)
		part = part[:0]
		clear(seen)
		return err
	}
	for _, c := range l.batch.Changes {
		p, reason := l.prepare(c)
		if reason != "" {
			if err := l.refuse(ctx, c, reason); err != nil {
				return err
			}
			continue
		}
		if len(part) == partRecords || seen[c.Key] {
			if err := flush(); err != nil {
				return err
			}
		}
		seen[c.Key] = true
		part = append(part, p)
	}
	return flush()
}

// load puts a part's rows into the temporary tables, and from there into the
// tables. It returns how many root rows have changed.
func (l *loading) load(ctx context.Context, part []prepared) (int, error) {
	if err := l.stage(ctx, part); err != nil {
		return 0, err
	}
	write := l.upsert
	if l.batch.Mode == weir.ModeHistory {
		write = l.add
	}
	written, err := write(ctx)
	if err != nil {
		return 0, err
	}
	if !slices.ContainsFunc(part, func(p prepared) bool { return p.Deleted }) {
		return written, nil
	}
	deleted, err := l.mark(ctx)
	return written + deleted, err
}

// stage fills the temporary tables.
func (l *loading) stage(ctx context.Context, part []prepared) error {
	for i, t := range l.targets {
		name, deleted := stageNames(t)
		var rows, keys [][]any
		for _, p := range part {
			switch {
			case !p.Deleted:
				rows = append(rows, p.rows[i]...)
			case t.Parent == 0:
				keys = append(keys, p.key)
			}
		}
		if err := l.fill(ctx, name, t.Columns, rows); err != nil {
			return err
		}
		if t.Parent == 0 {
			if err := l.fill(ctx, deleted, t.identity(), keys); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *loading) fill(ctx context.Context, stage string, columns []weir.Column, rows [][]any) error {
	if _, err := l.tx.exec(ctx, "DELETE FROM "+l.db.engine.stage(stage)); err != nil || len(rows) == 0 {
		return err
	}
	return l.tx.fill(ctx, stage, columns, rows)
}

// upsert makes the tables' rows of the staged records what was staged. A
// record that is there already, with this hash and not deleted, stays as it
// is with all its rows.
func (l *loading) upsert(ctx context.Context) (int, error) {
	root := l.targets[0]
	table, staged := l.db.engine.table(root.Name), l.stageOf(root)
	if _, err := l.tx.exec(ctx, l.db.engine.dropSame(table, staged, append(slices.Clone(root.Key), weir.ColumnHash), nil)); err != nil {
		return 0, err
	}
	for _, t := range l.targets[1:] {
		owner := t.Key[:t.Parent]
		if _, err := l.tx.exec(ctx, l.db.engine.dropOwned(l.db.engine.table(t.Name), owner, staged, root.Key)); err != nil {
			return 0, err
		}
		columns := quoteAll(columnNames(t.Columns))
		if _, err := l.tx.exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s IN (SELECT %s FROM %s)",
			l.db.engine.table(t.Name), columns, columns, l.stageOf(t), tuple(owner), quoteAll(root.Key), staged)); err != nil {
			return 0, err
		}
	}
	return l.merge(ctx, merge{table: table, staged: staged, columns: columnNames(root.Columns), key: root.Key})
}

// add puts every staged version beside those that are there. One that is its
// record's newest already, and not deleted, is left out: a new log tells it
// again.
func (l *loading) add(ctx context.Context) (int, error) {
	root := l.targets[0]
	table, staged, identity := l.db.engine.table(root.Name), l.stageOf(root), columnNames(root.identity())
	if _, err := l.tx.exec(ctx, l.db.engine.dropSame(table, staged, append(slices.Clone(identity), weir.ColumnHash), identity)); err != nil {
		return 0, err
	}
	if weir.Lineage(l.batch.Log) != l.batch.Log {
		if err := l.replace(ctx, identity); err != nil {
			return 0, err
		}
	}
	var written int
	for i, t := range l.targets {
		owner := identity
		if t.Parent > 0 {
			owner = t.Key[:t.Parent]
		}
		n, err := l.merge(ctx, merge{table: l.db.engine.table(t.Name), staged: l.stageOf(t), columns: columnNames(t.Columns), key: t.Key, revive: true,
			only: fmt.Sprintf("%s IN (SELECT %s FROM %s)", tuple(owner), quoteAll(identity), staged)})
		if err != nil {
			return 0, err
		}
		if i == 0 {
			written = n
		}
	}
	return written, nil
}

// replace marks what other rules have made of the staged versions as gone. Both
// are of one time, and of two that live nobody could tell which is the newest.
func (l *loading) replace(ctx context.Context, identity []string) error {
	root, e := l.targets[0], l.db.engine
	table, staged := e.table(root.Name), l.stageOf(root)
	at, _ := e.value(time.UnixMicro(l.batch.ExtractedAt).UTC(), weir.TypeTime)
	n, err := l.tx.exec(ctx, e.markReplaced(table, staged, identity), at)
	if err != nil || n == 0 {
		return err
	}
	for _, t := range l.targets[1:] {
		if _, err := l.tx.exec(ctx, e.markVersions(e.table(t.Name), t.Key[:t.Parent], table, staged, identity), at); err != nil {
			return err
		}
	}
	return nil
}

// merge runs the statements of a merge and counts the rows that changed.
func (l *loading) merge(ctx context.Context, m merge) (written int, err error) {
	for _, statement := range l.db.engine.merge(m) {
		n, err := l.tx.exec(ctx, statement)
		if err != nil {
			return 0, err
		}
		written += int(n)
	}
	return written, nil
}

// mark gives the deleted records' rows the time of deletion; in history mode
// those of the newest version.
func (l *loading) mark(ctx context.Context) (int, error) {
	root, e := l.targets[0], l.db.engine
	table, identity := e.table(root.Name), columnNames(root.identity())
	_, deleted := stageNames(root)
	deleted = e.stage(deleted)
	at, _ := e.value(time.UnixMicro(l.batch.ExtractedAt).UTC(), weir.TypeTime)
	history := l.batch.Mode == weir.ModeHistory
	statement := e.markOwned(table, identity, deleted, identity)
	if history {
		statement = e.markNewest(table, deleted, identity)
	}
	n, err := l.tx.exec(ctx, statement, at)
	if err != nil {
		return 0, err
	}
	for _, t := range l.targets[1:] {
		statement := e.markOwned(e.table(t.Name), t.Key[:t.Parent], deleted, identity)
		if history {
			statement = e.markVersions(e.table(t.Name), t.Key[:t.Parent], table, deleted, identity)
		}
		if _, err := l.tx.exec(ctx, statement, at); err != nil {
			return 0, err
		}
	}
	return int(n), nil
}

func (l *loading) stageOf(t *target) string {
	rows, _ := stageNames(t)
	return l.db.engine.stage(rows)
}
