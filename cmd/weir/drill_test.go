package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/simulator"
)

// The whole drill: a server works and is copied, works on, spends its key's
// window, and is lost; the copy is put back beside destinations that are
// further than it. Nothing is lost or doubled there, and the key's limit holds
// although the copy knows nothing of the requests since.
func TestARestoredServerDoublesNothingAndKeepsTheLimit(t *testing.T) {
	t.Parallel()
	s := newService(t, 300)
	s.setup()
	s.weir([]string{"CAL_API_KEY=" + s.key()}, "credentials", "add", "Ours")
	s.weir(nil, "credentials", "add", "Lake", "--kind", "sqlite", "--set", "path=cal.db")
	s.weir(nil, "sources", "add", "Bookings", "--credential", "1", "--endpoint", "bookings")
	s.weir(nil, "destinations", "add", "Tables", "--dataset", "4", "--credential", "2")
	s.weir(nil, "destinations", "activate", "5")
	s.weir(nil, "sources", "run", "3")
	copied := filepath.Join(t.TempDir(), "copy.weir")
	s.weir(nil, "backup", "create", "--data", s.dir, copied)

	s.sim.Mutate(simulator.Mutation{Count: 150, Seed: 1})
	s.weir(nil, "sources", "run", "3")
	session := s.signedIn()
	s.spend(session)
	before := s.sim.Arrivals()
	s.kill()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.RemoveAll(filepath.Join(s.dir, "weir.db"+end)); err != nil {
			t.Fatal(err)
		}
	}
	s.weir(nil, "restore", "--data", s.dir, "--confirm-service-keys", copied)
	s.start()
	if !strings.Contains(s.out.String(), "restored from a backup") {
		t.Error("the server does not say that it was restored")
	}
	if got := s.ask("GET", "/users/current", "Bearer "+session); !strings.Contains(string(got), "AUTH_001") {
		t.Errorf("an old session lives: %s", got)
	}
	check := s.command("credentials", "check", "1")
	if out, err := check.CombinedOutput(); err == nil || !strings.Contains(string(out), "budget is used up") {
		t.Errorf("the budget is not assumed full: %v: %s", err, out)
	}
	if n := s.sim.Arrivals().Total - before.Total; n != 0 {
		t.Errorf("%d requests were sent at once", n)
	}
	s.sim.Mutate(simulator.Mutation{Count: 50, Seed: 2})
	s.weir(nil, "audit", "verify", "--data", s.dir)
	if testing.Short() {
		return // what follows waits for a minute and a half
	}
	// The log grows beyond what the destination had before anybody asks it.
	s.weir(nil, "destinations", "pause", "5")
	s.weir(nil, "sources", "run", "3")
	s.weir(nil, "destinations", "activate", "5")
	s.weir(nil, "sources", "run", "3", "--full-refresh")
	compare(t, truth(t, s.sim), statusesSQL(t, "sqlite", filepath.Join(s.dir, "files", "1", "cal.db")))
	after := s.sim.Arrivals()
	if after.MaxInWindow > 120 || after.Refused != 0 {
		t.Errorf("%d requests arrived in one window, %d were refused", after.MaxInWindow, after.Refused)
	}
	t.Logf("%d requests in the fullest window, %d before the loss", after.MaxInWindow, before.MaxInWindow)
}

// signedIn is a session of the service key.
func (s *service) signedIn() string {
	s.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(s.ask("POST", "/token", "Basic "+s.serviceKey()), &token); err != nil {
		s.Fatal(err)
	}
	return token.AccessToken
}

// spend uses the key's window up, or nearly.
func (s *service) spend(session string) {
	s.Helper()
	for deadline := time.Now().Add(30 * time.Second); s.sim.Arrivals().MaxInWindow < 110; {
		if time.Now().After(deadline) {
			s.Fatalf("only %d requests in a window", s.sim.Arrivals().MaxInWindow)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { s.ask("GET", "/data_credentials/1/probe", "Bearer "+session) })
		}
		all.Wait()
	}
}

// A backup of a store in Postgres is of the same form, and comes back on
// either engine; encrypted, it opens for its recipient alone.
func TestABackupOfPostgresComesBackOnEitherEngine(t *testing.T) {
	s := newServiceOn(t, 40, pgtest.New(t))
	s.setup()
	s.weir([]string{"CAL_API_KEY=" + s.key()}, "credentials", "add", "Ours")
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keys, copied := filepath.Join(dir, "keys.txt"), filepath.Join(dir, "copy.weir")
	if err := os.WriteFile(keys, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.weir(nil, "backup", "create", "--data", s.dir, "--encrypt-to", identity.Recipient().String(), copied)
	s.kill()
	for name, args := range map[string][]string{"without an identity": nil, "with another's": {"--identity", otherIdentity(t, dir)}} {
		cmd := s.command(append([]string{"backup", "verify", "--data", s.dir, copied}, args...)...)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "encrypted") {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	if got := s.weir(nil, "backup", "verify", "--data", s.dir, "--identity", keys, copied); !strings.Contains(got, "1 secrets open") {
		t.Errorf("verify says %s", got)
	}
	if full := s.command("restore", "--data", s.dir, "--identity", keys, copied); full.Run() == nil {
		t.Error("a store was overwritten")
	}
	instance := s.instance()
	for name, database := range map[string]string{"Postgres": pgtest.New(t), "SQLite": ""} {
		if s.database = database; database == "" {
			root, err := os.ReadFile(filepath.Join(s.dir, "root.key"))
			if err != nil {
				t.Fatal(err)
			}
			s.dir = t.TempDir()
			if err := os.WriteFile(filepath.Join(s.dir, "root.key"), root, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s.weir(nil, "restore", "--data", s.dir, "--identity", keys, "--confirm-service-keys", copied)
		s.start()
		if got := s.weir(nil, "credentials", "list"); !strings.Contains(got, "Ours") {
			t.Errorf("on %s there is no credential: %s", name, got)
		}
		if got := s.weir(nil, "vault", "verify", "--data", s.dir); !strings.Contains(got, "1 secrets open") {
			t.Errorf("on %s: %s", name, got)
		}
		s.weir(nil, "audit", "verify", "--data", s.dir)
		if got := s.instance(); got != instance {
			t.Errorf("on %s the database is called %s, was %s", name, got, instance)
		}
		s.kill()
	}
}

func otherIdentity(t *testing.T, dir string) string {
	t.Helper()
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "other.txt")
	if err := os.WriteFile(path, []byte(other.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// instance is the name of the database: secrets are bound to it.
func (s *service) instance() string {
	s.Helper()
	address := s.database
	if address == "" {
		address = "sqlite:" + filepath.Join(s.dir, "weir.db")
	}
	driver, dsn := "pgx", address
	if path, lite := strings.CutPrefix(address, "sqlite:"); lite {
		driver, dsn = "sqlite", path
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var id string
	if err := db.QueryRowContext(s.Context(), "SELECT id FROM instance").Scan(&id); err != nil {
		s.Fatal(err)
	}
	return id
}
