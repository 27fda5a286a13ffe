package notify_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// bothEngines runs a promise on each engine.
func bothEngines(t *testing.T, promise func(*world)) {
	for name, url := range storetest.Engines {
		t.Run(name, func(t *testing.T) { promise(newWorld(t, url(t))) })
	}
}

// settle delivers, moving the clock to when there is more to do, until nothing waits.
func (w *world) settle() {
	w.Helper()
	for range 200 {
		next := w.deliver()
		if next.IsZero() {
			return
		}
		w.clock.move(max(0, next.Sub(w.clock.now())))
	}
	w.Fatal("there is no end")
}

func TestNothingIsLostOverTwoHundredFailures(t *testing.T) {
	bothEngines(t, func(w *world) {
		var failures atomic.Int32
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		r := newReceiver(w.T, func(n int, _ post, rw http.ResponseWriter) {
			if n >= 5 { // of eight attempts
				return
			}
			failures.Add(1)
			mu.Lock()
			how := random.IntN(4)
			mu.Unlock()
			switch how {
			case 0:
				rw.WriteHeader(http.StatusInternalServerError)
			case 1:
				rw.Header().Set("Retry-After", "7")
				rw.WriteHeader(http.StatusTooManyRequests)
			case 2: // the connection is cut before an answer
				conn, _, err := rw.(http.Hijacker).Hijack()
				if err == nil {
					_ = conn.Close()
				}
			case 3: // and in the middle of one
				rw.Header().Set("Content-Length", "100")
				rw.WriteHeader(http.StatusBadGateway)
			}
		})
		w.webhook(r, "")
		const events = 40
		for range events {
			w.raise(store.Event{Type: store.FlowFailed, Message: "m"})
		}
		w.settle()
		counts := r.counts()
		if len(counts) != events || failures.Load() < 200 {
			w.Errorf("%d of %d arrived over %d failures", len(counts), events, failures.Load())
		}
		for _, d := range w.dispatches() {
			if d.Status != store.DispatchSent || counts[d.Message] != 6 || d.Attempts != 6 {
				w.Errorf("%s is %s after %d attempts; it came %d times", d.Message, d.Status, d.Attempts, counts[d.Message])
			}
		}
		w.Logf("%d messages, %d failures, 0 lost", events, failures.Load())
	})
}

func TestAMessageIsTriedAgainUnderItsNameWithASignatureOfItsOwn(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, answering(500))
		w.webhook(r, "")
		w.raise(store.Event{Type: store.FlowFailed, Message: "The key was refused"})
		next := w.deliver()
		if wait := next.Sub(w.clock.now()); wait < 4*time.Second || wait > 6*time.Second {
			w.Errorf("it is tried again after %v", wait)
		}
		if w.deliver(); len(r.got()) != 1 {
			w.Error("it was sent before it was due")
		}
		w.clock.move(6 * time.Second)
		if next := w.deliver(); !next.IsZero() {
			w.Errorf("there is more to do at %v", next)
		}
		got := r.got()
		if len(got) != 2 || got[0].id != got[1].id || !strings.HasPrefix(got[0].id, "msg_") || string(got[0].body) != string(got[1].body) {
			w.Fatalf("%+v", got)
		}
		if got[0].timestamp == got[1].timestamp || got[0].signature == got[1].signature {
			w.Error("the second attempt has the first one's time")
		}
		for _, p := range got {
			notify.Verify(w.T, testSecret, p.id, p.timestamp, p.signature, p.body)
		}
		var body struct {
			Type string
			Data struct {
				Name, Message, Level string
				Resource             int64 `json:"resource_id"`
			}
		}
		w.must(json.Unmarshal(got[0].body, &body, json.MatchCaseInsensitiveNames(true)))
		if body.Type != "flow_failed" || body.Data.Name != "Bookings" || body.Data.Message != "The key was refused" || body.Data.Level != "error" || body.Data.Resource != w.source.ID {
			w.Errorf("%s", got[0].body)
		}
	})
}

func TestWhatADeadProcessHadClaimedIsSentByAnotherUnderTheSameName(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, nil)
		w.webhook(r, "")
		w.raise(store.Event{Type: store.FlowFailed})
		w.raise(store.Event{Type: store.FlowFailed})
		// One process sends and is killed before it has marked: its database
		// connection is gone when the answer comes.
		dying := w.open()
		r.answer = func(int, post, http.ResponseWriter) { _ = dying.Store.Close() }
		if _, err := dying.Deliver(w.Context()); err == nil {
			w.Fatal("it could mark without a database")
		}
		r.answer = nil
		sent := r.counts()
		if len(sent) == 0 {
			w.Fatal("nothing was sent")
		}
		if w.deliver(); len(r.got()) != len(sent) {
			w.Error("what another process has claimed is sent")
		}
		w.clock.move(2 * time.Minute)
		w.settle()
		again := r.counts()
		if len(again) != 2 {
			w.Errorf("%d messages came", len(again))
		}
		for id := range sent {
			if again[id] != 2 {
				w.Errorf("%s came %d times", id, again[id])
			}
		}
	})
}

