package flow_test

import (
	"slices"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// meanwhile is a guard that does something right after a resource was read for
// the first time.
type meanwhile struct {
	id   int64
	then func()
}

func (*meanwhile) Seal(store.Resource) []byte { return []byte{1} }

func (g *meanwhile) Genuine(r store.Resource) bool {
	if then := g.then; then != nil && r.ID == g.id {
		g.then = nil
		then()
	}
	return true
}

// A credential that is deleted while something is made that would use it is
// used by nothing afterwards.
func TestWhatIsDeletedMeanwhileIsNotUsed(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		t := w.T
		guard := &meanwhile{}
		w.db.SetGuard(guard)
		src := w.source("event-types")
		dataset := w.datasets(src)[0].ID
		to := w.destination(dataset)
		deleted := func(id int64) {
			guard.id, guard.then = id, func() {
				if err := w.creds.Delete(t.Context(), me, id); err != nil {
					t.Error(err)
				}
			}
		}
		key := func() int64 { return w.credential("cal_com_api", "api_key", w.sim.Keys()[0].Key) }
		lake := func() int64 { return w.credential("sqlite", "path", "other.db") }
		for what, try := range map[string]func() (int64, error){
			"made a source": func() (int64, error) {
				id := key()
				deleted(id)
				_, err := w.flows.CreateSource(t.Context(), me, flow.SourceInput{Common: flow.Common{Name: "s"}, SourceSpec: flow.SourceSpec{Endpoints: []string{"event-types"}}, Credential: id})
				return id, err
			},
			"changed a source": func() (int64, error) {
				id := key()
				deleted(id)
				_, err := w.flows.UpdateSource(t.Context(), me, src.ID, flow.SourceEdit{Credential: &id})
				return id, err
			},
			"made a destination": func() (int64, error) {
				id := lake()
				deleted(id)
				_, err := w.flows.CreateDestination(t.Context(), me, flow.DestinationInput{Common: flow.Common{Name: "d"}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeUpsert}, Credential: id, Dataset: dataset})
				return id, err
			},
			"changed a destination": func() (int64, error) {
				id := lake()
				deleted(id)
				_, err := w.flows.UpdateDestination(t.Context(), me, to.ID, flow.DestinationEdit{Credential: &id})
				return id, err
			},
		} {
			id, err := try()
			if weir.CodeOf(err) != weir.CodeUsage {
				t.Errorf("%s with a credential that is gone: %v", what, err)
			}
			refs, err := w.db.Uses(t.Context(), id)
			if err != nil || slices.ContainsFunc(refs, func(u store.Use) bool { return u.Target == id }) {
				t.Errorf("%s: %v uses what is gone, %v", what, refs, err)
			}
		}
	})
}

// Both changes are there when two people change different things at once.
func TestAScheduleChosenMeanwhileDoesNotUndoAnotherCredential(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		guard := &meanwhile{}
		w.db.SetGuard(guard)
		src := w.scheduled(flow.SourceSpec{Schedule: hourly})
		other := w.credential("cal_com_api", "api_key", w.sim.Keys()[0].Key)
		guard.id, guard.then = src.ID, func() {
			_, err := w.flows.UpdateSource(w.Context(), me, src.ID, flow.SourceEdit{Credential: &other})
			w.must(err)
		}
		after, err := w.runner.Reschedule(w.Context(), me, src.ID, func(spec *flow.SourceSpec) error {
			spec.Schedule = "0 30 2 * * ? *"
			return nil
		})
		w.must(err)
		if after.Credential != other || after.Schedule != "0 30 2 * * ? *" {
			w.Errorf("credential %d, want %d; schedule %s", after.Credential, other, after.Schedule)
		}
		// What was made of another version is not written over this one.
		_, err = w.flows.UpdateSource(w.Context(), me, src.ID, flow.SourceEdit{Spec: &src.SourceSpec, Version: src.Version})
		if weir.CodeOf(err) != weir.CodeConflict {
			w.Errorf("an old version was written: %v", err)
		}
	})
}

func TestADestinationChangedMeanwhileKeepsItsNewCredential(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		guard := &meanwhile{}
		w.db.SetGuard(guard)
		to := w.destination(w.datasets(w.source("event-types"))[0].ID)
		other := w.credential("sqlite", "path", "other.db")
		guard.id, guard.then = to.ID, func() {
			_, err := w.flows.UpdateDestination(w.Context(), me, to.ID, flow.DestinationEdit{Credential: &other})
			w.must(err)
		}
		after, err := w.flows.UpdateDestination(w.Context(), me, to.ID, flow.DestinationEdit{Spec: &flow.DestinationSpec{Mode: weir.ModeHistory}})
		w.must(err)
		if after.Credential != other || after.Mode != weir.ModeHistory {
			w.Errorf("credential %d, want %d; mode %s", after.Credential, other, after.Mode)
		}
	})
}
