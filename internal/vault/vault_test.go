package vault_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

// TestMain lets tests run this binary as another process that can be killed.
func TestMain(m *testing.M) {
	if role := os.Getenv("VAULT_TEST_CHILD"); role != "" {
		child(role, os.Getenv("VAULT_TEST_DIR"))
	}
	os.Exit(m.Run())
}

// memory is a database of the vault's in memory.
type memory struct {
	keys    []weir.StoredKey
	secrets []weir.SealedSecret
}

func (m *memory) InstanceID() string { return "instance" }

func (m *memory) Keyring(context.Context) ([]weir.StoredKey, error) { return slices.Clone(m.keys), nil }

func (m *memory) ChangeKeyring(_ context.Context, f func([]weir.StoredKey) ([]weir.StoredKey, error)) error {
	changed, err := f(slices.Clone(m.keys))
	if err != nil {
		return err
	}
	for _, k := range changed {
		m.keys = slices.DeleteFunc(m.keys, func(old weir.StoredKey) bool { return old.ID == k.ID })
		m.keys = append(m.keys, k)
	}
	slices.SortFunc(m.keys, func(a, b weir.StoredKey) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.ID, b.ID))
	})
	return nil
}

func (m *memory) KeyUses(context.Context) (uses []weir.KeyUse, err error) {
	for _, k := range m.keys {
		u := weir.KeyUse{Key: k.ID}
		for _, s := range m.secrets {
			if s.Key == k.ID {
				u.Secrets, u.Wraps = u.Secrets+1, u.Wraps+1
			}
		}
		uses = append(uses, u)
	}
	return uses, nil
}

// place is a root key's file in a new directory.
func place(t *testing.T, dir string) vault.Place {
	t.Helper()
	p, _, err := vault.FindRoot(t.Context(), vault.Search{Data: dir, Getenv: func(string) string { return "" }})
	must(t, err)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t testing.TB, err error, code weir.Code, words ...string) {
	t.Helper()
	if weir.CodeOf(err) != code {
		t.Fatalf("got %q (%v), want %q", weir.CodeOf(err), err, code)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

// newVault is a vault on a database in memory.
func newVault(t *testing.T) (*vault.Vault, *memory) {
	t.Helper()
	m := &memory{}
	v, err := vault.Init(t.Context(), vault.Options{Place: place(t, t.TempDir()), Store: m, Now: time.Now})
	must(t, err)
	return v, m
}

// binding is that of the i-th secret.
func binding(i int64) weir.Binding {
	return weir.Binding{Org: 1 + i%3, Credential: i, Field: "api_key", Version: 1 + i%2, Kind: "cal_com_api", Origin: fmt.Sprintf("https://host%d.example", i%5)}
}

// value is what the i-th secret holds; it is nowhere else.
func value(i int64) string { return fmt.Sprintf("cal_live_canary_%d_Zq7", i) }

func seal(t testing.TB, v *vault.Vault, i int64) weir.SealedSecret {
	t.Helper()
	s, err := v.Seal(binding(i), weir.NewSecret(value(i)))
	must(t, err)
	return s
}

// opens fails the test unless the secret opens to the i-th value.
func opens(t testing.TB, v *vault.Vault, s weir.SealedSecret, i int64) {
	t.Helper()
	got, err := v.Open(s)
	must(t, err)
	if got.Expose() != value(i) {
		t.Fatalf("secret %d opened to something else", i)
	}
}

// world is a vault on a real database.
type world struct {
	*testing.T
	dir   string
	db    *store.DB
	vault *vault.Vault
}

func newWorld(t *testing.T, secrets int64) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir()}
	w.open()
	fill(t, w.dir, w.db, w.vault, secrets)
	return w
}

// open opens database and vault as a new process would.
func (w *world) open() {
	w.Helper()
	if w.db != nil {
		must(w.T, w.db.Close())
	}
	db, v, err := openBoth(w.Context(), w.dir)
	must(w.T, err)
	w.Cleanup(func() { _ = db.Close() })
	w.db, w.vault = db, v
}

func openBoth(ctx context.Context, dir string) (*store.DB, *vault.Vault, error) {
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "weir.db"), store.Options{})
	if err != nil {
		return nil, nil, err
	}
	p, _, err := vault.FindRoot(ctx, vault.Search{Data: dir, Getenv: func(string) string { return "" }})
	if err != nil {
		return db, nil, err
	}
	v, err := vault.Init(ctx, vault.Options{Place: p, Store: db, Now: time.Now})
	return db, v, err
}

// fill stores secrets 1 to n. A secret needs its credential, which only the
// database's own table has here.
func fill(t testing.TB, dir string, db *store.DB, v *vault.Vault, n int64) {
	t.Helper()
	raw, err := sql.Open("sqlite", filepath.Join(dir, "weir.db"))
	must(t, err)
	defer raw.Close()
	_, err = raw.Exec(`WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < $1)
		INSERT INTO resource (id, org, owner, kind, type, name, description, status, spec, tags, version, created, updated)
		SELECT id, 1, 1, 'credential', 'cal_com_api', 'c', '', '', x'', '', 1, 0, 0 FROM n`, n)
	must(t, err)
	must(t, db.Change(t.Context(), func(tx *store.Tx) error {
		for i := int64(1); i <= n; i++ {
			if err := tx.PutSecret(t.Context(), seal(t, v, i)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// allOpen fails the test unless secrets 1 to n are there and open.
func (w *world) allOpen(n int64) {
	w.Helper()
	found, err := w.vault.Verify(w.Context(), w.db)
	must(w.T, err)
	if int64(found.Opened) != n || len(found.Failed) > 0 {
		w.Fatalf("%d open, want %d; failed: %v", found.Opened, n, found.Failed)
	}
	all, err := w.db.AllSecrets(w.Context(), 0, "", int(n))
	must(w.T, err)
	for _, s := range all {
		opens(w.T, w.vault, s, s.Credential)
	}
}

// random is the same at every run.
func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
