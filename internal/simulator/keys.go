package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir"
)

// The prefixes of Cal.com keys: the hosted service's live keys carry the long
// one, and whatever begins with the short one is taken for a key.
const (
	keyPrefix     = "cal_"
	liveKeyPrefix = "cal_live_"
)

// KeyInfo is one key that the simulator knows.
type KeyInfo struct {
	Name    string
	Key     string     // of a generated key; "" for one that was issued: it was shown once and only its hash is kept
	Note    string     // what the key is good for
	Owner   string     // username of the key's user
	Expires time.Time  // zero for never; only the day counts, observed 2026-11-23
	Limits  []KeyLimit // own limits in place of the default one
	Digest  string     // names the key in arrivals, without giving it away

	user      int
	generated bool
}

// KeyLimit is a limit of one key, as support may set it on the real service.
// A key with several is refused only when all are exceeded (observed
// 2026-11-23).
type KeyLimit struct {
	Name   string // the headers' suffix is this name with a capital
	Limit  int
	Window time.Duration // and length of the block
}

// NewKey says what key to issue.
type NewKey struct {
	Name   string     // unique; "" for one that is made up
	User   int        // id of the user whom the key opens; 0 for the owner
	Note   string     // free text
	Days   int        // how long it is valid; 0 means 30 days
	Never  bool       // never expires
	Limits []KeyLimit // own limits; none for the default one
}

// defaultKeyDays is how long a key is valid unless something else is asked
// for (observed 2026-11-23 of a refreshed one).
const defaultKeyDays = 30

// keyCached is how long the real server remembers a key's limits: as long it
// knows that a revoked key was one.
const keyCached = time.Hour

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

// keyFor derives a key from the seed, so that it survives a restart.
func keyFor(seed uint64, name string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "simulated key %d %s", seed, name))
	return liveKeyPrefix + hex.EncodeToString(sum[:16])
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

// Keys lists the keys that open the simulator, the owner's first.
func (s *Simulator) Keys() []KeyInfo { return s.keyring.list() }

// AddKey issues a key and returns it; it cannot be had again. The error is
// CodeUsage for a name that is taken or a user who does not exist.
func (s *Simulator) AddKey(k NewKey) (string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if k.User == 0 {
		k.User = alice
	}
	u := s.dir.user(k.User)
	if u == nil {
		return "", &weir.Error{Code: weir.CodeUsage, Where: "user", Message: fmt.Sprintf("there is no user %d", k.User), Remedy: "Use the id of one of the simulated users"}
	}
	for _, known := range s.Keys() {
		if known.Name == k.Name {
			return "", &weir.Error{Code: weir.CodeUsage, Where: "name", Message: "there is a key named " + k.Name, Remedy: "Choose another name, or remove that key"}
		}
	}
	for _, l := range k.Limits {
		if l.Name == "" || l.Limit < 1 || l.Window <= 0 {
			return "", &weir.Error{Code: weir.CodeUsage, Where: "limit", Message: "a limit needs a name, a number and a window", Remedy: "Write name=60/1m"}
		}
	}
	info := KeyInfo{Name: k.Name, Note: k.Note, Owner: u.username, Limits: k.Limits, user: u.id}
	if !k.Never {
		info.Expires = expiry(s.now(), k.Days)
	}
	return s.keyring.issue(liveKeyPrefix, info), nil
}

func expiry(now time.Time, days int) time.Time {
	if days == 0 {
		days = defaultKeyDays
	}
	return now.Add(time.Duration(min(days, 36500)) * 24 * time.Hour)
}

// RemoveKey revokes the key with a name and says whether there was one.
func (s *Simulator) RemoveKey(name string) bool {
	for _, k := range s.Keys() {
		if k.Name == name {
			s.keyring.revoke(s.keyring.hashOf(name), s.now())
			return true
		}
	}
	return false
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

// seedKeys makes the keys that every simulator has.
func seedKeys(o Options, d *directory, now time.Time) *keyring {
	midnight := now.UTC().Truncate(24 * time.Hour)
	own := []KeyLimit{{"short", 5, o.Window / 6}, {"long", 20, o.Window}}
	ring := newKeyring(o.Seed)
	for _, info := range []KeyInfo{
		{Name: "owner", user: alice, Note: "owner of a team: sees all members' bookings"},
		{Name: "expired", user: alice, Expires: midnight.Add(-36 * time.Hour), Note: "expired the day before yesterday: 401"},
		{Name: "today", user: dave, Expires: midnight, Note: "expires today: still works"},
		{Name: "member", user: erin, Note: "plain team member: sees own bookings only"},
		{Name: "admin", user: carol, Note: "team admin: sees what the owner sees"},
		{Name: "other-owner", user: bob, Note: "owner of another team"},
		{Name: "empty", user: dave, Note: "an account without any data"},
		{Name: "org-owner", user: orgadmin, Note: "owner of an organization"},
		{Name: "org-member", user: orgmember, Note: "plain member of the organization"},
		{Name: "limits", user: alice, Limits: own, Note: fmt.Sprintf("two own limits: %d per %v and %d per %v", own[0].Limit, own[0].Window, own[1].Limit, own[1].Window)},
	} {
		info.generated, info.Owner = true, d.user(info.user).username
		ring.put(keyFor(o.Seed, info.Name), info)
	}
	return ring
}

// expired compares whole days: a key that expired an hour ago still works
// today (observed 2026-11-23).
func (k *KeyInfo) expired(now time.Time) bool {
	return !k.Expires.IsZero() && now.UTC().Truncate(24*time.Hour).After(k.Expires.UTC().Truncate(24*time.Hour))
}

func looksLikeKey(token string) bool { return strings.HasPrefix(token, keyPrefix) }
