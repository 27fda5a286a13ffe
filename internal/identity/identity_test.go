package identity_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// world is one server with a clock of its own.
type world struct {
	*testing.T
	url   string
	db    *store.DB
	audit *audit.Log
	s     *identity.Service
	clock *clock
	log   *bytes.Buffer
	cost  identity.Cost
	held  int64 // KeysBefore
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cheap is a cost for tests that are not about costs.
var cheap = identity.Cost{KiB: 64, Passes: 1}

// onBoth runs a promise on both engines.
func onBoth(t *testing.T, promise func(*world)) {
	for name, newURL := range storetest.Engines {
		t.Run(name, func(t *testing.T) {
			w := &world{T: t, url: newURL(t), clock: &clock{now: time.Unix(1_800_000_000, 0)}, log: &bytes.Buffer{}, cost: cheap}
			db, err := store.Open(t.Context(), w.url, store.Options{})
			w.must(err)
			t.Cleanup(func() { _ = db.Close() })
			w.db = db
			w.start()
			promise(w)
		})
	}
}

// onSQLite runs a promise that is not about the database.
func onSQLite(t *testing.T, cost identity.Cost) *world {
	w := &world{T: t, url: storetest.SQLite(t), clock: &clock{now: time.Unix(1_800_000_000, 0)}, log: &bytes.Buffer{}, cost: cost}
	db, err := store.Open(t.Context(), w.url, store.Options{})
	w.must(err)
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	w.start()
	return w
}

// start makes the service anew, as a restart does.
func (w *world) start() {
	w.Helper()
	w.audit = audit.New(w.db, []byte("the audit log's key"), w.clock.Now)
	s, err := identity.New(w.db, identity.Options{Audit: w.audit, MACKey: bytes.Repeat([]byte("m"), 32), Pepper: bytes.Repeat([]byte("p"), 32),
		Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(w.log, nil)), Cost: w.cost, KeysBefore: w.held})
	w.must(err)
	w.s = s
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code weir.Code) {
	w.Helper()
	if got := weir.CodeOf(err); got != code {
		w.Fatalf("got %q (%v), want %q", got, err, code)
	}
}

// exec writes into the database past Weir.
func (w *world) exec(statement string, args ...any) {
	w.Helper()
	driver, dsn := "pgx", w.url
	if path, ok := strings.CutPrefix(w.url, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_busy_timeout=10000"
	}
	raw, err := sql.Open(driver, dsn)
	w.must(err)
	defer func() { _ = raw.Close() }()
	_, err = raw.ExecContext(w.Context(), statement, args...)
	w.must(err)
}

const password = "correct horse battery"

func secret(s string) weir.Secret { return weir.NewSecret(s) }

func from(address string) identity.Client {
	return identity.Client{Address: netip.MustParseAddr(address), Agent: "a browser"}
}

var home = from("192.0.2.1")

// owner sets the server up and gives the owner's session.
func (w *world) owner() identity.Session {
	w.Helper()
	token, needed, err := w.s.SetupToken(w.Context())
	w.must(err)
	if !needed {
		w.Fatal("no setup needed")
	}
	session, err := w.s.Setup(w.Context(), token, identity.FirstUser{Organization: "Acme", Email: "Owner@Example.com", FullName: "An Owner", Password: secret(password), Client: home})
	w.must(err)
	return session
}

func (w *world) signIn(email, pw string, c identity.Client) (identity.Session, error) {
	return w.s.SignIn(w.Context(), identity.SignIn{Email: email, Password: secret(pw), Client: c})
}

func (w *world) authenticate(token weir.Secret) (identity.Principal, error) {
	return w.s.Authenticate(w.Context(), token.Expose())
}

// audited counts the entries of an action.
func (w *world) audited(action string) (n int) {
	w.Helper()
	w.must(w.db.Audit(context.WithoutCancel(w.Context()), 0, 100_000, func(e store.AuditEntry) error {
		if e.Action == action {
			n++
		}
		return nil
	}))
	return n
}