func TestTwoProcessesSendEachMessageOnce(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, nil)
		w.webhook(r, "")
		const events = 60
		for range events {
			w.raise(store.Event{Type: store.FlowFailed})
		}
		services := []*notify.Service{w.Service, w.open(), w.open()}
		var group sync.WaitGroup
		for _, s := range services {
			group.Go(func() {
				if _, err := s.Deliver(w.Context()); err != nil {
					w.Error(err)
				}
			})
		}
		group.Wait()
		w.settle()
		counts := r.counts()
		for id, n := range counts {
			if n != 1 {
				w.Errorf("%s came %d times", id, n)
			}
		}
		if len(counts) != events || len(w.told(w.owner.User)) != events {
			w.Errorf("%d came, %d are in the app", len(counts), len(w.told(w.owner.User)))
		}
	})
}

func TestWhatIsGivenUpIsToldInTheAppAndCanBeSentAgain(t *testing.T) {
	bothEngines(t, func(w *world) {
		var works atomic.Bool
		r := newReceiver(w.T, func(_ int, _ post, rw http.ResponseWriter) {
			if !works.Load() {
				rw.WriteHeader(http.StatusInternalServerError)
			}
		})
		c := w.webhook(r, "")
		w.raise(store.Event{Type: store.FlowFailed})
		w.raise(store.Event{Type: store.FlowFailed})
		began := w.clock.now()
		w.settle()
		if took := w.clock.now().Sub(began); took < 24*time.Hour || took > 40*time.Hour {
			w.Errorf("it was given up after %v", took)
		}
		if got := w.told(w.owner.User); len(got) != 3 || got[2] != store.NotificationsGivenUp {
			w.Errorf("told %v", got)
		}
		for id, n := range r.counts() {
			if n != 8 {
				w.Errorf("%s was tried %d times", id, n)
			}
		}
		given := w.dispatches()
		if given[0].Status != store.DispatchGivenUp || given[0].Target != c.ID || !strings.Contains(given[0].Problem, "500") {
			w.Errorf("%+v", given[0])
		}
		works.Store(true)
		for _, d := range given {
			w.must(w.Retry(w.Context(), w.owner, d.ID))
		}
		w.settle()
		for _, d := range w.dispatches() {
			if d.Status != store.DispatchSent {
				w.Errorf("%+v", d)
			}
		}
		if len(r.counts()) != 2 {
			w.Error("it was sent again under another name")
		}
		w.refused(w.Retry(w.Context(), w.owner, given[0].ID), weir.CodeConflict)
	})
}

func TestAReceiverThatIsGoneIsSwitchedOff(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, answering(410, 410, 410))
		c := w.webhook(r, "")
		w.raise(store.Event{Type: store.FlowFailed})
		w.settle()
		w.raise(store.Event{Type: store.FlowFailed})
		w.settle()
		if len(r.got()) != 1 {
			w.Errorf("it was sent %d messages", len(r.got()))
		}
		c, err := w.Setting(w.Context(), w.owner.Org, c.ID)
		w.must(err)
		if c.Status != notify.ChannelDisabled || !strings.Contains(c.Problem, "410") {
			w.Errorf("%+v", c)
		}
		_, err = w.Test(w.Context(), w.owner, c.ID)
		w.refused(err, weir.CodeConflict)
		if all := w.dispatches(); all[0].Status != store.DispatchGivenUp || all[1].Status != store.DispatchGivenUp {
			w.Errorf("%+v", all)
		}
		if got := w.told(w.owner.User); len(got) != 3 {
			w.Errorf("told %v", got)
		}
		r.answer = nil
		_, _, err = w.UpdateSetting(w.Context(), w.owner, c.ID, []byte(`{}`))
		w.must(err)
		out, err := w.Test(w.Context(), w.owner, c.ID)
		w.must(err)
		if out.Problem != nil || out.Status != 200 {
			w.Errorf("%+v", out)
		}
	})
}

func TestADigestIsOneMessageOfAllThatHappened(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, nil)
		w.webhook(r, `{"digest":"hourly"}`)
		for _, m := range []string{"one", "two", "three"} {
			w.raise(store.Event{Type: store.FlowFailed, Message: m})
			if next := w.deliver(); next.Format("15:04:05") != "11:00:00" {
				w.Fatalf("the digest is due at %v", next)
			}
			w.clock.move(time.Minute)
		}
		w.settle()
		got := r.got()
		if len(got) != 1 {
			w.Fatalf("%d messages", len(got))
		}
		for _, m := range []string{`"type":"digest"`, "one", "two", "three"} {
			if !strings.Contains(string(got[0].body), m) {
				w.Errorf("no %s in %s", m, got[0].body)
			}
		}
		w.raise(store.Event{Type: store.FlowFailed})
		if next := w.deliver(); next.Format("15:04") != "12:00" {
			w.Errorf("the next digest is due at %v", next)
		}
	})
}

