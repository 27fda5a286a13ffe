package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/weirhq/weir"
)

// entry is a row of the key index: the newest version of one record.
type entry struct {
	key      string
	hash     weir.Hash
	version  int64
	position weir.Position
	sweep    int64 // the last sweep that showed it
	missedAt int64 // when a sweep first missed it, µs; 0 when none has
	deleted  bool
}

// chunk is how many rows one statement carries: both engines limit the number
// of parameters (SQLite 32,766, Postgres 65,535).
const chunk = 500

// lookUp reads the index entries of the records that it knows.
func (e engine) lookUp(ctx context.Context, tx *sql.Tx, d DatasetID, records []weir.Record) (map[string]entry, error) {
	known := make(map[string]entry, len(records))
	for len(records) > 0 {
		n := min(chunk, len(records))
		args := make([]any, 1, n+1)
		args[0] = d
		for _, r := range records[:n] {
			args = append(args, r.Key)
		}
		records = records[n:]
		rows, err := tx.QueryContext(ctx, `SELECT key, hash, version, position, sweep, missed_at, deleted FROM record_key WHERE dataset = $1 AND key IN (`+e.parameters(2, n)+`)`, args...) // #nosec G202 -- parameters only
		if err != nil {
			return nil, err
		}
		if err := scanEntries(rows, known); err != nil {
			return nil, err
		}
	}
	return known, nil
}

func scanEntries(rows *sql.Rows, into map[string]entry) error {
	defer rows.Close()
	for rows.Next() {
		var e entry
		var hash []byte
		var deleted int
		if err := rows.Scan(&e.key, &hash, &e.version, &e.position, &e.sweep, &e.missedAt, &deleted); err != nil {
			return err
		}
		copy(e.hash[:], hash)
		e.deleted = deleted != 0
		into[e.key] = e
	}
	return rows.Err()
}

// save writes entries, each key once.
func (e engine) save(ctx context.Context, tx *sql.Tx, d DatasetID, entries []entry) error {
	const columns = 9
	for len(entries) > 0 {
		n := min(chunk, len(entries))
		args := make([]any, 0, n*columns)
		var b strings.Builder
		b.WriteString(`INSERT INTO record_key (dataset, key, org, hash, version, position, sweep, missed_at, deleted) VALUES `)
		for i, row := range entries[:n] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("(" + e.parameters(i*columns+1, columns) + ")")
			deleted := 0
			if row.deleted {
				deleted = 1
			}
			args = append(args, d, row.key, org, row.hash[:], row.version, row.position, row.sweep, row.missedAt, deleted)
		}
		b.WriteString(` ON CONFLICT (dataset, key) DO UPDATE SET hash = excluded.hash, version = excluded.version, position = excluded.position,
			sweep = excluded.sweep, missed_at = excluded.missed_at, deleted = excluded.deleted`)
		if _, err := tx.ExecContext(ctx, b.String(), args...); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

// parameters writes n placeholders that follow first-1 others in their
// statement. SQLite looks for $n among all names of a statement, one by one,
// so that many of them take a time that grows with their square (measured:
// half of a whole run); ? has no name.
func (e engine) parameters(first, n int) string {
	if e.name == "sqlite" {
		return strings.TrimSuffix(strings.Repeat("?,", n), ",")
	}
	b := make([]byte, 0, n*6)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(first+i), 10)
	}
	return string(b)
}
