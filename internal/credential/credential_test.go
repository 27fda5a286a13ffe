package credential_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// plainVault keeps secrets under their binding, in memory: what is sealed for
// one binding opens under no other. The real one has its own tests.
type plainVault struct {
	mu     sync.Mutex
	of     map[string]weir.Secret
	opened func() // called once, by the next who opens
}

func (v *plainVault) Seal(b weir.Binding, s weir.Secret) (weir.SealedSecret, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name := fmt.Sprintf("%d %+v", len(v.of), b)
	v.of[name] = s
	return weir.SealedSecret{Binding: b, Key: "k", Sealed: []byte(name)}, nil
}

func (v *plainVault) Open(s weir.SealedSecret) (weir.Secret, error) {
	v.mu.Lock()
	opened := v.opened
	v.opened = nil
	v.mu.Unlock()
	if opened != nil {
		opened()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !strings.HasSuffix(string(s.Sealed), fmt.Sprintf(" %+v", s.Binding)) {
		return weir.Secret{}, &weir.Error{Code: weir.CodeIntegrity, Message: "sealed for something else"}
	}
	return v.of[string(s.Sealed)], nil
}

// world is a service on a database of its own, and a simulator.
type world struct {
	*testing.T
	db    *store.DB
	log   *audit.Log
	s     *credential.Service
	sim   *simulator.Simulator
	url   string
	key   string
	lines *bytes.Buffer
	vault *plainVault
}

var me = credential.Actor{Org: 1, User: 7}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, vault: &plainVault{of: map[string]weir.Secret{}}, lines: &bytes.Buffer{}}
	var err error
	if w.db, err = store.Open(t.Context(), storetest.SQLite(t), store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close() })
	if w.sim, err = simulator.New(simulator.Options{Bookings: 10, Seed: 1, RateLimit: 120}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.sim)
	t.Cleanup(server.Close)
	w.url, w.key = server.URL, w.sim.Keys()[0].Key
	w.log = audit.New(w.db, []byte("audit"), time.Now)
	g := governor.New(w.db, governor.Options{})
	t.Cleanup(func() { _ = g.Close() })
	w.s, err = credential.New(credential.Options{Store: w.db, Vault: w.vault, Audit: w.log, Governor: g, Files: filepath.Join(t.TempDir(), "files"), BaseURL: w.url, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func values(pairs ...string) map[string]weir.Secret {
	out := map[string]weir.Secret{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = weir.NewSecret(pairs[i+1])
	}
	return out
}

func (w *world) create(key string) *credential.Credential {
	w.Helper()
	c, err := w.s.Create(w.Context(), me, credential.Input{Kind: "cal_com_api", Name: "Ours", Values: values("api_key", key)})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// stored counts the rows that a refusal must not leave.
func (w *world) stored() (n int) {
	w.Helper()
	_, total, err := w.s.List(w.Context(), store.ResourceFilter{Org: 1})
	if err != nil {
		w.Fatal(err)
	}
	seq, _, err := w.db.AuditHead(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return total + int(seq)
}

func reason(err error) string {
	var e *weir.Error
	if errors.As(err, &e) {
		return e.Where + " " + e.Reason
	}
	return ""
}

func TestAKeyIsShownToTheServiceBeforeItIsStored(t *testing.T) {
	w := newWorld(t)
	c := w.create(" \"Bearer " + w.key + "\"\n")
	if c.ID == 0 || c.Status() != credential.StatusVerified || c.Account == nil || c.Account.Email == "" || c.VerifiedAt == 0 {
		t.Errorf("stored as %+v", c)
	}
	if n := w.sim.Arrivals().Total; n != 1 {
		t.Errorf("validation cost %d requests", n)
	}
	again, err := w.s.Credential(t.Context(), 1, c.ID)
	if err != nil || again.Account.ID != c.Account.ID || again.Origin != w.url {
		t.Errorf("read back as %+v, %v", again, err)
	}
	if _, err := w.s.Credential(t.Context(), 2, c.ID); weir.CodeOf(err) != weir.CodeNotFound {
		t.Errorf("another organization sees it: %v", err)
	}
}

// Each thing that can be wrong has its own reason and field, and leaves nothing.
func TestNothingIsStoredWhenValidationFails(t *testing.T) {
	w := newWorld(t)
	html := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = rw.Write([]byte("<html>welcome"))
	}))
	t.Cleanup(html.Close)
	other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(`{"data":{}}`))
	}))
	t.Cleanup(other.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	_ = closed.Close()
	for name, c := range map[string]struct {
		in   credential.Input
		want string
	}{
		"unknown key":        {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", "cal_live_0123456789abcdef0123456789abcdef")}, "api_key key_unknown"},
		"no key":             {credential.Input{Kind: "cal_com_api", Name: "x"}, "api_key "},
		"not a key":          {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", "hunter2hunter2")}, "api_key key_malformed"},
		"blank inside":       {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", "cal_live_0123 456789")}, "api_key key_malformed"},
		"a web page":         {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "base_url", html.URL)}, "base_url not_the_api"},
		"another API":        {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "base_url", other.URL)}, "base_url not_the_api"},
		"nobody there":       {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "base_url", nobody)}, "base_url host_unreachable"},
		"http to the world":  {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "base_url", "http://api.cal.com")}, "base_url "},
		"no address":         {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "base_url", "nonsense")}, "base_url "},
		"no name":            {credential.Input{Kind: "cal_com_api", Name: "  ", Values: values("api_key", w.key)}, "name "},
		"unknown kind":       {credential.Input{Kind: "calendly", Name: "x"}, "type "},
		"unknown field":      {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "colour", "red")}, "colour "},
		"rate limit of none": {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "rate_limit", "0")}, "rate_limit "},
		"never a day":        {credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "expires_at", "soon")}, "expires_at "},
		"no database":        {credential.Input{Kind: "postgres", Name: "x", Values: values("host", "127.0.0.1", "port", "1", "database", "d", "user", "u", "password", "p")}, "host host_unreachable"},
		"out of the files":   {credential.Input{Kind: "sqlite", Name: "x", Values: values("path", "../weir.db")}, "path "},
		"an absolute path":   {credential.Input{Kind: "file", Name: "x", Values: values("path", "/etc")}, "path "},
	} {
		stored, err := w.s.Create(t.Context(), me, c.in)
		if got := reason(err); got != c.want || stored != nil {
			t.Errorf("%s: %q, want %q (%v)", name, got, c.want, err)
		}
		if err != nil && strings.Contains(err.Error(), w.key) {
			t.Errorf("%s: the error repeats the key", name)
		}
	}
	if n := w.stored(); n != 0 {
		t.Errorf("%d rows were left", n)
	}
}

