package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

// entry is a row of the key index: the newest version of one record.
type entry struct {
	key      string
	hash     weir.Hash
	version  int64
	position weir.Position
	sweep    int64 // the last sweep during or after which it was seen
	missedAt int64 // when a sweep first missed it, µs; 0 when none has
	deleted  bool
}

func deletedColumn(deleted bool) int64 {
	if deleted {
		return 1
	}
	return 0
}

// querier is a transaction, or a pool to read from.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// lookUp reads the entries of the keys that the index knows.
func (db *DB) lookUp(ctx context.Context, q querier, d DatasetID, keys [][]byte) (map[string]entry, error) {
	known := make(map[string]entry, len(keys))
	for len(keys) > 0 {
		n := min(db.engine.most(), len(keys))
		query, args := db.engine.lookUp(d, keys[:n])
		keys = keys[n:]
		rows, err := q.QueryContext(ctx, query, args...)
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
	var key, hash sql.RawBytes
	for rows.Next() {
		var e entry
		var deleted int64
		if err := rows.Scan(&key, &hash, &e.version, &e.position, &e.sweep, &e.missedAt, &deleted); err != nil {
			return err
		}
		e.key, e.deleted = string(key), deleted != 0
		copy(e.hash[:], hash)
		into[e.key] = e
	}
	return rows.Err()
}

// save writes entries, each key once.
func (db *DB) save(ctx context.Context, tx *sql.Tx, d DatasetID, org int64, entries []entry) error {
	for len(entries) > 0 {
		n := min(db.engine.most(), len(entries))
		query, args := db.engine.save(d, org, entries[:n])
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

// keysOf lists the keys of log records for lookUp.
func keysOf(records []LogRecord) [][]byte {
	keys := make([][]byte, len(records))
	for i := range records {
		keys[i] = []byte(records[i].Key)
	}
	return keys
}
