package store

import (
	"context"
	"database/sql"

	"github.com/weirhq/weir"
)

const secretColumns = `org, credential, field, version, kind, origin, key, sealed` // #nosec G101 -- names of columns

func scanSecret(rows interface{ Scan(...any) error }) (s weir.SealedSecret, err error) {
	err = rows.Scan(&s.Org, &s.Credential, &s.Field, &s.Version, &s.Kind, &s.Origin, &s.Key, &s.Sealed)
	return s, err
}

// PutSecret stores a sealed value in place of the credential's earlier one in
// the same field. It is CodeConflict when its key was retired meanwhile: then
// it must be sealed again.
func (t *Tx) PutSecret(ctx context.Context, s weir.SealedSecret) error {
	if err := t.refuseRetired(ctx, s.Key); err != nil {
		return err
	}
	_, err := t.tx.ExecContext(ctx, `INSERT INTO secret (`+secretColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (credential, field) DO UPDATE SET org = excluded.org, version = excluded.version, kind = excluded.kind,
			origin = excluded.origin, key = excluded.key, sealed = excluded.sealed,
			wraps = CASE WHEN secret.key = excluded.key THEN secret.wraps + 1 ELSE 1 END`,
		s.Org, s.Credential, s.Field, s.Version, s.Kind, s.Origin, s.Key, s.Sealed)
	return err
}

// DropSecrets removes all of a credential's secrets. It is the end of them:
// nothing brings them back but a backup.
func (t *Tx) DropSecrets(ctx context.Context, credential int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM secret WHERE credential = $1`, credential)
	return err
}

// Secrets gives what is stored of a credential of the organization, by field.
func (db *DB) Secrets(ctx context.Context, org, credential int64) (all []weir.SealedSecret, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		s, err := scanSecret(rows)
		all = append(all, s)
		return err
	}, `SELECT `+secretColumns+` FROM secret WHERE org = $1 AND credential = $2 ORDER BY field`, org, credential)
	return all, err
}

// AllSecrets gives up to n stored secrets in the order of credential and
// field, from after (credential, field) on.
func (db *DB) AllSecrets(ctx context.Context, credential int64, field string, n int) (all []weir.SealedSecret, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		s, err := scanSecret(rows)
		all = append(all, s)
		return err
	}, `SELECT `+secretColumns+` FROM secret WHERE credential > $1 OR credential = $1 AND field > $2 ORDER BY credential, field LIMIT $3`, credential, field, n)
	return all, err
}