func TestAnExpiredKeyAndAFullBudgetHaveReasonsOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "rate_limit", "1")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "y", Values: values("api_key", w.key, "rate_limit", "1")})
	var full *credential.Throttled
	if !errors.As(err, &full) || full.Seconds < 30 || full.Seconds > 65 || reason(err) != "api_key budget_used_up" {
		t.Errorf("a full window gives %v", err)
	}
	expired := w.keyNamed("expired")
	_, err = w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "z", Values: values("api_key", expired)})
	if reason(err) != "api_key key_expired" {
		t.Errorf("an expired key gives %v", err)
	}
}

func TestAReplacementOfAnotherAccountMustBeConfirmed(t *testing.T) {
	w := newWorld(t)
	c := w.create(w.key)
	stranger := w.keyNamed("member")
	change := credential.Change{Values: values("api_key", stranger)}
	if _, err := w.s.Update(t.Context(), me, c.ID, change); reason(err) != "api_key other_account" {
		t.Fatalf("taken: %v", err)
	}
	if again, err := w.s.Credential(t.Context(), 1, c.ID); err != nil || again.SecretVersion != 1 || again.Account.ID != c.Account.ID {
		t.Errorf("it was changed: %+v, %v", again, err)
	}
	change.OtherAccount = true
	after, err := w.s.Update(t.Context(), me, c.ID, change)
	if err != nil || after.Account.ID == c.Account.ID || after.SecretVersion != 2 {
		t.Errorf("confirmed: %+v, %v", after, err)
	}
}

