package vault

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weirhq/weir"
)

// The variables of the environment in which a root key, or the way to it, may
// lie.
const (
	RootVariable     = "WEIR_ROOT_KEY"          // the key itself, in base64 or hex
	PreviousVariable = "WEIR_ROOT_KEY_PREVIOUS" // the one before it, for the one start after a change
	KeeperVariable   = "WEIR_ROOT_KMS"          // address of a key management service
)

// credential is the name under which systemd hands the key over.
const credential = "weir-root-key" // #nosec G101 -- a name

// Place is where a root key lies.
type Place interface {
	// Name says where that is, for people.
	Name() string
	// Roots gives the root key, and the one before it while a change is not
	// complete. Both are zero when there is none; what is there and cannot
	// be a root key is an error.
	Roots(ctx context.Context) (current, previous Root, err error)
}

// WritablePlace is a place that Weir can put a root key into.
type WritablePlace interface {
	Place
	// Create stores the root key where there is none; CodeConflict when there
	// is one. It is durable when Create returns.
	Create(ctx context.Context, r Root) error
	// Replace stores the root key and keeps the one that was there as the
	// previous. Killed at any point, it leaves the one or the other.
	Replace(ctx context.Context, r Root) error
	// Forget removes the previous one.
	Forget() error
}

// Search says where to look for the root key.
type Search struct {
	File   string // named by the user; "" looks at the other places
	Data   string // Weir's data directory, where the key lies when it is nowhere else
	Getenv func(string) string
}

// FindRoot chooses the place of the root key: the file that was named, what
// systemd hands over, a key management service, the environment, or the file
// root.key in the data directory. The warning, when not empty, is for the log.
func FindRoot(ctx context.Context, s Search) (p Place, warning string, err error) {
	if s.File != "" {
		return rootFile{path: s.File}, "", nil
	}
	if dir := s.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		_, err := os.Stat(filepath.Join(dir, credential))
		if err == nil {
			return handedOver{dir}, "", nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, "", &weir.Error{Code: weir.CodeConfig, Where: "CREDENTIALS_DIRECTORY", Message: "the credential " + credential + " cannot be read", Remedy: "See LoadCredential= in the unit", Err: err}
		}
	}
	if address := s.Getenv(KeeperVariable); address != "" {
		k, err := OpenKeeper(ctx, address)
		return rootFile{path: filepath.Join(s.Data, "root.key.wrapped"), keeper: k}, "", err
	}
	if s.Getenv(RootVariable) != "" {
		return environment{s.Getenv}, "the root key is in the environment (" + RootVariable + "), where child processes and crash reports can see it; a file or a systemd credential is safer", nil
	}
	return rootFile{path: filepath.Join(s.Data, "root.key")}, "", nil
}

// environment is a root key in variables.
type environment struct{ getenv func(string) string }

func (environment) Name() string { return "the environment (" + RootVariable + ")" }

func (e environment) Roots(context.Context) (current, previous Root, err error) {
	if current, err = parseRoot(e.getenv(RootVariable)); err != nil {
		return current, previous, weir.At(RootVariable, err)
	}
	if text := e.getenv(PreviousVariable); text != "" {
		previous, err = parseRoot(text)
	}
	return current, previous, weir.At(PreviousVariable, err)
}

// handedOver is a root key that systemd hands over in a directory.
type handedOver struct{ dir string }

func (handedOver) Name() string { return "the systemd credential " + credential }

func (h handedOver) Roots(context.Context) (current, previous Root, err error) {
	if current, err = h.read(credential); err != nil {
		return current, previous, err
	}
	previous, err = h.read(credential + "-previous")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return current, previous, err
}

func (h handedOver) read(name string) (Root, error) {
	text, err := os.ReadFile(filepath.Join(h.dir, name)) // #nosec G304 -- systemd names the directory
	if err != nil {
		return Root{}, &weir.Error{Code: weir.CodeConfig, Where: "credential " + name, Message: "it cannot be read", Remedy: "See LoadCredential= in the unit", Err: err}
	}
	r, err := parseRoot(string(text))
	return r, weir.At("credential "+name, err)
}
