package storetest

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var otherPromises = map[string]func(*world){
	"TheDatabaseKeepsItsName": func(w *world) {
		again := w.open()
		if w.db.InstanceID() == "" || again.InstanceID() != w.db.InstanceID() {
			w.Errorf("%q, then %q", w.db.InstanceID(), again.InstanceID())
		}
	},
	"ManyMayOpenANewDatabaseAtOnce": func(w *world) {
		url := w.url
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				db, err := store.Open(w.Context(), url, store.Options{})
				if err != nil {
					w.Error(err)
					return
				}
				_ = db.Close()
			})
		}
		group.Wait()
	},
	"NoBudgetUpdateIsLost": func(w *world) {
		const each = 20
		handles := []*store.DB{w.db, w.open()}
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for range each {
					err := handles[i%2].UpdateBudget(w.Context(), "key", func(old []byte) ([]byte, error) {
						n, _ := strconv.Atoi(string(old))
						return strconv.AppendInt(nil, int64(n+1), 10), nil
					})
					if err != nil {
						w.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		w.must(w.db.UpdateBudget(w.Context(), "key", func(old []byte) ([]byte, error) {
			if string(old) != strconv.Itoa(8*each) {
				w.Errorf("%s updates, want %d", old, 8*each)
			}
			return old, nil
		}))
	},
	"ARefusedBudgetUpdateChangesNothing": func(w *world) {
		no := errors.New("no")
		err := w.db.UpdateBudget(w.Context(), "key", func(old []byte) ([]byte, error) {
			if old != nil {
				w.Errorf("a new budget is %q", old)
			}
			return []byte("x"), no
		})
		if !errors.Is(err, no) {
			w.Errorf("got %v", err)
		}
		w.must(w.db.UpdateBudget(w.Context(), "key", func(old []byte) ([]byte, error) {
			if old != nil {
				w.Errorf("after the refusal it is %q", old)
			}
			return nil, nil
		}))
	},
	"DeliveredIsRememberedForEachDestination": func(w *world) {
		for _, to := range []weir.Position{3, 5} {
			w.must(w.db.SaveDelivered(w.Context(), w.dataset, "postgres://db", to, 1))
		}
		for name, want := range map[string]weir.Position{"postgres://db": 5, "elsewhere": 0} {
			if got, err := w.db.Delivered(w.Context(), w.dataset, name); err != nil || got != want {
				w.Errorf("%s is at %d, %v", name, got, err)
			}
		}
	},
	"WhatDoesNotExistIsNotFound": func(w *world) {
		_, err := w.db.Dataset(w.Context(), 999)
		w.refused(err, weir.CodeNotFound)
		_, err = w.db.EnsureDataset(w.Context(), 999, "bookings")
		w.refused(err, weir.CodeNotFound)
		_, err = w.db.AcquireSource(w.Context(), 999, "the test")
		w.refused(err, weir.CodeNotFound)
		_, err = w.db.Append(w.Context(), store.Append{Dataset: 999})
		w.refused(err, weir.CodeNotFound)
	},
	"ACancelledCallIsCancelledAndWritesNothing": func(w *world) {
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		_, err := w.db.Append(ctx, w.page(0, record("a", 1, "1")))
		w.refused(err, weir.CodeCancelled)
		_, err = w.db.ReadLog(ctx, w.dataset, 0, 1, 1)
		w.refused(err, weir.CodeCancelled)
		w.want(w.append(0, record("a", 1, "1")), store.Appended{Fresh: 1, Head: 1})
	},
}
