package vault

import (
	"context"

	"github.com/weirhq/weir"
)

// RotateRoot makes a new root key and brings the keyring under it; secrets
// are not touched. Killed at any point, the next start finds the keyring
// under the current root key or under the previous one, and has both. A root
// key that Weir cannot write is replaced by whoever keeps it.
func (v *Vault) RotateRoot(ctx context.Context) error {
	w, ok := v.place.(WritablePlace)
	if !ok {
		return &weir.Error{Code: weir.CodeConfig, Where: v.place.Name(), Message: "Weir cannot write this root key",
			Remedy: "Put a new key there, keep the old one beside it for one start as " + PreviousVariable + " or as the credential " + credential + "-previous, and start Weir"}
	}
	before, next := v.keys().root, newRoot()
	if err := w.Replace(ctx, next); err != nil {
		return err
	}
	if err := v.underRoot(ctx, before, next); err != nil {
		return err
	}
	return w.Forget()
}

// underRoot seals the keyring under another root key, in one transaction.
func (v *Vault) underRoot(ctx context.Context, from, to Root) error {
	err := v.store.ChangeKeyring(ctx, func(stored []weir.StoredKey) (changed []weir.StoredKey, err error) {
		if underOthers(stored, to) == 0 {
			return nil, nil // another process was first
		}
		now, err := unlock(stored, from, v.store.InstanceID())
		if err != nil {
			return nil, err
		}
		for _, k := range now.all {
			changed = append(changed, k.seal(to, v.store.InstanceID()))
		}
		return changed, nil
	})
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.ring.root = to
	v.mu.Unlock()
	return v.reload(ctx)
}
