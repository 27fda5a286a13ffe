package cli

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/file"
	"github.com/weirhq/weir/internal/destination/s3"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/destination/stdout"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/pipeline"
)

// destination is a pipeline.Destination that the command must close.
type destination interface {
	pipeline.Destination
	Close() error
}

// target is a parsed --to.
type target struct {
	kind   string // "sql", "file", "s3" or "stdout"
	url    string // what to open; may hold a password
	shown  string // the same for people, without one
	dir    string
	format file.Format
	bucket s3.Options // without who may use it
}

// destinationForms is what --to accepts, for messages.
const destinationForms = "Use sqlite:FILE, postgres://user@host/db, mysql://user@host/db, file:///DIR?format=parquet (or csv, jsonl), s3://BUCKET/PREFIX?format=…, or -"

// later names destinations that other tools of this kind have, and what
// serves their users today.
var later = map[string]string{
	"duckdb": "DuckDB is not a destination of this build; write file:///DIR?format=parquet and read it with DuckDB's read_parquet",
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
		return parseDatabaseTarget(to, "postgres", refuse)
	case scheme == "mysql" || scheme == "mariadb":
		return parseDatabaseTarget(to, "mysql", refuse)
	case scheme == "s3":
		return parseBucketTarget(to, refuse)
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

func parseDatabaseTarget(to, scheme string, refuse func(string) error) (*target, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, refuse("this is not an address of a database")
	}
	return &target{kind: "sql", url: to, shown: fmt.Sprintf("%s://%s%s", scheme, u.Host, u.Path)}, nil
}

// formatOf reads ?format= of an address.
func formatOf(u *url.URL, refuse func(string) error) (file.Format, error) {
	switch format := file.Format(u.Query().Get("format")); format {
	case "":
		return file.FormatParquet, nil
	case file.FormatParquet, file.FormatCSV, file.FormatJSONL:
		return format, nil
	default:
		return "", refuse(fmt.Sprintf("%q is no file format", format))
	}
}

func parseBucketTarget(to string, refuse func(string) error) (*target, error) {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, refuse("a bucket is written s3://BUCKET/PREFIX; keys are given as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	for name := range u.Query() {
		if name != "format" && name != "region" && name != "endpoint" {
			return nil, refuse(fmt.Sprintf("a bucket's address has format, region and endpoint, and no %q", name))
		}
	}
	format, err := formatOf(u, refuse)
	if err != nil {
		return nil, err
	}
	o := s3.Options{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/"), Region: u.Query().Get("region"), Endpoint: u.Query().Get("endpoint")}
	if err := o.Validate(); err != nil {
		return nil, weir.At("--to", err)
	}
	return &target{kind: "s3", bucket: o, format: format, shown: fmt.Sprintf("%s files in s3://%s%s", format, u.Host, u.Path)}, nil
}

func parseFileTarget(to string, refuse func(string) error) (*target, error) {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Path == "" && u.Opaque == "" {
		return nil, refuse("a directory is written file:///absolute/dir or file:relative/dir")
	}
	format, err := formatOf(u, refuse)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(u.Path + u.Opaque)
	return &target{kind: "file", dir: dir, format: format, shown: fmt.Sprintf("%s files in %s", format, dir)}, err
}

func (t *target) open(ctx context.Context, s *session) (destination, error) {
	storage := netguard.NewStorage()
	switch t.kind {
	case "sql":
		variable := "PGPASSWORD"
		if strings.HasPrefix(t.url, "mysql") || strings.HasPrefix(t.url, "mariadb") {
			variable = "MYSQL_PWD"
		}
		return sqldb.Open(ctx, t.url, sqldb.Options{Password: weir.NewSecret(s.Getenv(variable)), Logger: s.log, Dial: storage.Dial})
	case "file":
		return file.Open(ctx, t.dir, file.Options{Format: t.format})
	case "s3":
		return t.openBucket(ctx, s, storage)
	}
	return stdout.New(s.data, nil), nil
}

// openBucket takes what the address leaves open from the environment, as
// Amazon's own tools do.
func (t *target) openBucket(ctx context.Context, s *session, storage *netguard.Storage) (destination, error) {
	first := func(value string, variables ...string) string {
		for _, name := range variables {
			if value == "" {
				value = s.Getenv(name)
			}
		}
		return value
	}
	o := t.bucket
	o.Region = first(o.Region, "AWS_REGION", "AWS_DEFAULT_REGION")
	o.Endpoint = first(o.Endpoint, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
	o.Key = s.Getenv("AWS_ACCESS_KEY_ID")
	o.Secret, o.Session = weir.NewSecret(s.Getenv("AWS_SECRET_ACCESS_KEY")), weir.NewSecret(s.Getenv("AWS_SESSION_TOKEN"))
	o.HTTP, o.Plain = storage.Client(false), storage.Client(true)
	if o.Key == "" || o.Secret.IsZero() {
		return nil, &weir.Error{Code: weir.CodeAuth, Message: "there is no key for the bucket", Remedy: "Give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
	}
	bucket, err := s3.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return file.OpenBucket(bucket, file.Options{Format: t.format})
}
