package vault

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir"
)

// When the active key is due to be rotated. One key may safely wrap 2^32
// times with random nonces (NIST SP 800-38D); this is far below.
const (
	dueAge   = 90 * 24 * time.Hour
	dueWraps = 1 << 24
)

// KeyStatus is one key of the keyring, without anything secret.
type KeyStatus struct {
	ID      string
	Purpose weir.KeyPurpose
	State   weir.KeyState
	Created time.Time
	Secrets int64 // that lie under it
	Wraps   int64 // how often it has sealed those that do
}

// Status is how the vault stands.
type Status struct {
	Place   string // where the root key lies
	Root    string // its id
	Keys    []KeyStatus
	Secrets int64
	Advice  []string // what the user should do, in the imperative
}

// Status says how the vault stands and what is due.
func (v *Vault) Status(ctx context.Context) (Status, error) {
	if err := v.reload(ctx); err != nil {
		return Status{}, err
	}
	uses, err := v.store.KeyUses(ctx)
	if err != nil {
		return Status{}, err
	}
	now := v.keys()
	s := Status{Place: v.place.Name(), Root: now.root.ID()}
	for _, k := range now.all {
		one := KeyStatus{ID: k.ID, Purpose: k.Purpose, State: k.State, Created: time.UnixMicro(k.Created).UTC()}
		for _, u := range uses {
			if u.Key == k.ID {
				one.Secrets, one.Wraps = u.Secrets, u.Wraps
			}
		}
		s.Secrets += one.Secrets
		s.Keys = append(s.Keys, one)
		if k.State == weir.KeyActive && k.Purpose == weir.KeyWraps {
			s.Advice = append(s.Advice, v.due(one)...)
		}
	}
	if now.unfinished() {
		s.Advice = append(s.Advice, "A rotation was not finished: run `weir vault rotate`")
	}
	return s, nil
}

// due says why the active key should be rotated, if it should.
func (v *Vault) due(k KeyStatus) (advice []string) {
	if age := v.now().Sub(k.Created); age > dueAge {
		advice = append(advice, fmt.Sprintf("The active key is %d days old, more than %d: run `weir vault rotate`", age/(24*time.Hour), dueAge/(24*time.Hour)))
	}
	if k.Wraps >= dueWraps {
		advice = append(advice, fmt.Sprintf("The active key has sealed %d times, more than %d: run `weir vault rotate`", k.Wraps, dueWraps))
	}
	return advice
}
