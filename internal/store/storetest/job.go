package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

var jobPromises = map[string]func(*world){
	"WhatFollowsFromAPageIsThereWithItOrNeitherIs": func(w *world) {
		page := w.page(0, record("a", 1, "1"))
		broken := errors.New("the queue is full")
		page.Then = func(ctx context.Context, tx *store.Tx) error {
			w.must(tx.PutSchedule(ctx, store.Schedule{Source: 7, Org: 1}))
			return broken
		}
		if _, err := w.db.Append(w.Context(), page); err == nil {
			w.Fatal("a page was taken without what follows from it")
		}
		w.wantLive(map[string]string{})
		_, err := w.db.Schedule(w.Context(), 7)
		w.refused(err, weir.CodeNotFound)
		broken = nil
		_, err = w.db.Append(w.Context(), page)
		w.must(err)
		w.wantLive(map[string]string{"a": "1"})
		_, err = w.db.Schedule(w.Context(), 7)
		w.must(err)
		page.Then = func(context.Context, *store.Tx) error { w.Error("nothing new was followed"); return nil }
		_, err = w.db.Append(w.Context(), page)
		w.must(err)
	},
	"WhatADestinationHasLearnedIsOfOneEditionAndItsOwners": func(w *world) {
		first, err := w.db.LeaseDelivery(w.Context(), 1, 9, "first", -time.Second)
		w.must(err)
		w.must(w.db.SaveShape(w.Context(), first, 9, "one", []byte("{1}")))
		shape, err := w.open().Shape(w.Context(), 9, "one")
		w.must(err)
		if other, err := w.db.Shape(w.Context(), 9, "two"); string(shape) != "{1}" || other != nil || err != nil {
			w.Errorf("of one edition %s, of another %s, %v", shape, other, err)
		}
		_, err = w.db.LeaseDelivery(w.Context(), 1, 9, "second", time.Hour)
		w.must(err)
		w.refused(w.db.SaveShape(w.Context(), first, 9, "two", []byte("{2}")), weir.CodeIntegrity)
	},
	"OtherRulesSettleTheRejectsOfTheirDestinationsAlone": func(w *world) {
		reject := func(stage, reason string) weir.Reject {
			return weir.Reject{Stage: stage, Reason: reason, Key: reason, Original: []byte("{}")}
		}
		_, err := w.db.Quarantine(w.Context(), w.dataset, 9, "run", 1, []weir.Reject{reject("transform", "a"), reject("load", "b")})
		w.must(err)
		_, err = w.db.Quarantine(w.Context(), w.dataset, 10, "run", 1, []weir.Reject{reject("transform", "c")})
		w.must(err)
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.ResumeRejects(w.Context(), 7, 2, 9) }))
		open, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{State: store.QuarantineOpen})
		w.must(err)
		if len(open) != 2 || open[0].Key != "c" || open[1].Key != "b" {
			w.Errorf("open are %+v", open)
		}
	},
	"ALeaseEndsUnlessItIsRenewed": func(w *world) {
		w.lease.Release()
		first, err := w.db.LeaseSource(w.Context(), w.source, "first", time.Hour)
		w.must(err)
		_, err = w.open().LeaseSource(w.Context(), w.source, "second", time.Hour)
		w.refused(err, weir.CodeConflict)
		w.must(first.Renew(w.Context(), -time.Second)) // over at once
		second, err := w.open().LeaseSource(w.Context(), w.source, "second", time.Hour)
		w.must(err)
		if second.Epoch <= first.Epoch {
			w.Errorf("epoch %d after %d", second.Epoch, first.Epoch)
		}
		w.refused(first.Renew(w.Context(), time.Hour), weir.CodeIntegrity)
		w.must(first.Release(w.Context())) // not ours any more: nothing happens
		_, err = w.db.LeaseSource(w.Context(), w.source, "third", time.Hour)
		w.refused(err, weir.CodeConflict)
		page := w.page(0, record("a", 1, "1"))
		page.Epoch = first.Epoch
		_, err = w.db.Append(w.Context(), page)
		w.refused(err, weir.CodeIntegrity)
	},
	"ADeliveryByAnOldOwnerIsRefused": func(w *world) {
		first, err := w.db.LeaseDelivery(w.Context(), 1, 9, "first", -time.Second)
		w.must(err)
		second, err := w.db.LeaseDelivery(w.Context(), 1, 9, "second", time.Hour)
		w.must(err)
		if first.Epoch <= w.lease.Epoch {
			w.Errorf("a destination's epoch %d is not above its source's %d", first.Epoch, w.lease.Epoch)
		}
		load := store.Load{Org: 1, Flow: 3, Destination: 9, Stream: "bookings", Log: "l", To: 5}
		w.refused(w.db.SaveLoad(w.Context(), first, load), weir.CodeIntegrity)
		w.must(w.db.SaveLoad(w.Context(), second, load))
		if log, at, err := w.db.Filled(w.Context(), 9); log != "l" || at != 5 || err != nil {
			w.Errorf("%s %d %v", log, at, err)
		}
	},
	"ARunWaitsForItsDestinations": func(w *world) {
		w.append(0, record("a", 1, "1"))
		run := w.queued("r1")
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			waits, err := tx.Await(w.Context(), 1, store.RunDelivery{Run: run, Destination: 9, Stream: "bookings", Upto: 1}, "l", false)
			if !waits {
				w.Error("the destination has nothing, and the run does not wait")
			}
			w.must(err)
			return tx.EndReading(w.Context(), store.Reading{RunEnd: store.RunEnd{ID: run, At: 20, Status: "succeeded"}, Org: 1, Flow: 3})
		}))
		w.wantRun(run, store.RunDelivering)
		lease, err := w.db.LeaseDelivery(w.Context(), 1, 9, "me", time.Hour)
		w.must(err)
		w.must(w.db.SaveLoad(w.Context(), lease, store.Load{Org: 1, Flow: 3, Destination: 9, Run: "r0", Stream: "bookings", Log: "l", To: 1, Written: 1}))
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			end, err := tx.Arrived(w.Context(), lease, w.dataset, store.Load{Org: 1, Flow: 3, Destination: 9, Log: "l", To: 1, At: 30})
			if !end {
				w.Error("it is not at the end of the log")
			}
			return err
		}))
		w.wantRun(run, "succeeded")
		if d, err := w.db.RunDeliveries(w.Context(), run); err != nil || len(d) != 1 || d[0].Written != 1 {
			w.Errorf("the run that waited has %+v, %v", d, err)
		}
		next := w.queued("r2")
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			_, err := tx.Await(w.Context(), 1, store.RunDelivery{Run: next, Destination: 9, Stream: "bookings", Upto: 2}, "l", false)
			w.must(err)
			return tx.EndReading(w.Context(), store.Reading{RunEnd: store.RunEnd{ID: next, At: 40, Status: "succeeded"}, Org: 1, Flow: 3})
		}))
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.FailDelivery(w.Context(), store.Load{Org: 1, Flow: 3, Destination: 9, At: 50}, "no room")
		}))
		w.wantRun(next, "partial")
	},
	"WhoeverWantsToHearsOfEachRunOnceItsEndIsCommitted": func(w *world) {
		var heard []store.RunOver
		db, err := store.Open(w.Context(), w.url, store.Options{Ended: func(r store.RunOver) { heard = append(heard, r) }})
		w.must(err)
		w.Cleanup(func() { _ = db.Close() })
		broken := errors.New("no")
		end := func(run weir.RunID, then error) error {
			return db.Change(w.Context(), func(tx *store.Tx) error {
				return errors.Join(tx.EndReading(w.Context(), store.Reading{RunEnd: store.RunEnd{ID: run, At: 20, Status: "succeeded", Totals: store.Totals{Read: 7}}, Org: 1, Flow: 3}), then)
			})
		}
		run := w.queued("r1")
		if err := end(run, broken); err == nil || len(heard) != 0 {
			w.Errorf("%v %+v", err, heard)
		}
		w.must(end(run, nil))
		w.queued("r2")
		w.must(db.Change(w.Context(), func(tx *store.Tx) error {
			_, err := tx.CancelRun(w.Context(), 1, 3, 30)
			return err
		}))
		if len(heard) != 2 || heard[0].ID != run || heard[0].Status != "succeeded" || heard[0].Flow != 3 || heard[0].Totals.Read != 7 || heard[1].Status != "cancelled" {
			w.Errorf("%+v", heard)
		}
	},
	"GaugesCountWhatIsNotOver": func(w *world) {
		w.queued("r1")
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.PutSchedule(w.Context(), store.Schedule{Source: 7, Org: 1, Active: true, Next: 5, Due: 5})
		}))
		w.must(w.db.Alive(w.Context(), "me"))
		g, err := w.db.Gauges(w.Context(), time.Hour)
		w.must(err)
		if g.Open[store.RunQueued] != 1 || g.Due != 5 || g.Processes != 1 || g.Waiting != 0 || len(g.Flows) != 0 {
			w.Errorf("%+v", g)
		}
	},
	"ARunEndsWhenTwoDestinationsArriveAtOnce": func(w *world) {
		w.append(0, record("a", 1, "1"))
		for round := range 10 {
			run := w.queued(weir.RunID(fmt.Sprintf("r%d", round)))
			var leases []*store.Term
			w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
				for to := range int64(2) {
					_, err := tx.Await(w.Context(), 1, store.RunDelivery{Run: run, Destination: 20 + to, Stream: "bookings", Upto: 1}, fmt.Sprint("log ", round), false)
					w.must(err)
				}
				return tx.EndReading(w.Context(), store.Reading{RunEnd: store.RunEnd{ID: run, At: 20, Status: "succeeded"}, Org: 1, Flow: 3})
			}))
			for to := range int64(2) {
				lease, err := w.db.LeaseDelivery(w.Context(), 1, 20+to, "me", -time.Second)
				w.must(err)
				leases = append(leases, lease)
			}
			var group sync.WaitGroup
			for to := range int64(2) {
				group.Go(func() {
					err := w.db.Change(w.Context(), func(tx *store.Tx) error {
						_, err := tx.Arrived(w.Context(), leases[to], w.dataset, store.Load{Org: 1, Flow: 3, Destination: 20 + to, Log: fmt.Sprint("log ", round), To: 1, At: 30})
						return err
					})
					if err != nil {
						w.Error(err)
					}
				})
			}
			group.Wait()
			w.wantRun(run, "succeeded")
		}
	},
	"ARunThatItsOwnerLeftIsInterruptedAndReplaced": func(w *world) {
		run := w.queued("r1")
		w.lease.Release()
		first, err := w.db.LeaseSource(w.Context(), w.source, "first", -time.Second)
		w.must(err)
		got, err := w.db.BeginSlice(w.Context(), 1, 3, w.source, first.Epoch, 10, store.Run{ID: "n1"})
		w.must(err)
		if got.ID != run || got.Attempts != 1 || string(got.Wanted) != "{}" {
			w.Errorf("%+v", got)
		}
		slice := store.Slice{Org: 1, Flow: 3, Run: run, Epoch: first.Epoch, Progress: []byte("[]"), Release: true}
		w.must(w.db.SaveSlice(w.Context(), slice))
		second, err := w.db.LeaseSource(w.Context(), w.source, "second", -time.Second)
		w.must(err)
		if got, err = w.db.BeginSlice(w.Context(), 1, 3, w.source, second.Epoch, 20, store.Run{ID: "n2"}); err != nil || got.ID != run || got.Attempts != 1 {
			w.Errorf("after a slice the run is %+v, %v", got, err)
		}
		third, err := w.db.LeaseSource(w.Context(), w.source, "third", time.Hour)
		w.must(err)
		if got, err = w.db.BeginSlice(w.Context(), 1, 3, w.source, third.Epoch, 30, store.Run{ID: "n3"}); err != nil || got.ID != "n3" || string(got.Wanted) != "{}" {
			w.Errorf("after a death the run is %+v, %v", got, err)
		}
		w.wantRun(run, store.RunInterrupted)
		slice.Epoch = second.Epoch
		w.refused(w.db.SaveSlice(w.Context(), slice), weir.CodeIntegrity)
		_, err = w.db.BeginSlice(w.Context(), 1, 3, w.source, second.Epoch, 40, store.Run{ID: "n4"})
		w.refused(err, weir.CodeIntegrity)
	},
	"ACancelledRunStaysSoWhateverItsReaderSaves": func(w *world) {
		run := w.queued("r1")
		w.lease.Release()
		first, err := w.db.LeaseSource(w.Context(), w.source, "first", -time.Second)
		w.must(err)
		_, err = w.db.BeginSlice(w.Context(), 1, 3, w.source, first.Epoch, 10, store.Run{ID: "n1"})
		w.must(err)
		w.wantCancelled(1)
		slice := store.Slice{Org: 1, Flow: 3, Run: run, Epoch: first.Epoch, Progress: []byte("[]")}
		w.refused(w.db.SaveSlice(w.Context(), slice), weir.CodeCancelled)
		slice.Release = true
		w.refused(w.db.SaveSlice(w.Context(), slice), weir.CodeCancelled)
		// Its reader dies: the next one ends it, and does not read again.
		second, err := w.db.LeaseSource(w.Context(), w.source, "second", time.Hour)
		w.must(err)
		got, err := w.db.BeginSlice(w.Context(), 1, 3, w.source, second.Epoch, 20, store.Run{ID: "n2"})
		if err != nil || got.ID != run || !got.Cancelled() {
			w.Errorf("%+v, %v", got, err)
		}
	},
	"ARunThatNobodyReadsIsCancelledWithWhatItCommitted": func(w *world) {
		run := w.queued("r1")
		w.lease.Release()
		lease, err := w.db.LeaseSource(w.Context(), w.source, "me", time.Hour)
		w.must(err)
		_, err = w.db.BeginSlice(w.Context(), 1, 3, w.source, lease.Epoch, 10, store.Run{ID: "n1"})
		w.must(err)
		page := w.page(0, record("a", 1, "1"), record("b", 1, "1"))
		page.Run, page.Epoch = run, lease.Epoch
		_, err = w.db.Append(w.Context(), page)
		w.must(err)
		w.must(w.db.SaveSlice(w.Context(), store.Slice{Org: 1, Flow: 3, Run: run, Epoch: lease.Epoch, Progress: []byte("[]"), Release: true}))
		w.wantCancelled(1)
		w.wantRun(run, "cancelled")
		if r, err := w.db.FlowRun(w.Context(), 1, run); err != nil || r.Totals.Read != 2 || r.Ended == 0 {
			w.Errorf("%+v, %v", r, err)
		}
		w.wantCancelled(0)
	},
	"WhoeverBeginsClosesWhatTheDeadHaveLeft": func(w *world) {
		w.lease.Release()
		first, err := w.db.LeaseSource(w.Context(), w.source, "first", -time.Second)
		w.must(err)
		// A replay, which has no job, and dies; and a run whose job is gone.
		_, err = w.db.BeginSlice(w.Context(), 1, 3, w.source, first.Epoch, 10, store.Run{ID: "replay", Wanted: []byte(`{"log_only":true}`)})
		w.must(err)
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.QueueRun(w.Context(), 1, store.Run{ID: "orphan", Resource: 3, Queued: 11, Job: 7, Wanted: []byte("{}")})
		}))
		run := w.queued("r1")
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.QueueRun(w.Context(), 1, store.Run{ID: "r2", Resource: 3, Queued: 12, Job: 8, Wanted: []byte(`{"full_refresh":true}`)})
		}))
		second, err := w.db.LeaseSource(w.Context(), w.source, "second", -time.Second)
		w.must(err)
		got, err := w.db.BeginSlice(w.Context(), 1, 3, w.source, second.Epoch, 20, store.Run{ID: "n"})
		if err != nil || got.ID != "r2" || string(got.Wanted) != `{"full_refresh":true}` {
			w.Errorf("%+v, %v", got, err)
		}
		for _, left := range []weir.RunID{"replay", "orphan", run} {
			w.wantRun(left, store.RunInterrupted)
		}
		// What a dead replay wanted is not what the next run does.
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.EndReading(w.Context(), store.Reading{RunEnd: store.RunEnd{ID: "r2", At: 21, Status: "succeeded"}, Org: 1, Flow: 3, Epoch: second.Epoch})
		}))
		_, err = w.db.BeginSlice(w.Context(), 1, 3, w.source, second.Epoch, 22, store.Run{ID: "replay2", Wanted: []byte(`{"log_only":true}`)})
		w.must(err)
		third, err := w.db.LeaseSource(w.Context(), w.source, "third", time.Hour)
		w.must(err)
		got, err = w.db.BeginSlice(w.Context(), 1, 3, w.source, third.Epoch, 30, store.Run{ID: "m", Job: 9, Wanted: []byte(`{"why":"schedule"}`)})
		if err != nil || got.ID != "m" || string(got.Wanted) != `{"why":"schedule"}` {
			w.Errorf("%+v, %v", got, err)
		}
	},
	"ARunThatCannotBeReadHasFailed": func(w *world) {
		run := w.queued("r1")
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.FailRun(w.Context(), 1, 3, 30, &weir.Error{Code: weir.CodeConflict, Where: "source", Message: "its endpoint is gone\x00"})
		}))
		w.wantRun(run, "failed")
		if r, err := w.db.FlowRun(w.Context(), 1, run); err != nil || r.Class != string(weir.CodeConflict) || !strings.Contains(r.Problem, "gone") {
			w.Errorf("%+v, %v", r, err)
		}
	},
	"WhatADestinationTakesLaterIsCountedToo": func(w *world) {
		w.append(0, record("a", 1, "1"))
		run := w.queued("r1")
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			_, err := tx.Await(w.Context(), 1, store.RunDelivery{Run: run, Destination: 9, Stream: "bookings", Upto: 1}, "l", false)
			w.must(err)
			return tx.EndReading(w.Context(), store.Reading{RunEnd: store.RunEnd{ID: run, At: 20, Status: "succeeded"}, Org: 1, Flow: 3})
		}))
		// The destination is gone, or cannot be read: nobody knows its flow.
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			return tx.FailDelivery(w.Context(), store.Load{Org: 1, Destination: 9, At: 50}, "no room")
		}))
		w.wantRun(run, "partial")
		lease, err := w.db.LeaseDelivery(w.Context(), 1, 9, "me", time.Hour)
		w.must(err)
		w.must(w.db.SaveLoad(w.Context(), lease, store.Load{Org: 1, Flow: 3, Destination: 9, Run: run, Stream: "bookings", Log: "l", To: 1, Written: 4, Quarantined: 1}))
		r, err := w.db.FlowRun(w.Context(), 1, run)
		if err != nil || r.Totals.Written != 4 || r.Totals.Quarantined != 1 {
			w.Errorf("%+v, %v", r.Totals, err)
		}
		days, err := w.db.DailyMetrics(w.Context(), store.PartFilter{Org: 1, Part: 9})
		if err != nil || len(days) != 1 || days[0].Records != 4 || days[0].Errors != 2 {
			w.Errorf("the destination's days %+v, %v", days, err)
		}
	},
	"WhatIsAnnouncedIsHeardOnceItIsCommitted": func(w *world) {
		ctx, stop := context.WithCancel(w.Context())
		defer stop()
		heard, ready := make(chan string, 10), make(chan struct{}, 10)
		over := make(chan struct{})
		go func() {
			defer close(over)
			w.db.Listen(ctx, func(word string) { heard <- word }, func() { ready <- struct{}{} })
		}()
		w.mustHear(heard, func(word string) error {
			return w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.Announce(w.Context(), word) })
		})
		_ = w.db.Change(w.Context(), func(tx *store.Tx) error {
			w.must(tx.Announce(w.Context(), "taken back"))
			return errors.New("no")
		})
		w.mustHear(heard, func(word string) error {
			return w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.Announce(w.Context(), word) })
		})
		stop()
		<-over
	},
	"OneOfManyTakesWhatIsDue": func(w *world) {
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			for i := range int64(4) {
				w.must(tx.PutSchedule(w.Context(), store.Schedule{Source: 10 + i, Org: 1, Credential: 1, Expression: "x", Active: true, Next: 100 * (i + 1), Due: 100 * (i + 1)}))
			}
			return nil
		}))
		if at, err := w.db.NextDue(w.Context()); at != 100 || err != nil {
			w.Errorf("next due is %d, %v", at, err)
		}
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			due, err := tx.DueSchedules(w.Context(), 300, 2)
			if len(due) != 2 || due[0].Source != 10 || due[1].Source != 11 {
				w.Errorf("%+v", due)
			}
			for _, s := range due {
				s.Last, s.Next, s.Due = s.Next, 1000, 1000
				w.must(tx.Advance(w.Context(), s))
			}
			return err
		}))
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			due, err := tx.DueSchedules(w.Context(), 300, 10)
			if len(due) != 1 || due[0].Source != 12 {
				w.Errorf("%+v", due)
			}
			return err
		}))
	},
	"OneServerHasASQLiteDatabase": func(w *world) {
		if w.db.SQLite() == nil {
			return // many may share a Postgres
		}
		release, err := w.db.Alone(w.Context())
		w.must(err)
		_, err = w.open().Alone(w.Context())
		w.refused(err, weir.CodeConflict)
		release()
		release, err = w.open().Alone(w.Context())
		w.must(err)
		release()
	},
	"ATransactionIsLentToPgx": func(w *world) {
		if w.db.SQLite() != nil {
			return
		}
		_ = w.db.Change(w.Context(), func(tx *store.Tx) error {
			w.must(tx.PutSchedule(w.Context(), store.Schedule{Source: 20, Org: 1}))
			w.must(tx.Postgres(func(outer pgx.Tx) error {
				inner, err := outer.Begin(w.Context())
				w.must(err)
				_, err = inner.Exec(w.Context(), `UPDATE schedule SET org = 2 WHERE source = 20`)
				w.must(err)
				w.must(inner.Rollback(w.Context()))
				if err := inner.Rollback(w.Context()); !errors.Is(err, pgx.ErrTxClosed) {
					w.Errorf("a second end gives %v", err)
				}
				var org int
				w.must(outer.QueryRow(w.Context(), `SELECT org FROM schedule WHERE source = 20`).Scan(&org))
				if org != 1 {
					w.Errorf("the savepoint was not taken back: %d", org)
				}
				return outer.Commit(w.Context()) // it is not its own
			}))
			return errors.New("no")
		})
		_, err := w.db.Schedule(w.Context(), 20)
		w.refused(err, weir.CodeNotFound)
	},
}