func TestADailyDigestKeepsToTheWallClock(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	r := newReceiver(t, nil)
	w.webhook(r, `{"digest":"daily","hour":8,"time_zone":"Europe/Berlin"}`)
	for _, c := range []struct{ now, want string }{
		{"2026-03-28T06:59:00Z", "2026-03-28T07:00:00Z"}, // winter time
		{"2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z"}, // the clock goes forward in the night
		{"2026-10-24T12:00:00Z", "2026-10-25T07:00:00Z"}, // and back
	} {
		at, err := time.Parse(time.RFC3339, c.now)
		w.must(err)
		w.clock.move(at.Sub(w.clock.now()))
		w.raise(store.Event{Type: store.FlowFailed})
		if next := w.deliver(); next.UTC().Format(time.RFC3339) != c.want {
			t.Errorf("at %s it is due at %s, want %s", c.now, next.UTC().Format(time.RFC3339), c.want)
		}
		w.settle()
	}
}

func TestAStopLeavesWhatIsUnderWayToBeSentAgain(t *testing.T) {
	bothEngines(t, func(w *world) {
		ctx, stop := context.WithCancel(w.Context())
		r := newReceiver(w.T, nil)
		r.answer = func(n int, _ post, _ http.ResponseWriter) {
			if n == 0 {
				stop()
				time.Sleep(20 * time.Millisecond) // the client has gone meanwhile
			}
		}
		w.webhook(r, "")
		w.raise(store.Event{Type: store.FlowFailed})
		_, _ = w.Deliver(ctx)
		w.settle()
		if d := w.dispatches()[0]; d.Status != store.DispatchSent || r.counts()[d.Message] != 2 {
			w.Errorf("%+v came %d times", d, r.counts()[d.Message])
		}
	})
}

func TestTheBackgroundDeliversWhatHappens(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	arrived := make(chan string, 10)
	r := newReceiver(t, func(_ int, p post, _ http.ResponseWriter) { arrived <- p.id })
	w.webhook(r, "")
	checked := make(chan struct{}, 10)
	b := w.Start(func(context.Context) error { checked <- struct{}{}; return nil })
	<-checked
	w.raise(store.Event{Type: store.FlowFailed})
	select {
	case <-arrived:
	case <-time.After(20 * time.Second):
		t.Error("nothing came")
	}
	w.must(b.Stop(t.Context()))
}

func TestAMessageThatKillsItsSenderIsGivenUp(t *testing.T) {
	bothEngines(t, func(w *world) {
		r := newReceiver(w.T, nil)
		w.webhook(r, `{"digest":"hourly"}`)
		w.raise(store.Event{Type: store.FlowFailed})
		at := w.deliver() // it is made, and due in a while
		for range 8 {
			claim := store.Claim{Name: "dead", Now: at.UnixMicro(), Until: at.Add(2 * time.Minute).UnixMicro(), Most: 1}
			if all, err := w.Store.ClaimDispatches(w.Context(), claim); err != nil || len(all) != 1 {
				w.Fatal(all, err)
			}
			at = at.Add(2 * time.Minute)
		}
		w.clock.move(at.Sub(w.clock.now()))
		w.settle()
		if d := w.dispatches()[0]; d.Status != store.DispatchGivenUp || len(r.got()) != 0 {
			w.Errorf("%+v; %d came", d, len(r.got()))
		}
		w.must(w.Retry(w.Context(), w.owner, w.dispatches()[0].ID))
		w.settle()
		if d := w.dispatches()[0]; d.Status != store.DispatchSent || len(r.got()) != 1 {
			w.Errorf("%+v; %d came", d, len(r.got()))
		}
	})
}

// A receiver that never answers has few places, however much waits for it.
func TestOneReceiverDoesNotTakeAllPlaces(t *testing.T) {
	bothEngines(t, func(w *world) {
		w.raise(store.Event{Type: store.FlowFailed})
		w.must(w.Store.Change(w.Context(), func(tx *store.Tx) error {
			for i := range 25 {
				d := store.Dispatch{Message: "msg_" + strings.Repeat("x", i+1), Org: w.owner.Org, User: w.owner.User, Channel: "webhook", Target: 7, Due: int64(i + 1), Created: 1}
				if i >= 20 { // later than all that waits for the first
					d.Target = int64(i)
				}
				if err := tx.AddDispatch(w.Context(), d, 1); err != nil {
					return err
				}
			}
			return nil
		}))
		claim := store.Claim{Name: "one", Now: 1000, Until: 2000, Most: 8, Each: 2}
		all, err := w.Store.ClaimDispatches(w.Context(), claim)
		w.must(err)
		targets := map[int64]int{}
		for _, d := range all {
			targets[d.Target]++
		}
		if len(all) != 7 || targets[7] != 2 {
			w.Errorf("%v", targets)
		}
	})
}
