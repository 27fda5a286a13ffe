package credential_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// recorder takes in events as the server does.
type recorder struct{}

func (recorder) Tell(ctx context.Context, tx *store.Tx, e store.Event) error {
	_, err := tx.RaiseEvent(ctx, e)
	return err
}

func (w *world) told() (messages []string) {
	w.Helper()
	all, err := w.db.UntoldEvents(w.Context(), 100)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range all {
		messages = append(messages, string(e.Type)+" "+e.Message)
	}
	return messages
}

func TestAKeyThatExpiresIsToldOfOnceAtEachThreshold(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	w.s.Now, w.s.Notifier = func() time.Time { return now }, recorder{}
	expires := now.AddDate(0, 0, 60)
	c, err := w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "Ours", Values: values("api_key", w.key, "expires_at", expires.Format(time.DateOnly))})
	if err != nil {
		t.Fatal(err)
	}
	var days []int
	n := 0
	for left := 60; left >= -3; left-- {
		for range 3 { // three processes, or the same one again
			if err := w.s.Announce(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(w.told()); got == n+1 {
			days = append(days, left)
			n = got
		} else if got != n {
			t.Errorf("%d days before it is told %d times", left, got-n)
		}
		now = now.Add(24 * time.Hour)
	}
	if len(days) != 6 || days[0] < 29 || days[0] > 31 || days[4] < 0 || days[4] > 2 || days[5] < -1 || days[5] > 0 {
		t.Errorf("told %v days before", days)
	}
	if last := w.told()[5]; !strings.Contains(last, "It expired on "+expires.Format(time.DateOnly)) {
		t.Error(last)
	}
	// A new key begins anew.
	now = now.AddDate(0, 0, -3)
	if _, err := w.s.Update(t.Context(), me, c.ID, credential.Change{Values: values("api_key", w.key, "expires_at", now.AddDate(0, 0, 20).Format(time.DateOnly))}); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Announce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.told()) != 7 {
		t.Errorf("told %q", w.told())
	}
}

func TestACredentialThatFailsIsToldOnceAndOnceWhenItServesAgain(t *testing.T) {
	w := newWorld(t)
	w.s.Notifier = recorder{}
	c := w.create(w.key)
	name := w.sim.Keys()[0].Name
	w.sim.RemoveKey(name)
	for range 2 {
		if _, err := w.s.Check(t.Context(), me, c.ID); err == nil {
			t.Fatal("it is good")
		}
	}
	key, err := w.sim.AddKey(simulator.NewKey{Name: "new", Never: true})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.s.Update(t.Context(), me, c.ID, credential.Change{Values: values("api_key", key)}); err != nil {
			t.Fatal(err)
		}
	}
	var types []string
	for _, m := range w.told() {
		first, _, _ := strings.Cut(m, " ")
		types = append(types, first)
	}
	if !slices.Equal(types, []string{"credential_failed", "credential_verified"}) {
		t.Errorf("told %q", w.told())
	}
}

// but tells of all but one.
type but struct {
	recorder
	one int64
}

func (b but) Tell(ctx context.Context, tx *store.Tx, e store.Event) error {
	if e.Resource == b.one {
		return &weir.Error{Code: weir.CodeIntegrity, Reason: store.ReasonForged, Message: "its row was not written by Weir"}
	}
	return b.recorder.Tell(ctx, tx, e)
}

func TestACredentialThatCannotBeLookedAtKeepsNoOtherFromBeingAnnounced(t *testing.T) {
	w := newWorld(t)
	var ids []int64
	for range 2 {
		c, err := w.s.Create(t.Context(), me, credential.Input{Kind: "cal_com_api", Name: "Ours", Values: values("api_key", w.key, "expires_at", time.Now().AddDate(0, 0, 5).Format(time.DateOnly))})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	w.s.Notifier = but{one: ids[0]}
	if err := w.s.Announce(t.Context()); err != nil || len(w.told()) != 1 {
		t.Errorf("told %q, %v", w.told(), err)
	}
}
