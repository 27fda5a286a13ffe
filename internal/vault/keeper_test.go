package vault

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	if err := errors.Join(f.Forget(), f.Forget()); err != nil {
		t.Fatal(err)
	}
	if current, previous, err := f.Roots(t.Context()); err != nil || current != next || !previous.IsZero() {
		t.Errorf("afterwards: %v", err)
	}
}
