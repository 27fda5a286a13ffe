package notify_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// lines is a log that is read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// world is a service on a database of its own, with an owner and a flow.
type world struct {
	*testing.T
	*notify.Service
	clock  *clock
	log    *lines
	url    string
	people *identity.Service
	audit  *audit.Log
	vault  *vault.Vault
	owner  identity.Principal
	source store.Resource
}

func newWorld(t *testing.T, url string, change ...func(*notify.Options)) *world {
	t.Helper()
	w := &world{T: t, clock: &clock{at: time.Date(2026, 11, 2, 10, 20, 0, 0, time.UTC)}, log: &lines{}, url: url}
	w.Service = w.open(change...)
	token, _, err := w.people.SetupToken(t.Context())
	w.must(err)
	s, err := w.people.Setup(t.Context(), token, identity.FirstUser{Organization: "Acme", Email: "ada@example.com", FullName: "Ada", Password: weir.NewSecret("correct horse battery"), Client: identity.Client{Address: netip.MustParseAddr("127.0.0.1")}})
	w.must(err)
	w.owner = s.Principal
	w.source = w.make(store.KindSource, "Bookings")
	return w
}

// open makes one more service on the database, as another process has it.
func (w *world) open(change ...func(*notify.Options)) *notify.Service {
	w.Helper()
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db, err := store.Open(w.Context(), w.url, store.Options{Logger: log})
	w.must(err)
	w.Cleanup(func() { _ = db.Close() })
	if w.vault == nil {
		place, _, err := vault.FindRoot(w.Context(), vault.Search{Data: w.TempDir(), Getenv: func(string) string { return "" }})
		w.must(err)
		w.vault, err = vault.Init(w.Context(), vault.Options{Place: place, Store: db, Now: w.clock.now})
		w.must(err)
		w.audit = audit.New(db, w.vault.Derive("audit"), w.clock.now)
	}
	trail := audit.New(db, w.vault.Derive("audit"), w.clock.now)
	intake := notify.NewIntake(w.clock.now)
	people, err := identity.New(db, identity.Options{Audit: trail, MACKey: w.vault.Derive("rows"), Pepper: w.vault.Derive("pepper"), Now: w.clock.now, Notifier: intake, Cost: identity.Cost{KiB: 64, Passes: 1}})
	w.must(err)
	if w.people == nil {
		w.people = people
	}
	o := notify.Options{Store: db, Vault: w.vault, Audit: trail, People: people, Intake: intake, Logger: log, Now: w.clock.now, PublicURL: "https://weir.example.com"}
	for _, f := range change {
		f(&o)
	}
	return notify.New(o)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code weir.Code) {
	w.Helper()
	if weir.CodeOf(err) != code {
		w.Fatalf("got %q (%v), want %q", weir.CodeOf(err), err, code)
	}
}

// make makes a resource of the owner's.
func (w *world) make(kind store.Kind, name string) store.Resource {
	w.Helper()
	r := store.Resource{Org: w.owner.Org, Owner: w.owner.User, Kind: kind, Name: name, Status: "active", Spec: []byte("{}"), Created: 1}
	w.must(w.Store.Change(w.Context(), func(tx *store.Tx) error { return tx.CreateResource(w.Context(), &r, false) }))
	return r
}

// user makes a member and gives them as who signed in.
func (w *world) user(name string, role identity.Role) identity.Principal {
	w.Helper()
	u, _, err := w.people.CreateUser(w.Context(), w.owner, identity.NewUser{Email: name + "@example.com", FullName: name, Role: role, Password: weir.NewSecret("a good long password")})
	w.must(err)
	return identity.Principal{User: u.ID, Email: u.Email, FullName: u.FullName, Org: u.Org, Role: role, Scope: identity.RoleOwner}
}

// raise raises an event about the source, unless it says what it is about.
func (w *world) raise(e store.Event) {
	w.Helper()
	e.Org = w.owner.Org
	if e.Kind == "" {
		e.Kind, e.Resource, e.Source, e.Name = store.KindSource, w.source.ID, w.source.ID, w.source.Name
	}
	w.must(w.Store.Change(w.Context(), func(tx *store.Tx) error { return w.Intake.Tell(w.Context(), tx, e) }))
}

func (w *world) deliver() time.Time {
	w.Helper()
	next, err := w.Deliver(w.Context())
	w.must(err)
	return next
}

// told lists the types of what a user was told in the app, oldest first.
func (w *world) told(user int64) (types []store.EventType) {
	w.Helper()
	all, _, err := w.Notices(w.Context(), store.NoticeFilter{Org: w.owner.Org, User: user, Page: 1, Number: 100})
	w.must(err)
	for _, n := range slices.Backward(all) {
		types = append(types, n.Event.Type)
	}
	return types
}

// channel sets a channel up.
func (w *world) channel(c notify.Channel, config string) *notify.Setting {
	w.Helper()
	s, _, err := w.CreateSetting(w.Context(), w.owner, c, []byte(config))
	w.must(err)
	return s
}

// rule makes a rule of the owner's.
func (w *world) rule(r store.Rule) *notify.Rule {
	w.Helper()
	if r.Type == "" {
		r.Type = store.FlowFailed
	}
	if r.Status == "" {
		r.Status = store.RuleActive
	}
	out, err := w.PutRule(w.Context(), w.owner, r)
	w.must(err)
	return out
}

// dispatches lists all messages, newest first.
func (w *world) dispatches() []store.Dispatch {
	w.Helper()
	all, _, err := w.Dispatches(w.Context(), store.DispatchFilter{Org: w.owner.Org, Page: 1, Number: 1000})
	w.must(err)
	return all
}

// post is one request that a receiver got.
type post struct {
	id, signature, timestamp, path string
	body                           []byte
}

// receiver is somebody's webhook.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	posts  []post
	answer func(n int, p post, rw http.ResponseWriter) // n is how often the id has come before
}

func newReceiver(t *testing.T, answer func(n int, p post, rw http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	p := post{id: req.Header.Get("webhook-id"), signature: req.Header.Get("webhook-signature"), timestamp: req.Header.Get("webhook-timestamp"), path: req.URL.String(), body: body}
	r.mu.Lock()
	n := 0
	for _, before := range r.posts {
		if before.id == p.id {
			n++
		}
	}
	r.posts = append(r.posts, p)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(n, p, rw)
	}
}

func (r *receiver) got() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.posts)
}

// counts says how often each message has come.
func (r *receiver) counts() map[string]int {
	out := map[string]int{}
	for _, p := range r.got() {
		out[p.id]++
	}
	return out
}

// answering answers each message with the statuses in turn, then with 200.
func answering(statuses ...int) func(int, post, http.ResponseWriter) {
	return func(n int, _ post, rw http.ResponseWriter) {
		if n < len(statuses) {
			rw.WriteHeader(statuses[n])
		}
	}
}

// webhook sets up the receiver as a channel and a rule that tells it of failures.
func (w *world) webhook(r *receiver, more string) *notify.Setting {
	w.Helper()
	c := w.channel(notify.Webhook, fmt.Sprintf(`{"url":%q,"secret":%q}`, r.URL+"/in?token=planted-query", testSecret))
	w.rule(store.Rule{Channel: string(notify.Webhook), Target: c.ID, Config: []byte(more)})
	return c
}

// testSecret is what the tests' webhooks are signed with.
const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
