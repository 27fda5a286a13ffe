package notify_test

import (
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
)

// digested makes an administrator whose digest of the source's failures waits
// for its hour, on its way to r.
func (w *world) digested(r *receiver) identity.Principal {
	w.Helper()
	ben := w.user("ben", identity.RoleAdmin)
	c := w.channel(notify.Webhook, `{"url":"`+r.URL+`","secret":"`+testSecret+`"}`)
	for _, rule := range []store.Rule{{Channel: string(notify.Webhook), Target: c.ID, Config: []byte(`{"digest":"hourly"}`)}, {Channel: string(notify.App)}} {
		rule.Type, rule.Kind, rule.Resource, rule.Status = store.FlowFailed, store.KindSource, w.source.ID, store.RuleActive
		_, err := w.PutRule(w.Context(), ben, rule)
		w.must(err)
	}
	w.raise(store.Event{Type: store.FlowFailed, Message: "a secret of the organization"})
	w.deliver()
	if n := len(w.dispatches()); n != 1 {
		w.Fatalf("%d messages wait", n)
	}
	if told := w.told(ben.User); !slices.Contains(told, store.FlowFailed) {
		w.Fatalf("told in the app: %v", told)
	}
	return ben
}

func TestWhatWaitsForAMemberIsNotSentOnceTheyAreLockedOut(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, nil)
		ben := w.digested(r)
		w.must(w.people.Lock(w.Context(), w.owner, ben.User))
		w.clock.move(time.Hour)
		w.settle()
		if n := len(r.got()); n != 0 {
			w.Errorf("%d messages went out", n)
		}
		if d := w.dispatches(); d[0].Status != store.DispatchGivenUp || d[0].Attempts != 1 {
			w.Errorf("it is %s after %d attempts", d[0].Status, d[0].Attempts)
		}
	})
}

func TestWhoLeavesTakesTheirRulesNoticesAndWaitingMessagesAlong(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, nil)
		ben := w.digested(r)
		w.must(w.people.Remove(w.Context(), w.owner, ben.User))
		rules, err := w.Store.Rules(w.Context(), w.owner.Org, "", 0)
		w.must(err)
		if told := w.told(ben.User); len(rules) != 0 || len(told) != 0 || len(w.dispatches()) != 0 {
			w.Errorf("left: %d rules, %v in the app, %d messages", len(rules), told, len(w.dispatches()))
		}
		w.raise(store.Event{Type: store.FlowFailed})
		w.settle()
		if n := len(r.got()); n != 0 {
			w.Errorf("%d messages went out", n)
		}
	})
}

// The old server has had its time to send it, and may have.
func TestWhatWaitsInARestoredCopyIsNotSentByItself(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, nil)
		w.webhook(r, `{"digest":"hourly"}`)
		w.raise(store.Event{Type: store.FlowFailed})
		w.deliver()
		w.must(w.Store.MarkRestored(w.Context(), store.Restored{At: w.clock.now().UnixMicro(), Made: 1}))
		w.settle()
		d := w.dispatches()
		if len(r.got()) != 0 || len(d) != 1 || d[0].Status != store.DispatchGivenUp {
			w.Fatalf("%d messages went out, %+v", len(r.got()), d)
		}
		w.must(w.Retry(w.Context(), w.owner, d[0].ID))
		w.settle()
		if len(r.got()) != 1 {
			w.Errorf("sent again by hand: %d messages", len(r.got()))
		}
	})
}

// Whoever can write the database must not silence everybody by one row.
func TestOneForgedRowKeepsNobodyFromBeingToldOfTheRest(t *testing.T) {
	bothEngines(t, func(w *world) {
		w.must(w.people.Guard(w.Context()))
		forged := w.make(store.KindSource, "Forged")
		w.must(w.Store.Change(w.Context(), func(tx *store.Tx) error {
			_, err := tx.SQL().ExecContext(w.Context(), `UPDATE resource SET type = 'x' WHERE id = $1`, forged.ID)
			return err
		}))
		w.raise(store.Event{Type: store.FlowFailed, Kind: store.KindSource, Resource: forged.ID, Source: forged.ID})
		w.raise(store.Event{Type: store.FlowFailed})
		w.deliver()
		if told := w.told(w.owner.User); !slices.Contains(told, store.FlowFailed) {
			w.Errorf("told %v", told)
		}
		w.people.Close()
	})
}
