package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/weirhq/weir"
)

const keyringColumns = `id, purpose, state, created, root, sealed, sentinel`

func scanKey(rows *sql.Rows) (k weir.StoredKey, err error) {
	err = rows.Scan(&k.ID, &k.Purpose, &k.State, &k.Created, &k.Root, &k.Sealed, &k.Sentinel)
	return k, err
}

// Keyring gives all keys, the oldest first.
func (db *DB) Keyring(ctx context.Context) (keys []weir.StoredKey, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		k, err := scanKey(rows)
		keys = append(keys, k)
		return err
	}, `SELECT `+keyringColumns+` FROM keyring ORDER BY created, id`)
	return keys, err
}

// ChangeKeyring hands f all keys and writes those it returns, in one
// transaction; what it does not return stays. Others who change the keyring
// wait, so f sees what it changes. It is called once: it may write the root
// key's file, which no transaction takes back.
func (db *DB) ChangeKeyring(ctx context.Context, f func(keys []weir.StoredKey) (changed []weir.StoredKey, err error)) error {
	return db.changeOnce(ctx, func(t *Tx) error {
		// An empty keyring has no row to hold; the database has one with its name.
		var name string
		if err := t.tx.QueryRowContext(ctx, `SELECT id FROM instance`+db.engine.forUpdate()).Scan(&name); err != nil {
			return err
		}
		var keys []weir.StoredKey
		err := t.each(ctx, func(rows *sql.Rows) error {
			k, err := scanKey(rows)
			keys = append(keys, k)
			return err
		}, `SELECT `+keyringColumns+` FROM keyring ORDER BY created, id`)
		if err != nil {
			return err
		}
		changed, err := f(keys)
		if err != nil {
			return err
		}
		for _, k := range changed {
			if err := t.putKey(ctx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Tx) putKey(ctx context.Context, k weir.StoredKey) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO keyring (`+keyringColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET purpose = excluded.purpose, state = excluded.state, created = excluded.created,
			root = excluded.root, sealed = excluded.sealed, sentinel = excluded.sentinel`,
		k.ID, k.Purpose, k.State, k.Created, k.Root, k.Sealed, k.Sentinel)
	return err
}

// RetireKey writes a key that is to open nothing any more. It is CodeConflict,
// and nothing is written, while a secret lies under it.
func (db *DB) RetireKey(ctx context.Context, k weir.StoredKey) error {
	return db.Change(ctx, func(t *Tx) error {
		// The row first: whoever is about to put a secret under the key shares
		// it, so those who came before are counted and those after are refused.
		if err := t.putKey(ctx, k); err != nil {
			return err
		}
		var n int64
		if err := t.tx.QueryRowContext(ctx, `SELECT count(*) FROM secret WHERE key = $1`, k.ID).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return &weir.Error{Code: weir.CodeConflict, Where: "key " + k.ID, Message: fmt.Sprintf("%d secrets are still under it", n), Remedy: "Run the rotation again"}
		}
		return nil
	})
}

// refuseRetired refuses to store a value under a key that was retired since
// it was sealed, and keeps the key from being retired until the transaction
// ends.
func (t *Tx) refuseRetired(ctx context.Context, key string) error {
	var state weir.KeyState
	err := t.tx.QueryRowContext(ctx, `SELECT state FROM keyring WHERE id = $1`+t.db.engine.forShare(), key).Scan(&state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case state == weir.KeyRetired:
		return &weir.Error{Code: weir.CodeConflict, Where: "key " + key, Message: "the keys were rotated while this was being stored", Remedy: "Do it again"}
	}
	return nil
}

// KeyUses counts what lies under each key that has any.
func (db *DB) KeyUses(ctx context.Context) (uses []weir.KeyUse, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		var u weir.KeyUse
		err := rows.Scan(&u.Key, &u.Secrets, &u.Wraps)
		uses = append(uses, u)
		return err
	}, `SELECT key, count(*), CAST(sum(wraps) AS BIGINT) FROM secret GROUP BY key ORDER BY key`)
	return uses, err
}

// ChangeSecrets hands f up to n secrets that the key of that id wraps, from
// after (credential, field) on, and writes those it returns in their places,
// in one transaction. It returns how many f was given. Secrets that another
// transaction is changing are passed over.
func (db *DB) ChangeSecrets(ctx context.Context, key string, credential int64, field string, n int, f func([]weir.SealedSecret) ([]weir.SealedSecret, error)) (given int, err error) {
	err = db.Change(ctx, func(t *Tx) error {
		var all []weir.SealedSecret
		err := t.each(ctx, func(rows *sql.Rows) error {
			s, err := scanSecret(rows)
			all = append(all, s)
			return err
		}, `SELECT `+secretColumns+` FROM secret WHERE key = $1 AND (credential > $2 OR credential = $2 AND field > $3)
			ORDER BY credential, field LIMIT $4`+t.db.engine.skipLocked(), key, credential, field, n)
		if given = len(all); err != nil || given == 0 {
			return err
		}
		changed, err := f(all)
		if err != nil {
			return err
		}
		return t.resealAll(ctx, changed)
	})
	return given, err
}

// resealAll gives stored secrets another seal; what they are bound to stays.
func (t *Tx) resealAll(ctx context.Context, changed []weir.SealedSecret) error {
	update, err := t.tx.PrepareContext(ctx, `UPDATE secret SET key = $1, sealed = $2, wraps = 1 WHERE credential = $3 AND field = $4`)
	if err != nil {
		return err
	}
	defer update.Close()
	checked := ""
	for _, s := range changed {
		if s.Key != checked {
			if err := t.refuseRetired(ctx, s.Key); err != nil {
				return err
			}
			checked = s.Key
		}
		if _, err := update.ExecContext(ctx, s.Key, s.Sealed, s.Credential, s.Field); err != nil {
			return err
		}
	}
	return nil
}
