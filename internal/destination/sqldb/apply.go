package sqldb

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
)

// apply writes changes in the log's order. When the database refuses a value,
// the record that holds it is found by halving, and the rest is kept.
func (l *load) apply(changes []weir.Change) error {
	if len(changes) == 0 {
		return nil
	}
	if _, err := l.exec("SAVEPOINT weir"); err != nil {
		return err
	}
	done := l.done.Rows
	err := l.write(changes)
	if err == nil {
		_, err = l.exec("RELEASE SAVEPOINT weir")
		return err
	}
	reason, refused := l.db.kind.refused(err)
	if !refused {
		return err
	}
	l.done.Rows = done
	if _, err := l.exec("ROLLBACK TO SAVEPOINT weir"); err != nil {
		return err
	}
	if _, err := l.exec("RELEASE SAVEPOINT weir"); err != nil {
		return err
	}
	if len(changes) == 1 {
		l.done.Refused = append(l.done.Refused, weir.Reject{Stage: "load", Reason: reason, Key: changes[0].Key})
		return nil
	}
	half := len(changes) / 2
	if err := l.apply(changes[:half]); err != nil {
		return err
	}
	return l.apply(changes[half:])
}

// write writes changes as groups of one kind, so that a record that was
// deleted and came back is treated in order.
func (l *load) write(changes []weir.Change) error {
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].Deleted == changes[0].Deleted {
			n++
		}
		step := l.put
		if changes[0].Deleted {
			step = l.mark
		}
		if err := step(changes[:n]); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

// put writes the rows of changed records: the root's by its key, the
// children's in the place of those that were there.
func (l *load) put(changes []weir.Change) error {
	for i, t := range l.Layout.Tables {
		if i > 0 && l.Mode == weir.ModeUpsert {
			if err := l.removeChildren(t, changes); err != nil {
				return err
			}
		}
		var rows [][]any
		for _, c := range changes {
			rows = append(rows, c.Rows[i]...)
		}
		n, err := l.insert(t, rows)
		if err != nil {
			return err
		}
		if i == 0 {
			l.done.Rows += n
		}
	}
	return nil
}

// removeChildren removes the rows that belong to changed records.
func (l *load) removeChildren(t weir.Table, changes []weir.Change) error {
	return l.byKey(changes, t.Parent, func(c weir.Change) []any { return c.RootKey }, func(where string, args []any) error {
		_, err := l.exec("DELETE FROM "+quote(t.Name)+" WHERE ("+quoteAll(t.Key[:t.Parent])+") IN ("+where+")", args...)
		return err
	})
}

// mark sets the time of deletion on all rows of records that are gone.
func (l *load) mark(changes []weir.Change) error {
	at := "'" + time.UnixMicro(l.ExtractedAt).UTC().Format(timeLayout) + "'" // a literal of digits, for both engines
	for i, t := range l.Layout.Tables {
		width := t.Parent
		if i == 0 {
			width = len(changes[0].RootKey)
		}
		err := l.byKey(changes, width, func(c weir.Change) []any { return c.RootKey }, func(where string, args []any) error {
			n, err := l.exec("UPDATE "+quote(t.Name)+" SET "+quote(weir.ColumnDeletedAt)+" = "+at+
				" WHERE "+quote(weir.ColumnDeletedAt)+" IS NULL AND ("+quoteAll(t.Key[:width])+") IN ("+where+")", args...)
			if i == 0 {
				l.done.Rows += n
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// byKey calls f with lists of root keys that fit one statement.
func (l *load) byKey(changes []weir.Change, width int, key func(weir.Change) []any, f func(where string, args []any) error) error {
	types := l.Layout.Tables[0].Columns // the key's columns come first
	for part := range slices.Chunk(changes, 5_000/width) {
		args := make([]any, 0, len(part)*width)
		for _, c := range part {
			for i, v := range key(c) {
				args = append(args, l.db.kind.value(v, types[i].Type))
			}
		}
		where := "VALUES " + l.placeholders(len(part), width)
		if err := f(where, args); err != nil {
			return err
		}
	}
	return nil
}

// placeholders writes rows of parameters: ($1,$2),($3,$4). SQLite looks for $n
// among all names of a statement, one by one, so that many of them take a time
// that grows with their square (measured: three quarters of a load); ? has no
// name.
func (l *load) placeholders(rows, width int) string {
	if _, ok := l.db.kind.(lite); ok {
		row := "(" + strings.TrimSuffix(strings.Repeat("?,", width), ",") + ")"
		return strings.TrimSuffix(strings.Repeat(row+",", rows), ",")
	}
	var b strings.Builder
	for r := range rows {
		if r > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for c := range width {
			if c > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(r*width + c + 1))
		}
		b.WriteByte(')')
	}
	return b.String()
}
