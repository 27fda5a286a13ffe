package vault

import (
	"slices"
	"time"

	"github.com/weirhq/weir"
)

// key is a key of the keyring, opened.
type key struct {
	weir.StoredKey
	secret []byte
}

// ring is the keyring, opened. It is not changed once it is made.
type ring struct {
	root     Root
	all      []key           // the oldest first
	byID     map[string]*key // those that wrap
	active   *key
	deriving []*key // the active one, then the earlier ones, the newest first
}

// newKey makes an active key with its sentinel, sealed under no root yet.
func newKey(purpose weir.KeyPurpose, now time.Time) key {
	secret := randomKey()
	return key{weir.StoredKey{ID: keyID(secret), Purpose: purpose, State: weir.KeyActive, Created: now.UnixMicro()}, secret}
}

// seal gives the key as it is stored under a root key. Its state is sealed
// with it: who can write the database cannot make up another.
func (k key) seal(root Root, instance string) weir.StoredKey {
	s := k.StoredKey
	s.Root = root.ID()
	s.Sealed = encrypt(root.derive("key-wrapping"), k.secret, boundKey(instance, s))
	if s.Sentinel == nil {
		s.Sentinel = sealRecord(instance, sentinelOf(s.ID), k.secret, []byte(sentinel))
	}
	return s
}

// inState gives the key in another state, sealed again.
func (k key) inState(state weir.KeyState, root Root, instance string) weir.StoredKey {
	k.State = state
	return k.seal(root, instance)
}

func boundKey(instance string, s weir.StoredKey) []byte {
	return fields([]byte("weir/v1"), []byte{formatOne, aesGCM}, []byte(purposeRing), []byte(instance),
		[]byte(s.ID), []byte(s.Purpose), []byte(s.State), number(s.Created), []byte(s.Root))
}

// sentinel is what every key seals once, to be opened at each start.
const sentinel = "weir sentinel"

func sentinelOf(id string) weir.Binding { return weir.Binding{Kind: "sentinel", Field: id} }

// unlock opens the whole keyring, and proves each key with its id and its
// sentinel.
func unlock(stored []weir.StoredKey, root Root, instance string) (ring, error) {
	r := ring{root: root, all: make([]key, len(stored)), byID: map[string]*key{}}
	switch others := underOthers(stored, root); others {
	case 0:
	case len(stored):
		return r, &weir.Error{Code: weir.CodeConfig, Where: "vault", Message: "wrong root key: the database's keyring is under root key " + stored[0].Root + ", this is " + root.ID() + "; nothing was written",
			Remedy: "Put back the root key that this database was made with, or restore it from the recovery kit: `weir vault restore`"}
	default:
		return r, tampered("its keys are under different root keys")
	}
	for i, s := range stored {
		k := &r.all[i]
		k.StoredKey = s
		var err error
		if k.secret, err = decrypt(root.derive("key-wrapping"), s.Sealed, boundKey(instance, s)); err != nil {
			return r, tampered("key " + s.ID + " does not open")
		}
		if keyID(k.secret) != s.ID {
			return r, tampered("key " + s.ID + " has another's id")
		}
		if known, err := openRecord(instance, sentinelOf(s.ID), k.secret, s.Sentinel); err != nil || string(known) != sentinel {
			return r, tampered("the sentinel of key " + s.ID + " does not open")
		}
	}
	return r, r.sort()
}

// sort files the keys under what they are for. Of each purpose there is one
// active key: a second is an older row that somebody put back.
func (r *ring) sort() error {
	count := map[weir.KeyPurpose]int{}
	for i := range r.all {
		k := &r.all[i]
		if k.State == weir.KeyActive {
			count[k.Purpose]++
		}
		switch {
		case k.Purpose == weir.KeyDerives && k.State == weir.KeyActive:
			r.deriving = append([]*key{k}, r.deriving...)
		case k.Purpose == weir.KeyDerives:
			r.deriving = slices.Insert(r.deriving, min(len(r.deriving), count[weir.KeyDerives]), k)
		case k.State == weir.KeyActive:
			r.active = k
			fallthrough
		default:
			r.byID[k.ID] = k
		}
	}
	if count[weir.KeyWraps] != 1 || count[weir.KeyDerives] != 1 {
		return tampered("it does not have just one active key of each purpose")
	}
	return nil
}

func underOthers(stored []weir.StoredKey, root Root) (n int) {
	for _, s := range stored {
		if s.Root != root.ID() {
			n++
		}
	}
	return n
}

func tampered(what string) error {
	return &weir.Error{Code: weir.CodeConfig, Where: "vault", Message: "the keyring was tampered with: " + what + "; nothing was written",
		Remedy: "Keep this database for an investigation, and restore a backup"}
}
