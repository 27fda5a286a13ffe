package vault

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/weirhq/weir"
)

// Keeper encrypts and decrypts with a key that never leaves a key management
// service. It has no associated data, so what is encrypted says itself what
// it is.
type Keeper interface {
	Encrypt(ctx context.Context, plaintext []byte) ([]byte, error)
	Decrypt(ctx context.Context, ciphertext []byte) ([]byte, error)
}

// keptLabel begins what a Keeper encrypts, so that nothing else that it may
// have encrypted passes for a root key.
const keptLabel = "weir root key v1\n"

// rootFile is a root key in a file that only its owner may read. With a
// keeper the file holds it wrapped.
type rootFile struct {
	path   string
	keeper Keeper
}

func (f rootFile) Name() string {
	if f.keeper != nil {
		return f.path + ", wrapped by a key management service"
	}
	return f.path
}

// previousPath is where the key lies that a change replaces, until the
// keyring has followed.
func (f rootFile) previousPath() string { return f.path + ".previous" }

func (f rootFile) Roots(ctx context.Context) (current, previous Root, err error) {
	if current, err = f.read(ctx, f.path); err != nil {
		return current, previous, err
	}
	previous, err = f.read(ctx, f.previousPath())
	return current, previous, err
}

// fileLimit is far more than a wrapped key needs.
const fileLimit = 16 << 10

// read gives the zero Root when there is no file.
func (f rootFile) read(ctx context.Context, path string) (Root, error) {
	refuse := func(message, remedy string, err error) error {
		return &weir.Error{Code: weir.CodeConfig, Where: path, Message: message, Remedy: remedy, Err: err}
	}
	file, err := os.Open(path) // #nosec G304 -- the operator names the file
	if errors.Is(err, fs.ErrNotExist) {
		return Root{}, nil
	}
	if err != nil {
		return Root{}, refuse("the root key cannot be read", "Let the user that runs Weir read this file", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	switch {
	case err != nil || !info.Mode().IsRegular():
		return Root{}, refuse("this is not a file", "Name the file that holds the root key", err)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return Root{}, refuse("others may read the root key", "Run `chmod 600` on it; if somebody may have read it, run `weir vault rekey` after that", nil)
	}
	content, err := io.ReadAll(io.LimitReader(file, fileLimit))
	if err != nil {
		return Root{}, refuse("the root key cannot be read", "Check the disk", err)
	}
	r, err := f.unwrap(ctx, content)
	return r, weir.At(path, err)
}

// wrap gives what the file holds.
func (f rootFile) wrap(ctx context.Context, r Root) ([]byte, error) {
	if f.keeper == nil {
		return []byte(r.text()), nil
	}
	wrapped, err := f.keeper.Encrypt(ctx, []byte(keptLabel+r.key))
	if err != nil {
		return nil, keeperFailed("encrypt", err)
	}
	return wrapped, nil
}

func (f rootFile) unwrap(ctx context.Context, content []byte) (Root, error) {
	if f.keeper == nil {
		return parseRoot(string(content))
	}
	plain, err := f.keeper.Decrypt(ctx, content)
	if err != nil {
		return Root{}, keeperFailed("decrypt", err)
	}
	if len(plain) != len(keptLabel)+keySize || string(plain[:len(keptLabel)]) != keptLabel {
		return Root{}, &weir.Error{Code: weir.CodeConfig, Message: "the key management service decrypted something that is no root key of Weir", Remedy: "Put back the file that this database was made with"}
	}
	return Root{string(plain[len(keptLabel):])}, nil
}

func keeperFailed(verb string, err error) error {
	return &weir.Error{Code: weir.CodeConfig, Where: KeeperVariable, Message: "the key management service did not " + verb + " the root key",
		Remedy: "Check its address, and that Weir may use the key there", Err: err}
}

// Create implements WritablePlace. The file appears whole or not at all:
// half a key would look like a wrong one at the next start.
func (f rootFile) Create(ctx context.Context, r Root) error {
	made, err := f.write(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(made) }()
	if err := os.Link(made, f.path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return &weir.Error{Code: weir.CodeConflict, Where: f.path, Message: "there is a root key already", Remedy: "If it is not the right one, move it away first", Err: err}
		}
		return cannotWrite(f.path, err)
	}
	return syncDirectory(f.path)
}

// Replace implements WritablePlace.
func (f rootFile) Replace(ctx context.Context, r Root) error {
	before, err := f.read(ctx, f.path)
	if err != nil {
		return err
	}
	kept, err := f.write(ctx, before)
	if err != nil {
		return err
	}
	if err := os.Rename(kept, f.previousPath()); err != nil {
		return cannotWrite(f.path, err)
	}
	if err := syncDirectory(f.path); err != nil { // before the new one is there
		return err
	}
	made, err := f.write(ctx, r)
	if err != nil {
		return err
	}
	if err := os.Rename(made, f.path); err != nil {
		return cannotWrite(f.path, err)
	}
	return syncDirectory(f.path)
}

// Forget implements WritablePlace.
func (f rootFile) Forget() error {
	if err := os.Remove(f.previousPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannotWrite(f.previousPath(), err)
	}
	return syncDirectory(f.path)
}

// write makes a new file beside the key, readable by its owner alone, and
// returns its name when its content is on the disk.
func (f rootFile) write(ctx context.Context, r Root) (name string, err error) {
	content, err := f.wrap(ctx, r)
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(filepath.Dir(f.path), ".root.key.*") // O_EXCL, 0600
	if err != nil {
		return "", cannotWrite(f.path, err)
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		_ = os.Remove(file.Name())
		return "", cannotWrite(f.path, err)
	}
	return file.Name(), nil
}

// syncDirectory makes a new name durable. Windows has no such thing.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(filepath.Dir(path)) // #nosec G304 -- beside the operator's file
	if err != nil {
		return cannotWrite(path, err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return cannotWrite(path, err)
	}
	return nil
}

func cannotWrite(path string, err error) error {
	return &weir.Error{Code: weir.CodeLocal, Where: path, Message: "the root key cannot be written here", Remedy: "Name a file in a directory that Weir may write, with --root-key-file", Err: err}
}
