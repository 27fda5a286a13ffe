package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// The prefixes of Cal.com keys: the hosted service's live keys carry the long
// one, and whatever begins with the short one is taken for a key.
const (
	keyPrefix     = "cal_"
	liveKeyPrefix = "cal_live_"
)

// KeyInfo is one key that the simulator knows. It opens nothing but the
// simulator, so it may be printed.
type KeyInfo struct {
	Name    string
	Key     string
	Note    string     // what the key is good for
	Expires time.Time  // zero for never; only the day counts, observed 2026-11-23
	Limits  []KeyLimit // own limits in place of the default one

	user int
}

// KeyLimit is a limit of one key, as support may set it on the real service.
// A key with several is refused only when all are exceeded (observed
// 2026-11-23).
type KeyLimit struct {
	Name   string // the headers' suffix is this name with a capital
	Limit  int
	Window time.Duration // and length of the block
}

// Keys lists the keys that open the simulator, the owner's first.
func (s *Simulator) Keys() []KeyInfo { return append([]KeyInfo(nil), s.keys...) }

func newKeys(o Options) []KeyInfo {
	now := o.Now()
	midnight := now.UTC().Truncate(24 * time.Hour)
	own := []KeyLimit{{"short", 5, o.Window / 6}, {"long", 20, o.Window}}
	keys := []KeyInfo{
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
	}
	for i := range keys {
		keys[i].Key = keyFor(o.Seed, keys[i].Name)
	}
	return keys
}

// keyFor derives a key from the seed, so that it survives a restart.
func keyFor(seed uint64, name string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "simulated key %d %s", seed, name))
	return liveKeyPrefix + hex.EncodeToString(sum[:16])
}

func (s *Simulator) key(token string) *KeyInfo {
	for i := range s.keys {
		if s.keys[i].Key == token {
			return &s.keys[i]
		}
	}
	return nil
}

// expired compares whole days: a key that expired an hour ago still works
// today (observed 2026-11-23).
func (k *KeyInfo) expired(now time.Time) bool {
	return !k.Expires.IsZero() && now.UTC().Truncate(24*time.Hour).After(k.Expires.UTC().Truncate(24*time.Hour))
}

func looksLikeKey(token string) bool { return strings.HasPrefix(token, keyPrefix) }

// keyDigest names a key without giving it away.
func keyDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:4])
}