func TestAStoredSecretIsNotSentToAnotherServer(t *testing.T) {
	w := newWorld(t)
	c := w.create(w.key)
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the thief was called") }))
	t.Cleanup(thief.Close)
	if _, err := w.s.Update(t.Context(), me, c.ID, credential.Change{Values: values("base_url", thief.URL)}); weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("moved: %v", err)
	}
	line, err := w.s.Connect(t.Context(), credential.Use{Actor: me, Credential: c.ID, Purpose: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := line.Client.Exchange(t.Context(), rest.Request{Method: "GET", URL: thief.URL + "/v2/me"}); weir.CodeOf(err) != weir.CodeCapability {
		t.Errorf("sent elsewhere: %v", err)
	}
}

// Whoever can write the database makes no secret serve another credential.
func TestASwappedSecretOpensNothing(t *testing.T) {
	w := newWorld(t)
	a := w.create(w.key)
	b := w.create(w.keyNamed("member"))
	err := w.db.Change(t.Context(), func(tx *store.Tx) error {
		of, err := w.db.Secrets(context.Background(), 1, a.ID)
		if err != nil {
			return err
		}
		stolen := of[0]
		stolen.Credential = b.ID
		return tx.PutSecret(t.Context(), stolen)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Connect(t.Context(), credential.Use{Actor: me, Credential: b.ID, Purpose: "test"}); weir.CodeOf(err) != weir.CodeIntegrity {
		t.Errorf("it opened: %v", err)
	}
}

func TestEveryUseIsAuditedBeforeTheSecretIsOut(t *testing.T) {
	w := newWorld(t)
	c := w.create(w.key)
	before, _, _ := w.db.AuditHead(t.Context())
	if _, err := w.s.Connect(t.Context(), credential.Use{Actor: me, Credential: c.ID, Purpose: "test"}); err != nil {
		t.Fatal(err)
	}
	after, _, _ := w.db.AuditHead(t.Context())
	if after != before+1 {
		t.Errorf("%d entries before, %d after", before, after)
	}
	// An audit log that cannot be written hands out nothing.
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	if line, err := w.s.Connect(t.Context(), credential.Use{Actor: me, Credential: c.ID, Purpose: "test"}); err == nil || line != nil {
		t.Error("a secret came out without an entry")
	}
}

func TestDeletingIsRefusedWhileSomebodyUsesIt(t *testing.T) {
	w := newWorld(t)
	c := w.create(w.key)
	user := store.Resource{Org: 1, Owner: 7, Kind: store.KindSource, Name: "Bookings", Spec: []byte(`{}`), Created: 1}
	err := w.db.Change(t.Context(), func(tx *store.Tx) error {
		if err := tx.CreateResource(t.Context(), &user, true); err != nil {
			return err
		}
		return tx.Refer(t.Context(), user.ID, store.Reference{Role: "credential", Target: c.ID})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = w.s.Delete(t.Context(), me, c.ID)
	if weir.CodeOf(err) != weir.CodeConflict || !strings.Contains(err.Error(), "Bookings") {
		t.Fatalf("deleted: %v", err)
	}
	if err := w.db.Change(t.Context(), func(tx *store.Tx) error { return tx.Refer(t.Context(), user.ID) }); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Delete(t.Context(), me, c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Credential(t.Context(), 1, c.ID); weir.CodeOf(err) != weir.CodeNotFound {
		t.Errorf("still there: %v", err)
	}
	if left, err := w.db.Secrets(t.Context(), 1, c.ID); err != nil || len(left) != 0 {
		t.Errorf("%d secrets are left, %v", len(left), err)
	}
	back, err := w.s.Restore(t.Context(), me, c.ID)
	if err != nil || back.Status() != credential.StatusFailed || back.Reason != "secret_missing" {
		t.Errorf("restored as %+v, %v", back, err)
	}
	if back, err = w.s.Update(t.Context(), me, c.ID, credential.Change{Values: values("api_key", w.key)}); err != nil || back.Status() != credential.StatusVerified {
		t.Errorf("with its key again: %+v, %v", back, err)
	}
}

func TestARevokedKeyIsFoundWhenItIsCheckedAgain(t *testing.T) {
	w := newWorld(t)
	c := w.create(w.key)
	if _, err := w.s.Check(t.Context(), me, c.ID); err != nil {
		t.Fatal(err)
	}
	if !w.sim.RemoveKey(w.sim.Keys()[0].Name) {
		t.Fatal("there is no such key")
	}
	c, err := w.s.Check(t.Context(), me, c.ID)
	if weir.CodeOf(err) != weir.CodeAuth || c.Status() != credential.StatusFailed || c.Reason != "key_revoked" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestRotationStoresTheNewKeyAndNeverSendsTheOldOne(t *testing.T) {
	w := newWorld(t)
	c := w.create(w.key)
	c, err := w.s.Rotate(t.Context(), me, c.ID, 30)
	if err != nil || c.Status() != credential.StatusVerified || c.SecretVersion != 2 || c.ExpiresAt == 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := w.s.Check(t.Context(), me, c.ID); err != nil {
		t.Errorf("the new key does not serve: %v", err)
	}
	if _, err := w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "old", Values: values("api_key", w.key)}); weir.CodeOf(err) != weir.CodeAuth {
		t.Errorf("the old key lives: %v", err)
	}
}

// faulty takes in no event for a while, as a database that is full.
type faulty struct{ left int }

func (f *faulty) Tell(context.Context, *store.Tx, store.Event) error {
	if f.left--; f.left >= 0 {
		return &weir.Error{Code: weir.CodeLocal, Where: "store", Message: "the disk is full"}
	}
	return nil
}

// The service has made the new key and killed the old one: this process is the
// only place where it is.
func TestANewKeyIsNotLostWhenTheStoreFailsForAMoment(t *testing.T) {
	w := newWorld(t)
	c := w.create(w.key)
	w.s.Notifier = &faulty{left: 3}
	c, err := w.s.Rotate(t.Context(), me, c.ID, 30)
	if err != nil || c.Status() != credential.StatusVerified || c.SecretVersion != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := w.s.Check(t.Context(), me, c.ID); err != nil {
		t.Errorf("the new key does not serve: %v", err)
	}
}

func TestOfTwoRotationsAtOnceOneAsksTheServiceAndTheOtherIsRefused(t *testing.T) {
	w := newWorld(t)
	asked, inside, goOn := 0, make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			asked++
			close(inside)
			<-goOn
		}
		w.sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(slow.Close)
	c, err := w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "base_url", slow.URL)})
	if err != nil {
		t.Fatal(err)
	}
	opened, begun := make(chan struct{}), make(chan struct{})
	w.vault.opened = func() { close(opened); <-begun } // the second has the key in its hands when the first begins
	second := make(chan error, 1)
	go func() {
		_, err := w.s.Rotate(context.WithoutCancel(t.Context()), me, c.ID, 0)
		second <- err
	}()
	<-opened
	first := make(chan error, 1)
	go func() {
		_, err := w.s.Rotate(context.WithoutCancel(t.Context()), me, c.ID, 0)
		first <- err
	}()
	<-inside
	close(begun)
	if err := <-second; reason(err) != "credential rotation_unknown" {
		t.Errorf("the second: %v", err)
	}
	close(goOn)
	if err := <-first; err != nil || asked != 1 {
		t.Errorf("the first: %v; the service was asked %d times", err, asked)
	}
}

func TestARotationCutShortIsUnknownAndSaidSo(t *testing.T) {
	w := newWorld(t)
	cut := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			panic(http.ErrAbortHandler) // the connection breaks after the request arrived
		}
		w.sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(cut.Close)
	c, err := w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key, "base_url", cut.URL)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Rotate(t.Context(), me, c.ID, 0); reason(err) != "credential rotation_unknown" {
		t.Fatalf("%v", err)
	}
	if c, err = w.s.Credential(t.Context(), 1, c.ID); err != nil || c.Status() != credential.StatusUnknown {
		t.Errorf("%+v, %v", c, err)
	}
	arrivals := w.sim.Arrivals().Total
	if _, err := w.s.Connect(t.Context(), credential.Use{Actor: me, Credential: c.ID, Purpose: "run"}); reason(err) != "credential rotation_unknown" {
		t.Errorf("the old key is handed out: %v", err)
	}
	if _, err := w.s.Check(t.Context(), me, c.ID); err == nil || w.sim.Arrivals().Total != arrivals {
		t.Errorf("the old key was sent: %v", err)
	}
	if c, err = w.s.Update(t.Context(), me, c.ID, credential.Change{Values: values("api_key", w.key, "base_url", w.url)}); err != nil || c.Status() != credential.StatusVerified {
		t.Errorf("a new key does not mend it: %+v, %v", c, err)
	}
}

