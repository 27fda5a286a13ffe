package vault

import (
	"context"

	"github.com/weirhq/weir"
)

// RotateRoot makes a new root key and brings the keyring under it; secrets
// are not touched. Killed at any point, the next start finds the keyring
// under the current root key or under the previous one, and has both. Other
// processes follow. A root key that Weir cannot write is replaced by whoever
// keeps it.
func (v *Vault) RotateRoot(ctx context.Context) error {
	w, ok := v.place.(WritablePlace)
	if !ok {
		return &weir.Error{Code: weir.CodeConfig, Where: v.place.Name(), Message: "Weir cannot write this root key",
			Remedy: "Put a new key there, keep the old one beside it for one start as " + PreviousVariable + " or as the credential " + credential + "-previous, and start Weir"}
	}
	if _, err := v.settle(ctx); err != nil {
		return err
	}
	// The file changes inside the transaction: of two who do this at once,
	// the second must not push the first's key out before it is in use.
	err := v.store.ChangeKeyring(ctx, func(stored []weir.StoredKey) ([]weir.StoredKey, error) {
		current, _, err := v.place.Roots(ctx)
		if err != nil {
			return nil, err
		}
		now, err := unlock(stored, current, v.store.InstanceID())
		if err != nil {
			return nil, err
		}
		next := newRoot()
		if err := w.Replace(ctx, next); err != nil {
			return nil, err
		}
		return now.under(next, v.store.InstanceID()), nil
	})
	if err != nil {
		return err
	}
	if err := v.reload(ctx); err != nil {
		return err
	}
	return v.forget(ctx)
}

// settle brings a keyring that is still under the previous root key under the
// current one.
func (v *Vault) settle(ctx context.Context) (replaced bool, err error) {
	err = v.store.ChangeKeyring(ctx, func(stored []weir.StoredKey) ([]weir.StoredKey, error) {
		current, previous, err := v.place.Roots(ctx)
		if err != nil {
			return nil, err
		}
		_, err = unlock(stored, current, v.store.InstanceID())
		if err == nil || previous.IsZero() {
			return nil, err
		}
		old, oldErr := unlock(stored, previous, v.store.InstanceID())
		if oldErr != nil {
			return nil, err
		}
		replaced = true
		v.log.Info("the keyring comes under the new root key", "root", current.ID(), "previous", previous.ID())
		return old.under(current, v.store.InstanceID()), nil
	})
	return replaced && err == nil, err
}

// forget removes a previous root key that nothing lies under any more. It
// looks again inside a transaction: another process may just be making use
// of it.
func (v *Vault) forget(ctx context.Context) error {
	w, ok := v.place.(WritablePlace)
	if !ok {
		v.log.Warn("nothing lies under the previous root key any more; take it away", "where", v.place.Name())
		return nil
	}
	return v.store.ChangeKeyring(ctx, func(stored []weir.StoredKey) ([]weir.StoredKey, error) {
		current, _, err := v.place.Roots(ctx)
		if err != nil || underOthers(stored, current) > 0 {
			return nil, err
		}
		return nil, w.Forget()
	})
}

// under gives all keys as they are stored under a root key.
func (r ring) under(root Root, instance string) (stored []weir.StoredKey) {
	for _, k := range r.all {
		stored = append(stored, k.seal(root, instance))
	}
	return stored
}
