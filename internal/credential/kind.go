package credential

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
)

// The kinds that are no connector's.
const (
	KindREST     = "rest"     // any HTTP API
	KindPostgres = "postgres" // a schema of a Postgres database
	KindMySQL    = "mysql"    // a MySQL or MariaDB database
	KindS3       = "s3"       // files in a bucket
	KindSQLite   = "sqlite"   // a SQLite file
	KindFile     = "file"     // a directory
	KindCalcom   = "cal_com_api"
)

// Kind is a kind of credential: its fields, and for what it can be used.
type Kind struct {
	Name        string // "cal_com_api"
	Title       string // "Cal.com"
	Description string
	Connection  string                // how one speaks to it: "rest", "postgres"
	Connector   *connector.Definition // nil when it is no connector's
	Services    []string              // of the kind rest: origins of services that there is a connector for
	Fields      []Field
	Source      bool // sources can use it
	Destination bool // destinations can use it
}

// Field is one value of a credential.
type Field struct {
	Name     string
	Title    string
	Help     string
	Secret   bool
	Required bool
	Default  string
	Values   []string // all that are taken; empty for any
	// Moves says that the value decides where secrets are sent: whoever
	// changes it must give them again.
	Moves bool
}

// kinds lists what this Weir knows.
func kinds(o Options) ([]*Kind, error) {
	cal, err := connector.Builtin("calcom")
	if err != nil {
		return nil, err
	}
	base := o.BaseURL
	if base == "" {
		base = cal.BaseURL
	}
	all := []*Kind{
		{
			Name: KindCalcom, Title: cal.Title, Description: cal.Description, Connection: "rest", Connector: cal, Source: true, Destination: true,
			Fields: []Field{
				{Name: fieldKey, Title: "API Key Value", Help: cal.Auth.Help, Secret: true, Required: true},
				{Name: fieldBaseURL, Title: "Address of the API", Help: regions(cal), Default: base, Moves: true},
				{Name: fieldRateLimit, Title: "Requests per minute", Help: "What Cal.com grants this key.", Default: fmt.Sprint(cal.Limit.Requests)},
				{Name: fieldExpires, Title: "Expires", Help: "The day on which the key ends, such as 2026-12-31. Weir reminds you before."},
				{Name: fieldRotate, Title: "Rotate by itself", Help: "How many days before the key ends Weir has Cal.com make a new one; empty for never."},
			},
		},
		{
			Name: KindREST, Title: "REST API", Description: "Any HTTP API with JSON answers.", Connection: "rest", Source: true, Services: append(slices.Collect(maps.Values(cal.Regions)), cal.BaseURL, base),
			Fields: []Field{
				{Name: fieldBaseURL, Title: "Address of the API", Help: "The only server that is sent the value.", Moves: true},
				{Name: fieldHeader, Title: "Header", Help: "The header that carries the value.", Default: "Authorization", Moves: true},
				{Name: fieldPrefix, Title: "Prefix", Help: "What stands before the value, such as Bearer.", Moves: true},
				{Name: fieldKey, Title: "Value", Secret: true},
				{Name: fieldTestPath, Title: "Path of the test", Help: "A request that answers 200 when the value is right, such as /v2/me. Without one the credential stays unverified."},
				{Name: fieldRateLimit, Title: "Requests per minute", Default: "120"},
				{Name: fieldExpires, Title: "Expires", Help: "The day on which the value ends."},
			},
		},
		{
			Name: KindPostgres, Title: "PostgreSQL", Description: "Tables in a schema of a Postgres database.", Connection: "postgres", Destination: true,
			Fields: []Field{
				{Name: fieldHost, Title: "Host", Required: true, Moves: true},
				{Name: fieldPort, Title: "Port", Default: "5432", Moves: true},
				{Name: fieldDatabase, Title: "Database", Required: true},
				{Name: fieldUser, Title: "User", Required: true},
				{Name: fieldPassword, Title: "Password", Secret: true},
				{Name: fieldSchema, Title: "Schema", Help: "Where the tables lie; the user's own search path when empty."},
				fieldOfTLS,
			},
		},
		{
			Name: KindMySQL, Title: "MySQL", Description: "Tables in a MySQL or MariaDB database.", Connection: "mysql", Destination: true,
			Fields: []Field{
				{Name: fieldHost, Title: "Host", Required: true, Moves: true},
				{Name: fieldPort, Title: "Port", Default: "3306", Moves: true},
				{Name: fieldDatabase, Title: "Database", Required: true},
				{Name: fieldUser, Title: "User", Required: true},
				{Name: fieldPassword, Title: "Password", Secret: true},
				fieldOfTLS,
			},
		},
		{
			Name: KindS3, Title: "Amazon S3", Description: "Parquet, CSV or JSON Lines files in a bucket of Amazon S3, MinIO or another store with its protocol.", Connection: "s3", Destination: true,
			Fields: []Field{
				{Name: fieldBucket, Title: "Bucket", Required: true},
				{Name: fieldPrefix, Title: "Prefix", Help: "The folder in the bucket, such as exports/cal; the whole bucket when empty."},
				{Name: fieldRegion, Title: "Region", Default: "us-east-1", Moves: true},
				{Name: fieldEndpoint, Title: "Endpoint", Help: "The address of a store that is not Amazon's, such as https://minio.example:9000.", Moves: true},
				{Name: fieldAccessKey, Title: "Access key id", Required: true},
				{Name: fieldSecretKey, Title: "Secret access key", Secret: true, Required: true},
				{Name: fieldFormat, Title: "Format", Default: "parquet", Values: []string{"parquet", "csv", "jsonl"}},
			},
		},
	}
	if o.Files != "" {
		all = append(all,
			&Kind{Name: KindSQLite, Title: "SQLite", Description: "Tables in a SQLite file of this server.", Connection: "sqlite", Destination: true,
				Fields: []Field{{Name: fieldPath, Title: "File", Help: "Relative to the server's directory of files, such as cal.db.", Required: true}}},
			&Kind{Name: KindFile, Title: "Files", Description: "Parquet, CSV or JSON Lines files in a directory of this server.", Connection: "file", Destination: true,
				Fields: []Field{
					{Name: fieldPath, Title: "Directory", Help: "Relative to the server's directory of files, such as cal.", Required: true},
					{Name: fieldFormat, Title: "Format", Default: "parquet", Values: []string{"parquet", "csv", "jsonl"}},
				}})
	}
	return all, nil
}

