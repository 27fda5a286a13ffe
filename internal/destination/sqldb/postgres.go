package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/weirhq/weir"
)

// pg is Postgres.
type pg struct{ schema string }

func (db *DB) openPostgres(ctx context.Context, address string, password weir.Secret) error {
	u, err := url.Parse(address)
	if err != nil { // its text repeats the address, password included
		return &weir.Error{Code: weir.CodeUsage, Message: "the Postgres address cannot be read", Remedy: "Write it as postgres://user@host:5432/database"}
	}
	query := u.Query()
	kind := pg{schema: query.Get("schema")}
	query.Del("schema")
	u.RawQuery = query.Encode()
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return &weir.Error{Code: weir.CodeUsage, Message: "the Postgres address cannot be read", Remedy: "Write it as postgres://user@host:5432/database"}
	}
	if !password.IsZero() && config.Password == "" {
		config.Password = password.Expose()
	}
	if kind.schema != "" {
		config.RuntimeParams["search_path"] = quote(kind.schema)
	}
	config.RuntimeParams["application_name"] = "weir"
	db.kind, db.pool = kind, stdlib.OpenDB(*config)
	db.pool.SetMaxOpenConns(4)
	if err := db.pool.PingContext(ctx); err != nil {
		_ = db.pool.Close()
		return kind.explain(err)
	}
	return nil
}

func (k pg) guard(ctx context.Context, tx *sql.Tx) error {
	if k.schema != "" {
		if _, err := tx.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+quote(k.schema)); err != nil {
			return k.explain(err)
		}
	}
	// Serialises starters: CREATE TABLE IF NOT EXISTS can fail in a race.
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(1464158546)`)
	if err != nil {
		return k.explain(err)
	}
	var n int
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename IN ('record_batch', 'goose_db_version')`).Scan(&n)
	if err == nil && n == 2 {
		return &weir.Error{Code: weir.CodeConflict, Message: "this is Weir's own store", Remedy: "Use another database or schema for the data"}
	}
	return k.explain(err)
}

func (pg) columns(ctx context.Context, tx *sql.Tx, table string) (map[string]string, error) {
	return readColumns(tx.QueryContext(ctx, `SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relname = $1 AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped`, table))
}

func (pg) columnType(t weir.Type) string {
	switch t {
	case weir.TypeBool:
		return "boolean"
	case weir.TypeInt:
		return "bigint"
	case weir.TypeFloat:
		return "double precision"
	case weir.TypeTime:
		return "timestamp with time zone"
	case weir.TypeJSON:
		return "jsonb"
	}
	return "text"
}

// retype keeps times in the form in which other engines and files show them.
func (k pg) retype(table string, c weir.Column) string {
	name, using := quote(c.Name), quote(c.Name)+"::text"
	switch c.Type {
	case weir.TypeJSON:
		using = "to_jsonb(" + name + ")"
	case weir.TypeFloat:
		using = name + "::double precision"
	}
	return "ALTER TABLE " + quote(table) + " ALTER COLUMN " + name + " TYPE " + k.columnType(c.Type) + " USING " + using
}

// value replaces what Postgres has no place for, the NUL character.
func (pg) value(v any, t weir.Type) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	if t == weir.TypeJSON {
		return strings.ReplaceAll(escapeNUL(text), "\x00", "\ufffd")
	}
	return strings.ReplaceAll(text, "\x00", "\ufffd")
}

// escapeNUL replaces \u0000 in JSON text, but not \\u0000, which is text.
func escapeNUL(text string) string {
	if !strings.Contains(text, `\u0000`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], `\u0000`):
			b.WriteString("\ufffd")
			i += len(`\u0000`)
		case text[i] == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i += 2
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return b.String()
}

// bulk copies rows into a temporary table that ends with the transaction.
func (pg) bulk(ctx context.Context, conn *sql.Conn, tx *sql.Tx, t weir.Table, rows [][]any) (string, error) {
	const stage = "_weir_stage"
	if _, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS pg_temp."+stage); err != nil {
		return "", err
	}
	if _, err := tx.ExecContext(ctx, "CREATE TEMP TABLE "+stage+" (LIKE "+quote(t.Name)+") ON COMMIT DROP"); err != nil {
		return "", err
	}
	err := conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("no pgx connection but %T", driver)
		}
		_, err := c.Conn().CopyFrom(ctx, pgx.Identifier{"pg_temp", stage}, columnNames(t), pgx.CopyFromRows(rows))
		return err
	})
	return "pg_temp." + stage, err
}

func (pg) forUpdate() string { return " FOR UPDATE" }

// again: a deadlock or a lost serialization.
func (pg) again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40P01" || e.Code == "40001")
}

// refused: class 22 is a value out of its type, 23 a constraint.
func (pg) refused(err error) (string, bool) {
	var e *pgconn.PgError
	if errors.As(err, &e) && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23")) {
		return "Postgres refuses a value (" + e.Code + ")", true
	}
	return "", false
}

func (pg) explain(err error) error {
	var known *weir.Error
	var e *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &e):
		return explainCode(e)
	case errors.As(err, &connect):
		return &weir.Error{Code: weir.CodeLocal, Where: "postgres", Message: "the server cannot be reached", Remedy: "Check host, port, and that it runs", Err: err}
	}
	return &weir.Error{Code: weir.CodeTransient, Where: "postgres", Message: "the connection failed", Remedy: "Run again; everything up to here is kept", Err: err}
}

// explainCode explains what the server said; its message may hold values, so
// only the code is told where a value may be.
func explainCode(e *pgconn.PgError) error {
	out := &weir.Error{Code: weir.CodeLocal, Where: "postgres", Message: "the server said " + e.Code + ": " + e.Message, Err: e}
	switch {
	case strings.HasPrefix(e.Code, "28"):
		out.Code, out.Message, out.Remedy = weir.CodeConfig, "the user or password is refused", "Check the user, and give the password as PGPASSWORD"
	case e.Code == "3D000":
		out.Code, out.Message, out.Remedy = weir.CodeConfig, "there is no such database", "Make it first: createdb NAME"
	case e.Code == "42501":
		out.Code, out.Remedy = weir.CodeConfig, "Let the user create tables there, or name a schema that is its own: ?schema=NAME"
	case e.Code == "53100":
		out.Message, out.Remedy = "the server's disk is full", "Make room and run again; everything up to here is kept"
	case strings.HasPrefix(e.Code, "57P"), e.Code == "25006", e.Code == "53300":
		out.Code, out.Remedy = weir.CodeTransient, "The server restarts, fails over or is full; run again"
	case e.Code == "42P10":
		out.Code, out.Message, out.Remedy = weir.CodeConflict, "a table's primary key was removed by somebody else", "Put it back"
	}
	return out
}
