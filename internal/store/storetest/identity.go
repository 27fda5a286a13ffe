package storetest

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var identityPromises = map[string]func(*world){
	"AUserIsSealedWithItsIdAndAloneHasItsLogin": func(w *world) {
		ann := w.user("ann")
		u, found, err := w.db.UserByLogin(w.Context(), "ann")
		if err != nil || !found || u.ID != ann || string(u.MAC) != "user "+strconv.FormatInt(ann, 10) {
			w.Errorf("%+v %v", u, err)
		}
		err = w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.PutUser(w.Context(), &store.User{Login: "ann", Created: 2}, sealUser)
		})
		w.refused(err, weir.CodeConflict)
		ben := w.user("ben")
		w.change(func(tx *store.Tx) error {
			u, err := tx.User(w.Context(), ben)
			w.must(err)
			u.FullName, u.Updated = "Ben", 7
			return tx.PutUser(w.Context(), &u, sealUser)
		})
		if u, _, err := w.db.UserByLogin(w.Context(), "ben"); err != nil || u.FullName != "Ben" || u.Created != 1 || u.Updated != 7 {
			w.Errorf("%+v %v", u, err)
		}
		if _, found, err := w.db.UserByLogin(w.Context(), "cat"); found || err != nil {
			w.Error(found, err)
		}
		if n, err := w.db.Users(w.Context()); n != 2 || err != nil {
			w.Error(n, err)
		}
	},
	"OneStatementHasAllThatDecidesAboutASession": func(w *world) {
		org, ann := w.member("ann")
		k := w.serviceKey(org, ann)
		for _, key := range []int64{0, k.ID} {
			s := w.session(org, ann, key, 100)
			a, found, err := w.db.Authentic(w.Context(), s.Hash)
			if err != nil || !found || a.Session.ID != s.ID || string(a.Session.MAC) != "session" || a.User.Login != "ann" || a.Membership.Role != "owner" || (a.Key != nil) != (key != 0) {
				w.Errorf("%+v %v", a, err)
			}
			if a.Key != nil && (a.Key.ID != k.ID || string(a.Key.MAC) != "key 0" || !bytes.Equal(a.Key.Hash, k.Hash)) {
				w.Errorf("%+v", a.Key)
			}
		}
		if _, found, err := w.db.Authentic(w.Context(), []byte("none")); found || err != nil {
			w.Error(found, err)
		}
	},
	"SessionsEndOneByOneTogetherAndByTime": func(w *world) {
		org, ann := w.member("ann")
		_, ben := w.member("ben")
		one, two, three := w.session(org, ann, 0, 100), w.session(org, ann, 0, 100), w.session(org, ann, 0, 100)
		for user, want := range map[int64]bool{ben: false, ann: true} {
			w.change(func(tx *store.Tx) error {
				ended, err := tx.EndSession(w.Context(), user, one.ID)
				if ended != want {
					w.Errorf("user %d ended it: %v", user, ended)
				}
				return err
			})
		}
		w.lives(false, one)
		w.change(func(tx *store.Tx) error { return tx.EndSessions(w.Context(), org+1, ann, 0) })
		w.lives(true, two, three)
		w.change(func(tx *store.Tx) error { return tx.EndSessions(w.Context(), 0, ann, three.ID) })
		w.lives(false, two)
		w.lives(true, three)
		late := store.Session{Hash: []byte("late"), Org: org, User: ann, Created: 100, Expires: 200}
		w.change(func(tx *store.Tx) error { return tx.CreateSession(w.Context(), &late, sealSession) })
		w.lives(false, three)
		w.lives(true, late)
	},
	"AUseIsNotedOnceInAWhile": func(w *world) {
		org, ann := w.member("ann")
		s := w.session(org, ann, 0, 1000)
		for _, c := range []struct{ at, before, want int64 }{{50, 0, 1}, {60, 10, 60}, {70, 10, 60}} {
			w.must(w.db.TouchSession(w.Context(), s.ID, c.at, c.before))
			if a, _, err := w.db.Authentic(w.Context(), s.Hash); err != nil || a.Session.Seen != c.want {
				w.Errorf("at %d: %d, %v", c.at, a.Session.Seen, err)
			}
		}
	},
	"ARevokedKeyTakesItsSessionsAlong": func(w *world) {
		org, ann := w.member("ann")
		k, other := w.serviceKey(org, ann), w.serviceKey(org, ann)
		gone, stays := w.session(org, ann, k.ID, 100), w.session(org, ann, other.ID, 100)
		w.change(func(tx *store.Tx) error { return tx.RevokeKey(w.Context(), &k, 50, sealKey) })
		w.lives(false, gone)
		w.lives(true, stays)
		w.change(func(tx *store.Tx) error {
			got, found, err := tx.KeyByHash(w.Context(), k.Hash)
			if !found || got.Revoked != 50 || string(got.MAC) != "key 50" {
				w.Errorf("%+v", got)
			}
			_, foreign := tx.Key(w.Context(), org+1, k.ID)
			w.refused(foreign, weir.CodeNotFound)
			return err
		})
	},
	"NoTryIsLost": func(w *world) {
		const each = 10
		handles := []*store.DB{w.db, w.open()}
		var group sync.WaitGroup
		for i := range 6 {
			group.Go(func() {
				for range each {
					err := handles[i%2].Change(w.Context(), func(tx *store.Tx) error {
						b, err := tx.Attempts(w.Context(), []byte("ann"), 5)
						if err != nil {
							return err
						}
						return tx.SaveAttempts(w.Context(), []byte("ann"), binary.AppendUvarint(b, 1), 5)
					})
					if err != nil {
						w.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		if b, err := w.db.Attempts(w.Context(), []byte("ann")); len(b) != 6*each || err != nil {
			w.Errorf("%d tries, %v", len(b), err)
		}
		w.change(func(tx *store.Tx) error { return tx.ForgetAttempts(w.Context(), 5) })
		if b, err := w.db.Attempts(w.Context(), []byte("ann")); len(b) == 0 || err != nil {
			w.Error("forgotten too early", err)
		}
		w.change(func(tx *store.Tx) error { return tx.ForgetAttempts(w.Context(), 6) })
		if b, err := w.db.Attempts(w.Context(), []byte("ann")); b != nil || err != nil {
			w.Error("not forgotten", err)
		}
	},
	"ADeviceIsKnownForItsOwnAccount": func(w *world) {
		_, ann := w.member("ann")
		_, ben := w.member("ben")
		w.change(func(tx *store.Tx) error { return tx.PutDevice(w.Context(), []byte("d"), ann, 10) })
		knows := func(user, since int64, want bool) {
			if got, err := w.db.DeviceAccount(w.Context(), []byte("d"), since); (got == user) != want || err != nil {
				w.Errorf("user %d since %d: %v, %v", user, since, got, err)
			}
		}
		knows(ann, 10, true)
		knows(ann, 11, false)
		knows(ben, 0, false)
		w.change(func(tx *store.Tx) error { return tx.UseDevice(w.Context(), []byte("d"), ann, 20) })
		knows(ann, 20, true)
		w.change(func(tx *store.Tx) error { return tx.ForgetDevices(w.Context(), ann) })
		knows(ann, 0, false)
	},
	"ATokenIsReplacedByTheNextAndTakenOnce": func(w *world) {
		org, ann := w.member("ann")
		w.change(func(tx *store.Tx) error {
			w.must(tx.PutSetup(w.Context(), []byte("one"), 1))
			w.must(tx.PutSetup(w.Context(), []byte("two"), 2))
			if hash, err := tx.Setup(w.Context()); string(hash) != "two" || err != nil {
				w.Errorf("%q %v", hash, err)
			}
			w.must(tx.DropSetup(w.Context()))
			if hash, err := tx.Setup(w.Context()); hash != nil || err != nil {
				w.Errorf("%q %v", hash, err)
			}
			for _, hash := range []string{"one", "two"} {
				w.must(tx.CreateLink(w.Context(), store.Link{Hash: []byte(hash), Purpose: "password", Org: org, User: ann, MAC: []byte("m")}))
			}
			if _, found, err := tx.Link(w.Context(), []byte("one")); found || err != nil {
				w.Error(found, err)
			}
			_, found, err := tx.Link(w.Context(), []byte("two"))
			if !found {
				w.Error("the newest link is gone")
			}
			return err
		})
		w.change(func(tx *store.Tx) error { return tx.PutFlow(w.Context(), []byte("state"), []byte("browser"), 10, 0) })
		var taken atomic.Int64
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if err := w.db.Change(w.Context(), func(tx *store.Tx) error {
					_, _, found, err := tx.TakeFlow(w.Context(), []byte("state"))
					if found {
						taken.Add(1)
					}
					return err
				}); err != nil {
					w.Error(err)
				}
			})
		}
		group.Wait()
		if taken.Load() != 1 {
			w.Errorf("taken %d times", taken.Load())
		}
	},
	"WhatATeamHadGoesWithIt": func(w *world) {
		org, ann := w.member("ann")
		team := store.Team{Org: org, Owner: ann, Name: "a team", Created: 1, Updated: 1}
		r := w.resource(org, ann)
		w.change(func(tx *store.Tx) error {
			w.must(tx.PutTeam(w.Context(), &team))
			w.must(tx.PutTeamMember(w.Context(), store.TeamMember{Team: team.ID, User: ann, MAC: []byte("m")}))
			w.must(tx.PutTeamMember(w.Context(), store.TeamMember{Team: team.ID, User: ann, Admin: true, MAC: []byte("n")}))
			return tx.PutAccessor(w.Context(), store.Accessor{Resource: r, Kind: "TEAM", Who: team.ID, Role: "admin", MAC: []byte("m")})
		})
		places, err := w.db.TeamsOf(w.Context(), org, ann)
		if err != nil || len(places) != 1 || !places[0].Admin || string(places[0].MAC) != "n" {
			w.Errorf("%+v %v", places, err)
		}
		_, err = w.db.Team(w.Context(), org+1, team.ID)
		w.refused(err, weir.CodeNotFound)
		w.change(func(tx *store.Tx) error { return tx.DropTeam(w.Context(), team.ID) })
		if a, err := w.db.AccessorsOf(w.Context(), r); len(a) != 0 || err != nil {
			w.Errorf("%+v %v", a, err)
		}
		_, err = w.db.Team(w.Context(), org, team.ID)
		w.refused(err, weir.CodeNotFound)
	},
	"AMemberGoesFromOneOrganizationAlone": func(w *world) {
		org, ann := w.member("ann")
		other := w.organization()
		mine, theirs := w.resource(org, ann), w.resource(other, ann)
		export := store.Resource{Org: org, Owner: ann, Kind: store.KindRejectExport, Name: "Export", Status: "active", Spec: []byte("{}"), Created: 1}
		w.change(func(tx *store.Tx) error {
			w.must(tx.CreateResource(w.Context(), &export, false))
			w.must(tx.Refer(w.Context(), export.ID, store.Reference{Role: store.RoleCredential, Target: mine}))
			for _, r := range []int64{mine, theirs} {
				w.must(tx.PutAccessor(w.Context(), store.Accessor{Resource: r, Kind: "USER", Who: ann, Role: "admin", MAC: []byte("m")}))
			}
			return tx.PutMembership(w.Context(), store.Membership{Org: other, User: ann, Role: "admin", Status: "active", MAC: []byte("m")})
		})
		here, there := w.session(org, ann, 0, 100), w.session(other, ann, 0, 100)
		ben := w.user("ben")
		w.change(func(tx *store.Tx) error {
			n, err := tx.TransferAll(w.Context(), org, ann, ben, 9)
			if n != 1 {
				w.Errorf("%d were transferred", n)
			}
			w.must(err)
			if found, err := tx.OwnedOf(w.Context(), org, ann, store.KindRejectExport); len(found) != 1 || err != nil {
				w.Errorf("an export is its owner's: %+v, %v", found, err)
			}
			if n, err := tx.Owns(w.Context(), org, ann); n != 0 || err != nil {
				w.Errorf("after that there are still %d things to give away: %v", n, err)
			}
			return tx.DropMember(w.Context(), org, ann)
		})
		w.lives(false, here)
		w.lives(true, there)
		_, err := w.db.Resource(w.Context(), org, store.KindRejectExport, export.ID)
		w.refused(err, weir.CodeNotFound)
		if uses, err := w.db.Uses(w.Context(), mine); len(uses) != 0 || err != nil {
			w.Errorf("the export of who is gone uses %+v, %v", uses, err)
		}
		if owner, err := w.db.OwnedBy(w.Context(), org, store.KindSource, mine); owner != ben || err != nil {
			w.Error(owner, err)
		}
		if owned, err := w.db.Owned(w.Context(), other, ann); owned[store.KindSource] != 1 || err != nil {
			w.Error(owned, err)
		}
		if a, err := w.db.AccessorsOf(w.Context(), mine, theirs); len(a) != 1 || a[0].Resource != theirs || err != nil {
			w.Errorf("%+v %v", a, err)
		}
		_, err = w.db.Member(w.Context(), org, ann)
		w.refused(err, weir.CodeNotFound)
		_, err = w.db.OwnedBy(w.Context(), other, store.KindSource, mine)
		w.refused(err, weir.CodeNotFound)
	},
}

func sealUser(u store.User) []byte              { return []byte("user " + strconv.FormatInt(u.ID, 10)) }
func sealSession(store.Session) []byte          { return []byte("session") }
func sealKey(k store.ServiceKey) []byte         { return []byte("key " + strconv.FormatInt(k.Revoked, 10)) }
func (w *world) change(f func(*store.Tx) error) { w.Helper(); w.must(w.db.Change(w.Context(), f)) }

func (w *world) user(login string) int64 {
	w.Helper()
	u := store.User{Login: login, Email: login, Status: "active", Created: 1}
	w.change(func(tx *store.Tx) error { return tx.PutUser(w.Context(), &u, sealUser) })
	return u.ID
}

func (w *world) organization() int64 {
	w.Helper()
	o := store.Organization{Name: "Acme", Created: 1}
	w.change(func(tx *store.Tx) error { return tx.CreateOrganization(w.Context(), &o) })
	return o.ID
}

// member makes an organization and a user who owns it.
func (w *world) member(login string) (org, user int64) {
	w.Helper()
	org, user = w.organization(), w.user(login)
	w.change(func(tx *store.Tx) error {
		return tx.PutMembership(w.Context(), store.Membership{Org: org, User: user, Role: "owner", Status: "active", MAC: []byte("m")})
	})
	return org, user
}

func (w *world) resource(org, owner int64) int64 {
	w.Helper()
	r := store.Resource{Org: org, Owner: owner, Kind: store.KindSource, Spec: []byte("{}"), Created: 1}
	w.change(func(tx *store.Tx) error { return tx.CreateResource(w.Context(), &r, false) })
	return r.ID
}

func (w *world) session(org, user, key, expires int64) store.Session {
	w.Helper()
	w.pages++
	s := store.Session{Hash: binary.AppendUvarint([]byte("session "), uint64(w.pages)), Org: org, User: user, Kind: "browser", Key: key, Created: 1, Expires: expires} // #nosec G115 -- few
	w.change(func(tx *store.Tx) error { return tx.CreateSession(w.Context(), &s, sealSession) })
	return s
}

func (w *world) serviceKey(org, user int64) store.ServiceKey {
	w.Helper()
	w.pages++
	k := store.ServiceKey{Hash: binary.AppendUvarint([]byte("key "), uint64(w.pages)), Org: org, User: user, Created: 1, Expires: 100} // #nosec G115 -- few
	w.change(func(tx *store.Tx) error { return tx.CreateKey(w.Context(), &k, sealKey) })
	return k
}

func (w *world) lives(want bool, sessions ...store.Session) {
	w.Helper()
	for _, s := range sessions {
		if _, found, err := w.db.Authentic(w.Context(), s.Hash); found != want || err != nil {
			w.Errorf("session %d: %v, %v", s.ID, found, err)
		}
	}
}
