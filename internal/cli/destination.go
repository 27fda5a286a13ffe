package cli

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/file"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/destination/stdout"
	"github.com/weirhq/weir/internal/pipeline"
)

// destination is a pipeline.Destination that the command must close.
type destination interface {
	pipeline.Destination
	Close() error
}

// target is a parsed --to.
type target struct {
	kind   string // "sql", "file" or "stdout"
	url    string // what to open; may hold a password
	shown  string // the same for people, without one
	dir    string
	format file.Format
}

// destinationForms is what --to accepts, for messages.
const destinationForms = "Use sqlite:FILE, postgres://user@host/db, file:///DIR?format=parquet (or csv, jsonl), or -"

// later names destinations that other tools of this kind have, and what
// serves their users today.
var later = map[string]string{
	"mysql":  "MySQL is not a destination yet; Postgres and SQLite are",
	"duckdb": "DuckDB is not a destination of this build; write file:///DIR?format=parquet and read it with DuckDB's read_parquet",
	"s3":     "S3 is not a destination yet; write file:///DIR and copy the files",
}

func parseDestination(to string) (*target, error) {
	refuse := func(message string) error {
		return &weir.Error{Code: weir.CodeUsage, Where: "--to", Message: message, Remedy: destinationForms}
	}
	if to == "-" {
		return &target{kind: "stdout", shown: "standard output"}, nil
	}
	scheme, rest, found := strings.Cut(to, ":")
	switch {
	case !found || rest == "":
		return nil, refuse("this names no destination")
	case scheme == "sqlite":
		path, err := filepath.Abs(sqlitePath(rest))
		return &target{kind: "sql", url: "sqlite:" + path, shown: "sqlite:" + path}, err
	case scheme == "postgres" || scheme == "postgresql":
		u, err := url.Parse(to)
		if err != nil {
			return nil, refuse("this is not a Postgres address")
		}
		return &target{kind: "sql", url: to, shown: fmt.Sprintf("postgres://%s%s", u.Host, u.Path)}, nil
	case scheme == "file":
		return parseFileTarget(to, refuse)
	case later[scheme] != "":
		return nil, refuse(later[scheme])
	}
	return nil, refuse(fmt.Sprintf("%q is no kind of destination", scheme))
}

// sqlitePath turns what follows "sqlite:" into a path: rel.db, /abs.db, and
// ///abs.db mean what they look like.
func sqlitePath(rest string) string {
	if trimmed := strings.TrimLeft(rest, "/"); len(trimmed) < len(rest) {
		return "/" + trimmed
	}
	return rest
}

func parseFileTarget(to string, refuse func(string) error) (*target, error) {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Path == "" && u.Opaque == "" {
		return nil, refuse("a directory is written file:///absolute/dir or file:relative/dir")
	}
	format := file.Format(u.Query().Get("format"))
	if format == "" {
		format = file.FormatParquet
	}
	if format != file.FormatParquet && format != file.FormatCSV && format != file.FormatJSONL {
		return nil, refuse(fmt.Sprintf("%q is no file format", format))
	}
	dir, err := filepath.Abs(u.Path + u.Opaque)
	return &target{kind: "file", dir: dir, format: format, shown: fmt.Sprintf("%s files in %s", format, dir)}, err
}

func (t *target) open(ctx context.Context, s *session) (destination, error) {
	switch t.kind {
	case "sql":
		return sqldb.Open(ctx, t.url, sqldb.Options{Password: weir.NewSecret(s.Getenv("PGPASSWORD")), Logger: s.log})
	case "file":
		return file.Open(ctx, t.dir, file.Options{Format: t.format})
	}
	return stdout.New(s.data, nil), nil
}