// The names of the fields.
const (
	fieldKey       = "api_key"
	fieldBaseURL   = "base_url"
	fieldRateLimit = "rate_limit"
	fieldExpires   = "expires_at"
	fieldRotate    = "rotate_days"
	fieldHeader    = "header"
	fieldPrefix    = "prefix"
	fieldTestPath  = "test_path"
	fieldHost      = "host"
	fieldPort      = "port"
	fieldDatabase  = "database"
	fieldUser      = "user"
	fieldPassword  = "password"
	fieldSchema    = "schema"
	fieldTLS       = "sslmode"
	fieldPath      = "path"
	fieldFormat    = "format"
	fieldBucket    = "bucket"
	fieldRegion    = "region"
	fieldEndpoint  = "endpoint"
	fieldAccessKey = "access_key_id"
	fieldSecretKey = "secret_access_key"
)

// fieldOfTLS is how a database's connection is encrypted.
var fieldOfTLS = Field{Name: fieldTLS, Title: "TLS", Default: "prefer", Values: []string{"disable", "prefer", "require", "verify-ca", "verify-full"}, Moves: true,
	Help: "verify-full is the only one that nobody on the way can undo."}

// regions tells the addresses that a connector's service has.
func regions(d *connector.Definition) string {
	var b strings.Builder
	for _, name := range []string{"US", "EU"} {
		if url := d.Regions[name]; url != "" {
			fmt.Fprintf(&b, "%s: %s. ", name, url)
		}
	}
	return b.String() + "Or that of your own server."
}

// Kinds are all kinds that this server knows.
func (s *Service) Kinds() []*Kind { return s.kinds }

// Kind finds one by its name. An unknown one is CodeUsage, naming those there are.
func (s *Service) Kind(name string) (*Kind, error) {
	names := make([]string, len(s.kinds))
	for i, k := range s.kinds {
		if k.Name == name {
			return k, nil
		}
		names[i] = k.Name
	}
	return nil, &weir.Error{Code: weir.CodeUsage, Where: "type", Message: "there is no such kind of credential", Remedy: "Use one of " + strings.Join(names, ", ")}
}

// field finds a field; nil when the kind has none of that name.
func (k *Kind) field(name string) *Field {
	for i := range k.Fields {
		if k.Fields[i].Name == name {
			return &k.Fields[i]
		}
	}
	return nil
}
