package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"
)

// keyring holds keys by the hash of their secret part.
type keyring struct {
	mu      sync.RWMutex
	order   []string
	byHash  map[string]*KeyInfo
	revoked map[string]time.Time // when
	issued  uint64
	seed    uint64
}

func newKeyring(seed uint64) *keyring {
	return &keyring{byHash: map[string]*KeyInfo{}, revoked: map[string]time.Time{}, seed: seed}
}

// keyHash is what is stored of a key: the hash of it without its prefix.
func keyHash(token string) string {
	sum := sha256.Sum256([]byte(strings.TrimPrefix(strings.TrimPrefix(token, keyPrefix), "live_")))
	return hex.EncodeToString(sum[:])
}

// keyDigest names a key without giving it away.
func keyDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:4])
}

func (k *keyring) put(token string, info KeyInfo) {
	info.Key, info.Digest = "", keyDigest(token)
	hash := keyHash(token)
	k.byHash[hash] = &info
	k.order = append(k.order, hash)
}

// find gives what is known of a token; gone says that it was a key lately.
func (k *keyring) find(token string, now time.Time) (info KeyInfo, known, gone bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	hash := keyHash(token)
	if found := k.byHash[hash]; found != nil {
		return *found, true, false
	}
	at, was := k.revoked[hash]
	return KeyInfo{}, false, was && now.Before(at.Add(keyCached))
}

// issue makes a new key.
func (k *keyring) issue(prefix string, info KeyInfo) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.issued++
	if info.Name == "" {
		info.Name = fmt.Sprintf("key-%d", k.issued)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "issued key %d %d %s", k.seed, k.issued, info.Name))
	token := prefix + hex.EncodeToString(sum[:16])
	info.generated = false
	k.put(token, info)
	return token
}

// revoke ends a key by its hash.
func (k *keyring) revoke(hash string, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.byHash, hash)
	k.revoked[hash] = now
	for i, h := range k.order {
		if h == hash {
			k.order = append(k.order[:i:i], k.order[i+1:]...)
			break
		}
	}
}

func (k *keyring) list() []KeyInfo {
	k.mu.RLock()
	defer k.mu.RUnlock()
	all := make([]KeyInfo, 0, len(k.order))
	for _, hash := range k.order {
		info := *k.byHash[hash]
		if info.generated {
			info.Key = keyFor(k.seed, info.Name)
		}
		all = append(all, info)
	}
	return all
}

func (k *keyring) hashOf(name string) string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for hash, info := range k.byHash {
		if info.Name == name {
			return hash
		}
	}
	return ""
}
