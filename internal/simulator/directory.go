package simulator

import (
	"slices"
	"time"
)

// directory is everything but the bookings: the same accounts as in the
// observed server, so that ids in paths mean the same things.
type directory struct {
	born        time.Time // when the data was made
	users       []user
	teams       []team
	memberships []membership
	schedules   []schedule
	events      []eventType
	webhooks    []webhook
	absences    []absence
	verified    []verified
}

func newDirectory(now time.Time) *directory {
	return &directory{
		born: now.UTC().Truncate(24 * time.Hour), users: seedUsers(), teams: seedTeams(), memberships: seedMemberships(),
		schedules: seedSchedules(), events: seedEventTypes(), webhooks: seedWebhooks(), absences: seedAbsences(), verified: seedVerified(),
	}
}

// byID finds an element by its id, or nil.
func byID[T any](all []T, id int, of func(*T) int) *T {
	for i := range all {
		if of(&all[i]) == id {
			return &all[i]
		}
	}
	return nil
}

func (d *directory) user(id int) *user { return byID(d.users, id, func(u *user) int { return u.id }) }
func (d *directory) team(id int) *team { return byID(d.teams, id, func(t *team) int { return t.id }) }

func (d *directory) eventType(id int) *eventType {
	return byID(d.events, id, func(e *eventType) int { return e.id })
}

func (d *directory) userNamed(name string) *user {
	i := slices.IndexFunc(d.users, func(u user) bool { return u.username == name })
	if i < 0 {
		return nil
	}
	return &d.users[i]
}

// role is a user's role in a team or organization, "" for none.
func (d *directory) role(user, team int) string {
	for _, m := range d.memberships {
		if m.user == user && m.team == team {
			return m.role
		}
	}
	return ""
}

func (d *directory) members(team int) []membership {
	var all []membership
	for _, m := range d.memberships {
		if m.team == team {
			all = append(all, m)
		}
	}
	return all
}

// visible is the set of users, as bits by id, whose bookings a user may list:
// the own ones, and those of all members of what one owns or administers
// (observed 2026-11-23).
func (d *directory) visible(user int) userSet {
	set := userSet(0).with(user)
	for _, m := range d.memberships {
		if m.user == user && m.role != roleMember {
			for _, other := range d.members(m.team) {
				set = set.with(other.user)
			}
		}
	}
	return set
}

// userSet is a set of user ids below 64.
type userSet uint64

func (s userSet) with(id int) userSet   { return s | 1<<id }
func (s userSet) has(id uint8) bool     { return s>>id&1 == 1 }
func (s userSet) and(o userSet) userSet { return s & o }
