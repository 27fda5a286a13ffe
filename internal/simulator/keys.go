package simulator

import (
	"fmt"
	"strings"
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

// expired compares whole days: a key that expired an hour ago still works
// today (observed 2026-11-23).
func (k *KeyInfo) expired(now time.Time) bool {
	return !k.Expires.IsZero() && now.UTC().Truncate(24*time.Hour).After(k.Expires.UTC().Truncate(24*time.Hour))
}

func looksLikeKey(token string) bool { return strings.HasPrefix(token, keyPrefix) }
