package simulator

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"
)

// directory is everything but the bookings: the same accounts as in the
// observed server, so that ids in paths mean the same things. It is guarded by
// Simulator.mu.
type directory struct {
	born         time.Time // when the data was made
	seed         uint64
	users        []*user
	teams        []*team
	memberships  []*membership
	schedules    []*schedule
	events       []*eventType
	byEvent      map[int]*eventType
	webhooks     []*webhook
	absences     []*absence
	verified     []*verified
	reservations []*reservation
	things       map[string][]*thing
	defaults     map[string]string // conferencing apps, by whose they are
	lastIDs      map[string]int
	lastUUID     uint64
}

// firstNewID is the id before the first that the API gives out (observed
// 2026-11-23).
const firstNewID = 1000

func newDirectory(now time.Time, seed uint64) *directory {
	d := &directory{
		born: now.UTC().Truncate(24 * time.Hour), seed: seed, users: pointers(seedUsers()), teams: pointers(seedTeams()),
		memberships: pointers(seedMemberships()), schedules: pointers(seedSchedules()), events: pointers(seedEventTypes()),
		webhooks: pointers(seedWebhooks()), absences: pointers(seedAbsences()), verified: pointers(seedVerified()),
		byEvent: map[int]*eventType{}, things: map[string][]*thing{}, defaults: map[string]string{}, lastIDs: map[string]int{},
	}
	for _, e := range d.events {
		d.byEvent[e.id] = e
	}
	d.seedThings()
	return d
}

func pointers[T any](all []T) []*T {
	out := make([]*T, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out
}

// nextID gives the next id of a kind of thing.
func (d *directory) nextID(kind string) int {
	d.lastIDs[kind]++
	return firstNewID + d.lastIDs[kind]
}

// nextUUID gives an id that was not given before and follows from the seed.
func (d *directory) nextUUID() string {
	d.lastUUID++
	return uuidOf(mix(d.seed)^d.lastUUID<<1, 0)
}

// uuidOf derives a random-looking UUID from a number and a place under it.
func uuidOf(tag uint64, place int) string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], mix(tag+uint64(place)))
	binary.BigEndian.PutUint64(id[8:], mix(tag^uint64(place+1)))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

// byID finds an element by its id, or nil.
func byID[T any](all []*T, id int, of func(*T) int) *T {
	for _, one := range all {
		if of(one) == id {
			return one
		}
	}
	return nil
}

// dropOne takes an element out of a list.
func dropOne[T comparable](all []T, one T) []T {
	return slices.DeleteFunc(all, func(other T) bool { return other == one })
}

func (d *directory) user(id int) *user { return byID(d.users, id, func(u *user) int { return u.id }) }
func (d *directory) team(id int) *team { return byID(d.teams, id, func(t *team) int { return t.id }) }

func (d *directory) eventType(id int) *eventType { return d.byEvent[id] }

// event is a row's event type; one that is deleted shows as such.
func (d *directory) event(r *row) *eventType { return d.byEvent[int(r.event)] }

func (d *directory) userNamed(name string) *user {
	i := slices.IndexFunc(d.users, func(u *user) bool { return u.username == name })
	if i < 0 {
		return nil
	}
	return d.users[i]
}

// role is a user's role in a team or organization, "" for none.
func (d *directory) role(user, team int) string {
	if m := d.membership(user, team); m != nil && m.accepted {
		return m.role
	}
	return ""
}

func (d *directory) membership(user, team int) *membership {
	for _, m := range d.memberships {
		if m.user == user && m.team == team {
			return m
		}
	}
	return nil
}

func (d *directory) members(team int) []*membership {
	var all []*membership
	for _, m := range d.memberships {
		if m.team == team {
			all = append(all, m)
		}
	}
	return all
}

// visible is the set of users whose bookings a user may list: the own ones,
// and those of all members of what one owns or administers (observed
// 2026-11-23).
func (d *directory) visible(user int) userSet {
	set := userSet{}.with(user)
	for _, m := range d.memberships {
		if m.user == user && m.accepted && m.role != roleMember {
			for _, other := range d.members(m.team) {
				set = set.with(other.user)
			}
		}
	}
	return set
}

// mostUsers is how many users there can be: rows have one byte for their host.
const mostUsers = 255

// userSet is a set of user ids up to mostUsers.
type userSet [4]uint64

// everybody is the set of all users.
var everybody = userSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

func (s userSet) with(id int) userSet { s[id>>6&3] |= 1 << (id & 63); return s }
func (s *userSet) has(id uint8) bool  { return s[id>>6]>>(id&63)&1 == 1 }
