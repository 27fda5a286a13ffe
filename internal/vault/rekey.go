package vault

import (
	"context"
	"slices"

	"github.com/weirhq/weir"
)

// Rekey is for when somebody may have had the root key: a new root key, new
// keys in the keyring, and every value sealed anew with a key of its own.
// Stopped at any point, it is finished by the next Rekey or Rotate. It
// returns what the values were for: whoever had the root key may have those
// too, so the user replaces them where they were made.
func (v *Vault) Rekey(ctx context.Context, s Secrets, progress func(done int)) (r Rotation, exposed []weir.Binding, err error) {
	if !v.replaced { // else whoever keeps the root key has just done it
		if err := v.RotateRoot(ctx); err != nil {
			return r, nil, err
		}
	}
	err = v.changeKeys(ctx, func(now ring) (changed []weir.StoredKey) {
		for _, k := range now.all {
			if k.State != weir.KeyRetired {
				changed = append(changed, k.inState(weir.KeyCompromised, now.root, v.store.InstanceID()))
			}
		}
		for _, purpose := range []weir.KeyPurpose{weir.KeyWraps, weir.KeyDerives} {
			changed = append(changed, newKey(purpose, v.now()).seal(now.root, v.store.InstanceID()))
		}
		return changed
	})
	if err != nil {
		return r, nil, err
	}
	if err := v.finish(ctx, s, &r, progress); err != nil {
		return r, nil, err
	}
	err = each(ctx, s, func(one weir.SealedSecret) { exposed = append(exposed, one.Binding) })
	return r, exposed, err
}

// Rekeyed reports whether a Rekey, by whatever process, has taken away what this
// vault derives its keys from. Who holds derived keys from before knows neither
// sessions nor rights any more, and must start anew. It reads and opens nothing
// secret.
func (v *Vault) Rekeyed(ctx context.Context) (bool, error) {
	stored, err := v.store.Keyring(ctx)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(stored, func(k weir.StoredKey) bool {
		return k.Purpose == weir.KeyDerives && k.State == weir.KeyActive && k.ID == v.derives
	}), nil
}
