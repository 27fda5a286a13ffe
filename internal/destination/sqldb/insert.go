package sqldb

import (
	"database/sql"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// bulkRows is from how many rows on the engine's bulk way pays.
const bulkRows = 200

// insert writes rows by primary key and returns how many made a difference.
func (l *load) insert(t weir.Table, rows [][]any) (changed int, err error) {
	for _, row := range rows {
		for i, c := range t.Columns {
			row[i] = l.db.kind.value(row[i], c.Type)
		}
	}
	into := "INSERT INTO " + quote(t.Name) + " (" + quoteAll(columnNames(t)) + ") "
	if len(rows) >= bulkRows {
		stage, err := l.db.kind.bulk(l.ctx, l.conn, l.tx, t, rows)
		if err != nil {
			return 0, err
		}
		if stage != "" {
			return l.exec(into + "SELECT " + quoteAll(columnNames(t)) + " FROM " + stage + " WHERE true" + l.onConflict(t))
		}
	}
	width := len(t.Columns)
	onConflict := l.onConflict(t)
	args := make([]any, 0, insertRows*width)
	for part := range slices.Chunk(rows, insertRows) {
		args = args[:0]
		for _, row := range part {
			args = append(args, row...)
		}
		s, err := l.prepared(into + "VALUES " + l.placeholders(len(part), width) + onConflict)
		if err != nil {
			return changed, err
		}
		result, err := s.ExecContext(l.ctx, args...)
		if err != nil {
			return changed, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed += int(n)
	}
	return changed, nil
}

// insertRows is how many rows one INSERT carries.
const insertRows = 50

// prepared keeps a transaction's statements: a large batch repeats few.
func (l *load) prepared(text string) (*sql.Stmt, error) {
	if s := l.statements[text]; s != nil {
		return s, nil
	}
	s, err := l.tx.PrepareContext(l.ctx, text) // closed with the transaction
	if err == nil {
		l.statements[text] = s
	}
	return s, err
}

// onConflict says what happens to a row whose key is there: in history
// nothing, since the key holds the hash; otherwise it is replaced when it
// differs or comes back from deletion.
func (l *load) onConflict(t weir.Table) string {
	if l.Mode == weir.ModeHistory {
		return " ON CONFLICT (" + quoteAll(t.Key) + ") DO NOTHING"
	}
	var set []string
	for _, c := range t.Columns {
		if !slices.Contains(t.Key, c.Name) {
			set = append(set, quote(c.Name)+" = excluded."+quote(c.Name))
		}
	}
	hash, deleted := quote(weir.ColumnHash), quote(weir.ColumnDeletedAt)
	return " ON CONFLICT (" + quoteAll(t.Key) + ") DO UPDATE SET " + strings.Join(set, ", ") +
		" WHERE " + quote(t.Name) + "." + hash + " <> excluded." + hash + " OR " + quote(t.Name) + "." + deleted + " IS NOT NULL"
}
