package vault

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir"
)

// freshFor is how long a keyring that was read is taken for the present one
// when something is sealed. Sealed under a key that was retired since, a
// value is refused by the store, and is to be sealed again.
const freshFor = 5 * time.Second

// reloadTime is how long reading the keyring again may take.
const reloadTime = 10 * time.Second

// Seal seals a value for the place it is bound to.
func (v *Vault) Seal(b weir.Binding, value weir.Secret) (weir.SealedSecret, error) {
	if err := v.follow(); err != nil {
		return weir.SealedSecret{}, err
	}
	active := v.keys().active
	return weir.SealedSecret{Binding: b, Key: active.ID, Sealed: sealRecord(v.store.InstanceID(), b, active.secret, []byte(value.Expose()))}, nil
}

// Open opens a sealed value. That the binding it is stored with is the one
// that the caller needs is for the caller to compare; OpenFor does both.
func (v *Vault) Open(s weir.SealedSecret) (weir.Secret, error) {
	k, err := v.key(s)
	if err != nil {
		return weir.Secret{}, err
	}
	value, err := openRecord(v.store.InstanceID(), s.Binding, k.secret, s.Sealed)
	if err != nil {
		return weir.Secret{}, refused(s.Binding, "the stored value is not what was sealed for this place")
	}
	return weir.NewSecret(string(value)), nil
}

// OpenFor opens a sealed value if it is bound to just this place. A row that
// somebody put back from before has an older version, and is refused.
func (v *Vault) OpenFor(b weir.Binding, s weir.SealedSecret) (weir.Secret, error) {
	if s.Binding != b {
		return weir.Secret{}, refused(b, "what is stored here is bound to another place or version")
	}
	return v.Open(s)
}

// Rewrap puts the value's own key under the active key of the keyring, and
// does not open the value.
func (v *Vault) Rewrap(s weir.SealedSecret) (weir.SealedSecret, error) {
	k, err := v.key(s)
	if err != nil {
		return s, err
	}
	active := v.keys().active
	sealed, err := rewrapRecord(v.store.InstanceID(), s.Binding, k.secret, active.secret, s.Sealed)
	if err != nil {
		return s, refused(s.Binding, "the stored value is not what was sealed for this place")
	}
	s.Key, s.Sealed = active.ID, sealed
	return s, nil
}

// Reseal opens the value and seals it with a new key of its own.
func (v *Vault) Reseal(s weir.SealedSecret) (weir.SealedSecret, error) {
	value, err := v.Open(s)
	if err != nil {
		return s, err
	}
	return v.Seal(s.Binding, value)
}

// key gives the key that the value says it is under. It is never looked for
// by trial.
func (v *Vault) key(s weir.SealedSecret) (*key, error) {
	k := v.keys().byID[s.Key]
	if k == nil { // another process may have rotated
		ctx, cancel := context.WithTimeout(context.Background(), reloadTime)
		defer cancel()
		if err := v.reload(ctx); err != nil {
			return nil, err
		}
		k = v.keys().byID[s.Key]
	}
	switch {
	case k == nil:
		return nil, refused(s.Binding, "it is sealed under a key that the keyring does not have")
	case k.State == weir.KeyRetired:
		return nil, refused(s.Binding, "it is sealed under a key that was retired: it is older than the database")
	}
	return k, nil
}

// follow reads the keyring again when it was not read for a while.
func (v *Vault) follow() error {
	v.mu.RLock()
	fresh := v.now().Sub(v.read) < freshFor
	v.mu.RUnlock()
	if fresh {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), reloadTime)
	defer cancel()
	return v.reload(ctx)
}

// refused is an error about one stored value.
func refused(b weir.Binding, message string) error {
	return &weir.Error{Code: weir.CodeIntegrity, Where: fmt.Sprintf("credential %d, %s", b.Credential, b.Field), Message: message,
		Remedy: "Somebody may have changed the database: look into that first, then enter the secret again"}
}
