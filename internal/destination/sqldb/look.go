package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/weirhq/weir"
)

// Glance is a look at a database that leaves nothing behind in it: no file, no
// schema and no table of Weir's own.
type Glance struct {
	db *DB // nil when there is nothing yet
}

// Look takes a look at the database at url, as Open would open it. Its errors
// are those of Open.
func Look(ctx context.Context, url string, o Options) (*Glance, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	var e engine
	var err error
	switch scheme {
	case "sqlite":
		e, err = lookSQLite(ctx, rest)
	case "postgres", "postgresql":
		e, err = lookPostgres(ctx, url, o)
	case "mysql", "mariadb":
		e, err = openMySQL(ctx, url, o)
	default:
		return nil, &weir.Error{Code: weir.CodeConfig, Message: "the database is none of sqlite:PATH, postgres://… and mysql://…"}
	}
	if err != nil || e == nil {
		return &Glance{}, err
	}
	return &Glance{db: &DB{engine: e}}, nil
}

// lookSQLite opens a file that is there, and writes nothing into it; nil when
// there is none.
func lookSQLite(ctx context.Context, rest string) (engine, error) {
	path, err := sqlitePath(rest)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err := checkFile(path); err != nil {
		return nil, err
	}
	source := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)"}}.Encode()}).String()
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeLocal, Where: path, Message: weir.Clip(err.Error()), Err: err}
	}
	db.SetMaxOpenConns(1)
	l := &lite{db: db, path: path}
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, l.explain(err)
	}
	return l, nil
}

// lookPostgres opens the database without the schema, which Open would make.
func lookPostgres(ctx context.Context, address string, o Options) (engine, error) {
	u, err := url.Parse(address)
	if err != nil {
		return openPostgres(ctx, address, o) // it says what is wrong
	}
	query := u.Query()
	schema := query.Get("schema")
	query.Del("schema")
	u.RawQuery = query.Encode()
	e, err := openPostgres(ctx, u.String(), o)
	if err != nil || schema == "" {
		return e, err
	}
	p := e.(*postgres) //nolint:forcetypeassert // openPostgres makes no other
	p.schema, p.shown = schema, p.shown+"?schema="+schema
	return p, nil
}

// Fits says why a batch of a dataset would be refused, whatever is in it:
// CodeConflict when a table is somebody else's, holds other data, or is not as
// Weir made it. Between a look and a batch anything may happen: Load has the
// last word.
func (g *Glance) Fits(ctx context.Context, b weir.Batch) error {
	if g.db == nil {
		return nil
	}
	if err := checkLayout(b.Layout); err != nil {
		return weir.At(g.db.engine.where()+" "+b.Dataset, err)
	}
	tx, err := g.db.engine.begin(ctx)
	if err != nil {
		return g.db.engine.explain(err)
	}
	defer tx.rollback()
	return g.db.engine.explain(g.db.fits(ctx, tx, b))
}

func (db *DB) fits(ctx context.Context, tx tx, b weir.Batch) error {
	known := map[string]made{}
	ours, err := db.ours(ctx, tx)
	if err == nil && ours {
		known, err = db.made(ctx, tx)
	}
	if err != nil {
		return err
	}
	names := make([]string, 0, len(b.Layout.Tables))
	for _, t := range b.Layout.Tables {
		names = append(names, t.Name)
	}
	found, err := db.engine.describe(ctx, tx, names)
	if err != nil {
		return err
	}
	for _, t := range b.Layout.Tables {
		if m := known[t.Name]; m.becoming != nil && m.source == b.Source && m.dataset == b.Dataset {
			continue // a change of it was cut short, which the next batch sees to
		}
		if err := db.refusal(b, t, known, found); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the connections.
func (g *Glance) Close() error {
	if g.db == nil {
		return nil
	}
	return g.db.Close()
}
