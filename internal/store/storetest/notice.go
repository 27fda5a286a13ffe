package storetest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// noticePromises are about what people are told.
var noticePromises = map[string]func(*world){
	"AnEventIsThereWithTheChangeThatItTellsOfOrNotAtAll": eventWithChange,
	"AConditionIsToldWhenItBeginsChangesAndEnds":         conditionTold,
	"ADeletedResourceIsInNoCondition":                    conditionsDropped,
	"AnEventIsToldOnce":                                  toldOnce,
	"NoticesAreOfOneUserAndAreFiltered":                  noticesFiltered,
	"ASecondRuleForTheSameIsRefused":                     secondRule,
	"ADispatchIsClaimedByOneUntilTheClaimRunsOut":        claimedByOne,
	"ADigestCollectsUntilItIsClaimed":                    digestCollects,
	"ADispatchThatWasGivenUpCanBeSentAgain":              givenUpAgain,
	"OldEventsGoUnlessTheyAreStillOnTheirWay":            oldEventsGo,
}

// raise raises an event and reports whether it was news.
func (w *world) raise(e store.Event) (raised bool) {
	w.Helper()
	e.Org = max(e.Org, 1)
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) (err error) {
		raised, err = tx.RaiseEvent(w.Context(), e)
		return err
	}))
	return raised
}

func (w *world) untold() []store.Event {
	w.Helper()
	all, err := w.db.UntoldEvents(w.Context(), 1000)
	w.must(err)
	return all
}

func eventWithChange(w *world) {
	refused := fmt.Errorf("no")
	err := w.db.Change(w.Context(), func(tx *store.Tx) error {
		if _, err := tx.RaiseEvent(w.Context(), store.Event{Org: 1, Type: "a", Topic: "t", Kind: store.KindSource, Resource: 5}); err != nil {
			return err
		}
		return refused
	})
	if err == nil || len(w.untold()) != 0 {
		w.Fatalf("%v, and %d events", err, len(w.untold()))
	}
	e := store.Event{Org: 1, Type: "a", At: 9, Actor: 2, Kind: store.KindSource, Resource: 5, Source: 5, Name: "Büro", Message: "m\x00", Run: "r", To: []store.Addressee{{Kind: "USER", Who: 3}}, Topic: "t"}
	if !w.raise(e) {
		w.Error("the condition of the transaction that failed is there")
	}
	got := w.untold()
	e.ID, e.Message, e.Topic = got[0].ID, "m\uFFFD", ""
	if fmt.Sprint(got[0]) != fmt.Sprint(e) {
		w.Errorf("%+v", got[0])
	}
}

func conditionTold(w *world) {
	e := store.Event{Type: "failed", Kind: store.KindSource, Resource: 5, Topic: "failing", State: "a"}
	over, other := e, e
	over.Over, over.Type, other.Resource = true, "recovered", 6
	b := e
	b.State = "b"
	for i, c := range []struct {
		event store.Event
		news  bool
	}{{over, false}, {e, true}, {e, false}, {other, true}, {b, true}, {b, false}, {over, true}, {over, false}, {b, true}} {
		if got := w.raise(c.event); got != c.news {
			w.Errorf("step %d: raised %t", i, got)
		}
	}
	silent := over
	silent.Type = ""
	n := len(w.untold())
	if w.raise(silent) || len(w.untold()) != n || !w.raise(e) {
		w.Error("a silent end is told, or ends nothing")
	}
}

func conditionsDropped(w *world) {
	r := w.make(store.Resource{Kind: store.KindSource})
	e := store.Event{Type: "failed", Kind: store.KindSource, Resource: r.ID, Topic: "failing"}
	w.raise(e)
	r.Deleted = 9
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.UpdateResource(w.Context(), &r) }))
	if !w.raise(e) {
		w.Error("brought back, it is not told of")
	}
}

func toldOnce(w *world) {
	w.raise(store.Event{Type: "a"})
	e := w.untold()[0]
	handles := []*store.DB{w.db, w.open()}
	var mu sync.Mutex
	var group sync.WaitGroup
	firsts := 0
	for i := range 6 {
		group.Go(func() {
			err := handles[i%2].Change(w.Context(), func(tx *store.Tx) error {
				first, err := tx.TellEvent(w.Context(), e.ID, 5)
				if first {
					mu.Lock()
					firsts++
					mu.Unlock()
				}
				return err
			})
			if err != nil {
				w.Error(err)
			}
		})
	}
	group.Wait()
	if firsts != 1 || len(w.untold()) != 0 {
		w.Errorf("told %d times, %d left", firsts, len(w.untold()))
	}
}

