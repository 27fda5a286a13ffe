package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// LookupEntry is one row of a lookup.
type LookupEntry struct {
	Key string
	Row jsontext.Value // a JSON object
}

// entriesAtOnce is how many rows one statement reads or writes.
const entriesAtOnce = 500

const lookupEntries = `SELECT key, entry FROM lookup_entry`

func scanEntry(rows *sql.Rows) (e LookupEntry, err error) {
	var key []byte
	err = rows.Scan(&key, (*[]byte)(&e.Row))
	e.Key = string(key)
	return e, err
}

// EachLookupEntry hands f every row of a lookup in the order of the keys'
// bytes, as they all were at one instant.
func (db *DB) EachLookupEntry(ctx context.Context, lookup int64, f func(LookupEntry) error) error {
	return db.each(ctx, eachEntry(f), lookupEntries+` WHERE lookup = $1 ORDER BY key`, lookup)
}

// EachLookupRow hands f every row of a lookup without its key, in the order of the
// keys' bytes, as they all were at one instant. A row is f's until it returns.
func (db *DB) EachLookupRow(ctx context.Context, lookup int64, f func(jsontext.Value) error) error {
	var row sql.RawBytes
	return db.each(ctx, func(rows *sql.Rows) error {
		if err := rows.Scan(&row); err != nil {
			return err
		}
		return f(jsontext.Value(row))
	}, `SELECT entry FROM lookup_entry WHERE lookup = $1 ORDER BY key`, lookup)
}

// EachLookupEntry is DB.EachLookupEntry inside the transaction. F must not use
// the transaction.
func (t *Tx) EachLookupEntry(ctx context.Context, lookup int64, f func(LookupEntry) error) error {
	return t.each(ctx, eachEntry(f), lookupEntries+` WHERE lookup = $1 ORDER BY key`, lookup)
}

func eachEntry(f func(LookupEntry) error) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		if err != nil {
			return err
		}
		return f(e)
	}
}

// LookupPage gives one page of a lookup's rows, from 1, in the order of the
// keys' bytes.
func (db *DB) LookupPage(ctx context.Context, lookup int64, page, number int) (all []LookupEntry, err error) {
	err = db.each(ctx, eachEntry(func(e LookupEntry) error {
		all = append(all, e)
		return nil
	}), lookupEntries+` WHERE lookup = $1 ORDER BY key LIMIT $2 OFFSET $3`, lookup, number, (page-1)*number)
	return all, err
}

// LookupAfter gives up to number of a lookup's rows whose keys come after one, in
// the order of the keys' bytes; every key comes after "".
func (db *DB) LookupAfter(ctx context.Context, lookup int64, key string, number int) (all []LookupEntry, err error) {
	err = db.each(ctx, eachEntry(func(e LookupEntry) error {
		all = append(all, e)
		return nil
	}), lookupEntries+` WHERE lookup = $1 AND key > $2 ORDER BY key LIMIT $3`, lookup, []byte(key), number)
	return all, err
}

// LookupEntries gives those of the keys that the lookup has, in the order of
// the keys' bytes for each 500 of them.
func (db *DB) LookupEntries(ctx context.Context, lookup int64, keys ...string) ([]LookupEntry, error) {
	return entriesOf(ctx, db.each, lookup, keys)
}

// LookupEntries is DB.LookupEntries inside the transaction.
func (t *Tx) LookupEntries(ctx context.Context, lookup int64, keys ...string) ([]LookupEntry, error) {
	return entriesOf(ctx, t.each, lookup, keys)
}

func entriesOf(ctx context.Context, each func(context.Context, func(*sql.Rows) error, string, ...any) error, lookup int64, keys []string) (all []LookupEntry, err error) {
	for some := range slices.Chunk(keys, entriesAtOnce) {
		c := ofKeys(lookup, some)
		err = each(ctx, eachEntry(func(e LookupEntry) error {
			all = append(all, e)
			return nil
		}), lookupEntries+c.text.String()+` ORDER BY key`, c.args...)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ofKeys chooses rows of a lookup.
func ofKeys(lookup int64, keys []string) *conditions {
	c := &conditions{}
	c.and("lookup = %s", lookup)
	bytes := make([][]byte, len(keys))
	for i, key := range keys {
		bytes[i] = []byte(key)
	}
	c.and(among(c, "key", bytes))
	return c
}

// PutLookupEntries stores rows, each in place of the one that has its key. No
// key is there twice.
func (t *Tx) PutLookupEntries(ctx context.Context, lookup int64, entries ...LookupEntry) error {
	for some := range slices.Chunk(entries, entriesAtOnce) {
		marks, args := make([]string, len(some)), []any{lookup}
		for i, e := range some {
			args = append(args, []byte(e.Key), []byte(e.Row))
			marks[i] = fmt.Sprintf("($1, $%d, $%d)", len(args)-1, len(args))
		}
		_, err := t.tx.ExecContext(ctx, `INSERT INTO lookup_entry (lookup, key, entry) VALUES `+strings.Join(marks, ", ")+ // #nosec G202 -- placeholders
			` ON CONFLICT (lookup, key) DO UPDATE SET entry = excluded.entry`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// DropLookupEntries takes rows away.
func (t *Tx) DropLookupEntries(ctx context.Context, lookup int64, keys ...string) error {
	for some := range slices.Chunk(keys, entriesAtOnce) {
		c := ofKeys(lookup, some)
		if _, err := t.tx.ExecContext(ctx, `DELETE FROM lookup_entry`+c.text.String(), c.args...); err != nil { // #nosec G202 -- placeholders
			return err
		}
	}
	return nil
}

// ClearLookup takes all rows of a lookup away.
func (t *Tx) ClearLookup(ctx context.Context, lookup int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM lookup_entry WHERE lookup = $1`, lookup)
	return err
}

// CopyLookup gives a lookup without rows those of another one.
func (t *Tx) CopyLookup(ctx context.Context, from, to int64) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO lookup_entry (lookup, key, entry) SELECT $2, key, entry FROM lookup_entry WHERE lookup = $1`, from, to)
	return err
}
