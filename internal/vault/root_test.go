package vault_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/vault"
)

func fuzzVault(f *testing.F, m *memory) *vault.Vault {
	f.Helper()
	p, _, err := vault.FindRoot(f.Context(), vault.Search{Data: f.TempDir(), Getenv: func(string) string { return "" }})
	must(f, err)
	v, err := vault.Init(f.Context(), vault.Options{Place: p, Store: m, Now: time.Now})
	must(f, err)
	return v
}

func TestTheFirstStartMakesARootKeyThatOnlyItsOwnerMayRead(t *testing.T) {
	dir := t.TempDir()
	m := &memory{}
	v, err := vault.Init(t.Context(), vault.Options{Place: place(t, dir), Store: m, Now: time.Now})
	must(t, err)
	path := filepath.Join(dir, "root.key")
	info, err := os.Stat(path)
	must(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	again, err := vault.Open(t.Context(), vault.Options{Place: place(t, dir), Store: m, Now: time.Now})
	must(t, err)
	opens(t, again, seal(t, v, 1), 1)
	text, _ := os.ReadFile(path)
	key, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	for _, k := range m.keys {
		if bytes.Contains(k.Sealed, key) || bytes.Contains(k.Sentinel, key) || len(key) != 32 {
			t.Error("the root key lies in the database")
		}
	}
}

func TestManyFirstStartsAtOnceAgreeOnOneRootKey(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	vaults := make([]*vault.Vault, 4)
	for i := range vaults {
		group.Go(func() {
			db, v, err := openBoth(t.Context(), dir)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = db.Close() })
			vaults[i] = v
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	s := seal(t, vaults[0], 1)
	for _, v := range vaults {
		opens(t, v, s, 1)
	}
}

func TestARootKeyThatOthersMayReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	w := newWorld(t, 1)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
		must(t, os.Chmod(filepath.Join(w.dir, "root.key"), mode))
		_, err := vault.Open(t.Context(), vault.Options{Place: place(t, w.dir), Store: w.db, Now: time.Now})
		refused(t, err, weir.CodeConfig, "others may read", "chmod 600")
	}
}

func TestWhatCannotBeARootKeyIsRefusedAndNotRepeated(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "short": "c2hvcnQtY2FuYXJ5", "long": strings.Repeat("canary+/", 6), "words": "canary canary canary canary",
		"all the same": strings.Repeat("41", 32), "a byte short": hex.EncodeToString(bytes.Repeat([]byte("ca"), 15)),
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "root.key"), []byte(text), 0o600))
		_, err := vault.Init(t.Context(), vault.Options{Place: place(t, dir), Store: &memory{}, Now: time.Now})
		if weir.CodeOf(err) != weir.CodeConfig || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARootKeyComesFromTheEnvironmentOrFromSystemd(t *testing.T) {
	key := bytes.Repeat([]byte("0123456789abcdef"), 2)
	credentials := t.TempDir()
	must(t, os.WriteFile(filepath.Join(credentials, "weir-root-key"), []byte(hex.EncodeToString(key)+"\n"), 0o400))
	m := &memory{}
	var s weir.SealedSecret
	for i, env := range []map[string]string{
		{vault.RootVariable: base64.StdEncoding.EncodeToString(key)},
		{vault.RootVariable: hex.EncodeToString(key)},
		{"CREDENTIALS_DIRECTORY": credentials, vault.RootVariable: "what systemd hands over comes first"},
	} {
		p, warning, err := vault.FindRoot(t.Context(), vault.Search{Data: t.TempDir(), Getenv: func(name string) string { return env[name] }})
		must(t, err)
		if (warning != "") != (i < 2) {
			t.Errorf("the warning is %q", warning)
		}
		v, err := vault.Init(t.Context(), vault.Options{Place: p, Store: m, Now: time.Now})
		must(t, err)
		if i == 0 {
			s = seal(t, v, 1)
		}
		opens(t, v, s, 1)
		refused(t, v.RotateRoot(t.Context()), weir.CodeConfig, "cannot write this root key")
	}
}

func TestAReplacedRootKeyOfTheEnvironmentIsAcceptedForOneStart(t *testing.T) {
	env := map[string]string{vault.RootVariable: strings.Repeat("01", 31) + "02"}
	m := &memory{}
	start := func() (*vault.Vault, error) {
		p, _, err := vault.FindRoot(t.Context(), vault.Search{Data: t.TempDir(), Getenv: func(name string) string { return env[name] }})
		must(t, err)
		return vault.Init(t.Context(), vault.Options{Place: p, Store: m, Now: time.Now})
	}
	v, err := start()
	must(t, err)
	s, audit := seal(t, v, 1), v.Derive("audit")
	env[vault.PreviousVariable], env[vault.RootVariable] = env[vault.RootVariable], strings.Repeat("03", 31)+"04"
	v, err = start()
	must(t, err)
	opens(t, v, s, 1)
	if !bytes.Equal(v.Derive("audit"), audit) || bytes.Equal(v.Derive("audit"), v.Derive("sessions")) {
		t.Error("what is derived did not stay, or is the same for two purposes")
	}
	delete(env, vault.PreviousVariable)
	v, err = start()
	must(t, err)
	opens(t, v, s, 1)
	env[vault.RootVariable] = strings.Repeat("01", 31) + "02"
	_, err = start()
	refused(t, err, weir.CodeConfig, "wrong root key")
}

