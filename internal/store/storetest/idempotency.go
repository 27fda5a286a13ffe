package storetest

import (
	"sync"
	"sync/atomic"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/internal/store"
)

var idempotencyPromises = map[string]func(*world){
	"OfManyWhoClaimARequestOneMayRunIt": func(w *world) {
		handles := []*store.DB{w.db, w.open()}
		k := store.AnswerKey{Org: 1, Actor: 2, Key: "k"}
		var first atomic.Int32
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				old, err := handles[i%2].ClaimAnswer(w.Context(), k, []byte("hash"), 10, 0)
				switch {
				case err != nil:
					w.Error(err)
				case old == nil:
					first.Add(1)
				case old.Status != 0 || string(old.Request) != "hash":
					w.Errorf("%+v", old)
				}
			})
		}
		group.Wait()
		if first.Load() != 1 {
			w.Errorf("%d may run it", first.Load())
		}
	},
	"AnAnswerIsKeptForItsKeyUntilItIsOld": func(w *world) {
		claim := func(k store.AnswerKey, after int64, want *store.Answer) {
			w.Helper()
			old, err := w.db.ClaimAnswer(w.Context(), k, []byte("other"), 20, after)
			w.must(err)
			if d := cmp.Diff(want, old); d != "" {
				w.Error(d)
			}
		}
		k := store.AnswerKey{Org: 1, Actor: 2, Key: "k"}
		_, err := w.db.ClaimAnswer(w.Context(), k, []byte("hash"), 10, 0)
		w.must(err)
		w.must(w.db.KeepAnswer(w.Context(), k, 200, []byte("\x00answer")))
		claim(k, 10, &store.Answer{Request: []byte("hash"), Status: 200, Body: []byte("\x00answer"), At: 10})
		for _, other := range []store.AnswerKey{{Org: 2, Actor: 2, Key: "k"}, {Org: 1, Actor: 3, Key: "k"}, {Org: 1, Actor: 2, Key: "K"}} {
			claim(other, 10, nil)
		}
		claim(k, 11, nil)
	},
	"AForgottenAnswerLeavesItsKeyFree": func(w *world) {
		k := store.AnswerKey{Org: 1, Actor: 2, Key: "k"}
		for range 2 {
			old, err := w.db.ClaimAnswer(w.Context(), k, []byte("hash"), 10, 0)
			w.must(err)
			if old != nil {
				w.Errorf("%+v", old)
			}
			w.must(w.db.KeepAnswer(w.Context(), k, 400, nil))
			w.must(w.db.ForgetAnswer(w.Context(), k))
		}
	},
}
