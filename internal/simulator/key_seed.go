package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// keyFor derives a key from the seed, so that it survives a restart.
func keyFor(seed uint64, name string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "simulated key %d %s", seed, name))
	return liveKeyPrefix + hex.EncodeToString(sum[:16])
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