func TestAKeyManagementServiceThatIsNotBuiltInIsExplained(t *testing.T) {
	if _, err := vault.OpenKeeper(t.Context(), "base64key://"); err != nil {
		refused(t, err, weir.CodeConfig, "-tags kms")
	}
}

func TestAWrongRootKeyIsRefusedWithinASecondAndChangesNoByte(t *testing.T) {
	w := newWorld(t, 100)
	must(t, w.db.Close())
	w.db = nil
	other := t.TempDir()
	_, err := vault.Init(t.Context(), vault.Options{Place: place(t, other), Store: &memory{}, Now: time.Now})
	must(t, err)
	root := filepath.Join(w.dir, "root.key")
	for name, c := range map[string]struct {
		spoil func() error
		says  string
	}{
		"wrong": {func() error {
			b, err := os.ReadFile(filepath.Join(other, "root.key"))
			must(t, err)
			return os.WriteFile(root, b, 0o600)
		}, "wrong root key"},
		"lost": {func() error { return os.Remove(root) }, "missing while the database has secrets"},
	} {
		must(t, c.spoil())
		before, files := read(t, filepath.Join(w.dir, "weir.db")), names(t, w.dir)
		start := time.Now()
		db, _, err := openBoth(t.Context(), w.dir)
		took := time.Since(start)
		refused(t, err, weir.CodeConfig, c.says, "weir vault restore")
		must(t, db.Close())
		if took > time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
		if !bytes.Equal(before, read(t, filepath.Join(w.dir, "weir.db"))) {
			t.Errorf("%s: the database changed", name)
		}
		if now := names(t, w.dir); now != files {
			t.Errorf("%s: %s became %s", name, files, now)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestAKeyringThatWasChangedIsRefused(t *testing.T) {
	dir := t.TempDir()
	m := &memory{}
	o := vault.Options{Place: place(t, dir), Store: m, Now: time.Now}
	v, err := vault.Init(t.Context(), o)
	must(t, err)
	m.secrets = append(m.secrets, seal(t, v, 1))
	good := m.keys
	for name, change := range map[string]func(k []weir.StoredKey) []weir.StoredKey{
		"another id":      func(k []weir.StoredKey) []weir.StoredKey { k[0].ID = "0123456789abcdef"; return k },
		"another state":   func(k []weir.StoredKey) []weir.StoredKey { k[0].State = weir.KeyRetired; return k },
		"another purpose": func(k []weir.StoredKey) []weir.StoredKey { k[0].Purpose = "else"; return k },
		"another time":    func(k []weir.StoredKey) []weir.StoredKey { k[0].Created++; return k },
		"another root":    func(k []weir.StoredKey) []weir.StoredKey { k[0].Root = "0123456789abcdef"; return k },
		"swapped": func(k []weir.StoredKey) []weir.StoredKey {
			k[0].Sealed, k[1].Sealed = k[1].Sealed, k[0].Sealed
			return k
		},
		"swapped sentinel": func(k []weir.StoredKey) []weir.StoredKey { k[0].Sentinel = k[1].Sentinel; return k },
		"one gone":         func(k []weir.StoredKey) []weir.StoredKey { return k[:1] },
		"a flipped bit": func(k []weir.StoredKey) []weir.StoredKey {
			k[0].Sealed = bytes.Clone(k[0].Sealed)
			k[0].Sealed[3] ^= 1
			return k
		},
	} {
		m.keys = change(append([]weir.StoredKey{}, good...))
		_, err := vault.Init(t.Context(), o)
		if weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), "tampered") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// With its secrets but without a keyring, a database gets no new one.
	lone := lonely{m}
	m.keys = nil
	_, err = vault.Init(t.Context(), vault.Options{Place: o.Place, Store: lone, Now: time.Now})
	refused(t, err, weir.CodeConfig, "secrets and no keyring")
	if m.keys != nil {
		t.Error("a keyring was made")
	}
}

// lonely is a database whose secrets lie under keys that are not there.
type lonely struct{ *memory }

func (l lonely) KeyUses(context.Context) ([]weir.KeyUse, error) {
	return []weir.KeyUse{{Key: l.secrets[0].Key, Secrets: 1, Wraps: 1}}, nil
}