func TestDatabasesAndFilesAreValidatedToo(t *testing.T) {
	w := newWorld(t)
	url := pgtest.New(t)
	parts := pgParts(t, url)
	c, err := w.s.Create(t.Context(), me, credential.Input{Kind: "postgres", Name: "warehouse", Values: parts})
	if err != nil || c.Status() != credential.StatusVerified {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = w.s.Create(t.Context(), me, credential.Input{Kind: "file", Name: "lake", Values: values("path", "deep/lake", "format", "csv")})
	if err != nil || c.Format() != "csv" {
		t.Errorf("%+v, %v", c, err)
	}
	if err := os.Symlink("/etc", filepath.Join(w.s.Files, "1", "out")); err != nil {
		t.Fatal(err)
	}
	if _, err = w.s.Create(t.Context(), me, credential.Input{Kind: "file", Name: "out", Values: values("path", "out")}); weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("a link leads out: %v", err)
	}
	c, err = w.s.Create(t.Context(), me, credential.Input{Kind: "rest", Name: "any", Values: values("api_key", "0123456789")})
	if err != nil || c.Status() != credential.StatusUnverified {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = w.s.Create(t.Context(), me, credential.Input{Kind: "rest", Name: "any", Values: values("api_key", w.key, "prefix", "Bearer ", "base_url", w.url, "test_path", "/v2/me")})
	if err != nil || c.Status() != credential.StatusVerified {
		t.Errorf("%+v, %v", c, err)
	}
}

// What its own service answers is a credential's fault, with a remedy, and names no
// thing of Weir's that were not there.
func TestARestCredentialWhoseTestFailsSaysWhatToDo(t *testing.T) {
	w := newWorld(t)
	for path, reason := range map[string]string{"/nope": credential.ReasonNotTheAPI, "/v2/me": "key_refused"} {
		_, err := w.s.Create(t.Context(), me, credential.Input{Kind: "rest", Name: "any", Values: values("api_key", "0123456789", "header", "X-Key", "base_url", w.url, "test_path", path)})
		var e *weir.Error
		if !errors.As(err, &e) || e.Reason != reason || e.Remedy == "" {
			t.Errorf("%s: %+v", path, e)
		}
	}
}

// A server that others reach must not be their way to what trusts its machine.
func TestUsersOfOtherMachinesDoNotReachTheServersOwn(t *testing.T) {
	w := newWorld(t)
	w.s.NoLoopback = true
	arrived := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived = true }))
	t.Cleanup(inside.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(inside.URL, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "127.1.2.3", "[::ffff:127.0.0.1]", "LOCALHOST"} {
		for _, kind := range []string{"rest", "cal_com_api"} {
			in := credential.Input{Kind: kind, Name: "x", Values: values("api_key", w.key, "base_url", "http://"+host+":"+port)}
			if kind == "rest" {
				in.Values["test_path"] = weir.NewSecret("/")
			}
			if _, err := w.s.Create(t.Context(), me, in); weir.CodeOf(err) != weir.CodeUsage {
				t.Errorf("%s %s: %v", kind, host, err)
			}
		}
	}
	if arrived {
		t.Error("a request arrived")
	}
	if _, err := w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "x", Values: values("api_key", w.key)}); err != nil {
		t.Errorf("what the operator chose is refused: %v", err)
	}
}
