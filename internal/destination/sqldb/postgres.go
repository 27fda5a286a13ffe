package sqldb

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir"
)

// postgres is the Postgres engine.
type postgres struct {
	standard
	pool   *pgxpool.Pool
	schema string
	shown  string
}

// Limits of a Postgres connection. Locks are waited for only so long that a
// forgotten session elsewhere is noticed; a server that sees nothing of us
// for a while ends the transaction, so that nobody waits for a dead process.
const (
	connections    = 4
	connectTimeout = 10 * time.Second
	session        = "SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = '10min'; SET LOCAL idle_in_transaction_session_timeout = '5min'"
)

// openPostgres opens the pool behind a postgres:// URL. Errors never hold the
// URL, which may have the password in it.
func openPostgres(ctx context.Context, address string, o Options) (engine, error) {
	wrong := &weir.Error{Code: weir.CodeConfig, Message: "the Postgres address cannot be read", Remedy: "Write it as postgres://user@host:5432/database, special characters as %XX"}
	u, err := url.Parse(address)
	if err != nil {
		return nil, wrong
	}
	query := u.Query()
	schema := query.Get("schema")
	query.Del("schema")
	u.RawQuery = query.Encode()
	config, err := pgxpool.ParseConfig(u.String())
	if err != nil {
		return nil, wrong
	}
	if _, inURL := u.User.Password(); !inURL && (o.Alone || !o.Password.IsZero()) {
		config.ConnConfig.Password = o.Password.Expose()
	}
	if len(schema) > 63 || strings.ContainsRune(schema, 0) || strings.HasPrefix(schema, "pg_") {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "?schema=", Message: "Postgres cannot have a schema of this name", Remedy: "Choose a name of at most 63 bytes that does not begin with pg_"}
	}
	config.MaxConns = connections
	config.ConnConfig.ConnectTimeout = connectTimeout
	if usual := config.ConnConfig.DialFunc; o.Dial != nil {
		config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			if network == "unix" {
				return usual(ctx, network, address)
			}
			return o.Dial(ctx, network, address)
		}
	}
	// No prepared statements on the server: they break behind a pooler, and
	// when somebody alters a table.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "weir"
	}
	c := config.ConnConfig
	p := &postgres{shown: fmt.Sprintf("postgres://%s@%s:%d/%s", c.User, c.Host, c.Port, c.Database)}
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, p.explain(err)
	}
	if err := p.choose(ctx, schema); err != nil {
		p.pool.Close()
		return nil, p.explain(err)
	}
	return p, nil
}

// choose finds the schema to work in, or makes it.
func (p *postgres) choose(ctx context.Context, schema string) error {
	if schema == "" {
		var current *string
		if err := p.pool.QueryRow(ctx, "SELECT current_schema()").Scan(&current); err != nil {
			return err
		}
		if current == nil {
			return &weir.Error{Code: weir.CodeConfig, Where: p.shown, Message: "the user's search_path names no schema that exists", Remedy: "Choose one with ?schema=NAME"}
		}
		p.schema = *current
		return nil
	}
	p.schema, p.shown = schema, p.shown+"?schema="+schema
	var there bool
	if err := p.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema).Scan(&there); err != nil || there {
		return err
	}
	_, err := p.pool.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+quote(schema))
	return err
}

func (p *postgres) where() string            { return p.shown }
func (p *postgres) close() error             { p.pool.Close(); return nil }
func (p *postgres) table(name string) string { return quote(p.schema) + "." + quote(name) }
func (p *postgres) stage(name string) string { return "pg_temp." + quote(name) }
func (p *postgres) stageEnd() string         { return " ON COMMIT DELETE ROWS" }

