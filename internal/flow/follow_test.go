package flow_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// moves leads a credential of a SQLite file to another one.
func (w *world) moves(id int64, path string) error {
	_, err := w.creds.Update(w.Context(), me, id, credential.Change{Values: map[string]weir.Secret{"path": weir.NewSecret(path)}})
	return err
}

// leads makes a destination of a dataset.
func (w *world) leads(dataset, credential int64) (*flow.Destination, error) {
	return w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: "Tables"}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeUpsert}, Credential: credential, Dataset: dataset})
}

// A credential that would bring its destinations to tables of others stays where it
// leads.
func TestACredentialLeadsToNoTablesOfOthers(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		all := w.datasets(w.source("bookings", "event-types"))
		at := w.credential("sqlite", "path", "at.db")
		ours, err := w.leads(all[0].ID, at)
		w.must(err)
		theirs, err := w.leads(all[0].ID, w.credential("sqlite", "path", "there.db"))
		w.must(err)
		_, err = w.leads(all[1].ID, w.credential("sqlite", "path", "free.db"))
		w.must(err)
		var taken *flow.Taken
		if err := w.moves(at, "there.db"); !errors.As(err, &taken) || len(taken.Clashes) != 1 || taken.Clashes[0].Refused.ID != ours.ID || taken.Clashes[0].Rival.ID != theirs.ID || taken.Clashes[0].Table != "bookings" {
			t.Errorf("to the table of another one: %v", err)
		}
		if c, err := w.creds.Credential(w.Context(), me.Org, at); err != nil || c.Settings["path"] != "at.db" {
			t.Errorf("it leads to %v, %v", c.Settings, err)
		}
		w.must(w.moves(at, "free.db")) // which has other tables
		if err := w.moves(at, "there.db"); !errors.As(err, &taken) {
			t.Errorf("from there: %v", err)
		}
	})
}

func TestACredentialThatNothingFollowsLeadsAnywhere(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		dataset := w.datasets(w.source("bookings"))[0].ID
		at := w.credential("sqlite", "path", "at.db")
		_, err := w.leads(dataset, w.credential("sqlite", "path", "there.db"))
		w.must(err)
		w.must(w.moves(at, "there.db"))
		w.must(w.moves(at, "at.db"))
		_, err = w.leads(dataset, at)
		w.must(err)
		var taken *flow.Taken
		if err := w.moves(at, "there.db"); !errors.As(err, &taken) {
			w.Errorf("with a destination: %v", err)
		}
	})
}

func TestCopiesFollowACredentialBesideTheirOriginal(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		first := w.destination(w.datasets(w.source("bookings"))[0].ID)
		copied, err := w.flows.CopyDestination(w.Context(), me, first.Resource, flow.Copying{})
		w.must(err)
		other := w.credential("sqlite", "path", "other.db")
		_, err = w.flows.UpdateDestination(w.Context(), me, copied.ID, flow.DestinationEdit{Credential: &other})
		w.must(err)
		w.must(w.moves(other, "cal.db"))
		w.must(w.moves(other, "other.db"))
		for _, to := range []int64{first.ID, copied.ID} {
			w.must(w.flows.SetStatus(w.Context(), me, store.KindDestination, to, flow.StatusActive, false))
		}
		var taken *flow.Taken
		if err := w.moves(other, "cal.db"); !errors.As(err, &taken) {
			t.Errorf("two that are active: %v", err)
		}
		if _, err := w.flows.UpdateDestination(w.Context(), me, copied.ID, flow.DestinationEdit{Credential: &w.sqlite}); !errors.As(err, &taken) {
			t.Errorf("one that is active, to the other one: %v", err)
		}
	})
}

func TestWhatACredentialBringsElsewhereIsFilledThere(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("event-types")
		to := w.destination(w.datasets(src)[0].ID)
		w.must(w.runner.Activate(w.Context(), me, store.KindSource, src.ID, true))
		w.must(w.runner.Settle(w.Context(), src))
		w.must(w.moves(w.sqlite, "moved.db"))
		if got := w.stands(to.ID); got.State == flow.StateCurrent {
			t.Errorf("in an empty place it is %+v", got)
		}
		w.run(flow.Order{Source: src.ID})
		if got := w.stands(to.ID); got.State != flow.StateCurrent || got.Behind() != 0 {
			t.Errorf("it is %+v", got)
		}
	})
}

// What is found of a place is found again when a credential has come to lead there,
// or a dataset has got another table, between that and the writing of it.
func TestATableTakenMeanwhileIsFound(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		guard := &meanwhile{}
		w.db.SetGuard(guard)
		all := w.datasets(w.source("bookings", "event-types"))
		dataset, another := all[0], all[1]
		guarded := func(id int64, then func()) { guard.id, guard.then = id, then }
		var taken *flow.Taken

		at := w.credential("sqlite", "path", "at.db")
		there := w.credential("sqlite", "path", "there.db")
		bystander := w.credential("sqlite", "path", "aside.db")
		_, err := w.leads(dataset.ID, at)
		w.must(err)
		guarded(bystander, func() { w.must(w.moves(at, "there.db")) })
		if _, err := w.leads(dataset.ID, there); !errors.As(err, &taken) {
			w.Errorf("made where a credential has come to lead: %v", err)
		}

		back := w.credential("sqlite", "path", "back.db")
		_, err = w.leads(another.ID, back)
		w.must(err)
		guarded(another.ID, func() {
			_, err := w.leads(dataset.ID, back)
			w.must(err)
		})
		var e *weir.Error
		if err := w.moves(at, "back.db"); !errors.As(err, &e) || e.Reason != store.ReasonChanged || e.Where != fmt.Sprintf("credential %d", at) {
			w.Errorf("moved to where a destination was made: %v", err)
		}
		if err := w.moves(at, "back.db"); !errors.As(err, &taken) {
			w.Errorf("moved there once more: %v", err)
		}

		plain := w.derive(dataset.ID, "Short ones", nil)
		_, err = w.leads(plain.ID, w.credential("sqlite", "path", "rules.db"))
		w.must(err)
		ruled := w.derive(w.datasets(w.source("bookings"))[0].ID, "Short ones", rules("drop", `{"field":"title"}`))
		late := rules("drop", `{"field":"title"}`)
		guarded(plain.ID, func() {
			_, err := w.runner.UpdateDataset(w.Context(), me, plain.ID, flow.DatasetEdit{Rules: &late})
			w.must(err)
		})
		if _, err := w.leads(ruled.ID, w.credential("sqlite", "path", "rules.db")); !errors.As(err, &taken) {
			w.Errorf("made where a dataset has got that table: %v", err)
		}
	})
}

func TestOfRivalsThatComeToAPlaceAtOnceOneLeadsThere(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		dataset := w.datasets(w.source("bookings"))[0].ID
		one, two := w.credential("sqlite", "path", "one.db"), w.credential("sqlite", "path", "two.db")
		for _, at := range []int64{one, two} {
			_, err := w.leads(dataset, at)
			w.must(err)
		}
		for _, path := range []string{"a.db", "b.db", "c.db"} {
			there := w.credential("sqlite", "path", path)
			done := 0
			for _, err := range together(3, func(i int) error {
				if i == 2 {
					_, err := w.leads(dataset, there)
					return err
				}
				return w.moves([]int64{one, two}[i], path)
			}) {
				if err == nil {
					done++
				} else if weir.CodeOf(err) != weir.CodeConflict {
					w.Error(err)
				}
			}
			if done != 1 {
				w.Errorf("to %s %d were let", path, done)
			}
		}
	})
}