// queued writes down a run of the configured source 3.
func (w *world) queued(id weir.RunID) weir.RunID {
	w.Helper()
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		return tx.QueueRun(w.Context(), 1, store.Run{ID: id, Resource: 3, Queued: 5, Job: 1, Wanted: []byte("{}")})
	}))
	return id
}

// wantCancelled cancels what the source 3 has open, which job makes.
func (w *world) wantCancelled(job int64) {
	w.Helper()
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		got, err := tx.CancelRun(w.Context(), 1, 3, 15)
		if got != job {
			w.Errorf("job %d was cancelled, not %d", got, job)
		}
		return err
	}))
}

func (w *world) wantRun(id weir.RunID, status string) {
	w.Helper()
	r, err := w.db.FlowRun(w.Context(), 1, id)
	if err != nil || r.Status != status {
		w.Errorf("run %s is %s, %v", id, r.Status, err)
	}
}

// mustHear says a word until it is heard, since listening begins some time,
// and fails when another one is heard.
func (w *world) mustHear(heard <-chan string, say func(string) error) {
	w.Helper()
	word := "word " + w.Name()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for range 200 {
		w.must(say(word))
		select {
		case got := <-heard:
			if got != word {
				w.Fatalf("heard %q", got)
			}
			return
		case <-again.C:
		}
	}
	w.Fatal("nothing was heard")
}
