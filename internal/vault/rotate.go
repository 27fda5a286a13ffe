package vault

import (
	"context"

	"github.com/weirhq/weir"
)

// Secrets is where the sealed values lie.
type Secrets interface {
	// AllSecrets gives up to n in the order of credential and field, from
	// after (credential, field) on.
	AllSecrets(ctx context.Context, credential int64, field string, n int) ([]weir.SealedSecret, error)
	// ChangeSecrets hands f up to n of those under a key, in that order, and
	// writes those it returns in their places, in one transaction.
	ChangeSecrets(ctx context.Context, key string, credential int64, field string, n int, f func([]weir.SealedSecret) ([]weir.SealedSecret, error)) (given int, err error)
	// RetireKey writes a key that opens nothing any more; CodeConflict while
	// a secret lies under it.
	RetireKey(ctx context.Context, k weir.StoredKey) error
}

// batch is how many values change in one transaction.
const batch = 500

// Rotation is what became of one.
type Rotation struct {
	Key     string    // id of the key that is active now
	Resumed bool      // it finished an earlier one, and made no new key
	Changed int       // values that are under another key now
	Retired []string  // ids of the keys that open nothing any more
	Failed  []Failure // values that do not open; the keys that they are under stay
}

// Rotate makes a new active key, brings every value under it without opening
// one, opens all of them once to see that they do, and retires the keys that
// nothing is under. Stopped at any point, it is finished by the next call.
// Progress, when not nil, is told how many values were done so far.
func (v *Vault) Rotate(ctx context.Context, s Secrets, progress func(done int)) (r Rotation, err error) {
	err = v.changeKeys(ctx, func(now ring) (changed []weir.StoredKey) {
		if len(now.leaving()) > 0 {
			r.Resumed = true
			return nil
		}
		return []weir.StoredKey{
			now.active.inState(weir.KeyDecryptOnly, now.root, v.store.InstanceID()),
			newKey(weir.KeyWraps, v.now()).seal(now.root, v.store.InstanceID()),
		}
	})
	if err != nil {
		return r, err
	}
	return r, v.finish(ctx, s, &r, progress)
}

// leaving lists the keys that are to be emptied and retired.
func (r ring) leaving() (keys []*key) {
	for i := range r.all {
		k := &r.all[i]
		if k.Purpose == weir.KeyWraps && (k.State == weir.KeyDecryptOnly || k.State == weir.KeyCompromised) {
			keys = append(keys, k)
		}
	}
	return keys
}

// changeKeys changes the keyring as it is stored now, and reads it again.
func (v *Vault) changeKeys(ctx context.Context, f func(now ring) []weir.StoredKey) error {
	if err := v.reload(ctx); err != nil {
		return err
	}
	err := v.store.ChangeKeyring(ctx, func(stored []weir.StoredKey) ([]weir.StoredKey, error) {
		now, err := unlock(stored, v.keys().root, v.store.InstanceID())
		if err != nil {
			return nil, err
		}
		return f(now), nil
	})
	if err != nil {
		return err
	}
	return v.reload(ctx)
}

// attempts is how often a rotation goes round: another process may put a
// value under the old key until it has heard of the new one.
const attempts = 3

// finish empties every key but the active one, and retires those that are
// empty once everything has been opened.
func (v *Vault) finish(ctx context.Context, s Secrets, r *Rotation, progress func(int)) (err error) {
	for range attempts {
		if err = v.finishOnce(ctx, s, r, progress); weir.CodeOf(err) != weir.CodeConflict {
			return err
		}
	}
	return err
}

func (v *Vault) finishOnce(ctx context.Context, s Secrets, r *Rotation, progress func(int)) error {
	if err := v.reload(ctx); err != nil {
		return err
	}
	now := v.keys()
	r.Key = now.active.ID
	for _, k := range now.leaving() {
		if err := v.empty(ctx, s, k, r, progress); err != nil {
			return err
		}
	}
	check, err := v.Verify(ctx, s)
	if r.Failed = check.Failed; err != nil || len(r.Failed) > 0 {
		return err
	}
	for _, k := range now.leaving() {
		if err := s.RetireKey(ctx, k.inState(weir.KeyRetired, now.root, v.store.InstanceID())); err != nil {
			return err
		}
		r.Retired = append(r.Retired, k.ID)
	}
	return v.reload(ctx)
}

// empty brings everything under one key under the active one. It goes round
// until a whole round changed nothing: others may have been writing.
func (v *Vault) empty(ctx context.Context, s Secrets, k *key, r *Rotation, progress func(int)) error {
	change := v.Rewrap
	if k.State == weir.KeyCompromised {
		change = v.Reseal
	}
	for {
		before := r.Changed
		if err := v.round(ctx, s, k.ID, change, r, progress); err != nil || r.Changed == before {
			return err
		}
	}
}

// round goes once through what is under a key. Values that do not open stay
// where they are: Verify names them.
func (v *Vault) round(ctx context.Context, s Secrets, id string, change func(weir.SealedSecret) (weir.SealedSecret, error), r *Rotation, progress func(int)) error {
	var last weir.Binding
	for {
		var changed []weir.SealedSecret
		given, err := s.ChangeSecrets(ctx, id, last.Credential, last.Field, batch, func(all []weir.SealedSecret) ([]weir.SealedSecret, error) {
			changed, last = nil, all[len(all)-1].Binding
			for _, one := range all {
				next, err := change(one)
				if weir.CodeOf(err) == weir.CodeIntegrity {
					continue
				}
				if err != nil {
					return nil, err
				}
				changed = append(changed, next)
			}
			return changed, nil
		})
		if err != nil {
			return err
		}
		if given == 0 {
			return nil
		}
		if r.Changed += len(changed); progress != nil {
			progress(r.Changed)
		}
		if given < batch {
			return nil
		}
	}
}
