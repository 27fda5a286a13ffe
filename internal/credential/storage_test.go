package credential_test

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/mysqltest"
	"github.com/weirhq/weir/internal/netguard"
)

func TestAMySQLCredentialIsShownToItsDatabaseFirst(t *testing.T) {
	w := newWorld(t)
	db := mysqltest.New(t)
	root := db.Open(t, nil)
	for _, statement := range []string{
		"CREATE USER IF NOT EXISTS loader@localhost IDENTIFIED BY 'right'", "CREATE USER IF NOT EXISTS reader@localhost IDENTIFIED BY 'right'",
		"GRANT ALL ON " + db.Name + ".* TO loader@localhost", "GRANT SELECT ON " + db.Name + ".* TO reader@localhost",
	} {
		if _, err := root.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	host, port, err := net.SplitHostPort(db.Listen(t))
	if err != nil {
		t.Fatal(err)
	}
	with := func(pairs ...string) credential.Input {
		all := values("host", host, "port", port, "database", db.Name, "user", "loader", "password", "right")
		maps.Copy(all, values(pairs...))
		return credential.Input{Kind: "mysql", Name: "warehouse", Values: all}
	}
	c, err := w.s.Create(t.Context(), me, with())
	if err != nil || c.Status() != credential.StatusVerified || c.Origin != "mysql://"+net.JoinHostPort(host, port) {
		t.Fatalf("%+v, %v", c, err)
	}
	before := w.stored()
	for name, c := range map[string]struct {
		in   credential.Input
		want string
	}{
		"nobody there":       {with("port", "1"), "host host_unreachable"},
		"no such host":       {with("host", "db.invalid"), "host host_unreachable"},
		"a metadata address": {with("host", "169.254.169.254"), "host address_refused"},
		"a metadata name":    {with("host", "metadata.google.internal"), "host address_refused"},
		"no TLS there":       {with("sslmode", "require"), "sslmode tls_failed"},
		"wrong password":     {with("password", "hunter2secret"), "password password_wrong"},
		"no such database":   {with("database", "not_there", "user", "root", "password", ""), "database database_unknown"},
		"may only read":      {with("user", "reader"), "user no_permission"},
		"a socket":           {with("host", "/tmp/s"), "host "},
		"another field":      {with("schema", "x"), "schema "},
	} {
		stored, err := w.s.Create(t.Context(), me, c.in)
		if got := reason(err); got != c.want || stored != nil {
			t.Errorf("%s: %q, want %q (%v)", name, got, c.want, err)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2secret") {
			t.Errorf("%s: the error repeats the password", name)
		}
	}
	if n := w.stored(); n != before {
		t.Errorf("%d rows, where there were %d", n, before)
	}
	var left int
	if err := root.QueryRow("SELECT count(*) FROM information_schema.tables WHERE table_schema = ?", db.Name).Scan(&left); err != nil || left > 0 {
		t.Errorf("the checks left %d tables (%v)", left, err)
	}
}

func TestAnS3CredentialIsShownToItsBucketFirst(t *testing.T) {
	w := newWorld(t)
	backend := s3mem.New()
	if err := backend.CreateBucket("cal-data"); err != nil {
		t.Fatal(err)
	}
	store := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(store.Close)
	says := func(status int, code string) string {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte("<Error><Code>" + code + "</Code></Error>"))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	with := func(pairs ...string) credential.Input {
		all := values("bucket", "cal-data", "endpoint", store.URL+"/", "access_key_id", "AKIAEXAMPLE", "secret_access_key", "hunter2secret", "prefix", "/exports/cal/", "format", "jsonl")
		maps.Copy(all, values(pairs...))
		return credential.Input{Kind: "s3", Name: "lake", Values: all}
	}
	c, err := w.s.Create(t.Context(), me, with())
	if err != nil || c.Status() != credential.StatusVerified || c.Origin != store.URL || c.Settings["prefix"] != "exports/cal" || c.Settings["secret_access_key"] != "" {
		t.Fatalf("%+v, %v", c, err)
	}
	for name, c := range map[string]struct {
		in   credential.Input
		want string
	}{
		"no such bucket":     {with("bucket", "not-there"), "bucket bucket_unknown"},
		"not a bucket":       {with("bucket", "Not A Bucket"), "bucket "},
		"not an endpoint":    {with("endpoint", "nonsense"), "endpoint "},
		"nobody there":       {with("endpoint", "http://127.0.0.1:1"), "endpoint host_unreachable"},
		"metadata":           {with("endpoint", "http://169.254.169.254"), "endpoint address_refused"},
		"plain to the world": {with("endpoint", "http://8.8.8.8:9000"), "endpoint address_refused"},
		"unknown key":        {with("endpoint", says(403, "InvalidAccessKeyId")), "access_key_id key_unknown"},
		"wrong secret":       {with("endpoint", says(403, "SignatureDoesNotMatch")), "secret_access_key password_wrong"},
		"other region":       {with("endpoint", says(301, "PermanentRedirect")), "region region_wrong"},
		"may not":            {with("endpoint", says(403, "AccessDenied")), "access_key_id no_permission"},
		"no secret":          {with("secret_access_key", ""), "secret_access_key "},
	} {
		stored, err := w.s.Create(t.Context(), me, c.in)
		if got := reason(err); got != c.want || stored != nil {
			t.Errorf("%s: %q, want %q (%v)", name, got, c.want, err)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2secret") {
			t.Errorf("%s: the error repeats the secret", name)
		}
	}
	// A key goes to no other store without being given again.
	if _, err := w.s.Update(t.Context(), me, c.ID, credential.Change{Values: values("bucket", "cal-data", "access_key_id", "AKIAEXAMPLE", "endpoint", says(200, ""))}); reason(err) != "secret_access_key " {
		t.Errorf("the endpoint was changed under the stored secret: %v", err)
	}
}

func TestADatabaseIsSoughtInTheServersNetworksAlone(t *testing.T) {
	w := newWorld(t)
	w.s.Storage = netguard.NewStorage(netip.MustParsePrefix("10.0.0.0/8"))
	for kind, in := range map[string]map[string]weir.Secret{
		"postgres": values("host", "127.0.0.1", "port", "1", "database", "d", "user", "u"),
		"mysql":    values("host", "127.0.0.1", "port", "1", "database", "d", "user", "u"),
		"s3":       values("bucket", "cal-data", "endpoint", "http://127.0.0.1:1", "access_key_id", "a", "secret_access_key", "b"),
	} {
		_, err := w.s.Create(t.Context(), me, credential.Input{Kind: kind, Name: "x", Values: in})
		if got := reason(err); !strings.HasSuffix(got, " address_refused") {
			t.Errorf("%s: %q, %v", kind, got, err)
		}
	}
}