func (p *postgres) columnType(_ weir.Table, c weir.Column) string {
	switch c.Type {
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

func (p *postgres) value(v any, t weir.Type) (any, int) {
	s, ok := v.(string)
	if !ok {
		return v, 0
	}
	s, invalid := validUTF8(s)
	if t == weir.TypeJSON {
		s, n := withoutNULEscape(s)
		return s, invalid + n
	}
	s, n := withoutNUL(s)
	return s, invalid + n
}

func (p *postgres) checkKey(text string) string {
	if strings.ContainsRune(text, 0) {
		return "Postgres takes no NUL character in a key"
	}
	return ""
}

func (p *postgres) begin(ctx context.Context) (tx, error) {
	t, err := p.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := t.Exec(ctx, session); err != nil {
		_ = t.Rollback(ctx) // the first error is the one to tell
		return nil, err
	}
	return &pgTx{Tx: t, schema: p.schema}, nil
}

func (p *postgres) describe(ctx context.Context, tx tx, names []string) (map[string]actual, error) {
	found := map[string]actual{}
	const tables = `FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = $1 AND c.relname = ANY($2)`
	err := tx.query(ctx, `SELECT c.relname, c.relkind NOT IN ('r', 'p'), coalesce(a.attname, ''), coalesce(format_type(a.atttypid, a.atttypmod), '') `+tables+`
		LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`,
		[]any{p.schema, names}, func(scan func(...any) error) error {
			var name, column, columnType string
			var view bool
			if err := scan(&name, &view, &column, &columnType); err != nil {
				return err
			}
			a, ok := found[name]
			if !ok {
				a = actual{view: view, columns: map[string]string{}}
			}
			a.columns[column] = columnType
			found[name] = a
			return nil
		})
	if err != nil {
		return nil, err
	}
	err = tx.query(ctx, `SELECT c.relname, array_agg(a.attname::text) `+tables+`
		JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]) GROUP BY c.relname, i.indexrelid`,
		[]any{p.schema, names}, func(scan func(...any) error) error {
			var name string
			var columns []string
			if err := scan(&name, &columns); err != nil {
				return err
			}
			a := found[name]
			a.unique = append(a.unique, columns)
			found[name] = a
			return nil
		})
	return found, err
}

func (p *postgres) definition(t weir.Table, c weir.Column, name string) string {
	return quote(name) + " " + p.columnType(t, c)
}
func (p *postgres) makeTables(tables []weir.Table) []string { return createTables(p, tables) }

// mayWrite asks for the right to make tables in the schema, or to make the
// schema when it is not there.
func (p *postgres) mayWrite(ctx context.Context, schema string) error {
	if schema, _ = url.QueryUnescape(schema); schema == "" {
		schema = p.schema
	}
	var may bool
	err := p.pool.QueryRow(ctx, `SELECT coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1), has_database_privilege(current_database(), 'CREATE'))`, schema).Scan(&may)
	if err != nil || may {
		return err
	}
	return &weir.Error{Code: weir.CodeConfig, Reason: ReasonPermission, Where: p.shown, Message: "the user may not make tables in the schema " + schema, Remedy: "GRANT CREATE, USAGE ON SCHEMA to this user, or name another schema"}
}

func (p *postgres) alter(ctx context.Context, tx tx, have, to weir.Table) error {
	from, err := addColumns(ctx, tx, p, have, to)
	if err != nil {
		return err
	}
	var changes []string
	for i, c := range to.Columns {
		if was := from.Columns[i].Type; was != c.Type {
			changes = append(changes, fmt.Sprintf("ALTER COLUMN %s TYPE %s USING %s", quote(c.Name), p.columnType(to, c), pgCast(quote(c.Name), was, c.Type)))
		}
	}
	if len(changes) == 0 {
		return nil
	}
	_, err = tx.exec(ctx, fmt.Sprintf("ALTER TABLE %s %s", p.table(to.Name), strings.Join(changes, ", ")))
	return err
}

// pgCast writes a column's value in a wider type, as convert does.
func pgCast(c string, from, to weir.Type) string {
	text := c + "::text"
	if from == weir.TypeTime {
		text = fmt.Sprintf(`to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`, c)
	}
	switch {
	case to == weir.TypeFloat:
		return c + "::double precision"
	case to == weir.TypeJSON && from == weir.TypeTime:
		return "to_jsonb(" + text + ")"
	case to == weir.TypeJSON:
		return "to_jsonb(" + c + ")"
	}
	return text
}

// pgTx is one transaction.
type pgTx struct {
	pgx.Tx
	schema string
}

// lock takes an advisory lock: also a dataset that has no row anywhere yet is
// loaded by one transaction at a time.
func (t *pgTx) lock(ctx context.Context, name string) error {
	h := fnv.New64a()
	fmt.Fprintf(h, "weir %q %q", t.schema, name)
	_, err := t.exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(h.Sum64())) // #nosec G115 -- any 64 bits will do
	return err
}

func (t *pgTx) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	tag, err := t.Exec(ctx, statement, args...)
	return tag.RowsAffected(), err
}

func (t *pgTx) query(ctx context.Context, statement string, args []any, each func(func(...any) error) error) error {
	rows, err := t.Query(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return eachRow(rows, each)
}

func (t *pgTx) fill(ctx context.Context, stage string, columns []weir.Column, rows [][]any) error {
	_, err := t.CopyFrom(ctx, pgx.Identifier{"pg_temp", stage}, columnNames(columns), pgx.CopyFromRows(rows))
	return err
}

func (t *pgTx) commit(ctx context.Context) error {
	err := t.Commit(ctx)
	var said *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, pgx.ErrTxCommitRollback), errors.Is(err, pgx.ErrTxClosed):
		return err
	case errors.As(err, &said) && !slices.Contains([]string{"57P01", "57P02", "57P03"}, said.Code):
		return err // the server has answered, and it was no
	}
	return unknownOutcome{err}
}

func (t *pgTx) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	_ = t.Rollback(ctx) // nothing to roll back after a commit
}