func noticesFiltered(w *world) {
	me, other := w.user("me"), w.user("other")
	for i, kind := range []store.EventType{"a", "b", "a"} {
		w.raise(store.Event{Type: kind, At: int64(10 * (i + 1))})
	}
	for _, e := range w.untold() {
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			for _, user := range []int64{me, other, me} { // once more changes nothing
				if err := tx.PutNotice(w.Context(), 1, user, e.ID, 40); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	list := func(f store.NoticeFilter) (ids []int64) {
		w.Helper()
		f.Org, f.User, f.Page, f.Number = 1, me, 1, 10
		all, total, err := w.db.Notices(w.Context(), f)
		w.must(err)
		if total != len(all) {
			w.Errorf("%d of %d", len(all), total)
		}
		for _, n := range all {
			ids = append(ids, n.ID)
		}
		return ids
	}
	all := list(store.NoticeFilter{})
	if len(all) != 3 || all[0] < all[2] {
		w.Fatal(all)
	}
	yes, no := true, false
	w.must(w.db.MarkNotices(w.Context(), 1, other, all, 50, 50)) // somebody else's
	w.must(w.db.MarkNotices(w.Context(), 1, me, all[:1], 50, 50))
	for name, c := range map[string]struct {
		filter store.NoticeFilter
		want   []int64
	}{
		"read":   {store.NoticeFilter{Read: &yes}, all[:1]},
		"unread": {store.NoticeFilter{Read: &no}, all[1:]},
		"type":   {store.NoticeFilter{Types: []store.EventType{"b"}}, all[1:2]},
		"none":   {store.NoticeFilter{Types: []store.EventType{}}, nil},
		"time":   {store.NoticeFilter{From: 20, To: 30}, all[1:2]},
	} {
		if got := list(c.filter); !slices.Equal(got, c.want) {
			w.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	w.must(w.db.MarkNotices(w.Context(), 1, me, nil, 0, 60))
	w.must(w.db.DropNotices(w.Context(), 1, me, all[:1]))
	if got := list(store.NoticeFilter{Read: &no}); !slices.Equal(got, all[1:]) {
		w.Error(got)
	}
	w.must(w.db.DropNotices(w.Context(), 1, me, nil))
	if n, err := w.db.CountNotices(w.Context(), store.NoticeFilter{Org: 1, User: other}); err != nil || n != 3 {
		w.Errorf("the other has %d, %v", n, err)
	}
}

func secondRule(w *world) {
	me, other := w.user("me"), w.user("other")
	r := store.Rule{Org: 1, Owner: me, Type: "a", Channel: "app", Status: store.RuleActive, Config: []byte(`{}`), Created: 1, Updated: 1}
	again, narrower, others := r, r, r
	narrower.Kind, narrower.Resource, others.Owner = store.KindSource, 4, other
	w.must(w.db.PutRule(w.Context(), &r))
	w.refused(w.db.PutRule(w.Context(), &again), weir.CodeConflict)
	w.must(w.db.PutRule(w.Context(), &narrower))
	others.Shared = true
	w.must(w.db.PutRule(w.Context(), &others))
	r.Status, r.Updated = store.RulePaused, 2
	w.must(w.db.PutRule(w.Context(), &r))
	mine, err := w.db.Rules(w.Context(), 1, "", me)
	w.must(err)
	if len(mine) != 3 || fmt.Sprint(mine[0]) != fmt.Sprint(r) || !mine[2].Shared {
		w.Errorf("%+v", mine)
	}
	for _, none := range []struct {
		org       int64
		eventType store.EventType
	}{{2, ""}, {1, "b"}} {
		if got, err := w.db.Rules(w.Context(), none.org, none.eventType, 0); err != nil || len(got) != 0 {
			w.Errorf("%+v %v", got, err)
		}
	}
	w.must(w.db.DropRule(w.Context(), 2, r.ID))
	w.must(w.db.DropRule(w.Context(), 1, r.ID))
	if got, err := w.db.Rules(w.Context(), 1, "a", 0); err != nil || len(got) != 2 {
		w.Errorf("%+v %v", got, err)
	}
}

// post writes a message about a new event.
func (w *world) post(d store.Dispatch) {
	w.Helper()
	w.raise(store.Event{Type: "a", At: d.Created})
	e := w.untold()[0]
	d.Org, d.Channel = 1, "webhook"
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		if _, err := tx.TellEvent(w.Context(), e.ID, 1); err != nil {
			return err
		}
		return tx.AddDispatch(w.Context(), d, e.ID)
	}))
}

func (w *world) claim(name string, now, until int64) []store.Dispatch {
	w.Helper()
	all, err := w.db.ClaimDispatches(w.Context(), store.Claim{Name: name, Now: now, Until: until, Most: 100})
	w.must(err)
	return all
}

func (w *world) end(claim string, d store.Dispatch) (ours bool) {
	w.Helper()
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) (err error) {
		ours, err = tx.EndAttempt(w.Context(), claim, d)
		return err
	}))
	return ours
}

