// Package vault keeps secrets at rest. Three layers of keys: each value is
// sealed with a key of its own; that is wrapped by the active key of the
// keyring, which lies in the database; and the keyring is sealed under the
// root key, which never does. A sealed value is bound to the place it is for
// (weir.Binding): moved to another credential, field, version or origin, it
// does not open.
//
// Errors are *weir.Error: CodeConfig when this root key or keyring must not
// be used, and then nothing was written; CodeIntegrity when a value is not
// what it is stored as; and whatever the store returns. No text holds a key
// or a value.
package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// Keystore is where the keyring lies.
type Keystore interface {
	// InstanceID is the name of the database; every seal is bound to it.
	InstanceID() string
	// Keyring gives all keys, the oldest first.
	Keyring(ctx context.Context) ([]weir.StoredKey, error)
	// ChangeKeyring hands f all keys and writes those it returns, in one
	// transaction that no other change of the keyring runs beside.
	ChangeKeyring(ctx context.Context, f func([]weir.StoredKey) ([]weir.StoredKey, error)) error
	// KeyUses counts what lies under each key that has any.
	KeyUses(ctx context.Context) ([]weir.KeyUse, error)
}

// Options are what a Vault is made of.
type Options struct {
	Place  Place
	Store  Keystore
	Now    func() time.Time
	Logger *slog.Logger // nil discards
}

// Vault seals and opens. It is safe for concurrent use; several processes may
// have the same one open, and follow each other's rotations.
type Vault struct {
	place Place
	store Keystore
	now   func() time.Time
	log   *slog.Logger

	mu       sync.RWMutex
	ring     ring
	read     time.Time // when the keyring was
	replaced bool      // the root key was another one until this start

	derives string // id of the key from which all were derived when the vault was opened
}

// Init opens the vault, and makes what is missing when the database has never
// had one: the root key, where Weir can write it, and the keyring. A database
// that has secrets or a keyring gets no new root key.
func Init(ctx context.Context, o Options) (*Vault, error) {
	v, err := Open(ctx, o)
	if !errors.Is(err, errNew) {
		return v, err
	}
	root, _, err := o.Place.Roots(ctx)
	if err != nil {
		return nil, err
	}
	if root.IsZero() {
		if root, err = createRoot(ctx, o.Place); err != nil {
			return nil, err
		}
	}
	err = o.Store.ChangeKeyring(ctx, func(stored []weir.StoredKey) (made []weir.StoredKey, err error) {
		if len(stored) > 0 {
			return nil, nil // another process was first
		}
		for _, purpose := range []weir.KeyPurpose{weir.KeyWraps, weir.KeyDerives} {
			made = append(made, newKey(purpose, o.Now()).seal(root, o.Store.InstanceID()))
		}
		return made, nil
	})
	if err != nil {
		return nil, err
	}
	return Open(ctx, o)
}

// createRoot makes a root key, or takes the one that another process has just
// made.
func createRoot(ctx context.Context, p Place) (Root, error) {
	w, ok := p.(WritablePlace)
	if !ok {
		return Root{}, missingRoot(p, "there is no root key")
	}
	root := newRoot()
	err := w.Create(ctx, root)
	if weir.CodeOf(err) == weir.CodeConflict {
		root, _, err = p.Roots(ctx)
	}
	return root, err
}

// errNew says that the database has never had a vault.
var errNew = errors.New("vault: the database is new")

// Open opens the vault of a database that has one. Every key of the keyring
// is proved with its sentinel before anything else happens. When the keyring
// is still under the previous root key, it is brought under the current one.
func Open(ctx context.Context, o Options) (*Vault, error) {
	v := &Vault{place: o.Place, store: o.Store, now: o.Now, log: o.Logger, read: o.Now()}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	stored, err := o.Store.Keyring(ctx)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, v.withoutKeyring(ctx)
	}
	root, previous, err := o.Place.Roots(ctx)
	if err != nil {
		return nil, err
	}
	if root.IsZero() {
		return nil, missingRoot(o.Place, "the root key is missing while the database has secrets; no new one was made, because it could not open them")
	}
	if v.ring, err = unlock(stored, root, o.Store.InstanceID()); err != nil {
		if previous.IsZero() {
			return nil, err
		}
		if v.replaced, err = v.settle(ctx); err != nil {
			return nil, err
		}
		if err := v.reload(ctx); err != nil {
			return nil, err
		}
	}
	v.derives = v.ring.deriving[0].ID
	if !previous.IsZero() {
		return v, v.forget(ctx)
	}
	return v, nil
}

// withoutKeyring says what it means that there is none.
func (v *Vault) withoutKeyring(ctx context.Context) error {
	uses, err := v.store.KeyUses(ctx)
	if err != nil {
		return err
	}
	if len(uses) > 0 {
		return &weir.Error{Code: weir.CodeConfig, Where: "vault", Message: "the database has secrets and no keyring: it was tampered with, or restored in part; nothing was written",
			Remedy: "Restore the whole database from a backup"}
	}
	return &weir.Error{Code: weir.CodeConfig, Where: "vault", Message: "this database has no vault yet", Remedy: "Run `weir vault init`", Err: errNew}
}

func missingRoot(p Place, message string) error {
	return &weir.Error{Code: weir.CodeConfig, Where: p.Name(), Message: message,
		Remedy: "Put the root key back, or restore it from two shares of the recovery kit: `weir vault restore`"}
}

// Format implements fmt.Formatter, so that no verb reaches the keys.
func (v *Vault) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[vault]") }

// reload reads the keyring again, and the root key when that was replaced:
// another process may have changed either.
func (v *Vault) reload(ctx context.Context) error {
	stored, err := v.store.Keyring(ctx)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	next, err := unlock(stored, v.ring.root, v.store.InstanceID())
	if err != nil && underOthers(stored, v.ring.root) == len(stored) {
		root, _, rootErr := v.place.Roots(ctx)
		if rootErr != nil {
			return rootErr
		}
		next, err = unlock(stored, root, v.store.InstanceID())
	}
	if err == nil {
		v.ring, v.read = next, v.now()
	}
	return err
}

// keys gives the keyring as it is known.
func (v *Vault) keys() ring {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.ring
}

// Derive gives a key of 32 bytes for one purpose, such as "audit": the same
// at every start, and after every rotation but a rekey.
func (v *Vault) Derive(purpose string) []byte {
	return derive(v.keys().deriving[0].secret, purpose)
}

// DeriveEarlier gives the keys that Derive gave before each rekey, the newest
// first. They check what was written then, and are for nothing new: whoever
// had the root key has them.
func (v *Vault) DeriveEarlier(purpose string) (keys [][]byte) {
	for _, k := range v.keys().deriving[1:] {
		keys = append(keys, derive(k.secret, purpose))
	}
	return keys
}
