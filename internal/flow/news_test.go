package flow_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// recorder takes in events as the server does, and keeps no catalogue.
type recorder struct{}

func (recorder) Tell(ctx context.Context, tx *store.Tx, e store.Event) error {
	_, err := tx.RaiseEvent(ctx, e)
	return err
}

// newNewsWorld is one in which what happens is written down.
func newNewsWorld(t *testing.T, bookings int) *world {
	t.Helper()
	w := newWorld(t, bookings)
	w.flows.Notifier = recorder{}
	w.creds.Notifier = recorder{}
	return w
}

// run runs a source to its end; what went wrong is told.
func (w *world) run(o flow.Order) {
	w.Helper()
	src, err := w.flows.Source(w.Context(), me.Org, o.Source)
	w.must(err)
	_, started, err := w.runner.Start(w.Context(), me, o)
	if err != nil || !started {
		w.Fatal(started, err)
	}
	w.must(w.runner.Settle(w.Context(), src))
}

// news takes what was told since, as "type: name".
func (w *world) news() (told []string) {
	w.Helper()
	all, err := w.db.UntoldEvents(w.Context(), 100)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range all {
		told = append(told, fmt.Sprintf("%s: %s", e.Type, e.Name))
		if e.Org != 1 || e.Name == "" || e.Resource == 0 {
			w.Errorf("%+v", e)
		}
		err := w.db.Change(w.Context(), func(tx *store.Tx) error {
			_, err := tx.TellEvent(w.Context(), e.ID, 1)
			return err
		})
		if err != nil {
			w.Fatal(err)
		}
	}
	return told
}

// expect compares what was told since with what should be.
func (w *world) expect(when string, want ...string) {
	w.Helper()
	if got := w.news(); !slices.Equal(got, want) {
		w.Errorf("%s: told %q, want %q", when, got, want)
	}
}

// strike makes the simulator answer a path with something else.
func (w *world) strike(path string, do simulator.FaultAction) {
	w.Helper()
	var faults []simulator.Fault
	if path != "" {
		faults = []simulator.Fault{{Match: simulator.FaultMatch{Path: path}, Do: do}}
	}
	if err := w.sim.SetFaults(faults); err != nil {
		w.Fatal(err)
	}
}

func TestAFlowThatFailsIsToldOnceAndOnceWhenItHasRecovered(t *testing.T) {
	w := newNewsWorld(t, 50)
	src := w.source("event-types")
	order := flow.Order{Source: src.ID}
	w.run(order)
	w.expect("the first run", "dataset_detected: Cal")
	w.run(order)
	w.expect("a run that finds nothing new")
	w.strike("/v2/event-types", simulator.FaultAction{HTML: "<html>"})
	w.run(order)
	w.expect("a failure", "flow_failed: Cal")
	w.run(order)
	w.expect("another one")
	w.strike("", simulator.FaultAction{})
	w.run(order)
	w.expect("a run that is good again", "flow_recovered: Cal")
	w.run(order)
	w.expect("another one")
}

func TestAKeyThatIsRefusedFailsFlowAndCredentialAndBothRecover(t *testing.T) {
	w := newNewsWorld(t, 5)
	src := w.source("event-types")
	w.run(flow.Order{Source: src.ID})
	w.news()
	w.strike("/v2/", simulator.FaultAction{Status: 401})
	w.run(flow.Order{Source: src.ID})
	w.expect("the key is refused", "credential_failed: cal_com_api", "flow_failed: Cal")
	if _, err := w.creds.Check(t.Context(), me, w.key); err == nil {
		t.Fatal("it is good")
	}
	w.expect("it is refused again")
	w.strike("", simulator.FaultAction{})
	if _, err := w.creds.Check(t.Context(), me, w.key); err != nil {
		t.Fatal(err)
	}
	w.run(flow.Order{Source: src.ID})
	w.expect("it is good again", "credential_verified: cal_com_api", "flow_recovered: Cal")
}

func TestADestinationThatFailsIsToldAsThat(t *testing.T) {
	w := newNewsWorld(t, 20)
	src := w.source("event-types")
	to := w.destination(w.datasets(src)[0].ID)
	if err := w.flows.SetStatus(t.Context(), me, store.KindDestination, to.ID, flow.StatusActive, false); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.files, "1", "cal.db")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run(flow.Order{Source: src.ID})
	w.run(flow.Order{Source: src.ID})
	w.expect("it takes nothing", "dataset_detected: Cal", "delivery_failed: Tables")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.run(flow.Order{Source: src.ID, LogOnly: true})
	w.expect("it takes all", "delivery_recovered: Tables")
}

func TestQuarantineDriftAndDeletionsThatAreHeldAreTold(t *testing.T) {
	w := newNewsWorld(t, 20)
	src := w.source("event-types")
	order := flow.Order{Source: src.ID}
	types := func(n int, more string) simulator.FaultAction {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"id":%d,"title":"t","slug":"s%d"%s}`, i+1, i, more))
		}
		return simulator.FaultAction{WrongJSON: `{"status":"success","data":[` + strings.Join(all, ",") + `]}`}
	}
	w.strike("/v2/event-types", types(40, ""))
	w.run(order)
	w.expect("the first records", "dataset_detected: Cal")
	w.strike("/v2/event-types", types(40, `,"colour":"red"`))
	w.run(order)
	w.expect("a new column", "schema_changed: Cal")
	bad := types(40, `,"colour":"red"`)
	bad.WrongJSON = strings.TrimSuffix(bad.WrongJSON, "]}") + `,{"title":"without an id"}]}`
	w.strike("/v2/event-types", bad)
	w.run(order)
	w.run(order)
	w.expect("a record that cannot be read", "records_quarantined: Cal")
	w.strike("/v2/event-types", types(40, `,"colour":"red"`))
	w.run(order)
	w.strike("/v2/event-types", bad)
	w.run(order)
	w.expect("after a run without, another one", "records_quarantined: Cal")
	w.strike("/v2/event-types", types(5, ""))
	w.run(order)
	w.run(order)
	w.expect("so many are gone", "deletions_held: Cal")
	w.run(flow.Order{Source: src.ID, AllowDelete: true})
	w.expect("they are let go")
}

func TestARunThatIsStoppedIsNoFailure(t *testing.T) {
	w := newNewsWorld(t, 20)
	src := w.source("event-types")
	w.strike("/v2/event-types", simulator.FaultAction{Delay: 20 * time.Second})
	_, _, err := w.runner.Start(t.Context(), me, flow.Order{Source: src.ID})
	w.must(err)
	for w.sim.Arrivals().Total < 2 { // the check when the credential was made, and this one
		time.Sleep(time.Millisecond)
	}
	w.must(w.runner.Cancel(t.Context(), me.Org, src.ID))
	w.must(w.runner.Settle(t.Context(), src))
	w.expect("a run that was stopped")
}