func claimedByOne(w *world) {
	me := w.user("me")
	for i := range 20 {
		w.post(store.Dispatch{Message: fmt.Sprint("m", i), User: me, Due: int64(100 + i), Created: 1})
	}
	if next, err := w.db.NextDispatch(w.Context()); err != nil || next != 100 {
		w.Errorf("the next is at %d, %v", next, err)
	}
	handles := []*store.DB{w.db, w.open()}
	var mu sync.Mutex
	var group sync.WaitGroup
	claimed := map[string]int{}
	for i := range 8 {
		group.Go(func() {
			some, err := handles[i%2].ClaimDispatches(w.Context(), store.Claim{Name: fmt.Sprint(i), Now: 110, Until: 200, Most: 5})
			if err != nil {
				w.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, d := range some {
				if claimed[d.Message]++; d.Attempts != 1 || len(d.Events) != 1 || d.Due > 110 {
					w.Errorf("%+v", d)
				}
			}
		})
	}
	group.Wait()
	for _, d := range w.claim("the rest", 110, 200) {
		claimed[d.Message]++
	}
	for name, n := range claimed {
		if n != 1 {
			w.Errorf("%s was claimed %d times", name, n)
		}
	}
	if len(claimed) != 11 || len(w.claim("nobody", 199, 300)) != 9 {
		w.Errorf("%d were claimed", len(claimed))
	}
	again := w.claim("later", 200, 300)
	if len(again) != 11 || again[0].Attempts != 2 || again[0].Message != "m0" {
		w.Fatalf("%d: %+v", len(again), again[0])
	}
	d := again[0]
	d.Status, d.Ended = store.DispatchSent, 250
	if w.end("1", d) || !w.end("later", d) || w.end("later", d) {
		w.Error("who no longer has the claim ends it")
	}
	if len(w.claim("after", 1000, 1001)) != 19 {
		w.Error("what was sent is claimed")
	}
}

func digestCollects(w *world) {
	me, other := w.user("me"), w.user("other")
	for i, user := range []int64{me, me, other, me} {
		w.post(store.Dispatch{Message: fmt.Sprint("m", i), User: user, Due: 100, Created: 1, Digest: "hourly"})
	}
	w.post(store.Dispatch{Message: "daily", User: me, Due: 100, Created: 1, Digest: "daily"})
	all := w.claim("c", 100, 200)
	if len(all) != 3 || len(all[0].Events) != 3 || len(all[1].Events) != 1 || len(all[2].Events) != 1 {
		w.Fatalf("%+v", all)
	}
	w.post(store.Dispatch{Message: "next", User: me, Due: 300, Created: 1, Digest: "hourly"})
	if later := w.claim("c", 300, 400); len(later) != 4 || later[3].Message != "next" {
		w.Errorf("%+v", later)
	}
}

func givenUpAgain(w *world) {
	me := w.user("me")
	w.post(store.Dispatch{Message: "m", User: me, Due: 100, Created: 1, Target: 7})
	d := w.claim("c", 100, 200)[0]
	retry := func(org int64) error {
		return w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.RetryDispatch(w.Context(), org, d.ID, 500) })
	}
	w.refused(retry(1), weir.CodeConflict)
	d.Status, d.Problem, d.Ended = store.DispatchGivenUp, "gone\x00", 150
	w.end("c", d)
	if next, err := w.db.NextDispatch(w.Context()); err != nil || next != 0 {
		w.Errorf("the next is at %d, %v", next, err)
	}
	all, total, err := w.db.Dispatches(w.Context(), store.DispatchFilter{Org: 1, User: me, Status: store.DispatchGivenUp, Target: 7, Page: 1, Number: 10})
	w.must(err)
	if total != 1 || len(all) != 1 || all[0].Problem != "gone\uFFFD" || len(all[0].Events) != 1 {
		w.Fatalf("%d: %+v", total, all)
	}
	w.refused(retry(2), weir.CodeConflict)
	w.must(retry(1))
	if again := w.claim("c", 500, 600); len(again) != 1 || again[0].Message != "m" || again[0].Attempts != 1 {
		w.Errorf("%+v", again)
	}
}

func oldEventsGo(w *world) {
	me := w.user("me")
	w.post(store.Dispatch{Message: "sent", User: me, Due: 1, Created: 1})
	d := w.claim("c", 1, 200)[0]
	d.Status, d.Ended = store.DispatchSent, 2
	w.end("c", d)
	w.post(store.Dispatch{Message: "waits", User: me, Due: 1, Created: 1})
	w.raise(store.Event{Type: "untold", At: 1})
	if n, err := w.db.ForgetEvents(w.Context(), 2); err != nil || n != 1 {
		w.Errorf("%d went, %v", n, err)
	}
	all, total, err := w.db.Dispatches(w.Context(), store.DispatchFilter{Org: 1, Page: 1, Number: 10})
	w.must(err)
	if total != 1 || all[0].Message != "waits" || len(all[0].Events) != 1 || len(w.untold()) != 1 {
		w.Errorf("%+v", all)
	}
}
