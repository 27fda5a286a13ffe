package vault

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

// fakeKeeper encrypts with a key of its own, or fails.
type fakeKeeper struct {
	key []byte
	err error
}

func (k fakeKeeper) Encrypt(_ context.Context, plain []byte) ([]byte, error) {
	return encrypt(k.key, plain, nil), k.err
}

func (k fakeKeeper) Decrypt(_ context.Context, sealed []byte) ([]byte, error) {
	plain, err := decrypt(k.key, sealed, nil)
	return plain, errors.Join(k.err, err)
}

func TestAKeptRootKeyLiesWrappedAndComesBack(t *testing.T) {
	keeper := fakeKeeper{key: randomKey()}
	f := rootFile{path: filepath.Join(t.TempDir(), "root.key.wrapped"), keeper: keeper}
	root := newRoot()
	if err := f.Create(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(f.path)
	if err != nil || bytes.Contains(content, []byte(root.key)) {
		t.Errorf("the root key lies open in the file, or %v", err)
	}
	if got, previous, err := f.Roots(t.Context()); err != nil || got != root || !previous.IsZero() {
		t.Errorf("it did not come back: %v", err)
	}
	if err := f.Replace(t.Context(), newRoot()); err != nil {
		t.Fatal(err)
	}
	if got, previous, err := f.Roots(t.Context()); err != nil || got == root || previous != root {
		t.Errorf("after a replacement: %v", err)
	}
}

func TestAKeeperThatFailsOrDecryptsSomethingElseIsExplained(t *testing.T) {
	keeper := fakeKeeper{key: randomKey()}
	path := filepath.Join(t.TempDir(), "root.key.wrapped")
	for says, f := range map[string]struct {
		content []byte
		err     error
	}{
		"something that is no root key": {content: encrypt(keeper.key, []byte("canary of another program, 49 bytes of it, exactly."), nil)},
		"did not decrypt":               {content: []byte("canary")},
		"WEIR_ROOT_KMS":                 {content: encrypt(keeper.key, []byte(keptLabel+newRoot().key), nil), err: errors.New("denied")},
	} {
		if err := os.WriteFile(path, f.content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := rootFile{path: path, keeper: fakeKeeper{keeper.key, f.err}}.Roots(t.Context())
		if weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// Killed between any two steps of a replacement, the files hold the old key,
// or the new one with the old one beside it.
func TestAReplacementLeavesTheOldKeyUntilTheNewOneIsThere(t *testing.T) {
	f := rootFile{path: filepath.Join(t.TempDir(), "root.key")}
	old, next := newRoot(), newRoot()
	if err := f.Create(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	// As after the first half of Replace.
	kept, err := f.write(t.Context(), old)
	if err == nil {
		err = os.Rename(kept, f.previousPath())
	}
	if err != nil {
		t.Fatal(err)
	}
	if current, previous, err := f.Roots(t.Context()); err != nil || current != old || previous != old {
		t.Errorf("half-way: %v", err)
	}
	if err := f.Replace(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if current, previous, err := f.Roots(t.Context()); err != nil || current != next || previous != old {
		t.Errorf("at the end: %v", err)
	}
	half, err := f.write(t.Context(), old) // as a killed process leaves it
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Forget(), f.Forget()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("half a replacement is still there")
	}
	if current, previous, err := f.Roots(t.Context()); err != nil || current != next || !previous.IsZero() {
		t.Errorf("afterwards: %v", err)
	}
}

// unsure is a database in memory whose commits fail on demand.
type unsure struct {
	keys []weir.StoredKey
	fail bool
}

func (*unsure) InstanceID() string { return "instance" }

func (u *unsure) Keyring(context.Context) ([]weir.StoredKey, error) { return u.keys, nil }

func (u *unsure) KeyUses(context.Context) ([]weir.KeyUse, error) { return nil, nil }

func (u *unsure) ChangeKeyring(_ context.Context, f func([]weir.StoredKey) ([]weir.StoredKey, error)) error {
	changed, err := f(u.keys)
	if err == nil && u.fail && len(changed) > 0 {
		err = errors.New("the disk is full")
	}
	if err == nil && len(changed) > 0 {
		u.keys = changed
	}
	return err
}

func TestANewRootKeyThatWasNotCommittedLeavesTheOldOneInUse(t *testing.T) {
	db, f := &unsure{}, rootFile{path: filepath.Join(t.TempDir(), "root.key")}
	o := Options{Place: f, Store: db, Now: time.Now}
	v, err := Init(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := v.Seal(weir.Binding{Credential: 1}, weir.NewSecret("value"))
	if err != nil {
		t.Fatal(err)
	}
	db.fail = true
	if err := v.RotateRoot(t.Context()); err == nil {
		t.Fatal("it was committed")
	}
	db.fail = false
	if _, err := v.Open(s); err != nil {
		t.Errorf("in the same process: %v", err)
	}
	// Whoever tidies up now must see that the old one is in use.
	if err := v.forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Open(s); err != nil || got.Expose() != "value" {
		t.Errorf("after another start: %v", err)
	}
	if _, previous, err := f.Roots(t.Context()); err != nil || !previous.IsZero() {
		t.Errorf("the old one is still there, or %v", err)
	}
}
